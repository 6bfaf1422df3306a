"""Speech chains: which endpoint was tried when, how each attempt ended, whether one answered.

The server's lines carry no request id. One server process holds a lock around its audio, so the chains of
one session do not interleave (up to 8.10); order is what correlates them. From 6.0.2 on the INFO lines are
hidden: a chain then begins with its first failure, and the event log's STT_START gives its start.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from forensics.schema import EventKind as K

TIMED_OUT = re.compile(r"timed out", re.IGNORECASE)
HTTP_CODE = re.compile(r"^Error code: (\d{3})\b")
NO_REQUEST = ("The api_key client option must be set", "Missing credentials.")

STARTS = {K.STT_START: "stt", K.STT_BEGUN: "stt", K.TTS_START: "tts", K.TTS_BEGUN: "tts"}
ATTEMPTS = {K.STT_ATTEMPT: "stt", K.STT_FALLBACK: "stt", K.TTS_ATTEMPT: "tts"}
FAILURES = {K.STT_FAIL: "stt", K.STT_RETRY: "stt", K.TTS_FAIL: "tts", K.TTS_STREAM_FAIL: "tts"}
SUCCESSES = {K.STT_OK: "stt", K.TTS_OK: "tts", K.STT_DONE: "stt"}
EXHAUSTED = {K.STT_EXHAUSTED: "stt", K.TTS_EXHAUSTED: "tts"}
NEW_CALL = (K.VOICE_REQUEST, K.VOICE_CALL_BEGIN)
KINDS = [
    *NEW_CALL,
    *STARTS,
    *ATTEMPTS,
    *FAILURES,
    *SUCCESSES,
    *EXHAUSTED,
    K.STT_ENDPOINTS,
    K.STT_EMPTY,
    K.AUTH_ERROR,
]


@dataclass(slots=True)
class Attempt:
    """One try at one endpoint. Times are UTC where the clock is known, else the server's own."""

    endpoint: str
    started: datetime | None
    start_event: int | None
    ended: datetime | None = None
    end_event: int | None = None
    reason: str | None = None  # the failure's text; null while open or when it answered
    waited_from: datetime | None = (
        None  # where the last try began, if tries inside the attempt came before it
    )

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
        """Return the seconds from start to failure, where both are known."""
        began = self.waited_from or self.started
        if began is None or self.ended is None:
            return None
        return round((self.ended - began).total_seconds(), 3)


@dataclass(slots=True)
class Chain:
    """One speech request and all that was tried for it."""

    service: str  # stt | tts
    started: datetime | None
    start_event: int | None
    attempts: list[Attempt] = field(default_factory=list)
    retries: list[Attempt] = field(
        default_factory=list
    )  # tries inside one attempt (8.11.0 on; TTS streaming)
    configured: str | None = None
    configured_event: int | None = None
    answered_event: int | None = None
    exhausted_event: int | None = None
    exhausted_at: datetime | None = None
    count: int | None = None
    auth_events: list[int] = field(default_factory=list)

    @property
    def failures(self) -> list[Attempt]:
        """Return the attempts that failed, in order."""
        return [a for a in self.attempts if a.reason is not None]

    @property
    def duration_s(self) -> float | None:
        """Return the seconds from the chain's start to its exhaustion, where both are known."""
        if self.started is None or self.exhausted_at is None:
            return None
        return round((self.exhausted_at - self.started).total_seconds(), 3)


def build_chains(events: pl.DataFrame) -> tuple[Chain, ...]:
    """Rebuild the chains from one session's events; interleaving speech and text chains are kept apart."""
    moment = pl.coalesce(pl.col("ts").dt.replace_time_zone(None), pl.col("local_ts"))
    rows = (
        events.filter(pl.col("kind").cast(pl.String).is_in([k.value for k in KINDS]))
        .with_columns(moment=moment)
        .sort("moment", "file", "line", "ordinal", nulls_last=True)
    )
    builder = _Builder()
    for row in rows.iter_rows(named=True):
        builder.take(row)
    return tuple(
        c for c in builder.chains if c.attempts or c.retries or c.exhausted_event or c.answered_event
    )


