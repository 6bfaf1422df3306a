"""CCF101: sibling agents alive at once. What it says of them stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from forensics.rulekit import Case, Confidence, Hit, Said, Severity, Source, Statement, rule, words
from forensics.rulekit.agents_table import agents_table
from forensics.rulekit.names import agent_name
from forensics.session.agents.overlap import spawned
from forensics.session.agents.siblings import Siblings
from forensics.session.agents.spawn_lines import LoggedSpawns, logged_spawns
from forensics.session.model.agents import AgentEnd
from forensics.session.work.hazards import Hazard, HazardKind, PlanKind, plan_before, siblings_with_hazards

# what a hazard is called, how bad it is, and what is said of it
HAZARDS = {
    HazardKind.SAME_FILE: ("same file", Severity.HIGH, "both-wrote"),
    HazardKind.SAME_FILE_OF_SEVERAL: ("same file", Severity.HIGH, "several-wrote"),
    HazardKind.PARENT_WRITES_TOO: ("parent writes too", Severity.MEDIUM, "parent-wrote"),
    HazardKind.STALE_EDIT: ("stale edit", Severity.HIGH, "stale-edit"),
    HazardKind.MISSING_RESULT: ("missing result", Severity.HIGH, "missing-result"),
    HazardKind.DUPLICATE_BRIEF: ("duplicate brief", Severity.MEDIUM, "duplicate-brief"),
    HazardKind.SHARED_RESOURCE: ("shared resource", Severity.HIGH, "shared-resource"),
    HazardKind.NO_ANSWER: ("capacity", Severity.MEDIUM, "no-answer"),
    HazardKind.AGENT_LIMIT: ("capacity", Severity.MEDIUM, "agent-limit"),
}
PLANNED = {PlanKind.REQUEST: "asked-for", PlanKind.LIST: "listed", PlanKind.PLAN: "planned"}
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF101",
    topic="1.1",
    severity=Severity.NOTE,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.CLAUDE_DEBUG}),
    reads=("agents",),
    over=("agents",),
)
def uncoordinated_parallel_agents(
    case: Case, *, duplicate_brief: float = 0.85, grace_s: float = 5.0
) -> Iterator[Said]:
    """Sibling agents that were alive at the same time, and what went wrong between them."""
    if Source.TRANSCRIPT not in case.sources:
        yield from _by_debug_log(logged_spawns(case))
    elif spawned(case):
        grace = timedelta(seconds=grace_s)
        for group, hazards in siblings_with_hazards(case, grace, duplicate_brief=duplicate_brief):
            if hazards or not group.is_of_one_workflow:
                yield _hit(case, group, hazards)
        if any(a.outcome is AgentEnd.UNKNOWN for a in case.agents):
            yield TEXT.insufficient("excerpt")
    elif any(a.spawn_event is None for a in case.agents):
        yield TEXT.insufficient("no-parent")
    else:
        yield TEXT.not_applicable("no-agents")


def _hit(case: Case, group: Siblings, hazards: Sequence[Hazard]) -> Hit:
    plan, most, missing = plan_before(case, group.agents), group.at_once(case), group.without_result
    names = list(dict.fromkeys(HAZARDS[h.kind][0] for h in hazards))
    say = TEXT.saying(agents=len(group.agents), parent=agent_name(case, group.parent_id), most=most)
    say = say.also(count=len(names), hazards=", ".join(names), missing=len(missing))
    return say.hit(
        "no-hazard" if not names else "hazard" if len(names) == 1 else "hazards",
        subject=group.key,
        apart=group.briefs,
        agent_id=group.parent_id,
        severity=_severity(hazards, planned=plan is not None),
        contract_held=False if hazards else True if group.has_records else None,
        cites=(*group.spawns, *(cite for h in hazards for cite in h.cites)),
        facts={"agents": [*group.ids], "max_overlap": most, "hazards": [*names], "planned": plan is not None},
        statements=(
            say.sentence("of-one-turn" if group.is_of_one_turn else "at-once", *group.bounds(case)),
            *(_statement(h) for h in hazards),
            say.sentence(PLANNED[plan.kind] if plan else "no-plan", plan.event if plan else group.spawns[0]),
            *([say.sentence("no-results", *(a.spawn_event for a in missing))] if missing else []),
        ),
        tables=(agents_table(case, group.agents),),
    )


def _statement(hazard: Hazard) -> Statement:
    say = TEXT.saying(who=hazard.who, other=hazard.other, about=hazard.about, alike=f"{hazard.alike:.0%}")
    return say.sentence(HAZARDS[hazard.kind][2], *hazard.cites)


def _severity(hazards: Sequence[Hazard], *, planned: bool) -> Severity:
    """Return the worst hazard's severity; without a plan one step more, at most high."""
    if not hazards:
        return Severity.NOTE
    worst = max(HAZARDS[h.kind][1].rank for h in hazards)
    return list(Severity)[worst if planned else min(worst + 1, Severity.HIGH.rank)]


def _by_debug_log(log: LoggedSpawns | None) -> Iterator[Said]:
    """Read the overlap from the log's spawn lines: it says nothing of files or briefs."""
    if log is None:
        yield TEXT.insufficient("no-tool-lines")
    elif not log.number:
        yield TEXT.not_applicable("no-agents")
    elif log.is_overlap and not log.has_ends:
        yield TEXT.insufficient("no-ends", spawns=log.number)
    elif log.is_overlap:
        n, lines, say = len(log.run), log.events, TEXT.saying(agents=len(log.run))
        yield say.hit(
            "by-lines",
            subject=f"{n} parallel spawn lines",
            severity=Severity.LOW,
            confidence=Confidence.MEDIUM,
            contract_held=None,
            cites=lines,
            facts={"agents": [*log.calls], "max_overlap": n, "hazards": [], "hazards_assessed": False},
            statements=(say.sentence("none-finished", *lines), say.sentence("not-assessed", lines[0])),
        )
