"""Which sessions the evidence holds, which of its files are excerpts, and which records are nobody's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from forensics.evidence.account import InputFile, Remark
from forensics.schema import NOTES, STARTING, EventKind, Source, Tells, is_from, is_kind, is_work, telling
from forensics.table.captured import with_captured_output
from forensics.table.dedupe import without_retold
from forensics.table.ingest import Ingested

T = TypeVar("T")

# that is all that an empty list or a log of start-up lines leaves: no rule finds anything in it
SAYS_NOTHING = (
    EventKind.LOG_EDGE,
    EventKind.CLOCK_ANCHOR,
    EventKind.TODO_SNAPSHOT,
    EventKind.SESSION_META,
    EventKind.OTHER,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """The sessions that are judged, in order of time; of those in ``traces`` only traces are there.

    Such a one is a session by what is found in it, or where there is no other: what stands beside it changes nothing.
    """

    ids: tuple[str, ...]
    traces: frozenset[str]

    def without_empty_traces(self, sessions: Sequence[T], found: Callable[[T], bool]) -> list[T]:
        """Leave out sessions of mere traces in which nothing was found; where all are such, none."""
        kept = [s for s, name in zip(sessions, self.ids, strict=True) if name not in self.traces or found(s)]
        return kept or list(sessions)


def partial_files(ingested: Ingested) -> tuple[frozenset[int], frozenset[int]]:
    """Return the files that are not whole logs, and those of them in which lines between others are missing."""
    files = tuple(enumerate(ingested.inputs))
    return (
        frozenset(n for n, i in files if _is_partial(i)),
        frozenset(n for n, i in files if i.evidence.is_sifted),
    )


def _is_partial(file: InputFile) -> bool:
    """Say whether a file's lines were copied: a transcript of another name is what somebody pasted of one."""
    pasted = not file.evidence.place.casefold().endswith(file.source.about.whole_as)
    return pasted or file.evidence.is_excerpt


def with_named_logs(events: pl.DataFrame, ingested: Ingested) -> pl.DataFrame:
    """Make a session of each client log that no session could be found for: by its bytes, not by its name.

    To which session it belongs would be a guess; that it tells of work, or of a death, is none.
    """
    events = with_captured_output(events, ingested.inputs)
    held = pl.col("session_id").is_not_null().any().over("file")
    told = events.filter(is_from(telling(Tells.SESSION)) & ~held)
    names = {file: f"log:{ingested.inputs[file].evidence.digest}" for file in told["file"].unique().to_list()}
    named = pl.col("file").replace_strict(names, default=None, return_dtype=pl.String)
    return events.with_columns(session_id=pl.coalesce("session_id", named))


def told_once(events: pl.DataFrame, ingested: Ingested) -> tuple[pl.DataFrame, tuple[Remark, ...]]:
    """Prefer a session's transcript to a trajectory that was made of it."""
    files = list(enumerate(ingested.inputs))
    transcripts = [n for n, file in files if file.source is Source.TRANSCRIPT and not _is_partial(file)]
    retold = telling(Tells.TOLD_BEFORE)
    return without_retold(
        events, transcripts, {n: file.evidence.name for n, file in files if file.source in retold}
    )


def scope_of(events: pl.DataFrame) -> Scope:
    """Return the sessions that are judged: those at work or with a list, and traces that may say something."""
    # before its own id is set, 1.0.90 writes the start of a connection under another one into the session's MCP log
    shared = pl.col("session_id").n_unique().over("file") > 1
    start = is_kind((EventKind.MCP_CONNECTION,)) & pl.col("status").str.starts_with(STARTING)
    strange = (start & shared).fill_null(value=False)
    told = events.filter(pl.col("session_id").is_not_null()).with_columns(at_work=is_work() & ~strange)
    # a history holds the prompts of every project: those of other sessions are no evidence of theirs
    listed = (
        told.filter(~is_kind((EventKind.PROMPT_TYPED,)))
        .with_columns(is_note=is_kind(NOTES), says=~is_kind(SAYS_NOTHING) & ~strange)
        .group_by("session_id")
        .agg(
            first=pl.col("ts").filter(~pl.col("is_note")).min(),
            at_work=pl.col("at_work").any(),
            says=pl.col("says").any(),
            only_notes=pl.col("is_note").all(),
        )
        .filter(~pl.col("only_notes"))
        .sort("first", "session_id", nulls_last=True)
    )
    judged = listed.filter(pl.col("at_work") | pl.col("says"))
    chosen = listed if judged.is_empty() else judged
    traces = chosen.filter(~pl.col("at_work"))["session_id"]
    return Scope(tuple(chosen["session_id"]), frozenset(traces))


def unattached(events: pl.DataFrame, ids: Sequence[str], ingested: Ingested) -> tuple[tuple[str, int], ...]:
    """Return by file how many records belong to none of the sessions."""
    session = pl.col("session_id")
    expected = (EventKind.LOG_EDGE, EventKind.PROMPT_TYPED, *NOTES)
    loose = events.filter(session.is_null() | ~session.is_in(list(ids))).filter(~is_kind(expected))
    counted = loose.group_by("file").len().sort("file")
    return tuple(sorted((ingested.inputs[file].evidence.name, n) for file, n in counted.iter_rows()))
