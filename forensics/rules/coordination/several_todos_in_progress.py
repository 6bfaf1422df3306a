"""CCF102: one agent has several items in progress."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime

import polars as pl

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
    Table,
)
from forensics.session.agents.overlap import horizon, max_overlap, spawned
from forensics.session.lists.todo_lists import ListState, list_states
from forensics.session.model.agents import AgentLife
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name
from forensics.text.clock_time import clock_time
from forensics.text.durations import duration

STEPS = (Severity.NOTE, Severity.LOW, Severity.MEDIUM, Severity.HIGH)

SHARED_CONTRACT = (
    "One item in progress for each agent, so that the list tells what is being worked on. The prompt of TaskCreate "
    "and TaskUpdate (2.1.16 on) has no such rule; that of TodoWrite before them had: this is good practice, and "
    "no contract of the tool."
)
WHOLE_LIST = 1200  # characters: a list is quoted with all its items

GUIDANCE = Guidance(
    contract=(
        "TodoWrite's own prompt (2.0.14 to 2.1.240): “Exactly ONE task must be in_progress at any time (not less, "
        "not more)”, and in the same text “Ideally you should only have one todo as in_progress at a time”. It is a "
        "prompt rule; the tool does not enforce it."
    ),
    immediate=("Set every item that nobody works on back to pending, before the session goes on",),
    this_week=("Deny TodoWrite calls with more than one item in progress by a PreToolUse hook",),
    avoid="Mark several items in progress at once: nobody can tell afterwards what was being worked on",
    instead="Keep one item in progress for each agent; finish or put back one before starting the next",
    before=("Agree who works on which item: one each",),
    during=("Look at the list now and then: one item in progress for each agent",),
    after=("Close or put back every item before the session ends",),
    metric="No agent had more than one todo in progress for longer than a moment",
)


@rule(
    code="CCF102",
    name="several-todos-in-progress",
    title="Several todos in progress at once",
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    topic="1.2",
    any_of=frozenset({Source.TRANSCRIPT, Source.TODO_FILE, Source.TASK_FILE}),
    guidance=GUIDANCE,
    references=("MAST FM-1.1",),
)
def several_todos_in_progress(
    case: Case, *, lasting_s: float = 60.0, later_calls: int = 2, medium_from: int = 3, high_from: int = 5
) -> Iterator[Said]:
    """One agent's list has several items in progress, and it lasts.

    ## What it detects
    Two or more items in progress in the latest list of one agent, for ``lasting_s`` seconds, or during
    ``later_calls`` later calls of other tools, or until the record ends. Two items are low, from ``medium_from``
    on medium, from ``high_from`` on high; one step softer while as many subagents were alive, and for
    TaskCreate/TaskUpdate lists, whose prompt has no such rule. Each agent's list is judged alone; an item of a
    shared list without owner belongs to the agent that set it in progress. A call that was refused changes nothing.
    No item in progress is normal and never reported.

    ## Why it matters
    After a crash the list is what the work is resumed from. Measured: 2.6 % of sessions have a list with
    several items in progress; five or more in two of 738.

    ## How to fix
    One item in progress for each agent. A PreToolUse hook can refuse the others.

    ## Known misses
    A todo file holds only the last state. Up to 2.0.24 it stays empty with ``-p``. Task files do not say who
    set an item in progress.
    """
    states = list_states(case)
    if not states:
        if Source.TRANSCRIPT in case.sources:
            yield NotApplicable("no todo list was written")
        else:
            yield Insufficient("the todo file is empty; the history of a list is in the transcript only")
        return
    calls = _call_times(case) if any(len(s.items) > 1 for s in states) else {}
    worst: dict[str | None, ListState] = {}
    for state in states:
        known = worst.get(state.agent_id)
        if len(state.items) <= max(1, len(known.items) if known is not None else 0):
            continue
        if _lasts(case, state, calls.get(state.agent_id, []), lasting_s, later_calls):
            worst[state.agent_id] = state
    for state in worst.values():
        yield _hit(case, state, medium_from, high_from)


def _call_times(case: Case) -> dict[str | None, list[datetime]]:
    """Return when each agent called other tools than those of the list, in order."""
    calls = case.of(K.TOOL_CALL, K.AGENT_SPAWN).select("agent_id", "ts").drop_nulls("ts").sort("ts")
    times: dict[str | None, list[datetime]] = {}
    for agent, ts in calls.iter_rows():
        times.setdefault(agent, []).append(ts)
    return times


def _lasts(
    case: Case, state: ListState, calls: Sequence[datetime], lasting_s: float, later_calls: int
) -> bool:
    if state.until is None:
        return True
    seconds = _seconds(case, state)
    if seconds is not None and seconds >= lasting_s:
        return True
    begin = bisect_left(calls, state.since) if state.since is not None else 0
    return bisect_left(calls, state.until) - begin >= later_calls


def _end(case: Case, state: ListState) -> datetime | None:
    """Return when the state ended: with the next list, with its agent, or with the record."""
    if state.until is not None or state.from_file:
        return state.until
    life = next((a for a in case.agents if a.agent_id == state.agent_id), None)
    return case.span[1] if life is None else life.end or life.last_seen or case.span[1]


def _end_events(case: Case, state: ListState) -> tuple[int, ...]:
    """Return the record by which the state's end is known: the next list's, or the agent's or session's last."""
    event = state.until_event
    if event is None and not state.from_file:
        life = next((a for a in case.agents if a.agent_id == state.agent_id), None)
        event = (life.end_event or life.last_event) if life is not None else None
        event = event or case.ending.last_event
    return (event,) if event is not None else ()


def _seconds(case: Case, state: ListState) -> float | None:
    end = _end(case, state)
    return round((end - state.since).total_seconds(), 1) if state.since and end else None


def _hit(case: Case, state: ListState, medium_from: int, high_from: int) -> Hit:
    n = len(state.items)
    during = _alive_during(case, state)
    alive = max_overlap(during, horizon(case))
    step = 3 if n >= high_from else 2 if n >= medium_from else 1
    softer = (alive >= n) + state.shared
    who = agent_name(case, state.agent_id)
    quote, most = ('"todos":', WHOLE_LIST) if len(state.events) == 1 else (None, None)
    owner_known = not (state.from_file and state.shared and state.agent_id is None)
    return Hit(
        subject="|".join(sorted(state.items)),
        message=f"{n} todo items of {who if owner_known else 'the shared list'} were in progress at once",
        claim=Claim.DERIVED if state.shared else Claim.OBSERVED,
        cites=tuple(Cite(e, quote, most) for e in dict.fromkeys(state.events)),
        facts={
            "in_progress": n,
            "items": list(state.items),
            "lasted_s": _seconds(case, state),
            "agents_alive": alive,
        },
        statements=tuple(_statements(case, state, during, who if owner_known else "the session")),
        tables=(_table(state),),
        severity=STEPS[max(step - softer, 0)],
        confidence=None if owner_known else Confidence.LOW,
        agent_id=state.agent_id,
        contract=SHARED_CONTRACT if state.shared else None,
    )


def _statements(case: Case, state: ListState, during: Sequence[AgentLife], who: str) -> Iterator[Statement]:
    n, last = len(state.items), state.until is None
    claim = Claim.DERIVED if state.shared and not state.from_file else Claim.OBSERVED
    text = f"The list of {who} has {n} of {state.total} items in progress at once"
    yield Statement(Slot.HAPPENED, claim, text, state.events)
    seconds = _seconds(case, state)
    ends = "until the record ends" if last else f"until {clock_time(state.until)}"
    text = f"The state lasted {f'{duration(seconds)}, ' if seconds is not None else ''}{ends}"
    if state.from_file:
        text = "The file shows the list's last state; since when is not recorded"
    yield Statement(Slot.HAPPENED, Claim.DERIVED, text, (*state.events, *_end_events(case, state)))
    alive = max_overlap(during, horizon(case))
    if alive:
        plural = "s were" if alive > 1 else " was"
        text = f"{alive} subagent{plural} alive meanwhile; {n} items were in progress"
        spawns = tuple(a.spawn_event for a in during if a.spawn_event is not None)
        yield Statement(Slot.WHY, Claim.DERIVED, text, (*state.events, *spawns))
    accepted = _accepted(case, state)
    if accepted is not None:
        text = "The tool took the list without an error: it does not enforce the rule"
        yield Statement(Slot.WHY, Claim.DERIVED, text, (accepted,))
    if last:
        text = f"{n} items were still in progress at the end of the record: which of them was being worked on"
        yield Statement(Slot.IMPACT, Claim.DERIVED, f"{text} cannot be told from the list", state.events)


def _table(state: ListState) -> Table:
    shown = enumerate(zip(state.items, state.active_forms, strict=True), 1)
    rows = tuple((str(n), item, form) for n, (item, form) in shown)
    return Table("Items in progress", ("#", "item", "shown as"), rows)


def _alive_during(case: Case, state: ListState) -> list[AgentLife]:
    """Return the subagents that were alive during the state; of a list of one agent, its own only."""
    if state.since is None:
        return []
    until = state.until or horizon(case)
    helpers = [a for a in spawned(case) if state.shared or a.parent_id == state.agent_id]
    return [a for a in helpers if a.start and a.start < until and a.alive_until(horizon(case)) > state.since]


def _accepted(case: Case, state: ListState) -> int | None:
    if state.from_file or state.shared:
        return None
    call = case.event(state.events[0])["correlation_id"]
    if call is None:  # without an id nothing tells which answer is its own
        return None
    answers = case.of(K.TOOL_RESULT).filter((pl.col("correlation_id") == call) & (pl.col("status") == "ok"))
    return int(answers["event_id"][0]) if answers.height else None
