"""The states of todo lists over time, from both generations of the tool.

TodoWrite gives the whole list with each call. TaskCreate and TaskUpdate (2.1.16 on) change one shared list
item by item, so the state is replayed and judged after each message: two calls of one message are one step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Row, Source
from forensics.session.model.agents import AgentEnd
from forensics.session.model.case import Case, per_case

CREATED = re.compile(r"^Task #(\d+) created")
CHANGES = (K.TASK_CREATE, K.TASK_UPDATE)
LISTS = (K.TODO_SNAPSHOT, *CHANGES)
BUSY = "in_progress"
OPEN = (BUSY, "pending")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListState:
    """What one agent had in progress from ``since`` until ``until`` (null: until the record ends)."""

    agent_id: str | None  # of a shared list: the item's owner, by the name that the list gives it
    items: tuple[str, ...]  # in progress, in the list's order
    active_forms: tuple[str, ...]
    total: int
    since: datetime | None
    until: datetime | None
    until_event: int | None  # the record that ended it
    events: tuple[int, ...]  # the records that made the state
    shared: bool  # the list of TaskCreate/TaskUpdate, which all agents share
    from_file: bool


@per_case
def list_states(case: Case) -> tuple[ListState, ...]:
    """Return all states, those of each agent in order of time.

    A file tells only where the transcript does not: of an agent whose lists it does not hold.
    """
    states = [*_todo_write_states(case), *_task_states(case)]
    told = {s.agent_id for s in states}
    lists = {s.items for s in states}
    shared = any(s.shared for s in states)
    in_files = (
        s
        for s in _file_states(case)
        if s.agent_id not in told and not (s.shared and shared) and not (s.items and s.items in lists)
    )
    return (*states, *in_files)


def last_in_progress(case: Case, agent_id: str) -> ListState | None:
    """Return an agent's last list, if it has items in progress."""
    own = [s for s in list_states(case) if s.agent_id == agent_id]
    return own[-1] if own and own[-1].items and own[-1].until is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """An item that is not completed in the last state of its list; ``event`` is the record that shows it."""

    agent_id: str | None  # of a shared list: as in ``ListState``
    content: str
    status: str
    event: int


@per_case
def open_items(case: Case) -> tuple[OpenItem, ...]:
    """Return the items in progress or pending in the last list of each agent, and in the list that all share.

    What an agent that has returned left open in a list of its own is its parent's to judge. Files tell only where
    the transcript does not.
    """
    lists = case.of(K.TODO_SNAPSHOT).filter(pl.col("tool") == "TodoWrite")
    told = lists.filter(pl.col("source") == Source.TRANSCRIPT.value)
    if not told.is_empty():
        results = results_of(case)
        refused = [r["event_id"] for r in told.iter_rows(named=True) if was_refused(r, results)]
        told = told.filter(~pl.col("event_id").is_in(refused))
    shared = _open_tasks(case)
    done = [a.agent_id for a in case.agents if a.outcome is AgentEnd.COMPLETED]
    latest = (
        (told if not told.is_empty() or shared is not None else lists)
        .filter(pl.col("agent_id").is_null() | ~pl.col("agent_id").is_in(done))
        .sort("ts", "event_id", nulls_last=False)
        .unique("agent_id", keep="last", maintain_order=True)
    )
    if latest.is_empty() and shared is None:
        latest = case.of(K.TODO_SNAPSHOT).filter(pl.col("source") == Source.TASK_FILE.value)
    items = (
        latest.select("event_id", "agent_id")
        .join(case.todos, on="event_id", maintain_order="left")
        .filter(pl.col("status").is_in(OPEN))
        .sort("agent_id", pl.col("item_id").cast(pl.Int64, strict=False), "position", nulls_last=False)
    )
    own = (
        OpenItem(agent_id=r["agent_id"], content=r["content"] or "?", status=r["status"], event=r["event_id"])
        for r in items.iter_rows(named=True)
    )
    return (*own, *(shared or ()))


def _open_tasks(case: Case) -> tuple[OpenItem, ...] | None:
    """Return the items of the shared list that are open after its last change; null where nothing changed it."""
    items: Mapping[str, _Item] | None = None
    for _, changed in _replayed(case):
        items = changed
    if items is None:
        return None
    return tuple(
        OpenItem(agent_id=i.agent_id, content=i.content, status=i.status, event=i.event)
        for i in items.values()
        if i.status in OPEN
    )


def results_of(case: Case) -> dict[str, Row]:
    """Return the answers of all calls, by the calls' ids."""
    rows = case.of(K.TOOL_RESULT).select("correlation_id", "message", "status").iter_rows(named=True)
    return {r["correlation_id"]: r for r in rows if r["correlation_id"] is not None}


def was_refused(row: Row, results: Mapping[str, Row]) -> bool:
    """Say whether a call was answered by an error: then it changed nothing."""
    result = results.get(row["correlation_id"])
    return result is not None and result["status"] == "error"


def _todo_write_states(case: Case) -> Iterator[ListState]:
    if case.of(K.TODO_SNAPSHOT).is_empty():
        return
    snapshots = (
        case.of(K.TODO_SNAPSHOT).filter(pl.col("source") == Source.TRANSCRIPT.value).sort("ts", "event_id")
    )
    if snapshots.is_empty():
        return
    results = results_of(case)
    items = items_by_event(case)
    for _, rows in snapshots.group_by("agent_id", maintain_order=True):
        events = [r for r in rows.iter_rows(named=True) if not was_refused(r, results)]
        for row, following in pairwise([*events, None]):
            if row is not None:
                yield _state(row, items.get(row["event_id"], []), following, from_file=False)