class _Builder:
    def __init__(self) -> None:
        self.chains: list[Chain] = []
        self._open: dict[str, Chain] = {}

    def take(self, row: dict[str, object]) -> None:
        kind = K(row["kind"])
        if kind in NEW_CALL:
            self._open.clear()
        elif kind in STARTS:
            self._start(STARTS[kind], row)
        elif kind is K.STT_ENDPOINTS:
            chain = self._chain("stt", row)
            chain.configured, chain.configured_event = row["path"], row["event_id"]
        elif kind in ATTEMPTS:
            self._attempt(self._chain(ATTEMPTS[kind], row), row)
        elif kind in FAILURES:
            self._fail(self._chain(FAILURES[kind], row), kind, row)
        elif kind in SUCCESSES:
            self._answered(SUCCESSES[kind], row)
        elif kind in EXHAUSTED:
            self._exhausted(self._chain(EXHAUSTED[kind], row), row)
        elif kind is K.AUTH_ERROR and self.chains:
            self.chains[-1].auth_events.append(row["event_id"])

    def _start(self, service: str, row: dict[str, object]) -> None:
        """Open a chain; the server's line and the event log's record of one start are one."""
        chain = self._open.get(service)
        fresh = chain is not None and not chain.attempts and not chain.retries and chain.started is not None
        if fresh and abs((row["moment"] - chain.started).total_seconds()) < 1:
            return
        if chain is not None and row["kind"] == K.TTS_BEGUN.value:
            return  # TTS_START is written for each endpoint's attempt, so it opens no second chain
        self._open[service] = Chain(service, row["moment"], row["event_id"])
        self.chains.append(self._open[service])

    def _chain(self, service: str, row: dict[str, object]) -> Chain:
        chain = self._open.get(service)
        if chain is None:
            chain = Chain(service, None, None)
            self._open[service] = chain
            self.chains.append(chain)
        return chain

    def _attempt(self, chain: Chain, row: dict[str, object]) -> None:
        chain.attempts.append(Attempt(str(row["endpoint"]), row["moment"], row["event_id"]))

    def _fail(self, chain: Chain, kind: K, row: dict[str, object]) -> None:
        inner = kind in (K.STT_RETRY, K.TTS_STREAM_FAIL)
        attempt = None if inner else self._open_attempt(chain, row)
        if attempt is None:
            previous = self._last_moment(chain)
            attempt = Attempt(str(row["endpoint"] or self._current(chain)), previous, None)
            (chain.retries if inner else chain.attempts).append(attempt)
        if not inner and chain.retries:
            attempt.waited_from = self._last_moment(chain)
        attempt.ended, attempt.end_event, attempt.reason = row["moment"], row["event_id"], row["status"]

    def _open_attempt(self, chain: Chain, row: dict[str, object]) -> Attempt | None:
        last = chain.attempts[-1] if chain.attempts else None
        return last if last is not None and last.reason is None and last.endpoint == row["endpoint"] else None

    def _current(self, chain: Chain) -> str:
        return chain.attempts[-1].endpoint if chain.attempts else "?"

    def _last_moment(self, chain: Chain) -> datetime | None:
        """Return when the try before this one ended: the hidden start of the next."""
        ends = [a.ended for a in (*chain.attempts, *chain.retries) if a.ended is not None]
        return max(ends) if ends else chain.started

    def _answered(self, service: str, row: dict[str, object]) -> None:
        chain = self._open.pop(service, None)
        if chain is not None and row["status"] != "STT_NO_SPEECH":
            chain.answered_event = row["event_id"]

    def _exhausted(self, chain: Chain, row: dict[str, object]) -> None:
        chain.exhausted_event, chain.exhausted_at, chain.count = row["event_id"], row["moment"], row["count"]
        self._open.pop(chain.service, None)


def walk_attempts(chains: tuple[Chain, ...]) -> Iterator[tuple[Chain, Attempt]]:
    """Yield every try of every chain, retries inside an attempt included."""
    for chain in chains:
        for attempt in sorted((*chain.attempts, *chain.retries), key=lambda a: a.end_event or 0):
            yield chain, attempt
