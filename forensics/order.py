"""The order of records: by time, and inside one log by its lines.

A log that one process writes is in the order in which things happened, whatever its clock did meanwhile. A
transcript is not: attachments and queued prompts carry older times than the records above them, up to 2.0.24 an
agent's records are written when it ends, and a fork begins with copies.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from forensics.account import Remark
from forensics.schema import MOMENT, Source, is_from

ONE_WRITER = (Source.CLAUDE_DEBUG, Source.MCP_LOG, Source.VOICE_STDERR, Source.VOICE_EVENTS)
STEP = timedelta(seconds=1)  # less is two threads' race for the file


def in_order(events: pl.DataFrame) -> pl.DataFrame:
    """Sort by time, but inside a log of one writer no record before one that stands above it."""
    running = pl.when(is_from(ONE_WRITER)).then(MOMENT.cum_max().over("file", "source")).otherwise(MOMENT)
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
    ).filter(pl.col("step") > STEP)
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
