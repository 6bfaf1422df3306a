"""CCF301: agents that write ran side by side without a plan. What it says of them stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forensics.rulekit import (
    Case,
    Confidence,
    EventKind,
    FactValue,
    Hit,
    Nature,
    Said,
    Saying,
    Severity,
    Source,
    Statement,
    rule,
    words,
)
from forensics.rulekit.names import agent_name
from forensics.session.agents.writing import WritingGroup, writing_groups
from forensics.session.work.hazards import plan_before
from forensics.session.work.plans import is_scripted, may_lack_todo_tools

PAIR = 2
# hazards of CCF101 that a plan is to prevent
LOST_WORK = frozenset({"same file", "stale edit", "missing result"})
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF301",
    topic="3.1",
    severity=Severity.NOTE,
    confidence=Confidence.MEDIUM,
    nature=Nature.CONTROL_GAP,
    any_of=Source.TRANSCRIPT,
    reads=("agents", "lists"),
    over=("agents",),
    related=("CCF101", "CCF104"),
    reads_findings=True,
    expectation="plan",
)
def no_plan_before_parallel_agents(case: Case, *, writers: int = 2) -> Iterator[Said]:
    """Agents that write files were alive together, and nothing that plans their work was observed before."""
    groups = [g for g in writing_groups(case) if len(g.writers) + g.silent >= writers]
    for group in groups:
        if plan_before(case, group.agents) is None and not is_scripted(case, group.agents):
            yield _judged(case, group, writers)
    if not groups:
        yield TEXT.not_applicable("no-writers")


def _judged(case: Case, group: WritingGroup, writers: int) -> Said:
    """Judge agents before which no plan was seen."""
    if case.is_partly_told(case.of(EventKind.AGENT_SPAWN)):
        return TEXT.insufficient("excerpt")
    if len(group.writers) < writers:
        return TEXT.insufficient("no-records", silent=group.silent)
    if may_lack_todo_tools(case):
        return TEXT.insufficient("no-tools")
    return _hit(case, group)


def _hit(case: Case, group: WritingGroup) -> Hit:
    lost = _lost_work(case, group)
    say = TEXT.saying(
        agents=len(group.agents),
        parent=agent_name(case, group.parent_id),
        writers=len(group.writers),
        names=", ".join(f"“{a.description}”" for a in group.writers),
        codes=" and ".join(lost),
    )
    return say.hit(
        "no-plan",
        subject="|".join(sorted(a.description for a in group.agents)),
        agent_id=group.parent_id,
        severity=Severity.LOW if lost else Severity.NOTE,
        contract_held=None,
        cites=(*group.spawns, *group.first_writes),
        facts={
            "agents": [a.agent_id for a in group.agents],
            "writers": len(group.writers),
            "explains": [*lost],
        },
        statements=_statements(group, lost, say),
    )


def _statements(group: WritingGroup, lost: Sequence[str], say: Saying) -> Iterator[Statement]:
    yield say.sentence("not-seen", *group.spawns[:1])
    yield say.sentence("wrote", *group.first_writes)
    if lost:
        yield say.sentence("lost", *group.spawns)


def _lost_work(case: Case, group: WritingGroup) -> list[str]:
    """Return the codes of this group's findings that a plan is to prevent."""
    found: set[str] = set()
    for finding in case.found("CCF101", "CCF104"):
        agents, hazards = (_texts(finding.facts.get(fact)) for fact in ("agents", "hazards"))
        collided = finding.rule == "CCF104" and len(agents & group.ids) >= PAIR
        if collided or (finding.rule == "CCF101" and agents == group.ids and hazards & LOST_WORK):
            found.add(finding.rule)
    return sorted(found)


def _texts(fact: FactValue) -> set[str]:
    return {one for one in fact if isinstance(one, str)} if isinstance(fact, list) else set()
