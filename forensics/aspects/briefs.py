"""Briefs that say the same: two agents were asked for one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from forensics.agents import AgentLife

# paths, quoted words, and names: a capital inside a sentence
NAMED_TARGET = re.compile(r"[\w./-]*[./][\w./-]+|`[^`]+`|\"[^\"]+\"|(?<=[a-z0-9,;:] )[A-Z][A-Za-z0-9]+\b")


@dataclass(frozen=True, slots=True)
class DuplicateBrief:
    """Two agents of one type whose briefs are near-duplicates; ``alike`` is the share of words in common."""

    one: AgentLife
    other: AgentLife
    alike: float

    @property
    def spawns(self) -> tuple[int, ...]:
        """Return the records of the two spawns."""
        return tuple(e for e in (self.one.spawn_event, self.other.spawn_event) if e is not None)


def duplicate_briefs(group: Sequence[AgentLife], least: float) -> Iterator[DuplicateBrief]:
    """Yield the pairs of a group whose briefs have at least this token Jaccard, and name the same targets.

    Words of its own in each make a split, however alike they are: one thing stands where the other brief names
    another. So one brief's words hold the other's, and the Jaccard is the ratio of their numbers.
    """
    words = [frozenset(re.findall(r"\w+", a.prompt.casefold())) for a in group]
    for (n, one), (m, other) in combinations(enumerate(group), 2):
        fewer, more = sorted((words[n], words[m]), key=len)
        if one.agent_type != other.agent_type or not more or not fewer <= more:
            continue
        alike = len(fewer) / len(more)
        if alike >= least and _targets(one) == _targets(other):
            yield DuplicateBrief(one, other, alike)


def _targets(agent: AgentLife) -> set[str]:
    return set(NAMED_TARGET.findall(agent.prompt))
