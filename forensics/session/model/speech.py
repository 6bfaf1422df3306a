"""Requests of speech: which endpoint was tried when, how each attempt ended, whether one answered.

The server's lines carry no request id. One server process holds a lock around its audio, so the requests of
one session do not interleave (up to 8.10); order is what correlates them. From 6.0.2 on the INFO lines are
hidden: a request then begins with its first failure, and the event log's STT_START gives its start.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Row, is_kind

TIMED_OUT = re.compile(r"timed out", re.IGNORECASE)
HTTP_CODE = re.compile(r"^Error code: (\d{3})\b")
LISTED = re.compile(r"'([^']*)'")
REFUSAL = "OpenAI Authentication Failed"  # the server's own line about a refusal; it names no endpoint
NO_REQUEST = ("The api_key client option must be set", "Missing credentials.")
UNNAMED = "?"
SAME_MOMENT_S = 0.001  # the server's lines have milliseconds, the event log has microseconds
SAME_START_S = 1.0  # the server's line and the event log's record of one start are milliseconds apart

STARTS = {K.STT_START: "stt", K.STT_BEGUN: "stt", K.TTS_START: "tts", K.TTS_BEGUN: "tts"}
ATTEMPTS = {K.STT_ATTEMPT: "stt", K.STT_FALLBACK: "stt", K.TTS_ATTEMPT: "tts"}
FAILURES = {K.STT_FAIL: "stt", K.STT_RETRY: "stt", K.TTS_FAIL: "tts", K.TTS_STREAM_FAIL: "tts"}
INNER = (K.STT_RETRY, K.TTS_STREAM_FAIL)  # a try inside an attempt: another try at the same endpoint follows
SUCCESSES = {K.STT_OK: "stt", K.TTS_OK: "tts", K.STT_DONE: "stt"}
EXHAUSTED = {K.STT_EXHAUSTED: "stt", K.TTS_EXHAUSTED: "tts"}
NEW_CALL = (K.VOICE_REQUEST, K.VOICE_CALL_BEGIN)
OTHERS = (K.STT_ENDPOINTS, K.STT_EMPTY, K.STT_NO_SPEECH, K.AUTH_ERROR)
KINDS = (*NEW_CALL, *STARTS, *ATTEMPTS, *FAILURES, *SUCCESSES, *EXHAUSTED, *OTHERS)
PLAYED = "TTS_PLAYBACK_END"  # from 6.0.2 on the only sign that text to speech succeeded


@dataclass(slots=True)
class Attempt:
    """One try at one endpoint. Times are UTC where the clock is known, else the server's own, without zone."""

    endpoint: str
    started: datetime | None
    start_event: int | None
    ended: datetime | None = None
    end_event: int | None = None
    reason: str | None = None  # the failure's text; null while open, or where it did not fail
    empty: bool = False  # it answered without any text: no failure
    answered: bool = False
    waited_from: datetime | None = None  # the last sign before its end: its start, or the end of an inner try
    waited_event: int | None = None

    @property
    def timed_out(self) -> bool:
        """Say whether the attempt ended in a timeout."""
        return self.reason is not None and TIMED_OUT.search(self.reason) is not None

    @property
    def http_status(self) -> str | None:
        """Return the HTTP status of a refusal, where the server answered."""
        found = HTTP_CODE.match(self.reason or "")
        return found.group(1) if found else None

    @property
    def waited_s(self) -> float | None:
        """Return the seconds that the failed try itself took, where both ends are known."""
        return seconds_between(self.waited_from, self.ended)

    @property
    def waited_events(self) -> tuple[int, ...]:
        """Return the last sign before the try's end, and its end, as far as they are on record."""
        return tuple(e for e in (self.waited_event, self.end_event) if e is not None)


