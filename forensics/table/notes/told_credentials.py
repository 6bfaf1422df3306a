"""One credential is one finding: in which session of a run each is told, and whether its time is over."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from forensics.schema import EventKind, is_kind


def tell_once(events: pl.DataFrame, ids: Sequence[str]) -> pl.DataFrame:
    """Name with each credential the session that is to tell it: the one in which it stood first.

    A token whose end lies before the last record of its session could not be used any more.
    """
    is_seen = is_kind((EventKind.CREDENTIAL_SEEN,)) & pl.col("session_id").is_in(list(ids))
    seen = events.filter(is_seen)
    if seen.is_empty():
        return events
    first = (
        seen.sort("ts", "session_id", "file", "line", nulls_last=True)
        .unique("text_sha", keep="first", maintain_order=True)
        .select("text_sha", teller="session_id")
    )
    last = events.group_by("session_id").agg(last=pl.col("ts").max())
    told = (
        seen.select("event_id", "session_id", "text_sha", "total")
        .join(first, on="text_sha")
        .join(last, on="session_id")
        .select(
            "event_id", "teller", is_over=pl.from_epoch("total").dt.replace_time_zone("UTC") < pl.col("last")
        )
    )
    over = pl.col("is_over").fill_null(value=False)
    return (
        events.join(told, on="event_id", how="left", maintain_order="left")
        .with_columns(
            endpoint=pl.coalesce("teller", "endpoint"),
            status=pl.when(over).then(pl.lit("over")).otherwise("status"),
        )
        .drop("teller", "is_over")
    )
