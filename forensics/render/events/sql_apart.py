"""Answers one question in SQL in a process of its own, which may end in any way without harm to another one."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path

import polars as pl

SCAN = re.compile(r"\bSCAN \[")  # what a plan has that reads a file: for a reader that a later polars brings
MOST_CPU_SECONDS = 120


def answer_in(place: str, most_bytes: int, most_rows: int, unanswered: int) -> None:
    """Answer ``question.sql`` from the tables in a folder into ``answer.arrow`` beside them.

    Ends with the exit code ``unanswered`` and a sentence on standard output where there is no answer; with no
    sentence where memory did not suffice.
    """
    folder = Path(place)
    tables = {p.stem: pl.read_ipc(p.read_bytes()).lazy() for p in sorted(folder.glob("*.table"))}
    _limit(most_bytes)
    try:
        _answered((folder / "question.sql").read_text("utf-8"), tables, most_rows).write_ipc(
            folder / "answer.arrow"
        )
    except MemoryError:
        raise SystemExit(unanswered) from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, TypeError) as error:
        sys.stdout.write(str(error) or type(error).__name__)
        sys.stdout.flush()
        raise SystemExit(unanswered) from None


def _answered(question: str, tables: dict[str, pl.LazyFrame], most_rows: int) -> pl.DataFrame:
    plan = pl.SQLContext(tables, eager=False).execute(question)
    if SCAN.search(plan.explain(optimized=False)):
        msg = "a query reads no files"
        raise ValueError(msg)
    told = plan.head(most_rows + 1).collect()
    if told.height > most_rows:
        msg = f"the answer has more than {most_rows} rows; ask for fewer, or count them"
        raise ValueError(msg)
    return told


def _limit(most_bytes: int) -> None:
    """Let this process have so much memory and time. Where a system knows no such limits, only the time is watched."""
    with suppress(ImportError):
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_DATA, (_used() + most_bytes, _used() + most_bytes))


def _used() -> int:
    """Return how much of what the limit counts the process has by now: the tables are not the question's."""
    with suppress(OSError, StopIteration, ValueError):
        told = Path("/proc/self/status").read_text("utf-8").splitlines()
        return 1024 * int(next(line for line in told if line.startswith("VmData:")).split()[1])
    return 0
