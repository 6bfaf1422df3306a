"""CCF101: sibling agents alive at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import timedelta

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
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
)
from forensics.session.agents.overlap import horizon, max_overlap, overlapping_groups, spawned
from forensics.session.agents.spawn_lines import SpawnLine, has_finished_calls, spawn_lines, spawn_run
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name
from forensics.session.work.hazards import Hazard, collisions_of, hazards_of, plan_before
from forensics.text.clock_time import clock_time

GUIDANCE = Guidance(
    contract=(
        "Parallel agents need one owner for each file and each deliverable. Parallel spawning itself is no "
        "violation: Claude Code's own tool text advised it up to 2.1.84; a shared file, a missing result or a "
        "duplicate brief is what turns it into one."
    ),
    immediate=("Check by hand what the agents left in the working tree, those without a result first",),
    this_week=(
        "Give each parallel agent its own files in its brief, or its own worktree (isolation: worktree)",
    ),
    strategic=(
        "Keep a one-page responsibility table for multi-agent work: agent, files, deliverable, merge order",
    ),
    avoid="Spawn agents side by side that share files, a brief or a server, without saying who owns what",
    instead="Name each agent's files and deliverable in its brief, and wait for every result before going on",
    before=("Write down for each agent: its files, its deliverable, what it must not touch",),
    during=("Watch that every spawned agent reports back; ask for the missing ones",),
    after=("Compare what each agent says it did with the files that changed",),
    metric="Parallel agents ran without a hazard (shared file, stale edit, duplicate brief, missing result)",
)


@rule(
    code="CCF101",
    name="uncoordinated-parallel-agents",
    title="Parallel agents without coordination",
    severity=Severity.NOTE,
    confidence=Confidence.HIGH,
    topic="1.1",
    any_of=frozenset({Source.TRANSCRIPT, Source.CLAUDE_DEBUG}),
    guidance=GUIDANCE,
    references=("MAST FM-2.4, FM-2.5 (relevant, not equal)",),
)
def uncoordinated_parallel_agents(
    case: Case, *, duplicate_brief: float = 0.85, grace_s: float = 5.0
) -> Iterator[Said]:
    """Sibling agents that were alive at the same time, and what went wrong between them.

    ## What it detects
    Two or more agents of one parent whose lifetimes overlap. Overlap alone is a note. It becomes medium or
    high with a hazard: both wrote one file (up to ``grace_s`` after the other's end), an edit was refused after
    the other had changed the file, the parent wrote two of their files too, two briefs are near-duplicates (token
    Jaccard at least ``duplicate_brief``, no differing named target), an error names a shared resource, a sibling
    gave no result, or the API's capacity was reached meanwhile. One step more, at most high, where no plan and no
    request for parallel work stands before the first spawn. With only a debug log the overlap follows from its
    spawn lines: derived, severity low, hazards not assessed.

    ## Why it matters
    Agents do not see each other's work. Measured on public sessions, 8.6 % have overlapping agents and 1.0 %
    edit one file from two of them: those are the ones that lose work.

    ## How to fix
    Give each agent its own files or its own worktree, and collect every result before the next step.

    ## Known misses
    Agents that write through Bash (``sed -i``, ``cat >``) leave no file event. Up to 2.0.24 an agent that never
    returned has no transcript, so its writes are unknown. Resources shared outside files are seen only when
    an error names them. In a debug log up to 2.1.19 a background launch looks like a finished agent.
    """
    if Source.TRANSCRIPT not in case.sources:
        yield from _from_debug_log(case)
    elif spawned(case):
        collisions = collisions_of(case, timedelta(seconds=grace_s))
        for group in overlapping_groups(case):
            found = hazards_of(case, group, collisions, duplicate_brief=duplicate_brief)
            yield _hit(case, group, list(found))
        if any(a.outcome is AgentEnd.UNKNOWN for a in case.agents):
            yield Insufficient("the evidence is an excerpt: until when its agents were alive is not known")
    elif any(a.spawn_event is None for a in case.agents):
        yield Insufficient("agents' transcripts without their parent's: whose siblings they are is not known")
    else:
        yield NotApplicable("no subagent was spawned")


def _briefs(group: Sequence[AgentLife]) -> str:
    """Return a short digest of the group's prompts, for groups whose descriptions are equal."""
    prompts = "\x1f".join(sorted(a.prompt for a in group))
    return hashlib.sha256(prompts.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _hit(case: Case, group: Sequence[AgentLife], hazards: Sequence[Hazard]) -> Hit:
    most, plan = max_overlap(group, horizon(case)), plan_before(case, group)
    spawns = tuple(a.spawn_event for a in group if a.spawn_event is not None)
    bounds = _bounds(case, group)
    turns = {a.message_id for a in group}
    text = f"{len(group)} agents of {agent_name(case, group[0].parent_id)} were alive at once (at most {most}"
    text += " together, spawned in one turn)" if len(turns) == 1 and None not in turns else " together)"
    names = list(dict.fromkeys(h.name for h in hazards))
    plural = "s" if len(names) > 1 else ""
    told = f", with {len(names)} hazard{plural}: {', '.join(names)}" if names else "; no hazard observed"
    return Hit(
        subject="|".join(sorted(a.description for a in group)),
        message=f"{len(group)} agents ran at once{told}",
        claim=Claim.DERIVED,
        cites=tuple(Cite(c) for c in dict.fromkeys((*spawns, *(c for h in hazards for c in h.cites)))),
        facts={
            "agents": [a.agent_id for a in group],
            "max_overlap": most,
            "hazards": list(names),
            "planned": plan is not None,
        },
        statements=(
            Statement(Slot.HAPPENED, Claim.DERIVED, text, bounds),
            *(Statement(Slot.HAPPENED, h.claim, h.text, h.cites) for h in hazards),
            _planning(plan, spawns),
            *_impact(group),
        ),
        tables=(_table(case, group),),
        severity=_severity(hazards, planned=plan is not None),
        agent_id=group[0].parent_id,
        apart=_briefs(group),
        contract_held=_held(group, hazards),
    )


def _bounds(case: Case, group: Sequence[AgentLife]) -> tuple[int, ...]:
    """Return the records between which the agents lived; one that left no sign lived until the record's last."""
    lives = [(a.spawn_event, a.end_event or a.last_event or case.ending.last_event) for a in group]
    return tuple(dict.fromkeys(e for life in lives for e in life if e is not None))


def _held(group: Sequence[AgentLife], hazards: Sequence[Hazard]) -> bool | None:
    """Say whether nothing went wrong; of agents without records of their own that is not known."""
    if hazards:
        return False
    return None if any(a.last_event is None for a in group) else True


def _severity(hazards: Sequence[Hazard], *, planned: bool) -> Severity:
    """Return the worst hazard's severity; without a plan one step more, at most high."""
    if not hazards:
        return Severity.NOTE
    worst = max(h.severity.rank for h in hazards)
    return list(Severity)[worst if planned else min(worst + 1, Severity.HIGH.rank)]


def _planning(plan: tuple[str, int] | None, spawns: tuple[int, ...]) -> Statement:
    if plan is not None:
        text, event = plan
        return Statement(Slot.HAPPENED, Claim.DERIVED, text, (event,))
    text = "No todo list, no plan and no request by the user for parallel work was observed before the first spawn"
    return Statement(Slot.WHY, Claim.DERIVED, f"{text} in the supplied evidence", spawns[:1])


def _impact(group: Sequence[AgentLife]) -> Iterator[Statement]:
    missing = [a for a in group if a.outcome is AgentEnd.UNFINISHED]
    if missing:
        text = f"{len(missing)} of {len(group)} agents gave no result that is in the record of their parent"
        spawns = tuple(a.spawn_event for a in missing if a.spawn_event is not None)
        yield Statement(Slot.IMPACT, Claim.DERIVED, text, spawns)


def _table(case: Case, group: Sequence[AgentLife]) -> Table:
    files: dict[str | None, set[str]] = {}
    for write in case.writes:
        files.setdefault(write.agent_id, set()).add(write.path.rpartition("/")[2])
    rows = tuple(
        (
            a.agent_id,
            a.agent_type or "",
            a.description[:80],
            clock_time(a.start),
            clock_time(a.end) if a.end else "no end in the record",
            ", ".join(sorted(files.get(a.agent_id, ()))) or "none recorded",
        )
        for a in group
    )
    return Table("Agents", ("agent", "type", "brief", "start", "end", "files written"), rows)


def _from_debug_log(case: Case) -> Iterator[Said]:
    """Read the overlap from the log's spawn lines: it says nothing of files or briefs."""
    run, spawns = spawn_run(case), spawn_lines(case)
    if run is None:
        yield Insufficient("this debug log has no tool lines; a transcript would tell")
    elif not spawns:
        yield NotApplicable("no subagent was spawned")
    elif len(run) > 1 and not has_finished_calls(case):
        yield Insufficient(f"{spawns} spawns, but no finished call is logged: their overlap is undetermined")
    elif len(run) > 1:
        yield _derived(run)


def _derived(run: Sequence[SpawnLine]) -> Hit:
    n, lines = len(run), tuple(s.event for s in run)
    text = f"{n} agents were started with none of them finished in between, so {n} ran in parallel"
    unknown = "Hazards cannot be assessed: a debug log does not say which agent did what"
    return Hit(
        subject=f"{n} parallel spawn lines",
        message=f"{n} agents were started in parallel (from the order of the debug log's lines)",
        claim=Claim.DERIVED,
        cites=tuple(Cite(line) for line in lines),
        facts={
            "agents": [s.call_id for s in run if s.call_id is not None],
            "max_overlap": n,
            "hazards": [],
            "hazards_assessed": False,
        },
        statements=(
            Statement(Slot.HAPPENED, Claim.DERIVED, text, lines),
            Statement(Slot.WHY, Claim.DERIVED, unknown, lines[:1]),
        ),
        severity=Severity.LOW,
        confidence=Confidence.MEDIUM,
        contract_held=None,
    )
