"""Which agents were alive together, and which may still run."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from forensics.schema import Row
from forensics.session.model.agents import STALL, AgentEnd, AgentLife
from forensics.session.model.case import Case
from forensics.session.model.ending import Verdict

MOMENT = timedelta(milliseconds=1)


def spawned(case: Case) -> list[AgentLife]:
    """Return the agents that were really started by a spawn in the evidence."""
    return [a for a in case.agents if a.spawn_event is not None and a.outcome is not AgentEnd.REFUSED]


def started(case: Case) -> list[AgentLife]:
    """Return the agents that were not refused, those without their spawn in the evidence too."""
    return [a for a in case.agents if a.outcome is not AgentEnd.REFUSED]


def without_records(case: Case) -> list[AgentLife]:
    """Return the agents that were not refused and left no record of their own: what they did is not known."""
    return [a for a in started(case) if a.last_event is None]


def horizon(case: Case) -> datetime:
    """Return the moment after the last known time: at the last record an agent without an end counts as alive."""
    last = case.span[1]
    return datetime.max.replace(tzinfo=UTC) if last is None else last + MOMENT


def may_still_run(case: Case, agent: AgentLife, silence: timedelta = STALL) -> bool:
    """Say whether an agent without end may have outlived the record: nothing ended, its last sign is recent."""
    seen, end = agent.last_seen or agent.start, case.ending
    if (
        agent.gone_by is not None
        or agent.gave_up_event is not None
        or end.verdict is not Verdict.UNKNOWN
        or agent.outcome is not AgentEnd.UNFINISHED
    ):
        return False
    return seen is None or end.last_ts is None or end.last_ts - seen < silence


def overlapping_groups(case: Case) -> list[list[AgentLife]]:
    """Return the groups of siblings of which each was alive together with another of the group."""
    until, siblings = horizon(case), dict[str | None, list[AgentLife]]()
    for agent in spawned(case):
        siblings.setdefault(agent.parent_id, []).append(agent)
    groups = [group for family in siblings.values() for group in together(family, until)]
    return [sorted(g, key=lambda a: (a.start or until, a.agent_id)) for g in groups if len(g) > 1]


def together(agents: Sequence[AgentLife], until: datetime) -> list[list[AgentLife]]:
    """Return the agents in groups of which each was alive together with another: one pass in order of their starts.

    Without times, one turn's spawns were: it waits for all.
    """
    lives = [(a.start, a.alive_until(until), n) for n, a in enumerate(agents) if a.start is not None]
    leader = list(range(len(agents)))
    latest, last = None, 0  # the end that lies furthest ahead of those that began so far, and whose it is
    for start, end, n in sorted(life for life in lives if life[0] < life[1]):
        if latest is not None and start < latest:
            leader[n] = leader[last]
        if latest is None or end > latest:
            latest, last = end, n
    of_turn: dict[str, int] = {}
    for n, agent in enumerate(agents):
        if agent.message_id is not None and agent.start is None:
            leader[n] = leader[of_turn.setdefault(agent.message_id, n)]
    groups: dict[int, list[AgentLife]] = {}
    for n, agent in enumerate(agents):
        groups.setdefault(leader[n], []).append(agent)
    return list(groups.values())


def are_parent_and_child(case: Case, one: str | None, other: str | None) -> bool:
    """Say whether one of two agents spawned the other."""
    parents = {a.agent_id: a.parent_id for a in case.agents}
    return any(
        child is not None and child in parents and parents[child] == parent
        for child, parent in ((one, other), (other, one))
    )


def alive_at(agents: Sequence[AgentLife], moment: datetime, until: datetime) -> list[AgentLife]:
    """Return those of the agents that were alive at a moment."""
    return [a for a in agents if a.start is not None and a.start <= moment <= a.alive_until(until)]


def agents_out_at(case: Case, event: int, agent_id: str | None) -> tuple[int, ...]:
    """Return the spawns of the agents that were out at a record; the agent that the record is of was out itself.

    A headless stream has no times: there the order of its lines tells it.
    """
    row = case.event(event)
    if row["ts"] is None:
        alive = [a for a in spawned(case) if _is_out_by_order(case, a, row)]
    else:
        alive = alive_at(spawned(case), row["ts"], horizon(case))
    out = [a for a in spawned(case) if a in alive or a.agent_id == agent_id]
    return tuple(a.spawn_event for a in out if a.spawn_event is not None)


def _is_out_by_order(case: Case, agent: AgentLife, row: Row) -> bool:
    if agent.spawn_event is None or case.event(agent.spawn_event)["file"] != row["file"]:
        return False
    ended = agent.end_event
    is_ended = ended is not None and case.event(ended)["line"] < row["line"]
    return bool(case.event(agent.spawn_event)["line"] < row["line"] and not is_ended)


def max_overlap(agents: Sequence[AgentLife], until: datetime) -> int:
    """Return the largest number of agents alive at one moment."""
    starts = [a.start for a in agents if a.start is not None]
    if not starts:  # a headless stream has no times: these were spawned in one turn
        return len(agents)
    lives = [(a.start, a.alive_until(until)) for a in agents if a.start is not None]
    begun = sorted(start for start, end in lives if start < end)
    ended = sorted(end for start, end in lives if start < end)
    return max((bisect_right(begun, t) - bisect_right(ended, t) for t in begun), default=0)
