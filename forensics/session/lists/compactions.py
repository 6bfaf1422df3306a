"""Compactions of an agent's context during which its list had items in progress."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Row, Source
from forensics.session.lists.todo_lists import LISTS, ListState, list_states
from forensics.session.model.case import Case

# whether a list is shared, whose it is otherwise, and what it names
_Name: TypeAlias = tuple[bool, str | None, str]


@dataclass(frozen=True, slots=True)
class BusyCompaction:
    """A compaction, the states of the agent's lists in which it falls, and their items that no list names after it."""

    agent_id: str | None
    event: int
    ts: datetime | None
    trigger: str | None
    tokens_before: int | None
    tokens_after: int | None  # up to 2.1.19 not recorded
    states: tuple[ListState, ...]
    lost: tuple[str, ...]

    @property
    def items(self) -> list[str]:
        """Return the items that were in progress."""
        return [item for state in self.states for item in state.items]

    @property
    def made(self) -> tuple[int, ...]:
        """Return the records that made the states."""
        return tuple(dict.fromkeys(e for state in self.states for e in state.events))


def compactions(case: Case) -> pl.DataFrame:
    """Return the compactions that a transcript tells of."""
    return case.of(K.COMPACTION).filter(pl.col("source") == Source.TRANSCRIPT.value)


def busy_compactions(case: Case, later_calls: int) -> Iterator[BusyCompaction]:
    """Yield the compactions while items were in progress.

    Where no list follows, one is expected to name the items after ``later_calls`` calls of other tools. A list in a
    file does not tell when its items were in progress.
    """
    states = _InForce([s for s in list_states(case) if s.items and not s.from_file])
    later = _Later(case)
    for row in compactions(case).iter_rows(named=True):
        busy = states.at(row)
        if busy:
            yield BusyCompaction(
                agent_id=row["agent_id"],
                event=row["event_id"],
                ts=row["ts"],
                trigger=row["status"],
                tokens_before=row["count"],
                tokens_after=row["tokens"],
                states=tuple(busy),
                lost=tuple(later.never_again(row, busy, later_calls)),
            )


class _InForce:
    """Finds the states in force at a moment. Those of one list and owner follow one another: one of them can be."""

    def __init__(self, states: Sequence[ListState]) -> None:
        self._of: dict[str | None, dict[bool, list[ListState]]] = {}
        for state in states:
            self._of.setdefault(state.agent_id, {}).setdefault(state.shared, []).append(state)
        self._since = {
            (agent, shared): [s.since for s in own if s.since is not None]
            for agent, lists in self._of.items()
            for shared, own in lists.items()
        }

    def at(self, compaction: Row) -> list[ListState]:
        """Return the states of the agent's lists in which a compaction falls."""
        found: list[ListState] = []
        for shared, own in self._of.get(compaction["agent_id"], {}).items():
            since = self._since[compaction["agent_id"], shared]
            if compaction["ts"] is not None and len(since) == len(own):
                behind = bisect_right(since, compaction["ts"])
                found += [s for s in own[max(0, behind - 1) : behind] if _holds(s, compaction)]
            else:
                found += [s for s in own if _holds(s, compaction)]
        return found


def _holds(state: ListState, compaction: Row) -> bool:
    """Say whether a state was in force: by the clock, or in a record without times by the order of lines."""
    at: datetime | None = compaction["ts"]
    if at is not None and state.since is not None:
        return state.since <= at and (state.until is None or at < state.until)
    here: int = compaction["event_id"]
    return max(state.events) < here and (state.until_event is None or here < state.until_event)


class _Later:
    """What the lists name after a moment, and how many calls an agent made: a session may be compacted often."""

    def __init__(self, case: Case) -> None:
        told = pl.col("source") == Source.TRANSCRIPT.value
        place = ["event_id", "ts", "agent_id", "kind"]
        calls = case.of(K.TOOL_CALL, K.AGENT_SPAWN).filter(told).select(place)
        lists = case.of(*LISTS).filter(told).select(place)
        items = case.todos.select("event_id", "position", "item_id", "content", "active_form")
        self._calls = {agent: part for (agent,), part in calls.partition_by("agent_id", as_dict=True).items()}
        self._named = lists.join(items, on="event_id", maintain_order="left")
        # the list of tasks is shared: whoever changes an item names it
        is_shared = pl.col("kind") != K.TODO_SNAPSHOT.value
        self._last = {
            column: _last_places(self._named.with_columns(shared=is_shared), column)
            for column in ("content", "active_form", "item_id", "kind")
        }

    def never_again(self, row: Row, busy: Sequence[ListState], later_calls: int) -> list[str]:
        """Return the items of the states that no list names after a compaction, where one would be expected to."""
        if not any(self._is_named(row, "kind", str(k)) for k in LISTS):
            calls = self._calls.get(row["agent_id"])
            if calls is None or calls.filter(_is_later(row)).height < later_calls:
                return []
        return [
            item
            for state in busy
            for n, (item, form) in enumerate(zip(state.items, state.active_forms, strict=True))
            if not self._is_named(row, "item_id", self._number(state, n))
            and not any(self._is_named(row, c, w) for c in ("content", "active_form") for w in (item, form))
        ]

    def _is_named(self, row: Row, column: str, words: str | None) -> bool:
        """Say whether a list of an agent's, or the shared one, names this after a compaction."""
        last = self._last[column]
        owners = ((False, row["agent_id"]), (True, None))
        places = (last.get((*owner, _plain(words))) for owner in owners) if words is not None else ()
        return any(
            (event > row["event_id"]) if row["ts"] is None else (ts is not None and ts > row["ts"])
            for ts, event in filter(None, places)
        )

    def _number(self, state: ListState, nth: int) -> str | None:
        """Return a shared item's number: the change that set it in progress has it."""
        if not state.shared:
            return None
        numbers = self._named.filter(pl.col("event_id") == state.events[nth])["item_id"].drop_nulls()
        return str(numbers[0]) if numbers.len() else None


def _plain(words: str) -> str:
    return " ".join(words.casefold().split())


def _last_places(named: pl.DataFrame, column: str) -> dict[_Name, tuple[datetime | None, int]]:
    """Return the latest time and the last record at which each list names each of the words of a column."""
    words = pl.col(column).cast(pl.String)
    owner = pl.when("shared").then(None).otherwise("agent_id")
    last = (
        named.filter(words.is_not_null())
        .group_by("shared", owner=owner, words=words)
        .agg(pl.col("ts").max(), pl.col("event_id").max())
    )
    found: dict[_Name, tuple[datetime | None, int]] = {}
    for shared, agent, text, ts, event in last.iter_rows():
        key = (shared, agent, _plain(text))
        before = found.get(key, (ts, event))
        times = [t for t in (ts, before[0]) if t is not None]
        found[key] = (max(times, default=None), max(event, before[1]))
    return found


def _is_later(row: Row) -> pl.Expr:
    column = "event_id" if row["ts"] is None else "ts"
    return pl.col(column) > pl.lit(row[column])
