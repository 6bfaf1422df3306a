"""Items of two agents' lists that may be one piece of work, by their words alone: a guess that a person must judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from forensics.session.lists.item_spells import Spell, list_owners, spells_of
from forensics.session.model.case import Case

# verbs of one class make the same kind of thing; items that begin with verbs of two classes are stages, or other work
VERBS = {
    verb: kind
    for kind, verbs in {
        "make": "add build code create develop generate implement make produce setup write",
        "mend": "correct debug fix mend patch repair resolve",
        "change": "change convert migrate move refactor rename replace rework rewrite update upgrade",
        "look": "analyse analyze check examine explore find investigate look read research review search study",
        "test": "run test try validate verify",
        "ship": "deploy install publish push release ship",
        "drop": "clean delete drop remove",
    }.items()
    for verb in verbs.split()
}
PLAIN = {
    # what a thing is, not which: of no weight in a shared bigram, but items of two kinds are two parts of one thing
    "kinds": (
        "api app backend ci class client code component config configuration css data database doc docs documentation "
        "endpoint endpoints example examples feature file files folder frontend function functions guide html module "
        "page pages policy project readme repo repository schema script scripts service style styles task tasks test "
        "tests tutorial type types ui"
    ),
    "fillers": (
        "a all an and any as at by each every for from in into is it its new of on one or other our out that the "
        "their this to two up using via with"
    ),
}
KINDS, FILLERS = (frozenset(words.split()) for words in PLAIN.values())


@dataclass(frozen=True, slots=True)
class Alike:
    """Two items of two agents whose titles share words, in work at one time."""

    one: Spell
    other: Spell
    shared: tuple[str, str]

    @property
    def agents(self) -> tuple[str | None, str | None]:
        """Return the two agents' ids."""
        return self.one.agent_id, self.other.agent_id

    @property
    def items(self) -> tuple[str, str]:
        """Return the two titles."""
        return self.one.content, self.other.content

    @property
    def words(self) -> str:
        """Return what they share, as it stands in them."""
        return " ".join(self.shared)


@dataclass(frozen=True, slots=True)
class _Title:
    spell: Spell
    verb: str
    kinds: frozenset[str]
    bigrams: frozenset[tuple[str, str]]


def alike_among_agents(case: Case, most_frequent: float) -> list[Alike]:
    """Return what may be one piece of work in the lists of a session's agents, where several of them have one."""
    if len(list_owners(case)) < 2 or not case.agents:  # noqa: PLR2004 - one list has nothing beside it
        return []
    return alike_items(spells_of(case), most_frequent)


def alike_items(spells: Sequence[Spell], most_frequent: float) -> list[Alike]:
    """Return pairs of items of two agents that share a bigram, a class of verb and a time of work.

    A bigram in more than this share of the items besides the two is the project's name, and is ignored. Items that
    are equal are one item in two lists: another question.
    """
    items = {spell.words for spell in spells}
    counted = Counter(bigram for words in items for bigram in _bigrams(words))
    most = most_frequent * (len(items) - 2) + 2
    holders: dict[tuple[str, str], list[_Title]] = {}
    for title in (t for t in map(_title, _lasting(spells)) if t is not None):
        for bigram in title.bigrams:
            if counted[bigram] <= most:
                holders.setdefault(bigram, []).append(title)
    found: dict[tuple[object, ...], Alike] = {}
    for bigram in sorted(b for b, titles in holders.items() if len({t.spell.agent_id for t in titles}) > 1):
        for one, other in _pairs(holders[bigram]):
            key = (one.spell.agent_id, one.spell.words, other.spell.agent_id, other.spell.words)
            found.setdefault(key, Alike(one.spell, other.spell, bigram))
    return sorted(found.values(), key=lambda a: (a.one.since, a.one.event, a.other.since, a.other.event))


def _lasting(spells: Sequence[Spell]) -> Iterator[Spell]:
    """Let a subagent's item last as long as the agent: a sibling that does the same after it does it again.

    The main agent outlives them all; what it did before may be what a subagent is to go on with.
    """
    ends: dict[str | None, datetime] = {}
    for spell in spells:
        ends[spell.agent_id] = max(spell.until, ends.get(spell.agent_id, spell.until))
    for spell in spells:
        yield spell if spell.agent_id is None else replace(spell, until=ends[spell.agent_id])


def _pairs(titles: Sequence[_Title]) -> Iterator[tuple[_Title, _Title]]:
    for n, one in enumerate(titles):
        for other in titles[n + 1 :]:
            same = one.verb == other.verb and one.kinds == other.kinds
            apart = one.spell.agent_id != other.spell.agent_id and one.spell.words != other.spell.words
            if same and apart and one.spell.overlap_s(other.spell) > 0:
                yield one, other


def _title(spell: Spell) -> _Title | None:
    """Take a title apart; null for an item that nobody works on, or that does not begin with a verb."""
    at_work = spell.status == "in_progress" or (not spell.dated and spell.status != "pending")
    verb = VERBS.get(spell.words[0]) if spell.words else None
    if not at_work or verb is None:
        return None
    return _Title(spell, verb, KINDS & set(spell.words), _bigrams(spell.words))


def _bigrams(words: Sequence[str]) -> frozenset[tuple[str, str]]:
    return frozenset(pairwise(w for w in words if w not in FILLERS and w not in KINDS and w not in VERBS))
