"""The order of records: by time, and inside one log by its lines.

A log that one process writes is in the order in which things happened, whatever its clock did meanwhile. A
transcript is not: attachments and queued prompts carry older times than the records above them, up to 2.0.24 an
agent's records are written when it ends, and a fork begins with copies.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import polars as pl

from forensics.evidence.account import Remark
from forensics.schema import CLOCK_STEP, MOMENT, EventKind, TsQuality, Writing, empty, is_from, written
from forensics.text.durations import duration

ONE_WRITER = written(Writing.IN_ORDER)
LATE = 20  # records behind one that stands in the wrong place, among which the time returns
LARGEST_STEP = timedelta(hours=1)  # what goes back further is one wrong time, or another day


def shutdown_last(events: pl.DataFrame) -> pl.DataFrame:
    """Date an undated log's final shutdown by its session's last record, and not by a line long before it."""
    undated = (pl.col("kind") == EventKind.SESSION_END.value) & (pl.col("ts_quality") == "inferred")
    of_session = ("file", "session_id")
    started = pl.col("line").filter(pl.col("kind") == EventKind.SESSION_START.value).max().over(of_session)
    final = undated & (started.is_null() | (pl.col("line") > started))
    return events.with_columns(
        ts=pl.when(final & pl.col("session_id").is_not_null())
        .then(pl.col("ts").max().over("session_id"))
        .otherwise("ts")
    )


def in_order(events: pl.DataFrame) -> pl.DataFrame:
    """Sort by time, but inside a log of one writer no record before one that stands above it."""
    highest = MOMENT.cum_max().over("file", "source")
    kept = is_from(ONE_WRITER) & (highest - MOMENT <= LARGEST_STEP)
    running = pl.when(kept).then(highest).otherwise(MOMENT)
    lines = events.sort("file", "line", "ordinal")
    return lines.sort(running, "file", "line", "ordinal", nulls_last=False)


STEPS = pl.Schema(
    {
        "file": pl.UInt32(),
        "line": pl.UInt32(),
        "event_id": pl.UInt64(),
        "above": pl.UInt32(),
        "above_id": pl.UInt64(),
        "step": pl.Duration("us"),
        "is_late": pl.Boolean(),
    }
)


def clock_steps(events: pl.DataFrame, excerpts: Iterable[int] = ()) -> pl.DataFrame:
    """Return where the clock of a log of one writer goes back, in the order of files and lines.

    Columns: ``file``, ``line`` and ``event_id`` of the record that is earlier than the one above it, ``above`` and
    ``above_id`` of that one, ``step`` (how far it goes back) and ``is_late``: the clock returns by as much at one of
    the records right behind, so that it was not set, and records stand in the wrong place. In ``excerpts`` a long
    step is left out: there somebody put parts of several days together.
    """
    # a server's local clock goes back when summer ends: only what has no UTC is judged by it
    moment = pl.when(pl.col("ts_quality") == TsQuality.INFERRED.value).then(None).otherwise(MOMENT)
    if not set(ONE_WRITER) & set(events["source"].unique()):
        return empty(STEPS)
    logs = events.filter(is_from(ONE_WRITER)).select(
        "file", "line", "ordinal", "event_id", is_utc=pl.col("ts").is_not_null(), moment=moment
    )
    dated = logs.filter(pl.col("moment").is_not_null()).sort("file", "line", "ordinal")
    timed = dated.with_columns(forward=pl.col("moment").diff().dt.total_microseconds().over("file"))
    behind = pl.col("forward").reverse().rolling_max(LATE, min_samples=1).reverse().shift(-1).over("file")
    found = timed.with_columns(
        step=pl.duration(microseconds=-pl.col("forward")),
        above=pl.col("line").shift(1).over("file"),
        above_id=pl.col("event_id").shift(1).over("file"),
        # a local time says nothing of UTC
        same_clock=pl.col("is_utc") == pl.col("is_utc").shift(1).over("file"),
        is_late=behind.is_between(-pl.col("forward"), -2 * pl.col("forward")),
    ).filter((pl.col("step") > CLOCK_STEP) & pl.col("same_clock"))
    pasted = pl.col("file").is_in(list(excerpts)) & (pl.col("step") > LARGEST_STEP)
    return found.filter(~pasted).select(
        "file", "line", "event_id", "above", "above_id", "step", pl.col("is_late").fill_null(value=False)
    )


def steps_back(events: pl.DataFrame) -> list[Remark]:
    """Say, once for each log of one writer, that its clock went back, where first and by how much at most."""
    steps = (
        clock_steps(events)
        .group_by("file", maintain_order=True)
        .agg(pl.len(), pl.col("above").first(), pl.col("line").first(), pl.col("step").max())
    )
    return [
        Remark(
            f"the clock of this log goes back {'once' if n == 1 else f'{n} times'}, by up to "
            f"{duration(step.total_seconds())}: the order of its lines is kept",
            ((file, above), (file, line)),
        )
        for file, n, above, line, step in steps.iter_rows()
    ]
