"""What makes parallel agents more than parallel: reasons why their work may have collided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Source, is_kind
from forensics.schema.finding import Claim, Severity
from forensics.session.agents.briefs import duplicate_briefs
from forensics.session.agents.capacity import refused_spawns, unanswered_requests
from forensics.session.agents.overlap import horizon, may_still_run
from forensics.session.files.conflicts import (
    StaleEdit,
    WriteConflict,
    by_file,
    stale_edits,
    write_conflicts,
    writers_of,
)
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name

SHARED_RESOURCE = r"(EADDRINUSE|index\.lock': File exists|database is locked|Browser is already in use)"
ASKS_PARALLEL = r"(?i)\b(parallel|concurrent(?:ly)?|simultaneous(?:ly)?|sub-?agents?|agents)\b"
PLANNED = {
    K.USER_PROMPT: "the user's prompt before the first spawn speaks of agents or of parallel work",
    K.TODO_SNAPSHOT: "a todo list stands before the first spawn",
    K.TASK_CREATE: "a todo list stands before the first spawn",
}
SHOWN = 3  # errors of one kind that are named one by one


@dataclass(frozen=True, slots=True)
class Hazard:
    """One reason why an overlap is more than a note."""

    name: str
    severity: Severity
    claim: Claim
    text: str
    cites: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Collisions:
    """What agents did to each other's files, anywhere in the session."""

    writes: tuple[WriteConflict, ...]
    edits: tuple[StaleEdit, ...]


def collisions_of(case: Case, grace: timedelta) -> Collisions:
    """Find the collisions once, for all groups; a write up to ``grace`` after the other's end counts."""
    return Collisions(tuple(write_conflicts(case, grace)), tuple(stale_edits(case, grace)))


def hazards_of(
    case: Case, group: Sequence[AgentLife], collisions: Collisions, *, duplicate_brief: float
) -> Iterator[Hazard]:
    """Yield the hazards of a group of overlapping siblings, those of files first."""
    yield from _shared_files(case, group, collisions.writes)
    yield from _stale_edits(case, group, collisions.edits)
    yield from _missing_results(case, group)
    yield from _duplicate_briefs(group, duplicate_brief)
    yield from _shared_resources(case, group)
    yield from _capacity(case, group)


def _shared_files(
    case: Case, group: Sequence[AgentLife], conflicts: Sequence[WriteConflict]
) -> Iterator[Hazard]:
    ids, parent = {a.agent_id for a in group}, group[0].parent_id
    between = [c for c in conflicts if _writers(c) <= ids]
    for found in by_file(between):
        names = " and ".join(agent_name(case, writer) for writer in writers_of(found))
        both = "both wrote" if len(found) == 1 else "wrote"
        text = (
            f"{names} {both} {found[0].path} while {'both' if len(found) == 1 else 'two or more'} were alive"
        )
        yield Hazard("same file", Severity.HIGH, Claim.DERIVED, text, _calls(found[0]))
    with_parent = by_file(c for c in conflicts if parent in _writers(c) and _writers(c) & ids)
    if len(with_parent) > 1:
        paths, who = ", ".join(sorted(f[0].path for f in with_parent)), agent_name(case, parent)
        text = f"{who} wrote files that the agents also wrote while they were alive: {paths}"
        cites = tuple(e for found in with_parent for e in _calls(found[0]))
        yield Hazard("parent writes too", Severity.MEDIUM, Claim.DERIVED, text, cites)


def _writers(conflict: WriteConflict) -> set[str | None]:
    return {conflict.first.agent_id, conflict.second.agent_id}


def _calls(conflict: WriteConflict) -> tuple[int, int]:
    return conflict.first.call_event, conflict.second.call_event


def _stale_edits(case: Case, group: Sequence[AgentLife], edits: Sequence[StaleEdit]) -> Iterator[Hazard]:
    ids = {a.agent_id for a in group}
    for stale in edits:
        answer = stale.refused.answer_event
        if not {stale.refused.agent_id, stale.written.agent_id} <= ids or answer is None:
            continue
        who, other = (agent_name(case, w.agent_id) for w in (stale.refused, stale.written))
        text = f"an edit of {stale.path} by {who} was refused, after {other} had written the file"
        yield Hazard(
            "stale edit",
            Severity.HIGH,
            Claim.DERIVED,
            text,
            (stale.refused.call_event, answer, stale.written.call_event),
        )


