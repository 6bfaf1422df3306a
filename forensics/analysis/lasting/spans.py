"""What of a session has a length: its record, its agents' lives, tool calls, voice calls. For pictures of time.

Times are UTC, without zone; where nothing in a session is dated in UTC, they are the voice server's own clock.
What has no time of this clock has no place in a picture and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

import polars as pl

from forensics.analysis.session_analysis import SessionAnalysis
from forensics.schema import UUID, Row
from forensics.schema import EventKind as K
from forensics.schema.finding import Finding
from forensics.session.model.agents import ENDINGS, AgentEnd
from forensics.session.model.case import Case
from forensics.session.model.open_calls import ANSWERS, CALLS
from forensics.session.model.speech import Attempt, Chain
from forensics.session.speech.tables import SERVICES, chain_events

VOICE = "voice"  # the track of the voice server; agents have theirs by id, the main agent the empty one
EPOCH, MICROSECOND = datetime(1970, 1, 1), timedelta(microseconds=1)  # noqa: DTZ001 - times of spans have no zone


class Sort(StrEnum):
    """What a span is; what contains another comes before it."""

    SESSION = "session"
    AGENT = "agent"
    TOOL = "tool call"
    VOICE = "voice call"
    SPEECH = "speech request"
    ATTEMPT = "attempt"


class State(StrEnum):
    """How it ended."""

    OK = "ok"
    FAILED = "failed"
    STOPPED = "stopped"  # by the user, or with its parent
    OPEN = "no end recorded"


# of what has another end, or none, the evidence does not show it
STATES = {
    AgentEnd.COMPLETED: State.OK,
    AgentEnd.FAILED: State.FAILED,
    AgentEnd.STOPPED: State.STOPPED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that began and, as far as the evidence tells, ended. Its words are those of the log."""

    sort: Sort
    track: str
    name: str
    start: datetime
    end: datetime  # of what has no end: how long it was alive at most
    state: State | None  # null of a session: its verdict is its status
    status: str | None  # how it ended, in the words of the log
    places: tuple[str, ...]  # file:line of its beginning and its end

    @property
    def micros(self) -> int:
        """Return its length in microseconds; clocks that go back make none negative."""
        return max(0, micros_of(self.end) - micros_of(self.start))


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding in a picture: at the first dated record that it cites."""

    finding: Finding
    at: datetime
    place: str


def short_id(session: SessionAnalysis) -> str:
    """Return the beginning of a session's id, where it is an UUID; else all of it: it begins as others do."""
    return session.session_id[:8] if re.match(UUID, session.session_id) else session.session_id


