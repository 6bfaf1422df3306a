"""The course of one session: its record, its agents' lives, tool calls, voice calls, and where findings rest.

What has no time of the session's clock has no place in it and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from forensics.analysis.lasting.calls import tool_spans
from forensics.analysis.lasting.clock import OneClock, clock_of
from forensics.analysis.lasting.lives import life_span
from forensics.analysis.lasting.marks import first_marks
from forensics.analysis.lasting.spans import MAIN, Mark, Sort, Span, State
from forensics.analysis.lasting.voice import voice_spans
from forensics.analysis.places import places_of
from forensics.analysis.session_analysis import SessionAnalysis
from forensics.session.model.agents import AgentEnd
from forensics.session.model.case import Case


@dataclass(frozen=True, slots=True)
class Course:
    """What happened when in one session, all by one clock."""

    is_local: bool  # by the voice server's own clock
    spans: tuple[Span, ...]  # in order of their beginning, what contains another before it
    marks: tuple[Mark, ...]  # each finding at the first dated record that it cites, in order of time


def course_of(session: SessionAnalysis) -> Course:
    """Return what happened when in a session."""
    case, clock = session.case, clock_of(session.case)

    def time_of(event: int) -> datetime | None:
        return clock.of_record(case.event(event))

    spans = sorted(_spans(case, clock), key=lambda s: _order(session, s))
    return Course(clock.is_local, tuple(spans), first_marks(session.findings, time_of))


def is_dated(session: SessionAnalysis) -> bool:
    """Say whether anything in a session has a time."""
    return _bounds(session.case, clock_of(session.case)) is not None


def _order(session: SessionAnalysis, span: Span) -> tuple[datetime, int, int, str, str, tuple[str, ...]]:
    sort = list(Sort).index(span.sort)
    return span.since, -span.micros, sort, span.lane, span.name, places_of(session, span.events)


def _spans(case: Case, clock: OneClock) -> Iterator[Span]:
    bounds = _bounds(case, clock)
    if bounds is not None:
        yield _whole(case, *bounds)
        yield from _lives(case, clock)
        yield from tool_spans(case, clock)
        yield from voice_spans(case, clock)


def _bounds(case: Case, clock: OneClock) -> tuple[datetime, datetime] | None:
    times = case.events[clock.column]
    first, last = clock.told(times.min()), clock.told(times.max())
    return None if first is None or last is None else (first, last)


def _whole(case: Case, first: datetime, last: datetime) -> Span:
    return Span(
        sort=Sort.SESSION,
        lane=MAIN,
        name=f"session {case.session_id}",
        since=first,
        until=last,
        state=State.PLAIN,
        status=case.ending.verdict.value,
        events=case.ending.cites[:1],
    )


def _lives(case: Case, clock: OneClock) -> Iterator[Span]:
    """Yield the lives of the agents that ran, each as long as it may have been alive at most."""
    last = case.span[1]
    for agent in case.agents:
        since = clock.told(agent.start)
        if since is not None and last is not None and agent.outcome is not AgentEnd.REFUSED:
            shown_by = agent.end_event or agent.last_event
            yield life_span(agent, since, agent.alive_until(last), agent.spawn_event, shown_by)
