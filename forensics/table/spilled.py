"""Which call printed what was spilled to a file: the record of its result names the file."""

from __future__ import annotations

import polars as pl

from forensics.schema import EventKind, is_kind

SAVED = r"saved to: [^\n]*?([^/\\\n]+\.(?:txt|json))\b"


def attach_spilled(events: pl.DataFrame) -> pl.DataFrame:
    """Give a spilled output the call and the session of the only result that names its file."""
    spilled = is_kind((EventKind.RESULT_SPILLED,))
    if events.filter(spilled).is_empty():
        return events
    named = (
        events.filter(
            is_kind((EventKind.TOOL_RESULT,)) & pl.col("message").str.contains("saved to: ", literal=True)
        )
        .select(named="correlation_id", owner="session_id", path=pl.col("message").str.extract(SAVED, 1))
        .drop_nulls("path")
        .unique()
    )
    # files of many sessions are called alike: where the place tells the session, it has to be that one
    here = events.filter(spilled).select("event_id", "path", "session_id", "correlation_id")
    pairs = here.join(named, on="path").filter(
        pl.col("session_id").eq_missing(pl.col("owner")) | pl.col("session_id").is_null()
    )
    only = pairs.filter(pl.len().over("event_id") == 1).select("event_id", "named", "owner")
    return (
        events.join(only, on="event_id", how="left", maintain_order="left")
        .with_columns(
            session_id=pl.coalesce("session_id", "owner"),
            correlation_id=pl.coalesce("correlation_id", "named"),
        )
        .drop("named", "owner")
    )
