"""The states of todo lists over time, from both generations of the tool.

TodoWrite gives the whole list with each call. TaskCreate and TaskUpdate (2.1.16 on) change one shared list
item by item, so the state is replayed and judged after each message: two calls of one message are one step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import polars as pl

from forensics.case import Case
from forensics.schema import EventKind as K
from forensics.schema import Source

CREATED = re.compile(r"^Task #(\d+) created")
CHANGES = (K.TASK_CREATE, K.TASK_UPDATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListState:
    """What one agent had in progress from ``since`` until ``until`` (null: until the record ends)."""

    agent_id: str | None
    items: tuple[str, ...]  # in progress, in the list's order
    active_forms: tuple[str, ...]
    total: int
    since: datetime | None
    until: datetime | None
    events: tuple[int, ...]  # the records that made the state
    shared: bool  # the list of TaskCreate/TaskUpdate, which all agents share
    from_file: bool


def list_states(case: Case) -> list[ListState]:
    """Return all states, those of each agent in order of time."""
    states = [*_todo_write_states(case), *_task_states(case)]
    told = {s.agent_id for s in states}
    return states + [s for s in _file_states(case) if s.agent_id not in told or not states]


def _todo_write_states(case: Case) -> Iterator[ListState]:
    snapshots = (
        case.of(K.TODO_SNAPSHOT).filter(pl.col("source") == Source.TRANSCRIPT.value).sort("ts", "event_id")
    )
    for _, rows in snapshots.group_by("agent_id", maintain_order=True):
        events = rows.rows(named=True)
        for row, following in pairwise([*events, None]):
            if row is not None:
                yield _state(case, row, following["ts"] if following else None, from_file=False)


def _state(case: Case, row: dict[str, object], until: object, *, from_file: bool) -> ListState:
    items = case.todos.filter(pl.col("event_id") == row["event_id"]).sort("position")
    busy = items.filter(pl.col("status") == "in_progress")
    return ListState(
        agent_id=row["agent_id"],
        items=tuple(busy["content"].fill_null("?")),
        active_forms=tuple(busy["active_form"].fill_null("")),
        total=items.height,
        since=row["ts"],
        until=until,
        events=(row["event_id"],),
        shared=False,
        from_file=from_file,
    )


@dataclass(slots=True)
class _Item:
    content: str
    active_form: str
    status: str
    agent_id: str | None
    event: int


def _task_states(case: Case) -> Iterator[ListState]:
    """Replay the shared list; an item without owner belongs to the agent that set it in progress."""
    changes = (
        case.of(*CHANGES)
        .filter(pl.col("source") == Source.TRANSCRIPT.value)
        .sort("ts", "event_id")
        .join(
            case.todos.select("event_id", "item_id", "content", "active_form", "owner"),
            on="event_id",
            maintain_order="left",
        )
    )
    if changes.is_empty():
        return
    results = {
        r["correlation_id"]: r
        for r in case.of(K.TOOL_RESULT).select("correlation_id", "message", "status").iter_rows(named=True)
    }
    items: dict[str, _Item] = {}
    steps: list[tuple[datetime | None, dict[str | None, tuple[_Item, ...]]]] = []
    last_message: object = None
    for row in changes.iter_rows(named=True):
        result = results.get(row["correlation_id"])
        if result is not None and result["status"] == "error":
            continue
        _change(items, row, str(result["message"]) if result else "")
        if row["message_id"] is not None and row["message_id"] == last_message:
            steps.pop()
        last_message = row["message_id"]
        steps.append((row["ts"], _busy(items)))
    yield from _changes_of_each(steps, len(items))


def _change(items: dict[str, _Item], row: dict[str, object], result: str) -> None:
    created = CREATED.match(result)
    number = str(row["item_id"] or (created.group(1) if created else len(items) + 1))
    item = items.setdefault(number, _Item(str(row["content"] or f"task {number}"), "", "pending", None, 0))
    if row["content"]:
        item.content = str(row["content"])
    if row["active_form"]:
        item.active_form = str(row["active_form"])
    if row["status"]:
        item.status = str(row["status"])
        item.event = int(str(row["event_id"]))
        if item.status == "in_progress":
            item.agent_id = str(row["owner"]) if row["owner"] else row["agent_id"]  # type: ignore[assignment]


def _busy(items: dict[str, _Item]) -> dict[str | None, tuple[_Item, ...]]:
    busy: dict[str | None, list[_Item]] = {}
    for item in items.values():
        if item.status == "in_progress":
            copy = _Item(item.content, item.active_form, item.status, item.agent_id, item.event)
            busy.setdefault(item.agent_id, []).append(copy)
    return {agent: tuple(found) for agent, found in busy.items()}


def _changes_of_each(
    steps: list[tuple[datetime | None, dict[str | None, tuple[_Item, ...]]]], total: int
) -> Iterator[ListState]:
    """Cut each agent's history where its own items change."""
    for agent in dict.fromkeys(a for _, busy in steps for a in busy):
        history: list[tuple[datetime | None, tuple[_Item, ...]]] = []
        for since, busy in steps:
            mine = busy.get(agent, ())
            if not history or [i.event for i in history[-1][1]] != [i.event for i in mine]:
                history.append((since, mine))
        for now, following in pairwise([*history, None]):
            if now is None or not now[1]:
                continue
            yield ListState(
                agent_id=agent,
                items=tuple(i.content for i in now[1]),
                active_forms=tuple(i.active_form for i in now[1]),
                total=total,
                since=now[0],
                until=following[0] if following else None,
                events=tuple(i.event for i in now[1]),
                shared=True,
                from_file=False,
            )


def _file_states(case: Case) -> Iterator[ListState]:
    """Todo files hold only the last state, without a time; task files hold one item each."""
    files = case.of(K.TODO_SNAPSHOT).filter(pl.col("source") == Source.TODO_FILE.value)
    for row in files.iter_rows(named=True):
        yield _state(case, row, None, from_file=True)
    tasks = case.of(K.TODO_SNAPSHOT).filter(pl.col("source") == Source.TASK_FILE.value).select("event_id")
    items = (
        tasks.join(case.todos, on="event_id")
        .with_columns(number=pl.col("item_id").cast(pl.Int64, strict=False))
        .sort("number")
    )
    for (owner,), rows in items.filter(pl.col("status") == "in_progress").group_by(
        "owner", maintain_order=True
    ):
        yield ListState(
            agent_id=owner,
            items=tuple(rows["content"].fill_null("?")),
            active_forms=tuple(rows["active_form"].fill_null("")),
            total=items.height,
            since=None,
            until=None,
            events=tuple(rows["event_id"]),
            shared=True,
            from_file=True,
        )
