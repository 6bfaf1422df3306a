"""CCF102: one agent has several items in progress."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from forensics.case import Case
from forensics.conflicts import agent_name, clock_time, horizon, spawned
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
from forensics.todo_lists import ListState, list_states

STEPS = (Severity.NOTE, Severity.LOW, Severity.MEDIUM, Severity.HIGH)

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
    seed="1.2",
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
    TaskCreate/TaskUpdate lists, whose prompt has no such rule. Each agent's list is judged alone. No item in
    progress is normal and never reported.

    ## Why it matters
    After a crash the list is what the work is resumed from. Measured: 2.6 % of sessions have a list with
    several items in progress; five or more in two of 738.

    ## How to fix
    One item in progress for each agent. A PreToolUse hook can refuse the others.

    ## Known misses
    A todo file holds only the last state. Up to 2.0.24 it stays empty with ``-p``.
    """
    states = list_states(case)
    if not states:
        if Source.TRANSCRIPT in case.sources:
            yield NotApplicable("no todo list was written")
        else:
            yield Insufficient("the todo file is empty; the history of a list is in the transcript only")
        return
    worst: dict[str | None, ListState] = {}
    for state in states:
        lasting = _lasts(case, state, lasting_s, later_calls)
        if (
            len(state.items) > 1
            and lasting
            and len(state.items) > len(getattr(worst.get(state.agent_id), "items", ()))
        ):
            worst[state.agent_id] = state
    for state in worst.values():
        yield _hit(case, state, medium_from, high_from)


def _lasts(case: Case, state: ListState, lasting_s: float, later_calls: int) -> bool:
    if state.until is None:
        return True
    seconds = _seconds(case, state)
    return (seconds is not None and seconds >= lasting_s) or _calls_during(case, state) >= later_calls


def _seconds(case: Case, state: ListState) -> float | None:
    end = state.until or (case.span[1] if not state.from_file else None)
    return round((end - state.since).total_seconds(), 1) if state.since and end else None


def _calls_during(case: Case, state: ListState) -> int:
    agent = pl.col("agent_id").is_null() if state.agent_id is None else pl.col("agent_id") == state.agent_id
    calls = case.of(K.TOOL_CALL, K.AGENT_SPAWN).filter(agent)
    after = calls.filter(pl.col("ts") >= state.since) if state.since else calls
    return (after.filter(pl.col("ts") < state.until) if state.until else after).height


def _hit(case: Case, state: ListState, medium_from: int, high_from: int) -> Hit:
    n = len(state.items)
    seconds = _seconds(case, state)
    alive = _alive_during(case, state)
    step = 3 if n >= high_from else 2 if n >= medium_from else 1
    softer = (alive >= n) + state.shared
    who = agent_name(case, state.agent_id)
    ends = "until the record ends" if state.until is None else f"until {clock_time(state.until)}"
    cites = tuple(
        Cite(e, '"in_progress"' if len(state.events) == 1 else None) for e in dict.fromkeys(state.events)
    )
    lasted = f"{seconds:g} s, {ends}" if seconds is not None else ends
    statements = [
        Statement(
            Slot.HAPPENED,
            Claim.OBSERVED,
            f"The list of {who} has {n} of {state.total} items in progress at once",
            state.events,
        ),
        Statement(
            Slot.HAPPENED,
            Claim.DERIVED,
            f"The state lasted {lasted}"
            if not state.from_file
            else "The file shows the list's last state; since when is not recorded",
            state.events,
        ),
    ]
    if alive:
        statements.append(
            Statement(
                Slot.WHY,
                Claim.DERIVED,
                f"{alive} subagent{'s' if alive > 1 else ''} ran meanwhile; {n} items were in progress",
            )
        )
    accepted = _accepted(case, state)
    if accepted is not None:
        statements.append(
            Statement(
                Slot.WHY, Claim.OBSERVED, "The tool accepted the list: the rule is not enforced", (accepted,)
            )
        )
        cites = (*cites, Cite(accepted))
    if state.until is None:
        statements.append(
            Statement(
                Slot.IMPACT,
                Claim.DERIVED,
                f"{n} items were still in progress at the end of the record: which of them was being worked on cannot be told from the list",
            )
        )
    return Hit(
        subject="|".join(sorted(state.items)),
        message=f"{n} todo items of {who} were in progress at once",
        claim=Claim.OBSERVED,
        cites=cites,
        facts={"in_progress": n, "items": list(state.items), "lasted_s": seconds, "agents_alive": alive},
        statements=tuple(statements),
        tables=(
            Table(
                "Items in progress",
                ("#", "item", "shown as"),
                tuple(
                    (str(i), c, a)
                    for i, (c, a) in enumerate(zip(state.items, state.active_forms, strict=True), 1)
                ),
            ),
        ),
        severity=STEPS[max(step - softer, 0)],
        agent_id=state.agent_id,
    )


def _alive_during(case: Case, state: ListState) -> int:
    if state.since is None:
        return 0
    until = state.until or horizon(case)
    return sum(
        1 for a in spawned(case) if a.start and a.start < until and (a.end or horizon(case)) > state.since
    )


def _accepted(case: Case, state: ListState) -> int | None:
    if state.from_file or state.shared:
        return None
    call = case.event(state.events[0])["correlation_id"]
    answers = case.of(K.TOOL_RESULT).filter((pl.col("correlation_id") == call) & (pl.col("status") == "ok"))
    return answers["event_id"][0] if answers.height else None