def items_by_event(case: Case) -> dict[int, list[Row]]:
    """Return the items of each list, in the list's order."""
    found: dict[int, list[Row]] = {}
    for row in case.todos.sort("event_id", "position").iter_rows(named=True):
        found.setdefault(row["event_id"], []).append(row)
    return found


def _state(row: Row, items: Sequence[Row], following: Row | None, *, from_file: bool) -> ListState:
    busy = [i for i in items if i["status"] == BUSY]
    return ListState(
        agent_id=row["agent_id"],
        items=tuple(i["content"] or "?" for i in busy),
        active_forms=tuple(i["active_form"] or "" for i in busy),
        total=len(items),
        since=row["ts"],
        until=following["ts"] if following else None,
        until_event=following["event_id"] if following else None,
        events=(row["event_id"],),
        shared=False,
        from_file=from_file,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    content: str
    active_form: str = ""
    status: str = "pending"
    owner: str | None = None  # as a call names it
    set_by: str | None = None  # the agent that set it in progress: it is its own where no owner is named
    event: int = 0

    @property
    def agent_id(self) -> str | None:
        return self.owner if self.owner is not None else self.set_by


@dataclass(frozen=True, slots=True)
class _SharedList:
    """The shared list after one message."""

    since: datetime | None
    busy: Mapping[str | None, tuple[_Item, ...]]
    total: int
    event: int  # the change that made it


def _replayed(case: Case) -> Iterator[tuple[Row, dict[str, _Item]]]:
    """Yield each change of the shared list that was not refused, and the items after it, which is one and the same."""
    if case.of(*CHANGES).is_empty():
        return
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
    results = results_of(case)
    items: dict[str, _Item] = {}
    for row in changes.iter_rows(named=True):
        if was_refused(row, results):
            continue
        result = results.get(row["correlation_id"])
        _change(items, row, str(result["message"]) if result else "")
        yield row, items


def _task_states(case: Case) -> Iterator[ListState]:
    """Replay the shared list and judge it after each message."""
    steps: list[_SharedList] = []
    last_message: str | None = None
    for row, items in _replayed(case):
        if row["message_id"] is not None and row["message_id"] == last_message:
            steps.pop()
        last_message = row["message_id"]
        total = sum(i.status != "deleted" for i in items.values())
        steps.append(_SharedList(row["ts"], _busy(items), total, row["event_id"]))
    yield from _changes_of_each(steps)


def _change(items: dict[str, _Item], row: Row, result: str) -> None:
    created = CREATED.match(result)
    number = row["item_id"] or (created.group(1) if created else str(len(items) + 1))
    item = items.get(number) or _Item(content=row["content"] or f"task {number}", event=row["event_id"])
    item = replace(
        item,
        content=row["content"] or item.content,
        active_form=row["active_form"] or item.active_form,
        owner=row["owner"] or item.owner,
    )
    if row["status"]:
        set_by = row["agent_id"] if row["status"] == BUSY else item.set_by
        item = replace(item, status=row["status"], event=row["event_id"], set_by=set_by)
    items[number] = item


def _busy(items: Mapping[str, _Item]) -> dict[str | None, tuple[_Item, ...]]:
    busy: dict[str | None, tuple[_Item, ...]] = {}
    for item in items.values():
        if item.status == BUSY:
            busy[item.agent_id] = (*busy.get(item.agent_id, ()), item)
    return busy


def _changes_of_each(steps: Sequence[_SharedList]) -> Iterator[ListState]:
    """Cut each agent's history where its own items change."""
    for agent in dict.fromkeys(a for step in steps for a in step.busy):
        history: list[_SharedList] = []
        for step in steps:
            mine = [i.event for i in step.busy.get(agent, ())]
            if not history or [i.event for i in history[-1].busy.get(agent, ())] != mine:
                history.append(step)
        for now, following in pairwise([*history, None]):
            if now is not None and now.busy.get(agent):
                yield _shared_state(agent, now, following)


def _shared_state(agent: str | None, step: _SharedList, following: _SharedList | None) -> ListState:
    items = step.busy[agent]
    return ListState(
        agent_id=agent,
        items=tuple(i.content for i in items),
        active_forms=tuple(i.active_form for i in items),
        total=step.total,
        since=step.since,
        until=following.since if following else None,
        until_event=following.event if following else None,
        events=tuple(i.event for i in items),
        shared=True,
        from_file=False,
    )


def _file_states(case: Case) -> Iterator[ListState]:
    """Todo files hold only the last state, without a time; task files hold one item each."""
    if not {Source.TODO_FILE, Source.TASK_FILE} & case.sources:
        return
    files = case.of(K.TODO_SNAPSHOT).filter(pl.col("source") == Source.TODO_FILE.value)
    items_of = items_by_event(case) if not files.is_empty() else {}
    for row in files.iter_rows(named=True):
        items = items_of.get(row["event_id"])
        if items:  # an empty file does not say whether there was a list
            yield _state(row, items, None, from_file=True)
    tasks = case.of(K.TODO_SNAPSHOT).filter(pl.col("source") == Source.TASK_FILE.value).select("event_id")
    shared = (
        tasks.join(case.todos, on="event_id")
        .with_columns(number=pl.col("item_id").cast(pl.Int64, strict=False))
        .sort("number")
    )
    for (owner,), rows in shared.filter(pl.col("status") == BUSY).group_by("owner", maintain_order=True):
        yield ListState(
            agent_id=str(owner) if owner is not None else None,
            items=tuple(rows["content"].fill_null("?")),
            active_forms=tuple(rows["active_form"].fill_null("")),
            total=shared.height,
            since=None,
            until=None,
            until_event=None,
            events=tuple(rows["event_id"]),
            shared=True,
            from_file=True,
        )
