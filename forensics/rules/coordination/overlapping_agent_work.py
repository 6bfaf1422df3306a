"""CCF103: agents that may do one thing twice, or work out of order. What it says stands in the file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Cite, Confidence, Hit, Said, Severity, Source, rule, words
from forensics.rulekit.names import agent_name, clock_time
from forensics.session.agents.briefs import DuplicateBrief, duplicate_briefs
from forensics.session.agents.overlap import are_parent_and_child, overlapping_groups, without_records
from forensics.session.lists.item_spells import list_owners
from forensics.session.lists.shared_wording import Alike, alike_among_agents
from forensics.session.lists.task_order import EarlyStart, early_starts, has_links, is_order_hidden

TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF103",
    topic="1.3",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.TODO_FILE, Source.TASK_FILE}),
    reads=("agents", "lists"),
    related=("CCF101", "CCF104", "CCF106"),
)
def overlapping_agent_work(
    case: Case, *, duplicate_brief: float = 0.85, most_frequent: float = 0.5
) -> Iterator[Said]:
    """Tasks begun before what they wait for, agents of one brief, and lists that may name one piece of work."""
    groups, lists = overlapping_groups(case), list_owners(case)
    if is_order_hidden(case):
        yield TEXT.insufficient("excerpt")
    else:
        yield from (_out_of_order(case, early) for early in early_starts(case))
    for group in groups:
        yield from (_one_brief(case, pair) for pair in duplicate_briefs(group, duplicate_brief))
    yield from (_one_wording(case, alike) for alike in alike_among_agents(case, most_frequent))
    yield from _not_judged(case, several=bool(groups), lists=len(lists))


def _not_judged(case: Case, *, several: bool, lists: int) -> Iterator[Said]:
    silent = without_records(case)
    if Source.TRANSCRIPT not in case.sources:
        if lists or not has_links(case):
            yield TEXT.insufficient("files-only")
    elif silent:
        yield TEXT.insufficient("no-records", silent=len(silent))
    elif not several and lists < 2 and not has_links(case):  # noqa: PLR2004 - one list has nothing beside it
        yield TEXT.not_applicable("alone")


def _out_of_order(case: Case, early: EarlyStart) -> Hit:
    many = len(early.waits_for) > 1
    say = TEXT.saying(
        task=early.name,
        who=agent_name(case, early.agent_id),
        at=clock_time(early.at),
        others=" and ".join(early.waits_for),
    )
    begun = say.part("by-file" if early.from_file else "set" if early.at is None else "set-at")
    say = say.also(begun=begun, done=say.part("are-done" if many else "is-done"))
    return say.hit(
        "early-by-file" if early.from_file else "early",
        subject=f"order|{early.subject}",
        apart=early.task,
        agent_id=early.agent_id,
        confidence=Confidence.MEDIUM if early.from_file else None,
        contract=say.contract("order"),
        cites=early.events,
        facts={"kind": "order", "task": early.subject, "waits_for": list(early.waits_for)},
        statements=(say.sentence("several-open" if many else "one-open", *early.events),),
    )


def _one_brief(case: Case, pair: DuplicateBrief) -> Hit:
    one, other, parent = (agent_name(case, agent) for agent in (*pair.agents, pair.one.parent_id))
    say = TEXT.saying(one=one, other=other, parent=parent, alike=f"{pair.alike:.0%}")
    return say.hit(
        "one-brief",
        subject=f"brief|{'|'.join(sorted((pair.one.description, pair.other.description)))}",
        agent_id=pair.one.parent_id,
        cites=pair.spawns,
        facts={"kind": "duplicate brief", "agents": [*pair.agents], "alike": round(pair.alike, 2)},
        statements=(
            say.sentence("in-common", *pair.spawns),
            say.sentence("same-targets", *pair.spawns),
            say.sentence("twice", *pair.spawns),
        ),
    )


def _one_wording(case: Case, alike: Alike) -> Hit:
    one, other, handed_over = alike.one, alike.other, are_parent_and_child(case, *alike.agents)
    names = [agent_name(case, agent) for agent in alike.agents]
    say = TEXT.saying(one=names[0], other=names[1], shared=alike.words)
    say = say.also(item=one.content, other_item=other.content)
    return say.hit(
        "one-wording",
        subject=f"wording|{'|'.join(sorted(alike.items))}",
        severity=Severity.LOW,
        confidence=Confidence.LOW,
        contract_held=None,
        cites=(Cite(one.event, one.content), Cite(other.event, other.content)),
        facts={
            "kind": "shared wording",
            "items": [*alike.items],
            "agents": [agent or "main" for agent in alike.agents],
            "shared": alike.words,
            "handed_over": handed_over,
        },
        statements=(
            say.sentence("listed", one.event, status=one.status),
            say.sentence("other-listed", other.event, status=other.status),
            say.sentence("handed-over" if handed_over else "one-piece", one.event, other.event),
        ),
    )
