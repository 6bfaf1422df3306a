"""What makes parallel agents more than parallel: reasons why their work may have collided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Source, is_kind
from forensics.session.agents.briefs import duplicate_briefs
from forensics.session.agents.capacity import refused_spawns, unanswered_requests
from forensics.session.agents.overlap import horizon, may_still_run
from forensics.session.agents.siblings import Siblings, overlapping_siblings
from forensics.session.files.conflicts import (
    StaleEdit,
    WriteConflict,
    by_file,
    stale_edits,
    write_conflicts,
    writers_of,
    writes_in,
)
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name

SHARED_RESOURCE = r"(EADDRINUSE|index\.lock': File exists|database is locked|Browser is already in use)"
ASKS_PARALLEL = r"(?i)\b(parallel|concurrent(?:ly)?|simultaneous(?:ly)?|sub-?agents?|agents)\b"
SHOWN = 3  # errors of one kind that are named one by one


class HazardKind(Enum):
    """What may have gone wrong between agents that were alive together."""

    SAME_FILE = auto()
    SAME_FILE_OF_SEVERAL = auto()
    PARENT_WRITES_TOO = auto()
    STALE_EDIT = auto()
    MISSING_RESULT = auto()
    DUPLICATE_BRIEF = auto()
    SHARED_RESOURCE = auto()
    NO_ANSWER = auto()
    AGENT_LIMIT = auto()


@dataclass(frozen=True, slots=True)
class Hazard:
    """One reason why an overlap is more than a note."""

    kind: HazardKind
    cites: tuple[int, ...]
    who: str = ""  # the agents that it is about, by name; of briefs and results their descriptions
    other: str = ""  # the agent on its other side
    about: str = ""  # the files, the resource or the status
    alike: float = 0.0  # the share of words that two briefs have in common


class PlanKind(Enum):
    """What shows that parallel work was planned."""

    REQUEST = auto()
    LIST = auto()
    PLAN = auto()


@dataclass(frozen=True, slots=True)
class Plan:
    """What was planned before agents were spawned, by its record."""

    kind: PlanKind
    event: int


PLANNED_BY = {
    K.USER_PROMPT: PlanKind.REQUEST,
    K.TODO_SNAPSHOT: PlanKind.LIST,
    K.TASK_CREATE: PlanKind.LIST,
}


def siblings_with_hazards(
    case: Case, grace: timedelta, *, duplicate_brief: float
) -> Iterator[tuple[Siblings, list[Hazard]]]:
    """Yield the groups of siblings that were alive together, each with its hazards, those of files first.

    A write up to ``grace`` after the other's end counts.
    """
    writes, edits = write_conflicts(case, grace), list(stale_edits(case, grace))
    for group in overlapping_siblings(case):
        found = (
            *_shared_files(case, group.agents, writes),
            *_stale_edits(case, group.agents, edits),
            *_missing_results(case, group.agents),
            *_duplicate_briefs(group.agents, duplicate_brief),
            *_shared_resources(case, group.agents),
            *_capacity(case, group.agents),
        )
        yield group, list(found)


def _shared_files(
    case: Case, group: Sequence[AgentLife], conflicts: Sequence[WriteConflict]
) -> Iterator[Hazard]:
    ids, parent = {a.agent_id for a in group}, group[0].parent_id
    between = [c for c in conflicts if _writers(c) <= ids]
    for found in by_file(between):
        *others, last = (agent_name(case, writer) for writer in writers_of(found))
        kind = HazardKind.SAME_FILE if len(found) == 1 else HazardKind.SAME_FILE_OF_SEVERAL
        names = f"{', '.join(others)} and {last}"
        yield Hazard(kind, _first_writes(found), who=names, about=found[0].path)
    with_parent = by_file(c for c in conflicts if parent in _writers(c) and _writers(c) & ids)
    if len(with_parent) > 1:
        paths = ", ".join(sorted(f[0].path for f in with_parent))
        cites = tuple(e for found in with_parent for e in found[0].calls)
        yield Hazard(HazardKind.PARENT_WRITES_TOO, cites, who=agent_name(case, parent), about=paths)


def _first_writes(found: Sequence[WriteConflict]) -> tuple[int, ...]:
    """Return of each agent that wrote the file the first call by which it did."""
    first: dict[str | None, int] = {}
    for write in writes_in(found):
        first.setdefault(write.agent_id, write.call_event)
    return tuple(first.values())


def _writers(conflict: WriteConflict) -> set[str | None]:
    return {conflict.first.agent_id, conflict.second.agent_id}


def _stale_edits(case: Case, group: Sequence[AgentLife], edits: Sequence[StaleEdit]) -> Iterator[Hazard]:
    ids = {a.agent_id for a in group}
    for stale in edits:
        answer = stale.refused.answer_event
        if not {stale.refused.agent_id, stale.written.agent_id} <= ids or answer is None:
            continue
        who, other = (agent_name(case, w.agent_id) for w in (stale.refused, stale.written))
        cites = (stale.refused.call_event, answer, stale.written.call_event)
        yield Hazard(HazardKind.STALE_EDIT, cites, who=who, other=other, about=stale.path)


def _missing_results(case: Case, group: Sequence[AgentLife]) -> Iterator[Hazard]:
    unfinished = [a for a in group if a.outcome is AgentEnd.UNFINISHED and not may_still_run(case, a)]
    missing = [a for a in unfinished if not a.is_out_of_sight]
    if missing:
        names = ", ".join(f"“{a.description}”" for a in missing)
        last = (case.ending.last_event,) if case.ending.last_event is not None else ()
        spawns = tuple(a.spawn_event for a in missing if a.spawn_event is not None)
        yield Hazard(HazardKind.MISSING_RESULT, (*spawns, *last), who=names)


def _duplicate_briefs(group: Sequence[AgentLife], least: float) -> Iterator[Hazard]:
    for pair in duplicate_briefs(group, least):
        who, other = pair.one.description, pair.other.description
        yield Hazard(HazardKind.DUPLICATE_BRIEF, pair.spawns, who=who, other=other, alike=pair.alike)


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
        who, about = agent_name(case, row["agent_id"]), row["words"]
        yield Hazard(HazardKind.SHARED_RESOURCE, (row["event_id"],), who=who, about=about)


def _capacity(case: Case, group: Sequence[AgentLife]) -> Iterator[Hazard]:
    final = unanswered_requests(case).filter(_during(case, group))
    for row in final.head(SHOWN).iter_rows(named=True):
        who, about = agent_name(case, row["agent_id"]), str(row["status"])
        yield Hazard(HazardKind.NO_ANSWER, (row["event_id"],), who=who, about=about)
    starts = min((a.start for a in group if a.start is not None), default=None)
    ends = max(a.alive_until(horizon(case)) for a in group)
    limit = refused_spawns(case).filter(pl.col("ts").is_between(starts, ends))
    for row in limit.head(SHOWN).iter_rows(named=True):
        yield Hazard(HazardKind.AGENT_LIMIT, (row["event_id"],))


def plan_before(case: Case, group: Sequence[AgentLife]) -> Plan | None:
    """Return what was planned before the first spawn: a request, a list or a plan."""
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
    return Plan(PLANNED_BY.get(last, PlanKind.PLAN), int(found["event_id"][-1]))