def micros_of(moment: datetime) -> int:
    """Return a time without zone as whole microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


class Spans:
    """The spans of one session, all by one clock."""

    def __init__(self, session: SessionAnalysis) -> None:
        self._session = session
        self._case: Case = session.case
        self.is_local = self._case.span[0] is None
        clock = self._case.events["local_ts" if self.is_local else "ts"]
        self._first = self._of(clock.min())
        self._last = self._of(clock.max())

    @property
    def is_empty(self) -> bool:
        """Say whether nothing of the session has a time."""
        return self._first is None

    def all(self) -> list[Span]:
        """Return all spans, in order of their start, what contains another before it."""
        if self._first is None or self._last is None:
            return []
        spans = [self._whole(self._first, self._last), *self._agents(), *self._calls(), *self._voice()]
        order = list(Sort)
        return sorted(
            spans, key=lambda s: (s.start, -s.micros, order.index(s.sort), s.track, s.name, s.places)
        )

    def marks(self) -> list[Mark]:
        """Return the findings that cite a dated record, in order of time."""
        marks = []
        for finding in self._session.findings:
            dated = ((self._at(ref.event_id), ref) for ref in finding.evidence)
            first = next(((at, ref) for at, ref in dated if at is not None), None)
            if first is not None:
                marks.append(Mark(finding, first[0], f"{first[1].path}:{first[1].line}"))
        return sorted(marks, key=lambda m: (m.at, m.finding.rule, m.finding.fingerprint))

    def _whole(self, first: datetime, last: datetime) -> Span:
        case = self._case
        return Span(
            sort=Sort.SESSION,
            track="",
            name=f"session {case.session_id}",
            start=first,
            end=last,
            state=None,
            status=case.ending.verdict.value,
            places=self._places(*case.ending.cites[:1]),
        )

    def _agents(self) -> Iterator[Span]:
        for agent in self._case.agents:
            start = self._of(agent.start)
            horizon = self._case.span[1]
            if start is None or horizon is None or agent.outcome is AgentEnd.REFUSED:
                continue
            yield Span(
                sort=Sort.AGENT,
                track=agent.agent_id,
                name=agent.name,
                start=start,
                end=max(start, self._of(agent.alive_until(horizon)) or start),
                state=STATES.get(agent.outcome, State.OPEN),
                status=agent.outcome.value,
                places=self._places(agent.spawn_event, agent.end_event or agent.last_event),
            )

    def _calls(self) -> Iterator[Span]:
        told = ("event_id", "ts", "local_ts", "agent_id", "tool", "message", "kind", "correlation_id")
        calls = self._case.of(*CALLS).filter(pl.col("correlation_id").is_not_null()).select(told)
        answers = self._case.of(*ANSWERS).select(
            "correlation_id",
            answered="ts",
            answered_local="local_ts",
            answer="event_id",
            answer_status="status",
        )
        answered = _first(calls).join(_first(answers), on="correlation_id", how="left", maintain_order="left")
        last = dict(self._case.events.group_by("agent_id").agg(pl.col("ts").max()).iter_rows())
        for row in answered.iter_rows(named=True):
            span = self._call(row, self._of(last.get(row["agent_id"])))
            if span is not None:
                yield span

    def _call(self, row: Row, last: datetime | None) -> Span | None:
        start = self._clock(row["ts"], row["local_ts"])
        if start is None:
            return None
        end = self._clock(row["answered"], row["answered_local"])
        state = STATES.get(ENDINGS.get(str(row["answer_status"]), AgentEnd.COMPLETED), State.OK)
        return Span(
            sort=Sort.TOOL,
            track=row["agent_id"] or "",
            name=str(row["tool"] or row["message"] or row["kind"]),
            start=start,
            end=max(start, end or last or start),
            state=State.OPEN if row["answer"] is None else state,
            status=row["answer_status"],
            places=self._places(row["event_id"], row["answer"]),
        )

    def _voice(self) -> Iterator[Span]:
        begun: Row | None = None
        for row in self._case.of(K.VOICE_CALL_BEGIN, K.VOICE_CALL_END).iter_rows(named=True):
            if row["kind"] == K.VOICE_CALL_END.value and begun is not None:
                yield from self._voice_call(begun, row)
            begun = row if row["kind"] == K.VOICE_CALL_BEGIN.value else None
        for chain in self._case.chains:
            yield from self._speech(chain)

    def _voice_call(self, begun: Row, ended: Row) -> Iterator[Span]:
        start, end = (self._clock(r["ts"], r["local_ts"]) for r in (begun, ended))
        if start is not None and end is not None:
            yield Span(
                sort=Sort.VOICE,
                track=VOICE,
                name=f"call of {begun['component'] or 'the voice server'}",
                start=start,
                end=max(start, end),
                state=State.FAILED if ended["status"] == "error" else State.OK,
                status=ended["status"],
                places=self._places(begun["event_id"], ended["event_id"]),
            )

    def _speech(self, chain: Chain) -> Iterator[Span]:
        told = [self._of(t) for t in (chain.answered_at, chain.exhausted_at, chain.no_speech_at)]
        signs = [t for t in (*told, *(self._of(a.ended) for a in chain.attempts)) if t is not None]
        start = self._of(chain.started) or min(signs, default=None)
        if start is None:
            return
        end = max((start, *signs))
        last_event = chain.answered_event or chain.exhausted_event or chain.no_speech_event
        shown = chain_events(chain)
        is_ended = any(t is not None for t in told)
        failed = chain.exhausted_at is not None
        served = f"answered by {chain.served_by}" if chain.served_by else None
        yield Span(
            sort=Sort.SPEECH,
            track=VOICE,
            name=SERVICES.get(chain.service, chain.service),
            start=start,
            end=end,
            state=State.FAILED if failed else State.OK if is_ended or served else State.OPEN,
            status="every endpoint failed" if failed else served,
            places=self._places(*shown[:1], last_event or (shown[-1] if shown else None)),
        )
        for attempt in chain.attempts:
            began = self._of(attempt.started)
            if began is not None:
                yield self._attempt(attempt, began, end)

    def _attempt(self, attempt: Attempt, began: datetime, last: datetime) -> Span:
        ended = self._of(attempt.ended)
        is_bad = attempt.reason is not None
        return Span(
            sort=Sort.ATTEMPT,
            track=VOICE,
            name=attempt.endpoint,
            start=began,
            end=max(began, ended or last),
            state=State.FAILED if is_bad else State.OPEN if ended is None else State.OK,
            status=attempt.reason or ("answered" if attempt.answered else None),
            places=self._places(attempt.start_event, attempt.end_event),
        )

    def _at(self, event_id: int) -> datetime | None:
        row = self._case.event(event_id)
        return self._clock(row["ts"], row["local_ts"])

    def _clock(self, utc: datetime | None, local: datetime | None) -> datetime | None:
        return self._of(local if self.is_local else utc)

    def _of(self, moment: object) -> datetime | None:
        """Return a time of the session's clock without its zone; null for one of another clock."""
        if not isinstance(moment, datetime) or (moment.tzinfo is None) is not self.is_local:
            return None
        return moment.replace(tzinfo=None)

    def _places(self, *events: int | None) -> tuple[str, ...]:
        stand = (self._stand[e] for e in events if e is not None)
        return tuple(dict.fromkeys(f"{self._session.file_names[file]}:{line}" for file, line in stand))

    @cached_property
    def _stand(self) -> dict[int, tuple[int, int]]:
        """Return the file and line of each event: a picture asks for most of them."""
        events = self._case.events
        return dict(zip(events["event_id"], zip(events["file"], events["line"], strict=True), strict=True))


def _first(records: pl.DataFrame) -> pl.DataFrame:
    return records.unique("correlation_id", keep="first", maintain_order=True)
