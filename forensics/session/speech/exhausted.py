"""Requests of speech that failed at every endpoint, however that is known, and what the record shows after one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from forensics.schema import SERVICES, TsQuality
from forensics.schema.finding import Cite
from forensics.session.model.case import Case
from forensics.session.model.speech import SpeechRequest, seconds_between
from forensics.session.speech.results import FailedResult, failed_results
from forensics.session.speech.tables import request_endpoints, request_events


class KnownBy(StrEnum):
    """How it is known that every endpoint failed."""

    TOLD = "told"  # the server says so
    INFERRED = "inferred"  # each of them failed and none answered
    RESULT = "result"  # the voice tool's own results say so, and nothing else does


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRequests:
    """Requests that failed in the same way: of one service, at the same endpoints.

    They stand in the server's lines (``requests``) or, without these, in the tool's ``results``.
    """

    known_by: KnownBy
    service: str
    endpoints: tuple[str, ...]
    requests: tuple[SpeechRequest, ...] = ()
    results: tuple[FailedResult, ...] = ()
    unusable: str | None = None  # why no endpoint was usable, where the server says so: then none was tried

    def __len__(self) -> int:
        return len(self.requests) or len(self.results)

    @property
    def is_of_one_endpoint(self) -> bool:
        """Say whether only one endpoint was configured: there was no fallback that could fail."""
        return any(c.count == 1 or len(c.configured) == 1 for c in self.requests[:1])

    @property
    def duration_s(self) -> float | None:
        """Return how long the first of them took to fail."""
        return next((c.duration_s for c in self.requests), None)

    @property
    def ends(self) -> tuple[int, ...]:
        """Return the records that say themselves that a request failed."""
        lines = (c.exhausted_event for c in self.requests if c.exhausted_event is not None)
        return (*lines, *(r.event for r in self.results))

    @property
    def tried(self) -> tuple[int, ...]:
        """Return the records of the first request, as far as the server's lines tell it."""
        return tuple(event for c in self.requests[:1] for event in request_events(c))

    @property
    def cites(self) -> tuple[Cite, ...]:
        """Return what shows them: all of the first request, the end of each other, or the results' own words."""
        results = (Cite(r.event, r.said) for r in self.results)
        return (*(Cite(event) for event in dict.fromkeys((*self.tried, *self._later))), *results)

    @property
    def _later(self) -> tuple[int, ...]:
        return tuple(c.exhausted_event for c in self.requests[1:] if c.exhausted_event is not None)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """How long the client's records go on after a failure, and the last of them."""

    seconds: float | None
    event: int | None


def failed_requests(case: Case, served_within_s: float) -> list[FailedRequests]:
    """Return the requests that failed everywhere, alike ones together: first those of which the server says so.

    Of the others each listed endpoint failed, and none answered within some seconds. Results count where the server's
    lines tell of no such request of their service.
    """
    told = [c for c in case.speech_requests if c.exhausted_event is not None]
    untold = [
        c for c in case.speech_requests if c.exhausted_event is None and _all_failed(case, c, served_within_s)
    ]
    lines = {c.service for c in (*told, *untold)}
    alone = [_by_results(case, service) for service in SERVICES if service not in lines]
    return [
        *_alike(case, told, KnownBy.TOLD),
        *_alike(case, untold, KnownBy.INFERRED),
        *(found for found in alone if len(found)),
    ]


def aftermath(case: Case, last: SpeechRequest) -> Aftermath:
    """Return what the record shows after a failure: a failed voice call is no end by itself."""
    dated = (pl.col("ts_quality") == TsQuality.EXACT.value) & pl.col("local_ts").is_null()
    latest = case.events.filter(dated).select("event_id", "ts").sort("ts").tail(1)
    for event, ts in latest.iter_rows():
        return Aftermath(seconds_between(last.exhausted_at, ts), event)
    return Aftermath(None, None)


def _all_failed(case: Case, request: SpeechRequest, within_s: float) -> bool:
    """Say whether the chain lists its endpoints, each of them failed, and none answered soon after."""
    failed = {a.endpoint for a in request.failures}
    if request.is_sifted or not request.configured or not failed.issuperset(request.configured):
        return False
    if request.answered_event is not None or request.no_speech:
        return False
    ended = request.failures[-1].ended
    waits = [
        seconds_between(ended, c.answered_at) for c in case.speech_requests if c.service == request.service
    ]
    return not any(w is not None and 0 <= w <= within_s for w in waits)


def _alike(case: Case, requests: Iterable[SpeechRequest], known_by: KnownBy) -> Iterator[FailedRequests]:
    groups: dict[tuple[str, tuple[str, ...]], list[SpeechRequest]] = {}
    for request in requests:
        groups.setdefault((request.service, request_endpoints(request)), []).append(request)
    for (service, endpoints), alike in groups.items():
        end = alike[0].exhausted_event
        yield FailedRequests(
            known_by=known_by,
            service=service,
            endpoints=endpoints,
            requests=tuple(alike),
            unusable=None if end is None else case.event(end)["status"],
        )


def _by_results(case: Case, service: str) -> FailedRequests:
    results = tuple(r for r in failed_results(case) if r.service == service)
    endpoints = dict.fromkeys(endpoint for r in results[:1] for endpoint, _ in r.endpoints)
    return FailedRequests(
        known_by=KnownBy.RESULT, service=service, endpoints=tuple(endpoints), results=results
    )
