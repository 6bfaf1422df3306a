"""CCF101: sibling agents alive at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from forensics.agents import AgentEnd, AgentLife
from forensics.case import Case
from forensics.conflicts import (
    agent_name,
    clock_time,
    horizon,
    max_overlap,
    overlapping_groups,
    spawned,
    stale_edits,
    write_conflicts,
)
from forensics.finding import (
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
from forensics.rules.base import Guidance, Said, rule
from forensics.schema import EventKind as K
from forensics.schema import Source

SHARED_RESOURCE = r"EADDRINUSE|index\.lock': File exists|database is locked|Browser is already in use"
CAPACITY = ("429", "529")
ASKS_PARALLEL = r"(?i)\b(in parallel|parallel|concurrent(?:ly)?|simultaneous(?:ly)?|sub-?agents?|agents)\b"
NAMED_TARGET = re.compile(r"[\w./-]*[./][\w./-]+|`[^`]+`|\"[^\"]+\"|\b[A-Z][A-Za-z0-9]+\b")
PLANS = (K.TODO_SNAPSHOT, K.TASK_CREATE)
SPAWN_TOOLS = ("Task", "Agent")

GUIDANCE = Guidance(
    contract=(
        "Parallel agents need one owner for each file and each deliverable. Parallel spawning itself is no "
        "violation: Claude Code's own tool text advised it up to 2.1.84; a shared file, a missing result or a "
        "duplicate brief is what turns it into one."
    ),
    immediate=("Check by hand what the agents that gave no result have left in the working tree",),
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


@dataclass(frozen=True, slots=True)
class Hazard:
    """One reason why an overlap is more than a note."""

    name: str
    severity: Severity
    claim: Claim
    text: str
    cites: tuple[int, ...]


@rule(
    code="CCF101",
    name="uncoordinated-parallel-agents",
    title="Parallel agents without coordination",
    severity=Severity.NOTE,
    confidence=Confidence.HIGH,
    seed="1.1",
    any_of=frozenset({Source.TRANSCRIPT, Source.CLAUDE_DEBUG}),
    guidance=GUIDANCE,
    references=("MAST FM-2.4, FM-2.5 (relevant, not equal)",),
)
def uncoordinated_parallel_agents(case: Case, *, duplicate_brief: float = 0.85) -> Iterator[Said]:
    """Sibling agents that were alive at the same time, and what went wrong between them.

    ## What it detects
    Two or more agents of one parent whose lifetimes overlap. Overlap alone is a note. It becomes medium or
    high with a hazard: both wrote one file, an edit was refused because the other had changed the file, two
    briefs are near-duplicates (token Jaccard at least ``duplicate_brief``, no differing named target), an
    error names a shared resource, a sibling gave no result, or the API's capacity was reached meanwhile.
    With only a debug log (up to 2.1.19) the overlap follows from Task lines without a finished Task between
    them: derived, severity low, hazards not assessed.

    ## Why it matters
    Agents do not see each other's work. Measured on public sessions, 8.6 % have overlapping agents and 1.0 %
    edit one file from two of them: those are the ones that lose work.

    ## How to fix
    Give each agent its own files or its own worktree, and collect every result before the next step.

    ## Known misses
    Agents that write through Bash (``sed -i``, ``cat >``) leave no file event. Up to 2.0.24 an agent that never
    returned has no transcript, so its writes are unknown. Resources shared outside files are seen only when
    an error names them.
    """
    if Source.TRANSCRIPT not in case.sources:
        yield from _from_debug_log(case)
        return
    if not spawned(case):
        yield NotApplicable("no subagent was spawned")
        return
    for group in overlapping_groups(case):
        yield _hit(case, group, duplicate_brief)


def _hit(case: Case, group: Sequence[AgentLife], duplicate_brief: float) -> Hit:
    hazards = list(_hazards(case, group, duplicate_brief))
    most = max_overlap(group, horizon(case))
    planned = _planned(case, group)
    severity = max((h.severity for h in hazards), key=lambda s: s.rank, default=Severity.NOTE)
    if hazards and not planned and severity.rank < Severity.HIGH.rank:
        severity = Severity.HIGH
    spawns = tuple(a.spawn_event for a in group if a.spawn_event is not None)
    same_turn = len({a.message_id for a in group}) == 1
    happened = [
        Statement(
            Slot.HAPPENED,
            Claim.DERIVED,
            f"{len(group)} agents of {agent_name(case, group[0].parent_id)} were alive at once (at most {most} together)"
            + (", spawned in one turn" if same_turn else ""),
            spawns,
        )
    ]
    happened += [Statement(Slot.HAPPENED, h.claim, h.text, h.cites) for h in hazards]
    why = (
        "A plan or a request for parallel work stands before the first spawn"
        if planned
        else (
            "No todo list, no task and no request by the user for parallel work is in the supplied evidence before the first spawn"
        )
    )
    cites = tuple(dict.fromkeys((*spawns, *(c for h in hazards for c in h.cites))))
    names = [h.name for h in hazards]
    return Hit(
        subject="|".join(sorted(a.description for a in group)),
        message=f"{len(group)} agents ran at once"
        + (
            f", with {len(names)} hazard{'s' if len(names) > 1 else ''}: {', '.join(names)}"
            if names
            else "; no hazard observed"
        ),
        claim=Claim.DERIVED,
        cites=tuple(Cite(c) for c in cites),
        facts={
            "agents": [a.agent_id for a in group],
            "max_overlap": most,
            "hazards": list(names),
            "planned": planned,
        },
        statements=(*happened, Statement(Slot.WHY, Claim.DERIVED, why), *_impact(group)),
        tables=(_table(case, group),),
        severity=severity,
        agent_id=group[0].parent_id,
    )


def _impact(group: Sequence[AgentLife]) -> Iterator[Statement]:
    missing = [a for a in group if a.outcome is AgentEnd.UNFINISHED]
    if missing:
        text = f"{len(missing)} of {len(group)} agents gave no result: what they did is not in the record of their parent"
        yield Statement(Slot.IMPACT, Claim.DERIVED, text)


def _table(case: Case, group: Sequence[AgentLife]) -> Table:
    rows = tuple(
        (
            a.agent_id,
            a.agent_type or "",
            a.description[:80],
            clock_time(a.start),
            clock_time(a.end) if a.end else "no end in the record",
            ", ".join(sorted({w.path.rpartition("/")[2] for w in case.writes if w.agent_id == a.agent_id}))
            or "none recorded",
        )
        for a in group
    )
    return Table("Agents", ("agent", "type", "brief", "start", "end", "files written"), rows)


def _planned(case: Case, group: Sequence[AgentLife]) -> bool:
    first = min((a.start for a in group if a.start), default=None)
    before = case.events.filter(pl.col("ts") <= first) if first else case.events
    kinds = pl.col("kind").cast(pl.String)
    plans = before.filter(kinds.is_in([k.value for k in PLANS]) | (pl.col("tool") == "ExitPlanMode"))
    asked = before.filter((kinds == K.USER_PROMPT.value) & pl.col("message").str.contains(ASKS_PARALLEL))
    return not plans.is_empty() or not asked.is_empty()


def _hazards(case: Case, group: Sequence[AgentLife], duplicate_brief: float) -> Iterator[Hazard]:
    ids = {a.agent_id for a in group}
    for conflict in write_conflicts(case):
        if {conflict.first.agent_id, conflict.second.agent_id} <= ids:
            names = " and ".join(agent_name(case, w.agent_id) for w in (conflict.first, conflict.second))
            text = f"{names} both wrote {conflict.path} while both were alive"
            yield Hazard(
                "same file",
                Severity.HIGH,
                Claim.DERIVED,
                text,
                (conflict.first.call_event, conflict.second.call_event),
            )
    for stale in stale_edits(case):
        if {stale.refused.agent_id, stale.written.agent_id} <= ids and stale.refused.answer_event is not None:
            text = f"an edit of {stale.path} by {agent_name(case, stale.refused.agent_id)} was refused: the file had changed since it was read"
            yield Hazard(
                "stale edit",
                Severity.HIGH,
                Claim.OBSERVED,
                text,
                (stale.refused.answer_event, stale.written.call_event),
            )
    yield from _missing_results(case, group)
    yield from _duplicate_briefs(group, duplicate_brief)
    yield from _errors(case, group)


def _missing_results(case: Case, group: Sequence[AgentLife]) -> Iterator[Hazard]:
    missing = [a for a in group if a.outcome is AgentEnd.UNFINISHED and a.spawn_event is not None]
    if missing:
        names = ", ".join(f"“{a.description}”" for a in missing)
        last = (case.ending.last_event,) if case.ending.last_event is not None else ()
        text = f"the record ends without a result of {names}"
        spawns = tuple(a.spawn_event for a in missing if a.spawn_event is not None)
        yield Hazard("missing result", Severity.HIGH, Claim.DERIVED, text, (*spawns, *last))


def _duplicate_briefs(group: Sequence[AgentLife], least: float) -> Iterator[Hazard]:
    for n, one in enumerate(group):
        for other in group[n + 1 :]:
            if (
                one.agent_type == other.agent_type
                and _jaccard(one.prompt, other.prompt) >= least
                and _targets(one) == _targets(other)
            ):
                text = f"the briefs “{one.description}” and “{other.description}” are near-duplicates that name the same targets"
                spawns = tuple(e for e in (one.spawn_event, other.spawn_event) if e is not None)
                yield Hazard("duplicate brief", Severity.MEDIUM, Claim.DERIVED, text, spawns)


def _jaccard(one: str, other: str) -> float:
    a, b = (set(re.findall(r"\w+", text.casefold())) for text in (one, other))
    return len(a & b) / len(a | b) if a | b else 0.0


def _targets(agent: AgentLife) -> set[str]:
    return set(NAMED_TARGET.findall(agent.prompt))


def _errors(case: Case, group: Sequence[AgentLife]) -> Iterator[Hazard]:
    own = pl.col("agent_id").is_in([a.agent_id for a in group])
    shared = case.of(K.TOOL_RESULT).filter(
        own & (pl.col("status") == "error") & pl.col("message").str.contains(SHARED_RESOURCE)
    )
    for row in shared.head(3).iter_rows(named=True):
        text = f"a tool of {agent_name(case, row['agent_id'])} failed on a shared resource"
        yield Hazard("shared resource", Severity.HIGH, Claim.OBSERVED, text, (row["event_id"],))
    final = case.of(K.API_ERROR).filter(
        own & pl.col("status").is_in(list(CAPACITY)) & (pl.col("component") == "final")
    )
    limit = case.of(K.TOOL_RESULT).filter(
        pl.col("message").str.contains("Concurrent subagent limit reached", literal=True)
    )
    for row in pl.concat([final, limit]).head(3).iter_rows(named=True):
        yield Hazard(
            "capacity",
            Severity.MEDIUM,
            Claim.OBSERVED,
            "the API's capacity was reached while the agents ran",
            (row["event_id"],),
        )


def _from_debug_log(case: Case) -> Iterator[Said]:
    """Read the overlap from the order of Task lines: the log says nothing of ids or files."""
    lines = (
        case.of(K.TOOL_DISPATCH, K.TOOL_DONE)
        .filter((pl.col("source") == Source.CLAUDE_DEBUG.value))
        .sort("file", "line", "ordinal")
    )
    if lines.is_empty():
        yield Insufficient("this debug log has no tool lines; a transcript would tell")
        return
    spawns = lines.filter(pl.col("tool").is_in(SPAWN_TOOLS))
    if spawns.is_empty():
        yield NotApplicable("no subagent was spawned")
        return
    run: list[int] = []
    longest: list[int] = []
    open_now = 0
    for row in spawns.iter_rows(named=True):
        if row["kind"] == K.TOOL_DISPATCH.value:
            run = [*run, row["event_id"]] if open_now else [row["event_id"]]
            open_now += 1
            longest = max(longest, run, key=len)
        else:
            open_now = max(open_now - 1, 0)
    if len(longest) > 1:
        yield _derived(longest)


def _derived(lines: Sequence[int]) -> Hit:
    text = f"{len(lines)} Task calls were started with no finished Task between them, so {len(lines)} agents ran in parallel"
    return Hit(
        subject=f"{len(lines)} parallel Task lines",
        message=f"{len(lines)} agents were started in parallel (from the order of the debug log's lines)",
        claim=Claim.DERIVED,
        cites=tuple(Cite(line) for line in lines),
        facts={"agents": len(lines), "max_overlap": len(lines), "hazards": "not assessed"},
        statements=(
            Statement(Slot.HAPPENED, Claim.DERIVED, text, tuple(lines)),
            Statement(
                Slot.WHY,
                Claim.DERIVED,
                "Hazards cannot be assessed: a debug log does not say which agent did what",
            ),
        ),
        severity=Severity.LOW,
        confidence=Confidence.MEDIUM,
    )
