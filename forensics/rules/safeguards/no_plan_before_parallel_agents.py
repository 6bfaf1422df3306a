"""CCF301: agents that write were started side by side, and no plan is seen before them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.schema import EventKind as K
from forensics.schema import Source
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    Finding,
    Hit,
    Insufficient,
    Nature,
    NotApplicable,
    Severity,
    Slot,
    Statement,
)
from forensics.session.agents.overlap import overlapping_groups
from forensics.session.model.agents import AgentLife
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name
from forensics.session.work.hazards import plan_before

PAIR = 2
LOST_WORK = frozenset(
    {"same file", "stale edit", "missing result"}
)  # hazards of CCF101 that a plan is to prevent
SCRIPTED = r"<command-name>|<command-message>"  # a slash command: its text is the plan
SCRIPT_TOOLS = ("Skill", "SlashCommand", "Workflow")
# since then some models are not offered the todo tools: that none was used says nothing
WITHOUT_TODO_TOOLS = (2, 1, 233)

GUIDANCE = Guidance(
    contract="Before agents write side by side, it is written down who does what: a list, a plan, or the request.",
    immediate=("Write down now, for each agent that still runs, its files and its deliverable",),
    this_week=("Ask for a plan first: plan mode, or a todo list with one item for each agent",),
    strategic=("Put the split into the project's instructions: who owns which folder",),
    avoid="Start agents that write side by side from a prompt that does not say how the work is split",
    instead="Let the main agent write the split down before the first spawn, and name each agent's files in its brief",
    before=("List the parts, their files and their order; one agent for each part",),
    during=("Keep the list up to date as agents return",),
    metric="A plan, a list or a request for parallel work stood before each group of writing agents",
)


@rule(
    code="CCF301",
    name="no-plan-before-parallel-agents",
    title="No plan seen before parallel agents",
    severity=Severity.NOTE,
    confidence=Confidence.MEDIUM,
    nature=Nature.CONTROL_GAP,
    topic="3.1",
    any_of=frozenset({Source.TRANSCRIPT}),
    guidance=GUIDANCE,
    related=("CCF101", "CCF104"),
    reads_findings=True,
    expectation="plan",
)
def no_plan_before_parallel_agents(case: Case, *, writers: int = 2) -> Iterator[Said]:
    """Agents that write files were alive together, and nothing that plans their work was observed before.

    ## What it detects
    ``writers`` or more siblings, alive at once, that wrote files, where none of these stands before the first spawn or
    in its message: a todo list or task of the parent, the end of plan mode, a file under plans/, a prompt that speaks
    of agents or of parallel work, a slash command or a skill (its text is the script). A note; low where the group
    lost work too: CCF104 between two of them, or CCF101 with a shared file, a stale edit or a missing result.

    ## Why it matters
    The plan is what keeps two agents out of one file. By itself its absence breaks nothing.

    ## How to fix
    Write the split down before the first spawn.

    ## Known misses
    A plan that was only spoken, written in the answer's text or kept in the project's instructions is not seen; one of
    an earlier request of the same session counts. Agents that write through Bash count as readers. From 2.1.233 on
    some models have no todo tools: where none was used, the rule says that it cannot judge.
    """
    groups = overlapping_groups(case)
    wrote = {w.agent_id for w in case.writes}
    judged = False
    for group in groups:
        writing = [a for a in group if a.agent_id in wrote]
        unknown = [a for a in group if a.last_event is None]
        if len(writing) + len(unknown) < writers:
            continue
        judged = True
        if plan_before(case, group) is not None or _is_scripted(case, group):
            continue
        if case.is_partly_told(case.of(K.AGENT_SPAWN)):
            yield Insufficient("the evidence is an excerpt: a plan may stand in what was left out")
        elif len(writing) < writers:
            yield Insufficient(
                f"agents without records: {len(unknown)}; whether they wrote files is not known"
            )
        elif _has_no_todo_tools(case):
            yield Insufficient("whether the tools to write a list were offered is not in the evidence")
        else:
            yield _hit(case, group, writing)
    if not judged:
        yield NotApplicable("no agents that write were alive together")


def _is_scripted(case: Case, group: Sequence[AgentLife]) -> bool:
    """Say whether a slash command or a skill came before the first spawn: then the split is its own."""
    first = min((a.start for a in group if a.start is not None), default=None)
    own = pl.col("agent_id").eq_missing(pl.lit(group[0].parent_id, dtype=pl.String))
    before = own & (pl.col("ts") <= first) if first is not None else own
    called = case.of(K.TOOL_CALL).filter(before & pl.col("tool").is_in(SCRIPT_TOOLS))
    prompts = case.of(K.USER_PROMPT).filter(before)["message"].to_list()
    return called.height > 0 or (bool(prompts) and any(mark in prompts[-1] for mark in SCRIPTED.split("|")))


def _has_no_todo_tools(case: Case) -> bool:
    """Say whether the client may have offered none: by its version, and as none was used."""
    if not case.of(K.TODO_SNAPSHOT, K.TASK_CREATE, K.TASK_UPDATE).is_empty():
        return False
    return _number(case.client_version) >= WITHOUT_TODO_TOOLS


def _number(version: str | None) -> tuple[int, ...]:
    parts = (version or "").partition("-")[0].split(".")
    return tuple(int(p) for p in parts if p.isdecimal())


def _lost_work(case: Case, group: Sequence[AgentLife]) -> list[Finding]:
    """Return the findings of this group that a plan is to prevent."""
    ids = {a.agent_id for a in group}
    found: list[Finding] = []
    for finding in case.found("CCF101", "CCF104"):
        agents, hazards = finding.facts.get("agents"), finding.facts.get("hazards")
        named = {a for a in agents if isinstance(a, str)} if isinstance(agents, list) else set()
        told = {h for h in hazards if isinstance(h, str)} if isinstance(hazards, list) else set()
        collided = finding.rule == "CCF104" and len(named & ids) >= PAIR
        if collided or (finding.rule == "CCF101" and ids == named and told & LOST_WORK):
            found.append(finding)
    return found


def _hit(case: Case, group: Sequence[AgentLife], writing: Sequence[AgentLife]) -> Hit:
    lost = _lost_work(case, group)
    spawns = tuple(a.spawn_event for a in group if a.spawn_event is not None)
    own = {a.agent_id: a.spawn_event for a in writing}
    writes = tuple(next(w.call_event for w in case.writes if w.agent_id == agent) for agent in own)
    names = ", ".join(f"“{a.description}”" for a in writing)
    text = (
        "No todo list, no plan and no request by the user for parallel work was observed in the supplied evidence "
        f"(the transcript, up to the first spawn of {agent_name(case, group[0].parent_id)})"
    )
    statements = [
        Statement(Slot.WHY, Claim.DERIVED, text, spawns[:1]),
        Statement(
            Slot.HAPPENED, Claim.DERIVED, f"{len(writing)} of these agents wrote files: {names}", writes
        ),
    ]
    if lost:
        codes = " and ".join(sorted({f.rule for f in lost}))
        text = f"Work of these agents collided or is missing ({codes}); a plan is there to prevent that"
        statements.append(Statement(Slot.IMPACT, Claim.DERIVED, text, spawns))
    return Hit(
        subject="|".join(sorted(a.description for a in group)),
        message=f"no plan was observed before {len(group)} agents that worked side by side",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in dict.fromkeys((*spawns, *writes))),
        facts={
            "agents": [a.agent_id for a in group],
            "writers": len(writing),
            "explains": [*sorted({f.rule for f in lost})],
        },
        statements=tuple(statements),
        severity=Severity.LOW if lost else Severity.NOTE,
        agent_id=group[0].parent_id,
        contract_held=None,
    )
