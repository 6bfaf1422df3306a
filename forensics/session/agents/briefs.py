"""Briefs that say the same: two agents were asked for one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forensics.session.model.agents import AgentLife

# paths, quoted words, and names: a capital inside a sentence
NAMED_TARGET = re.compile(r"[\w./-]*[./][\w./-]+|`[^`]+`|\"[^\"]+\"|(?<=[a-z0-9,;:] )[A-Z][A-Za-z0-9]+\b")


@dataclass(frozen=True, slots=True)
class DuplicateBrief:
    """Two agents of one type whose briefs are near-duplicates; ``alike`` is the share of words in common."""

    one: AgentLife
    other: AgentLife
    alike: float

    @property
    def agents(self) -> tuple[str, str]:
        """Return the two agents' ids."""
        return self.one.agent_id, self.other.agent_id

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
    for n, m in sorted(_comparable(group, words, least)):
        one, other = group[n], group[m]
        fewer, more = sorted((words[n], words[m]), key=len)
        if fewer <= more and _targets(one) == _targets(other):
            yield DuplicateBrief(one, other, len(fewer) / len(more))


def _comparable(
    group: Sequence[AgentLife], words: Sequence[frozenset[str]], least: float
) -> Iterator[tuple[int, int]]:
    """Yield the pairs of one type whose numbers of words allow that Jaccard, without looking at all pairs."""
    told = sorted((n for n in range(len(group)) if words[n]), key=lambda n: len(words[n]))
    for at, n in enumerate(told):
        for m in told[at + 1 :]:
            if len(words[n]) < least * len(words[m]):
                break
            if group[n].agent_type == group[m].agent_type:
                yield min(n, m), max(n, m)


def _targets(agent: AgentLife) -> set[str]:
    return set(NAMED_TARGET.findall(agent.prompt))
