"""A question in SQL, asked of tables in memory: it reads no file, reaches no network and changes nothing.

It is answered in a process of its own (``sql_apart``) with limits of memory and time, as a question of one line can
ask for more than any machine has.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from forensics.errors import UsageError
from forensics.text.controls import plain
from forensics.text.lengths import shortened

# polars' SQL reads files by functions of these names, wherever a table may stand, with any quotes and comments around
# them. So the name alone is refused, also where it is a word of a text: a harmless question can be put in other words
READERS = re.compile(
    r"(?:read|scan)_(?:csv|ipc|json|ndjson|parquet|avro|delta|excel|lines|iceberg|database)", re.IGNORECASE
)
ENDLESS = re.compile(r"\bRECURSIVE\b", re.IGNORECASE)  # it may ask itself without end
COMMENTS = re.compile(r"\A(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
ASKING = re.compile(r"(?:SELECT|WITH|SHOW|EXPLAIN|FROM)\b", re.IGNORECASE)
LONGEST = 300  # characters of an error
LONGEST_QUESTION = 100_000  # characters
MOST_SECONDS = 60
MOST_BYTES = 1 << 30  # of memory
MOST_ROWS = 5_000_000  # of an answer
ANSWER = "answer.arrow"
UNANSWERED = 3  # the exit code of the process where there is no answer
APART = """
import json, os, sys
os.environ["POLARS_MAX_THREADS"] = "2"
sys.path[:] = json.loads(sys.argv[1])
from forensics.render.events.sql_apart import answer_in
answer_in(sys.argv[2], *map(int, sys.argv[3:]))
"""
TOO_DEEP = "it nests too deeply"
TOO_MUCH = f"it needs more than {MOST_BYTES >> 30} GiB of memory"
TOO_LONG = f"it takes longer than {MOST_SECONDS} s"
ENDED_BY = {"SIGSEGV": TOO_DEEP, "SIGBUS": TOO_DEEP, "SIGXCPU": TOO_LONG}


def answer(question: str, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return what a SELECT says of the tables.

    Raises ``UsageError`` for anything else, for wrong SQL, and for what needs too much memory, time or depth.
    """
    _refuse_others(question, tables)
    with TemporaryDirectory(prefix="forensics-") as made:
        folder, asked = Path(made), question.casefold()
        (folder / "question.sql").write_text(question, "utf-8", "replace")
        for name, frame in tables.items():
            # of what is not asked for, the names of its columns are enough
            (frame if name in asked else frame.clear()).write_ipc(folder / f"{name}.table")
        _ask(folder)
        return pl.read_ipc((folder / ANSWER).read_bytes())  # no file that is mapped can be removed everywhere


def _refuse_others(question: str, tables: Mapping[str, pl.DataFrame]) -> None:
    if len(question) > LONGEST_QUESTION:
        msg = f"a query has at most {LONGEST_QUESTION} characters, and this one {len(question)}"
        raise UsageError(msg)
    if not ASKING.match(question[COMMENTS.match(question).end() :]):  # type: ignore[union-attr]
        msg = f"a query begins with SELECT or WITH; SHOW TABLES lists the tables: {', '.join(tables)}"
        raise UsageError(msg)
    if reader := READERS.search(question):
        msg = f"a query reads no files: {reader[0]} is not allowed, not even as a part of a text"
        raise UsageError(msg)
    if ENDLESS.search(question):
        msg = "a query may not be RECURSIVE: it might have no end"
        raise UsageError(msg)


def _ask(folder: Path) -> None:
    """Have the question answered in a process of its own. Raises ``UsageError`` with why it was not."""
    limits = (str(MOST_BYTES), str(MOST_ROWS), str(UNANSWERED))
    command = [
        sys.executable,
        "-P",
        "-c",
        APART,
        json.dumps([p for p in sys.path if p]),
        str(folder),
        *limits,
    ]
    try:
        ran = subprocess.run(  # noqa: S603 - our own interpreter, our own module
            command, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=MOST_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise _unanswered(TOO_LONG) from None
    if ran.returncode < 0:
        raise _unanswered(ENDED_BY.get(signal.Signals(-ran.returncode).name, TOO_MUCH))
    if ran.returncode == UNANSWERED:
        raise _unanswered(_reason(ran.stdout.decode("utf-8", "replace")) or TOO_MUCH)
    if ran.returncode:
        raise RuntimeError(shortened(ran.stderr.decode("utf-8", "replace").strip()[-LONGEST:], LONGEST))


def _unanswered(why: str) -> UsageError:
    return UsageError(f"the query cannot be answered: {why}")


def _reason(said: str) -> str:
    """Return the part of polars' message that tells of the query; behind it come plans and advice."""
    first = said.partition("\n\n")[0]
    # it may quote values
    return plain(shortened(" ".join(first.split()), LONGEST))
