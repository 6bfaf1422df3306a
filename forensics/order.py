"""The order of records: by time, and inside one log by its lines.

A log that one process writes is in the order in which things happened, whatever its clock did meanwhile. A
transcript is not: attachments and queued prompts carry older times than the records above them, up to 2.0.24 an
agent's records are written when it ends, and a fork begins with copies.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from forensics.account import Remark
from forensics.schema import CLOCK_STEP, MOMENT, EventKind, Source, is_from

ONE_WRITER = (Source.CLAUDE_DEBUG, Source.MCP_LOG, Source.VOICE_STDERR, Source.VOICE_EVENTS)
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


def steps_back(events: pl.DataFrame) -> list[Remark]:
    """Say, once for each log of one writer, that its clock went back, where first and by how much at most."""
    # a server's local clock goes back when summer ends: only what has no UTC is judged by it
    moment = pl.when(pl.col("ts_quality") == "inferred").then(None).otherwise(MOMENT)
    dated = (
        events.filter(is_from(ONE_WRITER)).sort("file", "line", "ordinal").with_columns(moment=moment)
    ).filter(pl.col("moment").is_not_null())
    back = dated.with_columns(
        step=pl.col("moment").shift(1).over("file") - pl.col("moment"),
        above=pl.col("line").shift(1).over("file"),
        # a local time says nothing of UTC
        same_clock=pl.col("ts").is_null() == pl.col("ts").is_null().shift(1).over("file"),
    ).filter((pl.col("step") > CLOCK_STEP) & pl.col("same_clock"))
    steps = back.group_by("file", maintain_order=True).agg(
        pl.len(), pl.col("above").first(), pl.col("line").first(), pl.col("step").max()
    )
    return [
        Remark(
            f"the clock of this log goes back {'once' if n == 1 else f'{n} times'}, by up to "
            f"{step.total_seconds():.1f} s: the order of its lines is kept",
            ((file, above), (file, line)),
        )
        for file, n, above, line, step in steps.iter_rows()
    ]