@dataclass(slots=True)
class SpeechRequest:
    """One speech request and all that was tried for it."""

    service: str  # stt | tts
    started: datetime | None
    start_event: int | None
    attempts: list[Attempt] = field(default_factory=list)
    retries: list[Attempt] = field(default_factory=list)  # tries inside an attempt (8.11.0 on; TTS streaming)
    configured: tuple[str, ...] = ()
    configured_event: int | None = None
    answered_event: int | None = None
    answered_at: datetime | None = None
    exhausted_event: int | None = None
    exhausted_at: datetime | None = None
    count: int | None = None
    no_speech: bool = False
    no_speech_event: int | None = None
    no_speech_at: datetime | None = None
    auth_events: list[int] = field(default_factory=list)
    is_sifted: bool = False  # lines between its own are missing: that none says so says nothing

    @property
    def failures(self) -> list[Attempt]:
        """Return the attempts that failed, in order."""
        return [a for a in self.attempts if a.reason is not None]

    @property
    def failed_at(self) -> tuple[str, ...]:
        """Return the endpoints at which an attempt failed, each once, in order."""
        return tuple(dict.fromkeys(a.endpoint for a in self.failures))

    @property
    def tries(self) -> list[Attempt]:
        """Return every try in order of its end, those inside an attempt included."""
        return sorted((*self.attempts, *self.retries), key=lambda a: _naive(a.ended) or datetime.max)  # noqa: DTZ901

    @property
    def served_by(self) -> str | None:
        """Return the endpoint that answered, where the record tells."""
        return next((a.endpoint for a in self.attempts if a.answered), None)

    @property
    def duration_s(self) -> float | None:
        """Return the seconds from the request's start to its exhaustion, where both are known."""
        return seconds_between(self.started, self.exhausted_at)

    @property
    def answered_s(self) -> float | None:
        """Return the seconds from the request's start to its answer, where both are known."""
        return seconds_between(self.started, self.answered_at)

    @property
    def heard_nothing_s(self) -> float | None:
        """Return the seconds from the request's start to its end without speech, where both are known."""
        return seconds_between(self.started, self.no_speech_at)

    def take_no_speech(self, event: int, when: datetime | None) -> None:
        """Note that the request ended without speech: by the server's line, or by the event log."""
        self.no_speech = True
        if self.no_speech_event is None:
            self.no_speech_event, self.no_speech_at = event, when


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Return the seconds between two times of one clock; null where they are of two, or it was set back meanwhile."""
    if start is None or end is None or (start.tzinfo is None) != (end.tzinfo is None) or end < start:
        return None
    return round((end - start).total_seconds(), 3)


def _naive(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=None) if moment is not None else None


def build_requests(events: pl.DataFrame, sifted: frozenset[int] = frozenset()) -> tuple[SpeechRequest, ...]:
    """Rebuild the requests from one session's events; those for speech and for text are kept apart.

    In ``sifted`` files lines between others are missing: no wait is measured from one to the next.
    """
    played = (pl.col("kind") == K.VOICE_EVENT.value) & (pl.col("tool") == PLAYED)
    rows = events.filter(is_kind(KINDS) | played)
    builder = _Builder(sifted)
    for row in rows.iter_rows(named=True):
        builder.take(row)
    builder.end_refused()
    return tuple(
        c
        for c in builder.requests
        if c.attempts or c.retries or c.exhausted_event or c.answered_event or c.no_speech_event
    )


class _Builder:
    def __init__(self, sifted: frozenset[int]) -> None:
        self.requests: list[SpeechRequest] = []
        self._sifted = sifted
        self._open: dict[str, SpeechRequest] = {}
        self._signs: dict[str, tuple[datetime | None, int | None]] = {}  # the last sign of each open request
        self._last: SpeechRequest | None = None
        self._failed: SpeechRequest | None = None  # the request of speech-to-text that failed in this call
        self._refused: list[
            tuple[SpeechRequest, Attempt, Row]
        ] = []  # with the open attempt of the refusal's own line

    def take(self, row: Row) -> None:
        kind, when = K(row["kind"]), _own_time(row)
        if kind in NEW_CALL:
            self._open = {s: c for s, c in self._open.items() if _is_of_call(c, when)}
            self._failed = None
        elif kind in STARTS:
            self._start(STARTS[kind], kind, when, row)
        elif kind in ATTEMPTS:
            self._attempt(ATTEMPTS[kind], when, row)
        elif kind in FAILURES:
            self._fail(FAILURES[kind], kind, when, row)
        elif kind in SUCCESSES or kind is K.VOICE_EVENT:
            self._answered(SUCCESSES.get(kind, "tts"), when, row)
        elif kind in EXHAUSTED:
            self._exhausted(EXHAUSTED[kind], when, row)
        elif kind is K.AUTH_ERROR and self._last is not None:
            self._refusal(self._last, row)
        elif kind in OTHERS:
            self._noted(kind, when, row)

    def _start(self, service: str, kind: K, when: datetime | None, row: Row) -> None:
        request = self._open.get(service)
        if request is not None and not request.attempts and not request.retries:
            apart = seconds_between(request.started, when)
            if apart is not None and abs(apart) < SAME_START_S:
                if kind in (K.STT_START, K.TTS_START):  # the server's own line says more than the event log's
                    request.start_event = row["event_id"]
                return
        if request is None or kind is not K.TTS_BEGUN:
            request = self._new(service, when, row["event_id"])
        # TTS_START is written for each endpoint's attempt: within a request it opens no second one
        self._sign(service, when, row)

    def _new(self, service: str, when: datetime | None, event: int | None) -> SpeechRequest:
        request = SpeechRequest(service, when, event)
        self._open[service] = self._last = request
        self._failed = None if service == "stt" else self._failed
        self._signs[service] = (when, event)
        self.requests.append(request)
        return request

    def _request(self, service: str) -> SpeechRequest:
        request = self._open.get(service) or self._new(service, None, None)
        self._last = request
        return request

    def _sign(self, service: str, when: datetime | None, row: Row) -> None:
        self._signs[service] = (when, row["event_id"])

    def _noted(self, kind: K, when: datetime | None, row: Row) -> None:
        request = self._request("stt")
        if kind is K.STT_ENDPOINTS:
            request.configured = tuple(LISTED.findall(row["path"] or ""))
            request.configured_event = row["event_id"]
        elif kind is K.STT_EMPTY and request.attempts and request.attempts[-1].endpoint == row["endpoint"]:
            request.attempts[-1].empty = True
        elif kind is K.STT_NO_SPEECH:
            request.take_no_speech(row["event_id"], when)

    def _attempt(self, service: str, when: datetime | None, row: Row) -> None:
        self._request(service).attempts.append(Attempt(row["endpoint"], when, row["event_id"]))
        self._sign(service, when, row)

    def _fail(self, service: str, kind: K, when: datetime | None, row: Row) -> None:
        request = self._request(service)
        request.is_sifted = request.is_sifted or row["file"] in self._sifted
        inner = kind in INNER
        attempt = None if inner else _open_attempt(request, row["endpoint"])
        if attempt is None:
            started, event = self._signs[service]
            attempt = Attempt(row["endpoint"] or _current(request), started, event)
            (request.retries if inner else request.attempts).append(attempt)
        if not request.is_sifted:
            attempt.waited_from, attempt.waited_event = self._signs[service]
        attempt.ended, attempt.end_event, attempt.reason = when, row["event_id"], row["status"]
        self._sign(service, when, row)
        if not inner:  # a try whose line names no endpoint was one at the endpoint that fails now
            for retry in request.retries:
                retry.endpoint = row["endpoint"] if retry.endpoint == UNNAMED else retry.endpoint

    def _refusal(self, request: SpeechRequest, row: Row) -> None:
        request.auth_events.append(row["event_id"])
        last = request.attempts[-1] if request.attempts else None
        if last is not None and last.reason is None and self._open.get(request.service) is request:
            self._refused.append((request, last, row))

    def end_refused(self) -> None:
        """End the attempts that no line of their own ended: the refusal between their start and the next step did."""
        for request, attempt, row in self._refused:
            if attempt.reason is not None or attempt.answered or attempt.empty:
                continue
            status = row["status"] or ""
            attempt.reason = status if HTTP_CODE.match(status) else f"{REFUSAL}: {status}"
            attempt.ended, attempt.end_event = _own_time(row), row["event_id"]
            if not request.is_sifted and row["file"] not in self._sifted:
                attempt.waited_from, attempt.waited_event = attempt.started, attempt.start_event

    def _answered(self, service: str, when: datetime | None, row: Row) -> None:
        request = self._open.pop(service, None)
        if row["status"] == "STT_NO_SPEECH":
            # up to 4.6.0 a request of which everything failed ends so
            ended = request or self._failed
            if ended is not None:
                ended.take_no_speech(row["event_id"], when)
            return
        if request is None:
            return
        request.answered_event, request.answered_at = row["event_id"], when
        last = request.attempts[-1] if request.attempts else None
        if last is not None and last.reason is None:
            last.answered, last.ended, last.end_event = True, when, row["event_id"]

    def _exhausted(self, service: str, when: datetime | None, row: Row) -> None:
        if row["file"] in self._sifted:
            self._open.clear()  # what the line ends may stand in what was left out
        request = self._request(service)
        if request.attempts and all(a.empty for a in request.attempts):
            request.take_no_speech(row["event_id"], when)  # 4.5.0 to 4.6.0 call silence so, too
            self._open.pop(service, None)
            return
        request.exhausted_event, request.exhausted_at, request.count = row["event_id"], when, row["count"]
        self._failed = request if service == "stt" else self._failed
        self._open.pop(service, None)


def _is_of_call(request: SpeechRequest, begun: datetime | None) -> bool:
    """Say whether a request is the first thing of the call that begins, only that its line was sorted before it."""
    apart = seconds_between(request.started, begun)
    return not request.tries and apart is not None and apart <= SAME_MOMENT_S


def _own_time(row: Row) -> datetime | None:
    """Return a record's own time: one that it only has from its neighbour would make every wait 0 s."""
    ts: datetime | None = row["ts"]
    local: datetime | None = row["local_ts"]
    return local if ts is None or (row["ts_quality"] == "inferred" and local is not None) else ts


def _open_attempt(request: SpeechRequest, endpoint: str | None) -> Attempt | None:
    last = request.attempts[-1] if request.attempts else None
    return last if last is not None and last.reason is None and last.endpoint == endpoint else None


def _current(request: SpeechRequest) -> str:
    """Return the endpoint that is being tried; not known where only failures are logged."""
    last = request.attempts[-1] if request.attempts else None
    return last.endpoint if last is not None and last.reason is None else UNNAMED


def walk_attempts(requests: Sequence[SpeechRequest]) -> Iterator[tuple[SpeechRequest, Attempt]]:
    """Yield every try of every request, retries inside an attempt included."""
    for request in requests:
        for attempt in request.tries:
            yield request, attempt
