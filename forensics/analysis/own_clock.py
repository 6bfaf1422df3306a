"""How long the one log of a session is that has a clock of its own, where nothing in it is dated in UTC."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from forensics.analysis.session_analysis import SessionAnalysis
from forensics.schema import Source


@dataclass(frozen=True, slots=True)
class OwnLength:
    """The length of a log by its own clock, and whether that is the voice server's."""

    seconds: float
    is_servers: bool


def length_by_own_clock(session: SessionAnalysis) -> OwnLength | None:
    """Return how long the one log without a zone is; null where there is none, or several, whose clocks may differ."""
    own = session.events.filter(pl.col("local_ts").is_not_null()).sort("local_ts")
    if own["file"].n_unique() != 1:
        return None
    over = own["local_ts"][-1] - own["local_ts"][0]
    return OwnLength(over.total_seconds(), own["source"][0] == Source.VOICE_STDERR.value)
