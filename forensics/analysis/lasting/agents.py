"""Agents over time: who ran when, who spawned whom, who wrote which file, and what findings rest on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from forensics.analysis.lasting.marks import marks_of
from forensics.analysis.lasting.shape import Bar, Mark, Strip, Tone, Track, lane, track
from forensics.schema import NOTES, Row, Source, is_from, is_kind
from forensics.schema.finding import Finding
from forensics.session.agents.overlap import horizon
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name, place

CONVERSATIONS = (Source.TRANSCRIPT, Source.STREAM_JSON, Source.ATIF)
TONES = {
    AgentEnd.COMPLETED: Tone.DONE,
    AgentEnd.FAILED: Tone.FAILED,
    AgentEnd.STOPPED: Tone.FAILED,
    AgentEnd.UNFINISHED: Tone.OPEN,
}
ENDED = {
    AgentEnd.COMPLETED: "completed",
    AgentEnd.FAILED: "failed",
    AgentEnd.STOPPED: "stopped",
    AgentEnd.LOST: "its answer is not in the evidence",
    AgentEnd.UNKNOWN: "its end is not known: the record is an excerpt",
    AgentEnd.UNFINISHED: "no end in the record",
}
MAIN, UNNAMED = "", "\0"  # keys of lanes that are no subagent's


def agents_track(case: Case, findings: Sequence[Finding]) -> Track | None:
    """Return the main agent and its subagents; nothing where no subagent has a time."""
    lives = _lives(case)
    if not lives:
        return None
    marks = marks_of(case, findings, _Owner(lives))
    writes = _writes(case)
    strips = {MAIN: [_main(case), *writes.get(MAIN, ())]}
    for agent, own in lives.items():
        runs = Strip(words="runs", bars=tuple(_bar(case, life) for life in own))
        strips[agent] = [runs, *writes.get(agent, ())]
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
    focus = [t for agent in lives for bar in strips[agent][0].bars for t in (bar.since, bar.until)]
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
        return Strip(words="runs")
    (since, first), (until, last) = rows.row(0), rows.row(-1)
    bar = Bar(
        since=since,
        until=max(since, until),
        words="",
        tone=Tone.PLAIN,
        events=(first, last),
    )
    return Strip(words="runs", bars=(bar,))


def _bar(case: Case, life: AgentLife) -> Bar:
    since = life.start or horizon(case)
    seen = max(life.last_seen or since, since)
    is_open = life.outcome is AgentEnd.UNFINISHED and life.end is None
    until = life.alive_until(case.span[1] or seen) if is_open else life.end or seen
    events = (life.spawn_event, life.last_event if life.end is None else life.end_event)
    return Bar(
        since=since,
        until=max(since, until),
        words=ENDED[life.outcome],
        tone=TONES.get(life.outcome, Tone.PLAIN),
        events=tuple(dict.fromkeys(e for e in events if e is not None)),
        seen=seen if is_open else None,
    )


def _writes(case: Case) -> dict[str, list[Strip]]:
    """Return for each agent a strip for each file that it wrote, the first written first."""
    found: dict[str, dict[str, list[Mark]]] = {}
    for write in case.writes:
        event = write.call_event if write.answer_event is None else write.answer_event
        at = write.answered or write.called
        if at is not None:
            of_agent = found.setdefault(write.agent_id or MAIN, {})
            of_agent.setdefault(write.path, []).append(Mark(at=at, event=event))
    return {
        agent: [
            Strip(
                words=f"writes {place(case, path)}", marks=tuple(sorted(marks, key=lambda m: (m.at, m.event)))
            )
            for path, marks in files.items()
        ]
        for agent, files in found.items()
    }


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
