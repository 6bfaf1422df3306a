"""CCF106: two agents' lists contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.whereabouts import WORKING_TREE
from forensics.schema import EventKind as K
from forensics.schema import Source
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    Hit,
    Insufficient,
    NotApplicable,
    Severity,
    Slot,
    Statement,
    Table,
    question,
)
from forensics.session.lists.item_spells import Spell, list_owners, spells_of, undated_owners
from forensics.session.lists.todo_lists import CHANGES
from forensics.session.model.agents import AgentEnd
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name
from forensics.text.clock_time import clock_time
from forensics.text.durations import duration

DONE = "completed"
SHOWN = 10  # items of two lists that are shown

GUIDANCE = Guidance(
    contract=(
        "An item stands in one list, or says the same in each. TodoWrite gives each agent a list of its own, which "
        "no other agent sees; the list of TaskCreate and TaskUpdate (2.1.16 on) is shared."
    ),
    immediate=("Look at the work itself, not at the lists: is the named item done?",),
    this_week=("Let a subagent report what it finished, and let only its parent keep the list",),
    avoid="Copy the parent's items into a subagent's list: nobody keeps the two alike",
    instead="Give the subagent's own list its own smaller steps, or use the shared list of tasks",
    before=("Decide which agent keeps the list that counts",),
    after=("Bring the lists together before the session ends: an item is done, or it is not",),
    metric="No item was done by one agent's list and open by another's",
)


@rule(
    code="CCF106",
    name="diverged-todo-lists",
    title="Two lists contradict each other",
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    topic="1.1",
    any_of=frozenset({Source.TRANSCRIPT, Source.TODO_FILE, Source.TASK_FILE}),
    guidance=GUIDANCE,
    related=("CCF103",),
)
def diverged_todo_lists(case: Case, *, lasting_s: float = 60.0, least_words: int = 3) -> Iterator[Said]:
    """One item is completed by one agent's list and open by another's, while both agents live.

    ## What it detects
    Items of two agents' own lists with equal words (case and punctuation apart, at least ``least_words`` of them),
    completed in one and pending or in progress in the other for ``lasting_s`` seconds or more while both agents were
    alive. One finding for each pair of agents.

    ## Why it matters
    Whoever resumes the work reads one of the two lists, and does the item again or leaves it out.

    ## How to fix
    One list counts. Subagents report; their parent keeps the list.

    ## Known misses
    Equal words may name two things (each of two agents updates its own tests): short items are left out, longer ones
    are for a person to judge. A todo file holds only the last state without a time, so it is not compared. Items that
    say the same in other words are not seen. From 2.1.16 on the list of tasks is shared, and cannot diverge.
    """
    owners = list_owners(case)
    if len(owners) < 2:  # noqa: PLR2004 - one list contradicts nobody
        yield from _one_list(case, owners)
        return
    if case.is_partly_told(case.of(K.TODO_SNAPSHOT)):
        yield Insufficient("the evidence is an excerpt: the next list may stand in what was left out")
        return
    groups: dict[tuple[str | None, str | None], list[tuple[Spell, Spell]]] = {}
    spells = [s for s in spells_of(case) if s.dated and len(s.words) >= least_words]
    for one, other in _contradictions(spells):
        if one.overlap_s(other) >= lasting_s:
            groups.setdefault((one.agent_id, other.agent_id), []).append((one, other))
    for pairs in groups.values():
        yield _hit(case, pairs)
    undated = undated_owners(case)
    if undated:
        yield Insufficient(f"lists known by a file only: {len(undated)}; a file does not say since when")
    yield from _silent(case)


def _one_list(case: Case, owners: frozenset[str | None]) -> Iterator[Said]:
    shared = not case.of(*CHANGES).is_empty() or Source.TASK_FILE in case.sources
    if not owners and not shared and Source.TRANSCRIPT not in case.sources:
        yield Insufficient("the todo file is empty; the history of a list is in the transcript only")
    elif shared:
        yield NotApplicable("the agents share one list of tasks")
    else:
        yield from _silent(case)
        yield NotApplicable("fewer than two agents wrote a list")


def _silent(case: Case) -> Iterator[Said]:
    silent = [a for a in case.agents if a.last_event is None and a.outcome is not AgentEnd.REFUSED]
    if silent and not case.of(K.TODO_SNAPSHOT).is_empty():
        yield Insufficient(f"agents without records: {len(silent)}; what they listed is not known")


def _contradictions(spells: Sequence[Spell]) -> Iterator[tuple[Spell, Spell]]:
    """Yield pairs of spells of one item by two agents, one of which says that it is completed."""
    by_words: dict[tuple[str, ...], list[Spell]] = {}
    for spell in spells:
        by_words.setdefault(spell.words, []).append(spell)
    for held in by_words.values():
        if len({s.agent_id for s in held}) < 2:  # noqa: PLR2004 - nobody to contradict
            continue
        for one, other in combinations(held, 2):
            if one.agent_id != other.agent_id and (one.status == DONE) != (other.status == DONE):
                yield one, other


def _hit(case: Case, pairs: Sequence[tuple[Spell, Spell]]) -> Hit:
    names = [agent_name(case, spell.agent_id) for spell in pairs[0]]
    items = list(dict.fromkeys(one.content for one, _ in pairs))
    events = tuple(dict.fromkeys(s.event for pair in pairs[:SHOWN] for s in pair))
    longest = max(one.overlap_s(other) for one, other in pairs)
    what = f"“{items[0]}”" if len(items) == 1 else f"{len(items)} items"
    statements = [
        Statement(
            Slot.HAPPENED,
            Claim.DERIVED,
            f"“{one.content}” is {one.status} in the list of {names[0]} since {clock_time(one.since)}, and "
            f"{other.status} in that of {names[1]} since {clock_time(other.since)}: for "
            f"{duration(one.overlap_s(other), digits=0)} both lists said so while both agents were alive",
            (one.event, other.event),
        )
        for one, other in pairs[:SHOWN]
    ]
    ask = f"Which of the two lists is right about {what}, and do both mean one thing?"
    settled_by = f"{WORKING_TREE} and the last messages of {' and '.join(names)}: whether the work is there"
    rows = tuple((one.content, one.status, other.status) for one, other in pairs[:SHOWN])
    return Hit(
        subject="|".join(sorted(items)),
        message=f"the lists of {names[0]} and {names[1]} contradict each other about {what}",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in events),
        facts={
            "agents": [s.agent_id or "main" for s in pairs[0]],
            "items": list(items),
            "lasted_s": round(longest, 1),
        },
        statements=(*statements, question(ask, settled_by, events)),
        tables=(Table("Contradictions", ("item", names[0], names[1]), rows),),
        agent_id=pairs[0][0].agent_id,
        apart="|".join(names),
    )
