"""Lists that have several items in progress and stay so: for how long, and which agents were alive meanwhile."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from forensics.schema import EventKind as K
from forensics.session.agents.overlap import horizon, max_overlap, spawned
from forensics.session.lists.todo_lists import ListState, list_states
from forensics.session.model.agents import AgentLife
from forensics.session.model.case import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdedList:
    """A state of a list with several items in progress."""

    state: ListState
    lasted_s: float | None
    end_event: int | None  # by which its end is known
    with_agent: bool  # it ended with its agent, before the record does
    helpers: tuple[AgentLife, ...]  # the subagents that were alive during it
    most_helpers: int  # at one moment
    accepted: int | None  # the answer by which the tool took the list

    @property
    def is_owned(self) -> bool:
        """Say whether it is known whose items these are: a task's file may name no owner."""
        state = self.state
        return not (state.from_file and state.shared and state.agent_id is None)

    @property
    def span(self) -> tuple[int | None, ...]:
        """Return the records between which it lasted."""
        return *self.state.events, self.end_event

    @property
    def beside(self) -> tuple[int | None, ...]:
        """Return the records of the list, and of the spawns of the agents that were alive meanwhile."""
        return *self.state.events, *(a.spawn_event for a in self.helpers)


def crowded_lists(case: Case, *, lasting_s: float, later_calls: int) -> list[CrowdedList]:
    """Return, of each agent, the state with the most items in progress that lasts: so long, or so many calls."""
    states = [s for s in list_states(case) if len(s.items) > 1]
    calls = _call_times(case) if states else {}
    worst: dict[str | None, ListState] = {}
    for state in states:
        known = worst.get(state.agent_id)
        if known is not None and len(state.items) <= len(known.items):
            continue
        if _lasts(case, state, calls.get(state.agent_id, []), lasting_s, later_calls):
            worst[state.agent_id] = state
    return [_crowded(case, state) for state in worst.values()]


def _crowded(case: Case, state: ListState) -> CrowdedList:
    helpers = _alive_during(case, state)
    return CrowdedList(
        state=state,
        lasted_s=_seconds(case, state),
        end_event=_end_event(case, state),
        with_agent=_ended_with_agent(case, state),
        helpers=tuple(helpers),
        most_helpers=max_overlap(helpers, horizon(case)),
        accepted=_accepted(case, state),
    )


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
    life = _life_of(case, state)
    return case.span[1] if life is None else life.end or life.last_seen or case.span[1]


def _end_event(case: Case, state: ListState) -> int | None:
    """Return the record by which the state's end is known: the next list's, or the agent's or session's last."""
    if state.until_event is not None or state.from_file:
        return state.until_event
    life = _life_of(case, state)
    own = (life.end_event or life.last_event) if life is not None else None
    return own or case.ending.last_event


def _ended_with_agent(case: Case, state: ListState) -> bool:
    life = _life_of(case, state) if state.until_event is None and not state.from_file else None
    return life is not None and life.end_event is not None


def _life_of(case: Case, state: ListState) -> AgentLife | None:
    return case.life_of(state.agent_id) if state.agent_id is not None else None


def _seconds(case: Case, state: ListState) -> float | None:
    end = _end(case, state)
    return round((end - state.since).total_seconds(), 1) if state.since and end else None


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
