"""Items that one agent's list calls completed and another's does not, while both agents are alive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from forensics.session.lists.item_spells import Spell, spells_of
from forensics.session.model.case import Case

DONE = "completed"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What two agents' lists say of one item at one time: by one of them it is completed, by the other it is not."""

    one: Spell
    other: Spell

    @property
    def events(self) -> tuple[int, int]:
        """Return the records of the two lists."""
        return self.one.event, self.other.event

    @property
    def lasted_s(self) -> float:
        """Return for how many seconds both lists said so."""
        return self.one.overlap_s(self.other)


def contradictions(case: Case, *, lasting_s: float, least_words: int) -> list[list[Contradiction]]:
    """Return what lasted so long, of items with so many words, for each pair of agents."""
    spells = [s for s in spells_of(case) if s.dated and len(s.words) >= least_words]
    groups: dict[tuple[str | None, str | None], list[Contradiction]] = {}
    for found in _pairs(spells):
        if found.lasted_s >= lasting_s:
            groups.setdefault((found.one.agent_id, found.other.agent_id), []).append(found)
    return list(groups.values())


def _pairs(spells: Sequence[Spell]) -> Iterator[Contradiction]:
    """Yield pairs of spells of one item by two agents, one of which says that it is completed."""
    by_words: dict[tuple[str, ...], list[Spell]] = {}
    for spell in spells:
        by_words.setdefault(spell.words, []).append(spell)
    for held in by_words.values():
        if len({s.agent_id for s in held}) < 2:  # noqa: PLR2004 - nobody to contradict
            continue
        for one, other in combinations(held, 2):
            if one.agent_id != other.agent_id and (one.status == DONE) != (other.status == DONE):
                yield Contradiction(one, other)
