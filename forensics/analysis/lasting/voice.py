"""Calls of the voice server, its requests of speech and their attempts as spans."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from forensics.analysis.lasting.clock import OneClock
from forensics.analysis.lasting.spans import VOICE, Sort, Span, State, records
from forensics.schema import SERVICES, Row
from forensics.schema import EventKind as K
from forensics.session.model.case import Case
from forensics.session.model.speech import Attempt, SpeechRequest
from forensics.session.speech.tables import request_events


def voice_spans(case: Case, clock: OneClock) -> Iterator[Span]:
    """Yield the voice calls that have a beginning and an end, then the requests of speech, each with its attempts."""
    begun: Row | None = None
    for row in case.of(K.VOICE_CALL_BEGIN, K.VOICE_CALL_END).iter_rows(named=True):
        if row["kind"] == K.VOICE_CALL_END.value and begun is not None:
            yield from _call(begun, row, clock)
        begun = row if row["kind"] == K.VOICE_CALL_BEGIN.value else None
    for request in case.speech_requests:
        yield from _speech(request, clock)


def _call(begun: Row, ended: Row, clock: OneClock) -> Iterator[Span]:
    since, until = clock.of_record(begun), clock.of_record(ended)
    if since is not None and until is not None:
        yield Span(
            sort=Sort.VOICE,
            lane=VOICE,
            name=f"call of {begun['component'] or 'the voice server'}",
            since=since,
            until=max(since, until),
            state=State.FAILED if ended["status"] == "error" else State.OK,
            status=ended["status"],
            events=records(begun["event_id"], ended["event_id"]),
        )


def _speech(request: SpeechRequest, clock: OneClock) -> Iterator[Span]:
    ends = [clock.told(t) for t in (request.answered_at, request.exhausted_at, request.no_speech_at)]
    signs = [t for t in (*ends, *(clock.told(a.ended) for a in request.attempts)) if t is not None]
    since = clock.told(request.started) or min(signs, default=None)
    if since is None:
        return
    until = max((since, *signs))
    yield _request(request, since, until, is_ended=any(t is not None for t in ends))
    for attempt in request.attempts:
        started = clock.told(attempt.started)
        if started is not None:
            yield _attempt(attempt, started, clock.told(attempt.ended), until)


def _request(request: SpeechRequest, since: datetime, until: datetime, *, is_ended: bool) -> Span:
    failed = request.exhausted_at is not None
    served = f"answered by {request.served_by}" if request.served_by else None
    shown = request_events(request)
    last = request.answered_event or request.exhausted_event or request.no_speech_event
    return Span(
        sort=Sort.SPEECH,
        lane=VOICE,
        name=SERVICES.get(request.service, request.service),
        since=since,
        until=until,
        state=State.FAILED if failed else State.OK if is_ended or served else State.OPEN,
        status="every endpoint failed" if failed else served,
        events=records(*shown[:1], last or (shown[-1] if shown else None)),
    )


def _attempt(attempt: Attempt, since: datetime, ended: datetime | None, last: datetime) -> Span:
    """Return one attempt; one without an end may last as long as its request."""
    is_bad = attempt.reason is not None
    return Span(
        sort=Sort.ATTEMPT,
        lane=VOICE,
        name=attempt.endpoint,
        since=since,
        until=max(since, ended or last),
        state=State.FAILED if is_bad else State.OPEN if ended is None else State.OK,
        status=attempt.reason or ("answered" if attempt.answered else None),
        events=records(attempt.start_event, attempt.end_event),
    )
