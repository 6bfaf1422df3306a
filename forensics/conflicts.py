"""Joins over agents' lifetimes and files that more than one rule needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from forensics.agents import AgentEnd, AgentLife
from forensics.case import WRITE_TOOLS, Case, FileAccess

GRACE = timedelta(seconds=5)
REFUSALS = ("File has been modified since read", "has been unexpectedly modified")


@dataclass(frozen=True, slots=True)
class WriteConflict:
    """Two agents that were alive together and both wrote one file, in order of time."""

    path: str
    first: FileAccess
    second: FileAccess
    reread: FileAccess | None  # the second writer's read in between: it knew of the first write


@dataclass(frozen=True, slots=True)
class StaleEdit:
    """An edit that was refused because another living agent had changed the file."""

    path: str
    refused: FileAccess
    written: FileAccess


def spawned(case: Case) -> list[AgentLife]:
    """Return the agents that were really started by a spawn in the evidence."""
    return [a for a in case.agents if a.spawn_event is not None and a.outcome is not AgentEnd.REFUSED]


def horizon(case: Case) -> datetime:
    """Return the last known time: until then an agent without an end counts as alive."""
    return case.span[1] or datetime.max


def overlapping_groups(case: Case) -> list[list[AgentLife]]:
    """Return the groups of siblings of which each was alive together with another of the group."""
    until = horizon(case)
    groups: list[list[AgentLife]] = []
    for agent in spawned(case):
        touching = [
            g
            for g in groups
            if g[0].parent_id == agent.parent_id and any(agent.overlaps(o, until) for o in g)
        ]
        merged = [a for g in touching for a in g] + [agent]
        groups = [g for g in groups if g not in touching] + [merged]
    return [sorted(g, key=lambda a: (a.start or until, a.agent_id)) for g in groups if len(g) > 1]


def max_overlap(agents: Sequence[AgentLife], until: datetime) -> int:
    """Return the largest number of agents alive at one moment."""
    starts = [a.start for a in agents if a.start is not None]
    return max(
        (sum(1 for a in agents if a.start and a.start <= t < (a.end or until)) for t in starts), default=0
    )


def write_conflicts(case: Case) -> list[WriteConflict]:
    """Return, for each file, the first pair of writes that collide."""
    found: dict[tuple[str, str | None, str | None], WriteConflict] = {}
    writes = [w for w in case.writes if w.answered is not None]
    for one, other in combinations(sorted(writes, key=lambda w: (w.answered, w.call_event)), 2):
        if one.path != other.path or one.agent_id == other.agent_id:
            continue
        if not _alive_together(case, one, other):
            continue
        names = sorted((one.agent_id or "", other.agent_id or ""))
        key = (one.path, names[0], names[1])
        found.setdefault(key, WriteConflict(one.path, one, other, _reread(case, one, other)))
    return list(found.values())


def _alive_together(case: Case, one: FileAccess, other: FileAccess) -> bool:
    """Say whether both writes lie in the overlap of the writers' lifetimes, neither being isolated."""
    lives = {a.agent_id: a for a in case.agents}
    writers = [lives.get(w.agent_id or "") for w in (one, other)]
    known = [w for w in writers if w is not None]
    if any(w.isolated for w in known) or not _related(one, other, known):
        return False
    until = horizon(case)
    return all(_within(w, life, until) for w in (one, other) for life in known)


def _related(one: FileAccess, other: FileAccess, lives: Sequence[AgentLife]) -> bool:
    """Siblings, or parent and child."""
    parents = {life.agent_id: life.parent_id for life in lives}
    if (
        one.agent_id in parents
        and other.agent_id in parents
        and parents[one.agent_id] == parents[other.agent_id]
    ):
        return True
    return any(
        a.agent_id in parents and parents[a.agent_id] == b.agent_id for a, b in ((one, other), (other, one))
    )


def _within(write: FileAccess, life: AgentLife, until: datetime) -> bool:
    if life.start is None or write.answered is None:
        return False
    return life.start <= write.answered <= (life.end or until)


def _reread(case: Case, first: FileAccess, second: FileAccess) -> FileAccess | None:
    return next(
        (
            r
            for r in case.file_accesses
            if r.tool == "Read"
            and r.agent_id == second.agent_id
            and r.path == second.path
            and r.ok
            and r.called
            and first.answered
            and second.called
            and first.answered <= r.called <= second.called
        ),
        None,
    )


def stale_edits(case: Case) -> Iterator[StaleEdit]:
    """Yield the edits that were refused after another living agent's write."""
    for access in case.file_accesses:
        refused = (
            access.tool in WRITE_TOOLS and access.ok is False and any(r in access.answer for r in REFUSALS)
        )
        if not refused or access.answered is None:
            continue
        others = [
            w
            for w in case.writes
            if w.path == access.path
            and w.agent_id != access.agent_id
            and w.answered
            and w.answered <= access.answered
        ]
        for write in reversed(others):
            if _alive_together(case, write, access):
                yield StaleEdit(access.path, access, write)
                break


def agent_name(case: Case, agent_id: str | None) -> str:
    """Name an agent for people: what it was to do, or ``main agent``."""
    if agent_id is None:
        return "the main agent"
    life = next((a for a in case.agents if a.agent_id == agent_id), None)
    return f"agent “{life.description}”" if life and life.description else f"agent {agent_id}"


def clock_time(moment: datetime | None) -> str:
    """Write a time of day in UTC for a sentence or a table."""
    return moment.strftime("%H:%M:%SZ") if moment else "not known"
