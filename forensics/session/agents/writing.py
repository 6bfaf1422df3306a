"""Which of the agents that were alive together wrote files."""

from __future__ import annotations

from dataclasses import dataclass

from forensics.session.agents.overlap import overlapping_groups
from forensics.session.model.agents import AgentLife
from forensics.session.model.case import Case


@dataclass(frozen=True, slots=True)
class WritingGroup:
    """Siblings that were alive together, with those of them that wrote files."""

    agents: tuple[AgentLife, ...]
    writers: tuple[AgentLife, ...]
    first_writes: tuple[int, ...]  # the record of each writer's first write

    @property
    def ids(self) -> frozenset[str]:
        """Return the ids of all agents."""
        return frozenset(a.agent_id for a in self.agents)

    @property
    def parent_id(self) -> str | None:
        """Return the agent that spawned them; null where that was the main agent."""
        return self.agents[0].parent_id

    @property
    def silent(self) -> int:
        """Count the agents of which no records are in the evidence: they may have written too."""
        return sum(a.last_event is None for a in self.agents)

    @property
    def spawns(self) -> tuple[int, ...]:
        """Return the records of their spawns."""
        return tuple(a.spawn_event for a in self.agents if a.spawn_event is not None)


def writing_groups(case: Case) -> list[WritingGroup]:
    """Return the groups of siblings that were alive together, each with its writers."""
    first: dict[str | None, int] = {}
    for write in case.writes:
        first.setdefault(write.agent_id, write.call_event)
    groups = []
    for group in overlapping_groups(case):
        writers = tuple(a for a in group if a.agent_id in first)
        writes = tuple(first[agent] for agent in dict.fromkeys(a.agent_id for a in writers))
        groups.append(WritingGroup(tuple(group), writers, writes))
    return groups