def _missing_results(case: Case, group: Sequence[AgentLife]) -> Iterator[Hazard]:
    unfinished = [a for a in group if a.outcome is AgentEnd.UNFINISHED and not may_still_run(case, a)]
    missing = [a for a in unfinished if not a.is_out_of_sight]
    if missing:
        names = ", ".join(f"“{a.description}”" for a in missing)
        last = (case.ending.last_event,) if case.ending.last_event is not None else ()
        spawns = tuple(a.spawn_event for a in missing if a.spawn_event is not None)
        text = f"the record ends without a result of {names}"
        yield Hazard("missing result", Severity.HIGH, Claim.DERIVED, text, (*spawns, *last))


def _duplicate_briefs(group: Sequence[AgentLife], least: float) -> Iterator[Hazard]:
    for pair in duplicate_briefs(group, least):
        text = f"the briefs “{pair.one.description}” and “{pair.other.description}” are near-duplicates"
        text += f" ({pair.alike:.0%} of their words) and name the same targets"
        yield Hazard("duplicate brief", Severity.MEDIUM, Claim.DERIVED, text, pair.spawns)


def _during(case: Case, group: Sequence[AgentLife]) -> pl.Expr:
    """Select the records of the group's agents from when a second one was alive until only one was left."""
    until = horizon(case)
    starts = sorted(a.start for a in group if a.start is not None)
    ends = sorted(a.alive_until(until) for a in group)
    own = pl.col("agent_id").is_in([a.agent_id for a in group])
    return own & pl.col("ts").is_between(starts[1], ends[-2]) if len(starts) > 1 else pl.lit(value=False)


def _shared_resources(case: Case, group: Sequence[AgentLife]) -> Iterator[Hazard]:
    failed = (pl.col("status") == "error") & (pl.col("source") == Source.TRANSCRIPT.value)
    words = pl.col("message").str.extract(SHARED_RESOURCE, 1)
    rows = case.of(K.TOOL_RESULT).filter(_during(case, group) & failed).with_columns(words=words)
    for row in rows.filter(pl.col("words").is_not_null()).head(SHOWN).iter_rows(named=True):
        text = f"a tool of {agent_name(case, row['agent_id'])} failed with “{row['words']}” meanwhile"
        yield Hazard("shared resource", Severity.HIGH, Claim.OBSERVED, text, (row["event_id"],))


def _capacity(case: Case, group: Sequence[AgentLife]) -> Iterator[Hazard]:
    final = unanswered_requests(case).filter(_during(case, group))
    for row in final.head(SHOWN).iter_rows(named=True):
        text = f"the model API answered {row['status']} to {agent_name(case, row['agent_id'])} meanwhile"
        yield Hazard("capacity", Severity.MEDIUM, Claim.OBSERVED, text, (row["event_id"],))
    starts = min((a.start for a in group if a.start is not None), default=None)
    ends = max(a.alive_until(horizon(case)) for a in group)
    limit = refused_spawns(case).filter(pl.col("ts").is_between(starts, ends))
    for row in limit.head(SHOWN).iter_rows(named=True):
        text = "the client refused another agent meanwhile: its limit was reached"
        yield Hazard("capacity", Severity.MEDIUM, Claim.OBSERVED, text, (row["event_id"],))


def plan_before(case: Case, group: Sequence[AgentLife]) -> tuple[str, int] | None:
    """Return what was planned before the first spawn, in words, and its record: a request, a list or a plan."""
    parent, first = group[0].parent_id, min((a.start for a in group if a.start), default=None)
    own = pl.col("agent_id").is_null() if parent is None else pl.col("agent_id") == parent
    turns = [a.message_id for a in group if a.start == first and a.message_id is not None]
    # what stands in the message of the first spawns was planned with them
    before = case.events.filter(
        own & ((pl.col("ts") <= first) | pl.col("message_id").is_in(turns)) if first else own
    )
    asked = (pl.col("kind") == K.USER_PROMPT.value) & pl.col("message").str.contains(ASKS_PARALLEL)
    listed = is_kind((K.TODO_SNAPSHOT, K.TASK_CREATE))
    plan_file = pl.col("tool").is_in(["Write", "Edit"]) & pl.col("path").str.contains(r"[/\\]plans[/\\]")
    found = before.filter(asked | listed | plan_file | (pl.col("tool") == "ExitPlanMode"))
    if found.is_empty():
        return None
    last = K(found["kind"][-1])
    said = PLANNED.get(last, "a plan of the parent stands before the first spawn")
    return said, int(found["event_id"][-1])
