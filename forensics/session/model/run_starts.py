"""Where a process of the client begins that goes on with a session which another one left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from forensics.schema import DEATHS, UNRECORDED, Row, Source, TsQuality, is_from, is_kind
from forensics.schema import EventKind as K

BEGINS = ("startup", "resume")  # of a session: a compaction or /clear begins none of the process
INIT = "init"
# what only a process at work writes; a start and an end alone are no run
WORK = (
    K.USER_PROMPT,
    K.ASSISTANT_MESSAGE,
    K.TOOL_CALL,
    K.TOOL_DISPATCH,
    K.AGENT_SPAWN,
    K.TOOL_RESULT,
    K.API_ERROR,
    K.RESULT,
)


def run_starts(events: pl.DataFrame) -> tuple[Row, ...]:
    """Return what tells the start of each run but the first, in order. ``events`` are one session's."""
    return tuple(_told(events))


def launches(events: pl.DataFrame) -> tuple[Row, ...]:
    """Return the launches in the log of a client's host that follow on a death of the client before, in order.

    The host writes its lines in order, whether anything tells the zone of its clock or not.
    """
    hosted = events.filter(is_from((Source.EXTENSION_LOG,)))["file"].unique().to_list()
    told = events.filter(pl.col("file").is_in(hosted) & is_kind((*DEATHS, K.SESSION_START, K.RUN_START)))
    found: list[Row] = []
    has_died = False
    for row in told.sort("file", "event_id").iter_rows(named=True):
        if K(row["kind"]) in DEATHS:
            has_died = True
        elif has_died:
            found.append(row)
            has_died = False
    return tuple(found) if len({row["file"] for row in found}) == 1 else ()


def _told(events: pl.DataFrame) -> Iterator[Row]:
    """Yield what tells the start of each run but the first: work lies before it, since the start before, and after.

    A start without a time of its own (debug logs up to 2.0.45) does not tell which records lie before it.
    """
    dated = events.filter(pl.col("ts").is_not_null())
    told = dated.filter(_is_start() & (pl.col("ts_quality") != TsQuality.INFERRED.value)).sort(
        "ts", "event_id"
    )
    if told.is_empty():
        return
    worked = dated.filter(is_kind(WORK) & pl.col("status").ne_missing(UNRECORDED))["ts"]
    before: datetime | None = None
    for start in told.iter_rows(named=True):
        since = worked if before is None else worked.filter(worked >= before)
        if since.len() and (since < start["ts"]).any() and (worked >= start["ts"]).any():
            yield start
            before = start["ts"]


def _is_start() -> pl.Expr:
    """Select what a new process tells of itself; a headless stream says ``init`` again for each of its turns."""
    session = pl.col("kind") == K.SESSION_START.value
    first = pl.col("event_id") == pl.col("event_id").min().over("file", "status")
    begins = pl.col("status").is_in(BEGINS) | ((pl.col("status") == INIT) & first)
    filled_in = is_kind((K.TOOL_RESULT,)) & pl.col("status").eq_missing(UNRECORDED)
    starts = is_kind((K.RUN_START,)) | (session & begins) | filled_in
    return pl.col("agent_id").is_null() & starts
