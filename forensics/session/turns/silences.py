"""Silences: between which two records nothing was written for long, whatever the source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import TsQuality
from forensics.session.model.case import Case

LONG_S = 300.0  # what a report calls a long silence


@dataclass(frozen=True, slots=True)
class Silence:
    """Two neighbours in time; events are ids."""

    since: datetime
    until: datetime
    since_event: int
    until_event: int

    @property
    def seconds(self) -> float:
        """Return how long it lasted."""
        return (self.until - self.since).total_seconds()


def silences_of(case: Case, least_s: float) -> tuple[Silence, ...]:
    """Return the silences of at least ``least_s`` seconds. Inferred times say nothing of silence.

    Nor do records beside which others were left out.
    """
    told = (pl.col("ts_quality") != TsQuality.INFERRED.value) & (pl.col("kind") != K.PROCESS_LEFT.value)
    is_sifted = pl.col("file").is_in(list(case.sifted))
    dated = (
        case.events.filter(pl.col("ts").is_not_null() & told)
        .select("ts", "event_id", sifted=is_sifted)
        .sort("ts", maintain_order=True)
    )
    after = dated.select(
        since=pl.col("ts").shift(1),
        until="ts",
        since_event=pl.col("event_id").shift(1),
        until_event="event_id",
        sifted=pl.col("sifted") | pl.col("sifted").shift(1),
    )
    long = after.filter(
        (pl.col("until") - pl.col("since") >= pl.duration(microseconds=round(least_s * 1e6)))
        & ~pl.col("sifted")
    )
    return tuple(Silence(*row) for row in long.drop("sifted").iter_rows())
