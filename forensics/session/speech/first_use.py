"""When a speech endpoint that refused its credential was first asked, and what the server said of it before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Row, TsQuality
from forensics.session.model.case import Case
from forensics.session.model.speech import Attempt, seconds_between

CONNECTED = ("Starting connection", "Successfully connected")
VOICE = "(?i)voice"  # what users call the server
UNAUTHORISED = ("401", "403")


@dataclass(frozen=True, slots=True)
class Moment:
    """A record and its time, by UTC or by the server's own clock."""

    event: int
    ts: datetime | None
    local: datetime | None

    @property
    def at(self) -> datetime | None:
        """Return its time, by UTC where that is known."""
        return self.ts or self.local

    def until(self, later: Moment) -> float | None:
        """Return the seconds to a later record, by a clock that both have."""
        by_utc = seconds_between(self.ts, later.ts)
        return by_utc if by_utc is not None else seconds_between(self.local, later.local)


@dataclass(frozen=True, slots=True)
class FirstUse:
    """An endpoint's first refusal, before which nothing was asked of it."""

    endpoint: str
    start: Moment | None  # of the voice service
    listed: Moment | None  # the server's list of what is available, with this endpoint in it
    refused: Moment

    @property
    def after_start_s(self) -> float | None:
        """Return the seconds from the service's start; null where one of the two is not dated."""
        return self.start.until(self.refused) if self.start is not None else None

    @property
    def advertised_s(self) -> float | None:
        """Return the seconds for which the endpoint was listed as available."""
        return self.listed.until(self.refused) if self.listed is not None else None


def first_use(case: Case, endpoint: str, refusals: Collection[int]) -> FirstUse | None:
    """Return the first use of an endpoint with these records of refusals; null where it was used before them."""
    refused = _first_refusal(case, endpoint, refusals)
    if _used_before(case, endpoint, refused):
        return None
    return FirstUse(endpoint, _start_before(case, refused), _listed_before(case, endpoint, refused), refused)


def _moment(row: Row) -> Moment:
    return Moment(row["event_id"], row["ts"], row["local_ts"])


def _tries_of(case: Case, endpoint: str) -> list[Attempt]:
    return [t for request in case.speech_requests for t in request.tries if t.endpoint == endpoint]


def _first_refusal(case: Case, endpoint: str, refusals: Collection[int]) -> Moment:
    """Return the first of the refusals' records in which a try at the endpoint ended."""
    tried = {t.end_event for t in _tries_of(case, endpoint)} & set(refusals)
    told = pl.col("event_id").is_in(sorted(e for e in tried or refusals if e is not None))
    return _moment(case.events.filter(told).row(0, named=True))


def _start_before(case: Case, first: Moment) -> Moment | None:
    """Return the last start of the voice service before a refusal: its own line, or the client's connection."""
    connected = (
        (pl.col("kind") == K.MCP_CONNECTION.value)
        & pl.col("status").is_in(CONNECTED)
        & pl.col("component").str.contains(VOICE)
        & (pl.col("ts_quality") != TsQuality.INFERRED.value)
    )
    starts = case.events.filter((pl.col("kind") == K.VOICE_START.value) | connected)
    before = [m for m in map(_moment, starts.iter_rows(named=True)) if m.until(first) is not None]
    own = [m for m in before if case.event(m.event)["kind"] == K.VOICE_START.value]
    told = own or before
    return told[-1] if told else None


def _listed_before(case: Case, endpoint: str, first: Moment) -> Moment | None:
    """Return the first record that listed the endpoint as available before it refused."""
    lists = [c.configured_event for c in case.speech_requests if endpoint in c.configured]
    told = [_moment(case.event(e)) for e in lists if e is not None]
    return next((m for m in told if m.until(first) is not None), None)


def _used_before(case: Case, endpoint: str, first: Moment) -> bool:
    """Say whether a request to the endpoint stands in the evidence before its first refusal, however it ended."""
    ends = [t.end_event for t in _tries_of(case, endpoint)]
    ended = [_moment(case.event(e)) for e in ends if e is not None and e != first.event]
    asked = case.of(K.HTTP_RESPONSE).filter(
        pl.col("endpoint").str.starts_with(endpoint) & ~pl.col("status").is_in(UNAUTHORISED)
    )
    return any((m.until(first) or 0) > 0 for m in (*ended, *map(_moment, asked.iter_rows(named=True))))
