"""Agents of one parent of which each was alive together with another: what is known of them as a group."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from forensics.session.agents.overlap import horizon, max_overlap, overlapping_groups
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.case import Case


@dataclass(frozen=True, slots=True)
class Siblings:
    """A group of agents that were alive beside each other."""

    agents: tuple[AgentLife, ...]

    @property
    def parent_id(self) -> str | None:
        """Return the agent that spawned them."""
        return self.agents[0].parent_id

    @property
    def ids(self) -> list[str]:
        """Return the agents' ids."""
        return [a.agent_id for a in self.agents]

    @property
    def spawns(self) -> tuple[int, ...]:
        """Return the records of their spawns."""
        return tuple(a.spawn_event for a in self.agents if a.spawn_event is not None)

    @property
    def key(self) -> str:
        """Return what they were to do, in words that are the same wherever they were spawned."""
        return "|".join(sorted(a.description for a in self.agents))

    @property
    def briefs(self) -> str:
        """Return a short digest of the prompts, for groups whose descriptions are equal."""
        prompts = "\x1f".join(sorted(a.prompt for a in self.agents))
        return hashlib.sha256(prompts.encode("utf-8", "surrogatepass")).hexdigest()[:8]

    @property
    def is_of_one_turn(self) -> bool:
        """Say whether one message spawned them all."""
        turns = {a.message_id for a in self.agents}
        return len(turns) == 1 and None not in turns

    @property
    def is_of_one_workflow(self) -> bool:
        """Say whether a workflow's script started them all: it says which of them run side by side."""
        runs = {a.workflow for a in self.agents}
        return len(runs) == 1 and None not in runs

    @property
    def has_records(self) -> bool:
        """Say whether each of them left records of its own."""
        return all(a.last_event is not None for a in self.agents)

    @property
    def without_result(self) -> list[AgentLife]:
        """Return those of which the record of their parent holds no result."""
        return [a for a in self.agents if a.outcome is AgentEnd.UNFINISHED]

    def at_once(self, case: Case) -> int:
        """Return how many of them were alive at one moment."""
        return max_overlap(self.agents, horizon(case))

    def bounds(self, case: Case) -> list[int | None]:
        """Return the records between which they lived; one that left no sign lived until the record's last."""
        lives = ((a.spawn_event, a.end_event or a.last_event or case.ending.last_event) for a in self.agents)
        return [event for life in lives for event in life]


def overlapping_siblings(case: Case) -> list[Siblings]:
    """Return the groups of siblings that were alive beside each other."""
    return [Siblings(tuple(group)) for group in overlapping_groups(case)]
