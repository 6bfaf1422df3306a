"""CCF103: agents that may do one thing twice, or work out of order."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
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
    question,
)
from forensics.session.agents.briefs import DuplicateBrief, duplicate_briefs
from forensics.session.agents.overlap import overlapping_groups
from forensics.session.lists.item_spells import list_owners, spells_of
from forensics.session.lists.shared_wording import Alike, alike_items
from forensics.session.lists.task_order import EarlyStart, early_starts, has_links
from forensics.session.model.agents import AgentEnd
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name
from forensics.text.clock_time import clock_time

ORDER_CONTRACT = (
    "The task tools' own text (2.1.19 to 2.1.330): “tasks with blockedBy cannot be claimed until dependencies "
    "resolve”. It is a prompt rule; TaskUpdate does not enforce it."
)

GUIDANCE = Guidance(
    contract="Each piece of work has one agent, and begins when what it depends on is done.",
    immediate=(
        "Compare the results of the named agents, and keep one of two that answer one brief",
        "Look again at what was done before its dependencies were: it may rest on what was not there yet",
    ),
    this_week=("Name in each brief what the other agents do, and what is not this agent's",),
    strategic=("Deny TaskUpdate to in_progress while a task in blockedBy is open, by a PreToolUse hook",),
    avoid="Give two agents one brief in other words, or begin a task while another in its blockedBy is open",
    instead="Split work by file or by deliverable; set blockedBy, and begin only what nothing blocks",
    before=("Read all briefs of one turn side by side: no two should ask for one result",),
    during=("Look at the list before a task is begun: its dependencies are completed",),
    after=("Compare the results of agents whose briefs are alike",),
    metric="No two agents had one brief, and no task was begun before what it waits for",
)


@rule(
    code="CCF103",
    name="overlapping-agent-work",
    title="Work done twice or out of order",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    topic="1.3",
    any_of=frozenset({Source.TRANSCRIPT, Source.TODO_FILE, Source.TASK_FILE}),
    guidance=GUIDANCE,
    references=("MAST FM-2.x",),
    related=("CCF101", "CCF104", "CCF106"),
)
def overlapping_agent_work(
    case: Case, *, duplicate_brief: float = 0.85, most_frequent: float = 0.5
) -> Iterator[Said]:
    """Tasks begun before what they wait for, agents of one brief, and lists that may name one piece of work.

    ## What it detects
    A task of the shared list that was set in progress while a task in its blockedBy was not completed; two siblings,
    alive at once and of one type, whose briefs are near-duplicates (token Jaccard at least ``duplicate_brief``, no
    word of its own in each of them, the same named targets): both medium. And, as a question only and low: items of
    two agents' own lists, in work at one time (for siblings: while both were alive), that begin with verbs of one
    class (build, create, write …) and share two words in a row, verbs and general nouns left out. Two such words in
    more than ``most_frequent`` of the session's other items are the project's name, and are ignored. One file written
    by two agents is CCF104.

    ## Why it matters
    Work that is done twice is paid for twice, and has to be merged; work that is begun too early rests on what is not
    there yet.

    ## How to fix
    One agent for each deliverable; begin a task when its blockedBy is empty.

    ## Known misses
    Briefs that ask for one thing in different words, and sharded work whose briefs differ by a common word only
    (``first half`` against ``second half`` is seen as a split). The question about wording cannot tell a copy from a
    part that was handed over. Todo files say what an item came to, not when: their items count for the agent's life.
    Task files hold the last state, so an order that was broken and mended is seen in the transcript only.
    """
    groups = overlapping_groups(case)
    lists = list_owners(case)
    if has_links(case) and case.is_partly_told(case.of(K.TASK_UPDATE)):
        yield Insufficient(
            "the evidence is an excerpt: that a task was completed may stand in what was left out"
        )
    else:
        yield from (_out_of_order(case, early) for early in early_starts(case))
    for group in groups:
        for pair in duplicate_briefs(group, duplicate_brief):
            yield _one_brief(case, pair)
    if len(lists) > 1 and case.agents:
        for alike in alike_items(spells_of(case), most_frequent):
            yield _one_wording(case, alike)
    yield from _not_judged(case, several=bool(groups), lists=len(lists))


def _not_judged(case: Case, *, several: bool, lists: int) -> Iterator[Said]:
    silent = [a for a in case.agents if a.last_event is None and a.outcome is not AgentEnd.REFUSED]
    if Source.TRANSCRIPT not in case.sources:
        if lists or not has_links(case):
            yield Insufficient("todo and task files do not say which agents worked when; transcripts would")
    elif silent:
        yield Insufficient(f"agents without records: {len(silent)}; what they planned is not known")
    elif not several and lists < 2 and not has_links(case):  # noqa: PLR2004 - one list has nothing beside it
        yield NotApplicable("no agents beside each other, and no task that waits for another")


def _out_of_order(case: Case, early: EarlyStart) -> Hit:
    name, waits_for = f"#{early.task} “{early.subject}”", " and ".join(early.waits_for)
    who = agent_name(case, early.agent_id)
    plural = "were" if len(early.waits_for) > 1 else "was"
    when = f" at {clock_time(early.at)}" if early.at is not None else ""
    begun = f"{who} set task {name} in progress{when}"
    if early.from_file:
        begun = f"Task {name} is in progress by its file"
    text = f"{begun} while {waits_for}, which it waits for, {plural} not completed"
    return Hit(
        subject=f"order|{early.subject}",
        message=f"task {name} was begun before {waits_for} {plural} done",
        claim=Claim.OBSERVED if early.from_file else Claim.DERIVED,
        cites=tuple(Cite(e) for e in early.events),
        facts={"kind": "order", "task": early.subject, "waits_for": list(early.waits_for)},
        statements=(Statement(Slot.HAPPENED, Claim.DERIVED, text, early.events),),
        confidence=Confidence.MEDIUM if early.from_file else None,
        agent_id=early.agent_id,
        apart=early.task,
        contract=ORDER_CONTRACT,
    )


def _one_brief(case: Case, pair: DuplicateBrief) -> Hit:
    names = [agent_name(case, a.agent_id) for a in (pair.one, pair.other)]
    text = f"The briefs of {' and '.join(names)} have {pair.alike:.0%} of their words in common"
    more = "They name the same targets, are of one agent type, and both agents were alive at once"
    return Hit(
        subject=f"brief|{'|'.join(sorted((pair.one.description, pair.other.description)))}",
        message=f"{' and '.join(names)} have near-duplicate briefs",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in pair.spawns),
        facts={
            "kind": "duplicate brief",
            "agents": [pair.one.agent_id, pair.other.agent_id],
            "alike": round(pair.alike, 2),
        },
        statements=(
            Statement(Slot.HAPPENED, Claim.DERIVED, text, pair.spawns),
            Statement(Slot.WHY, Claim.DERIVED, more, pair.spawns),
            question(
                "Was the second agent meant to check the first, or was the work given out twice?",
                f"the prompt that {agent_name(case, pair.one.parent_id)} was given before it spawned them, and their "
                "results: a word of checking or comparing, and whether both did the same",
                pair.spawns,
            ),
        ),
        agent_id=pair.one.parent_id,
    )


def _one_wording(case: Case, alike: Alike) -> Hit:
    pair, events = (alike.one, alike.other), tuple(dict.fromkeys((alike.one.event, alike.other.event)))
    words = " ".join(alike.shared)
    names = [agent_name(case, s.agent_id) for s in pair]
    parents = {a.agent_id: a.parent_id for a in case.agents}
    settled_by = f"the files that {' and '.join(names)} wrote for these items: the same ones, or others"
    handed_over = any(
        s.agent_id in parents and parents[s.agent_id] == o.agent_id for s, o in (pair, pair[::-1])
    )
    ask = f"Are “{pair[0].content}” and “{pair[1].content}” one piece of work, done twice?"
    if handed_over:
        ask += " One agent spawned the other, so it may have handed over its own item"
    listed = [f"The list of {n} has “{s.content}” ({s.status})" for n, s in zip(names, pair, strict=True)]
    return Hit(
        subject=f"wording|{'|'.join(sorted(s.content for s in pair))}",
        message=f"items of {names[0]} and {names[1]} may be one piece of work: both speak of “{words}”",
        claim=Claim.HYPOTHESIS,
        cites=tuple(Cite(e, s.content) for e, s in zip(events, pair, strict=True)),
        facts={
            "kind": "shared wording",
            "items": [s.content for s in pair],
            "agents": [s.agent_id or "main" for s in pair],
            "shared": words,
            "handed_over": handed_over,
        },
        statements=(
            *(
                Statement(Slot.HAPPENED, Claim.OBSERVED, t, (s.event,))
                for t, s in zip(listed, pair, strict=True)
            ),
            question(ask, settled_by, events),
        ),
        severity=Severity.LOW,
        confidence=Confidence.LOW,
        contract_held=None,
    )
