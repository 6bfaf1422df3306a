"""Agents over time: who ran when, who spawned whom, who wrote which file, and what findings rest on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import polars as pl

from forensics.analysis.lasting.lanes import Strip, Track, lane, track
from forensics.analysis.lasting.lives import life_span
from forensics.analysis.lasting.marks import marks_by_lane
from forensics.analysis.lasting.spans import MAIN, Sort, Span, State
from forensics.schema import NOTES, Row, Tells, is_from, is_kind, telling
from forensics.schema.finding import Finding
from forensics.session.agents.overlap import horizon
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name, place

CONVERSATIONS = telling(Tells.TALK)
UNNAMED = "\0"  # the lane of records that name no agent


def agents_track(case: Case, findings: Sequence[Finding]) -> Track | None:
    """Return the main agent and its subagents; nothing where no subagent has a time."""
    lives = _lives(case)
    if not lives:
        return None
    marks = marks_by_lane(case, findings, _Owner(lives))
    writes = _writes(case)
    strips = {MAIN: [_main(case), *writes.get(MAIN, ())]}
    for agent, own in lives.items():
        strips[agent] = [tuple(_life(case, life) for life in own), *writes.get(agent, ())]
    lanes = [
        lane(
            agent_name(case, key or None),
            strips[key],
            marks.get(key, ()),
            short=short_name(case, key or None),
            about=_about(case, lives.get(key, ())),
            depth=depth,
        )
        for key, depth in [(MAIN, 0), *_tree(lives)]
    ]
    lanes.append(lane("records that name no agent", (), marks.get(UNNAMED, ())))
    focus = [t for agent in lives for life in strips[agent][0] for t in life.times]
    return track("agents", lanes, focus=focus)


def _lives(case: Case) -> dict[str, list[AgentLife]]:
    """Return the lives of each agent that was started and has a time."""
    lives: dict[str, list[AgentLife]] = {}
    for life in case.agents:
        if life.start is not None and life.outcome is not AgentEnd.REFUSED:
            lives.setdefault(life.agent_id, []).append(life)
    return lives


def _tree(lives: Mapping[str, Sequence[AgentLife]]) -> Iterator[tuple[str, int]]:
    """Yield each agent with its depth, those that it spawned right behind it."""
    children: dict[str, list[str]] = {}
    for agent, own in lives.items():
        parent = own[0].parent_id or MAIN
        children.setdefault(parent if parent in lives and parent != agent else MAIN, []).append(agent)
    waiting, seen = [(agent, 1) for agent in reversed(children.get(MAIN, ()))], set[str]()
    while waiting:
        agent, depth = waiting.pop()
        if agent in seen:
            continue
        seen.add(agent)
        yield agent, depth
        waiting += [(child, depth + 1) for child in reversed(children.get(agent, ()))]
    yield from ((agent, 1) for agent in lives if agent not in seen)  # parents in a circle


def short_name(case: Case, agent: str | None) -> str:
    """Name an agent where there is little room."""
    return agent_name(case, agent).removeprefix("the ").removeprefix("agent ")


def _about(case: Case, lives: Sequence[AgentLife]) -> str:
    if not lives:
        return ""
    kind = f"{lives[0].agent_type}, " if lives[0].agent_type else ""
    return f"{kind}spawned by {agent_name(case, lives[0].parent_id)}"


def _main(case: Case) -> Strip:
    """Return the main agent's time: of its own records, where there are any, else of all that name no agent."""
    own = case.events.filter(pl.col("ts").is_not_null() & pl.col("agent_id").is_null() & ~is_kind(NOTES))
    told = own.filter(is_from(CONVERSATIONS))
    rows = (own if told.is_empty() else told).select("ts", "event_id")
    if rows.is_empty():
        return ()
    (since, first), (until, last) = rows.row(0), rows.row(-1)
    span = Span(
        sort=Sort.AGENT,
        lane=MAIN,
        name=agent_name(case, None),
        since=since,
        until=max(since, until),
        state=State.PLAIN,
        events=(first, last),
    )
    return (span,)


def _life(case: Case, life: AgentLife) -> Span:
    """Return an agent's life: without a record of its end up to its last sign, or as long as it may have run on."""
    since = life.start or horizon(case)
    seen = max(life.last_seen or since, since)
    last = life.last_event if life.end is None else life.end_event
    if life.outcome is AgentEnd.UNFINISHED and life.end is None:
        until = life.alive_until(case.span[1] or seen)
        return life_span(life, since, until, life.spawn_event, last, seen=seen)
    return life_span(life, since, life.end or seen, life.spawn_event, last)


def _writes(case: Case) -> dict[str, list[Strip]]:
    """Return for each agent a strip for each file that it wrote, the first written first."""
    found: dict[str, dict[str, list[Span]]] = {}
    for write in case.writes:
        event = write.call_event if write.answer_event is None else write.answer_event
        at = write.answered or write.called
        if at is not None:
            agent = write.agent_id or MAIN
            of_agent = found.setdefault(agent, {})
            of_agent.setdefault(write.path, []).append(_write(agent, place(case, write.path), at, event))
    return {
        agent: [tuple(sorted(own, key=lambda w: (w.since, w.events))) for own in files.values()]
        for agent, files in found.items()
    }


def _write(agent: str, name: str, at: datetime, event: int) -> Span:
    return Span(
        sort=Sort.WRITE, lane=agent, name=name, since=at, until=at, state=State.PLAIN, events=(event,)
    )


class _Owner:
    """Tells whose lane a record belongs to: what launches or ends an agent is about that agent."""

    def __init__(self, lives: Mapping[str, Iterable[AgentLife]]) -> None:
        self._about = {
            event: agent
            for agent, own in lives.items()
            for life in own
            for event in (life.spawn_event, life.end_event)
            if event is not None
        }
        self._known = frozenset(lives)

    def __call__(self, row: Row) -> str:
        agent = self._about.get(row["event_id"]) or row["agent_id"]
        if agent is not None:
            return agent if agent in self._known else UNNAMED
        return MAIN if row["source"] in CONVERSATIONS else UNNAMED
