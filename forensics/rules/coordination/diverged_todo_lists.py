"""CCF106: two agents' lists contradict each other. What it says of them stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forensics.rulekit import (
    Case,
    Confidence,
    Hit,
    Said,
    Saying,
    Severity,
    Source,
    Statement,
    Table,
    rule,
    words,
)
from forensics.rulekit import EventKind as K
from forensics.rulekit.names import agent_name, clock_time
from forensics.rulekit.whereabouts import WORKING_TREE
from forensics.session.agents.overlap import without_records
from forensics.session.lists.contradictions import Contradiction, contradictions
from forensics.session.lists.item_spells import list_owners, undated_owners
from forensics.session.lists.todo_lists import CHANGES
from forensics.text.durations import duration

SHOWN = 10  # items of two lists that are shown
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF106",
    topic="1.1",
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    any_of=frozenset({Source.TRANSCRIPT, Source.TODO_FILE, Source.TASK_FILE}),
    reads=("lists",),
    related=("CCF103",),
)
def diverged_todo_lists(case: Case, *, lasting_s: float = 60.0, least_words: int = 3) -> Iterator[Said]:
    """One item is completed by one agent's list and open by another's, while both agents live."""
    owners = list_owners(case)
    if len(owners) < 2:  # noqa: PLR2004 - one list contradicts nobody
        yield from _one_list(case, owners)
        return
    if case.is_partly_told(case.of(K.TODO_SNAPSHOT)):
        yield TEXT.insufficient("excerpt")
        return
    for found in contradictions(case, lasting_s=lasting_s, least_words=least_words):
        yield _hit(case, found)
    undated = undated_owners(case)
    if undated:
        yield TEXT.insufficient("file-only", lists=len(undated))
    yield from _silent(case)


def _one_list(case: Case, owners: frozenset[str | None]) -> Iterator[Said]:
    shared = not case.of(*CHANGES).is_empty() or Source.TASK_FILE in case.sources
    if not owners and not shared and Source.TRANSCRIPT not in case.sources:
        yield TEXT.insufficient("empty-file")
    elif shared:
        yield TEXT.not_applicable("shared-list")
    else:
        yield from _silent(case)
        yield TEXT.not_applicable("one-list")


def _silent(case: Case) -> Iterator[Said]:
    silent = without_records(case)
    if silent and not case.of(K.TODO_SNAPSHOT).is_empty():
        yield TEXT.insufficient("no-records", silent=len(silent))


def _hit(case: Case, found: Sequence[Contradiction]) -> Hit:
    """Make one finding of two agents: all items about which their lists contradict each other."""
    pair = found[0].one.agent_id, found[0].other.agent_id
    first, second = (agent_name(case, agent) for agent in pair)
    items = list(dict.fromkeys(c.one.content for c in found))
    events = [event for c in found[:SHOWN] for event in c.events]
    say = TEXT.saying(first=first, second=second, item=items[0], items=len(items), working_tree=WORKING_TREE)
    return say.hit(
        "about-one" if len(items) == 1 else "about-several",
        subject="|".join(sorted(items)),
        apart=f"{first}|{second}",
        agent_id=pair[0],
        cites=events,
        facts={
            "agents": [agent or "main" for agent in pair],
            "items": list(items),
            "lasted_s": round(max(c.lasted_s for c in found), 1),
        },
        statements=(
            *(_statement(say, c) for c in found[:SHOWN]),
            say.sentence("which-of-one" if len(items) == 1 else "which-of-several", *events),
        ),
        tables=(_table(found[:SHOWN], first, second),),
    )


def _statement(say: Saying, found: Contradiction) -> Statement:
    one, other = found.one, found.other
    return say.sentence(
        "contradict",
        *found.events,
        item=one.content,
        status=one.status,
        since=clock_time(one.since),
        other_status=other.status,
        other_since=clock_time(other.since),
        lasted=duration(found.lasted_s, digits=0),
    )


def _table(found: Sequence[Contradiction], first: str, second: str) -> Table:
    rows = tuple((c.one.content, c.one.status, c.other.status) for c in found)
    return Table("Contradictions", ("item", first, second), rows)
