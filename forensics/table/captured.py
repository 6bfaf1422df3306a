"""What a terminal, a runner or the kernel kept of a client's end joins its session, where that is provable.

Proof is the pid; the folder of a run's record, for what was kept of that run's output; and the words: a budget of so
many turns, a failure of the API, in which exactly one session ended. To all others no session is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import polars as pl

from forensics.evidence.account import InputFile
from forensics.formats.claude.console import CAPTURED
from forensics.schema import DEATHS, EventKind, Source, is_from, is_kind

OUTPUT = re.compile(r"(?i)(?:^|[/._\-])std(?:err|out)(?:[._\-][^/]*)?$|\.(?:err|out)$")
TURNS = r"max turns \((\d+)\)"
SESSION = pl.col("session_id")


def with_captured_output(events: pl.DataFrame, files: Sequence[InputFile]) -> pl.DataFrame:
    """Give what console logs tell the session that it is provably of."""
    consoles = [n for n, file in enumerate(files) if file.source is Source.CONSOLE]
    if not consoles:
        return events
    return _by_words(_by_folder(_by_pid(events), files), consoles)


def _by_pid(events: pl.DataFrame) -> pl.DataFrame:
    """Give a death the only session whose process had its pid."""
    loose = is_from((Source.CONSOLE,)) & is_kind(DEATHS) & SESSION.is_null() & pl.col("pid").is_not_null()
    if events.filter(loose).is_empty():
        return events
    owners = (
        events.filter(SESSION.is_not_null() & pl.col("pid").is_not_null())
        .select("pid", owner="session_id")
        .unique()
        .filter(pl.len().over("pid") == 1)
    )
    return (
        events.join(owners, on="pid", how="left", maintain_order="left")
        .with_columns(session_id=pl.when(loose).then("owner").otherwise("session_id"))
        .drop("owner")
    )


def _by_folder(events: pl.DataFrame, files: Sequence[InputFile]) -> pl.DataFrame:
    """Give a text the only session whose record lies in the same folder: a headless run's output is kept so.

    Beside a transcript the text's name has to say that it is an output. One that says so needs not name the client.
    """
    streams, transcripts = (_by_place(events, files, s) for s in (Source.STREAM_JSON, Source.TRANSCRIPT))
    for n, file in enumerate(files):
        folder = _folder(file)
        ids = streams.get(folder) or (transcripts.get(folder) if OUTPUT.search(file.evidence.place) else None)
        if (
            file.source is not Source.CONSOLE
            or ids is None
            or len(ids) != 1
            or _is_denied(events, n, min(ids))
        ):
            continue
        here = (pl.col("file") == n) & SESSION.is_null()
        captured = here & is_kind(DEATHS) if CAPTURED.search(file.evidence.place) else pl.lit(value=False)
        events = events.with_columns(
            session_id=pl.when(here).then(pl.lit(min(ids))).otherwise(SESSION),
            component=pl.when(captured)
            .then(pl.coalesce("component", pl.lit("claude-code")))
            .otherwise("component"),
        )
    return events


def _is_denied(events: pl.DataFrame, console: int, session: str) -> bool:
    """Say whether a text tells of a run that failed, and the session's own result of one that did not."""
    failed = (pl.col("file") == console) & is_kind((EventKind.RESULT, EventKind.API_ERROR))
    own = (session == SESSION) & is_kind((EventKind.RESULT,)) & (pl.col("status") == "success")
    return not events.filter(failed).is_empty() and not events.filter(own).is_empty()


def _by_place(events: pl.DataFrame, files: Sequence[InputFile], source: Source) -> dict[str, set[str]]:
    folders: dict[str, set[str]] = {}
    for n, file in enumerate(files):
        if file.source is source:
            ids = events.filter(pl.col("file") == n)["session_id"].drop_nulls().unique().to_list()
            folders.setdefault(_folder(file), set()).update(ids)
    return folders


def _folder(file: InputFile) -> str:
    return str(PurePosixPath(file.evidence.place).parent)


def _by_words(events: pl.DataFrame, consoles: Sequence[int]) -> pl.DataFrame:
    """Give a text the only session that ended in the words that it holds."""
    ended = pl.concat(list(_ends(events.filter(SESSION.is_not_null() & ~is_from((Source.CONSOLE,))))))
    loose = events.filter(pl.col("file").is_in(list(consoles)) & SESSION.is_null())
    said = loose.select("file", words=_words(pl.col("message")))
    owners = said.join(ended, on="words").select("file", "owner").unique().filter(pl.len().over("file") == 1)
    return (
        events.join(owners, on="file", how="left", maintain_order="left")
        .with_columns(session_id=pl.coalesce("session_id", "owner"))
        .drop("owner")
    )


def _ends(told: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield the words in which sessions ended."""
    spent = told.filter(is_kind((EventKind.BUDGET_ENDED,)) & pl.col("agent_id").is_null())
    yield spent.select(owner="session_id", words=pl.format("turns {}", "count"))
    final = (pl.col("component") == "final") & pl.col("agent_id").is_null()
    failed = told.filter(is_kind((EventKind.API_ERROR,)) & final)
    yield failed.select(owner="session_id", words="message")


def _words(message: pl.Expr) -> pl.Expr:
    turns = message.str.extract(TURNS, 1)
    return pl.when(turns.is_not_null()).then(pl.format("turns {}", turns)).otherwise(message)
