"""How long services took to answer, call by call, and when they failed: only where something failed.

Speech by the server's own lines, every attempt; the model API, MCP tools and spoken answers as
``session.services.latency`` measures them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from forensics.analysis.lasting.lanes import SEVERAL, Track, lane, track
from forensics.analysis.lasting.marks import marks_by_lane
from forensics.analysis.lasting.spans import Sort, Span, State, records
from forensics.schema import SERVICES as SPEECH
from forensics.schema.finding import Finding
from forensics.session.model.case import Case
from forensics.session.model.speech import Attempt, SpeechRequest, walk_attempts
from forensics.session.services.latency import Series, failing_series, primary_of

SERVICES = {**SPEECH, "mcp": "MCP tool", "api": "model API"}
HEAD = re.compile(r"^https?://|(?<=[a-z0-9])/v1/?$")  # of an address, what tells nothing


class Service(NamedTuple):
    """One endpoint of one kind of service."""

    kind: str  # stt | tts | mcp | api
    endpoint: str


def latency_track(case: Case, findings: Sequence[Finding]) -> Track | None:
    """Return the calls of services of which at least one failed; nothing where none did, or it was the only one."""
    calls = [*_spoken(case), *_measured(case)]
    if len(calls) < SEVERAL or not any(call.state is State.FAILED for _, call in calls):
        return None
    is_utc = any(call.since.tzinfo is not None for _, call in calls)
    found: dict[Service, list[Span]] = {}
    for service, call in sorted(
        ((s, c) for s, c in calls if (c.since.tzinfo is not None) == is_utc),
        key=lambda one: (one[1].since, one[1].until, one[0]),
    ):
        found.setdefault(service, []).append(call)
    whose = {event: service for service, own in found.items() for call in own for event in call.events}
    clock = "ts" if is_utc else "local_ts"
    marks = marks_by_lane(case, findings, lambda row: whose.get(row["event_id"]), clock)
    lanes = [
        lane(
            f"{SERVICES[service.kind]}, {service.endpoint}",
            [tuple(own)],
            marks.get(service, ()),
            short=f"{service.kind.upper()} {HEAD.sub('', service.endpoint)}",
        )
        for service, own in sorted(found.items(), key=lambda one: (list(SERVICES).index(one[0].kind), one[0]))
    ]
    return track("latency", lanes, is_utc=is_utc)


def _call(
    service: Service, since: datetime, until: datetime, words: str, state: State, events: tuple[int, ...]
) -> tuple[Service, Span]:
    return service, Span(
        sort=Sort.SERVICE,
        lane=" ".join(service),
        name=service.endpoint,
        since=since,
        until=until,
        state=state,
        words=words,
        events=events,
    )


def _spoken(case: Case) -> Iterator[tuple[Service, Span]]:
    """Yield the attempts of speech requests, and the requests that the record only shows to be answered."""
    requests = case.speech_requests
    primary = {
        service: primary_of([c for c in requests if c.service == service]) for service in ("stt", "tts")
    }
    for request, attempt in walk_attempts(requests):
        yield from _attempt(request, attempt)
    for request in requests:
        endpoint = primary[request.service]
        if not request.tries and endpoint is not None:
            service, ends = Service(request.service, endpoint), (request.start_event, request.answered_event)
            yield from _waited(service, request.started, request.answered_at, "answered", State.OK, *ends)


def _attempt(request: SpeechRequest, attempt: Attempt) -> Iterator[tuple[Service, Span]]:
    """Yield how long an attempt's answer was waited for: where several were tried inside it, from the last one on."""
    service, ends = Service(request.service, attempt.endpoint), (attempt.start_event, attempt.end_event)
    started = attempt.started
    if attempt.reason is not None:
        since = attempt.waited_from or started
        yield from _waited(service, since, attempt.ended, attempt.reason, State.FAILED, *ends)
    elif attempt.answered:
        words = "answered, without any text" if attempt.empty else "answered"
        yield from _waited(service, started, attempt.ended or request.answered_at, words, State.OK, *ends)
    else:
        yield from _waited(service, started, started, "no end in the record", State.OPEN, *ends)


def _waited(
    service: Service,
    since: datetime | None,
    until: datetime | None,
    words: str,
    state: State,
    *ends: int | None,
) -> Iterator[tuple[Service, Span]]:
    """Yield a call; of what only one end is known, or both by two clocks, that end."""
    events = records(*ends)
    if since is None or until is None or (since.tzinfo is None) != (until.tzinfo is None) or until < since:
        since = until = until if until is not None else since
    if since is not None and until is not None and events:
        yield _call(service, since, until, words, state, events)


def _measured(case: Case) -> Iterator[tuple[Service, Span]]:
    """Yield what has no chain: the model API, MCP tools, and speech where the server's lines are not there."""
    with_requests = {request.service for request in case.speech_requests if request.tries}
    for series in failing_series(case):
        if series.service not in with_requests:
            yield from _of_series(series)


def _of_series(series: Series) -> Iterator[tuple[Service, Span]]:
    service = Service(series.service, series.endpoint)
    for answer in series.latencies:
        since = answer.at - timedelta(seconds=answer.seconds)
        yield _call(service, since, answer.at, "answered", State.OK, (answer.event,))
    for failure in series.failures:
        yield _call(service, failure.at, failure.at, failure.reason, State.FAILED, (failure.event,))
