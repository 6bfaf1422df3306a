"""Tasks that wait for others (2.1.16 on), and those that were begun before these were done.

A link stands in TaskUpdate's ``addBlockedBy`` or, seen from the other task, ``addBlocks``; a task's file has both. The
list is replayed from the calls, and judged after each message: two calls of one message are one step. Files tell only
where no call does: they hold the last state.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Row, Source
from forensics.session.lists.todo_lists import BUSY, CHANGES, CREATED, results_of, was_refused
from forensics.session.model.case import Case

OPEN = ("pending", BUSY)


@dataclass(slots=True, kw_only=True)
class Task:
    """One task as the calls leave it; ``links`` maps the tasks that it waits for to the records that say so."""

    number: str
    subject: str
    status: str | None = None  # null: neither its creation nor a status of it stands in the record
    event: int = 0  # the record of its status
    links: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name the task for people."""
        return f"#{self.number} “{self.subject}”"


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyStart:
    """A task that was in progress while tasks that it waits for were not done."""

    task: str
    subject: str
    waits_for: tuple[str, ...]
    agent_id: str | None
    at: datetime | None
    events: tuple[int, ...]  # the start first, then the links and the other tasks' last changes
    from_file: bool

    @property
    def name(self) -> str:
        """Name the task for people."""
        return f"#{self.task} “{self.subject}”"


def has_links(case: Case) -> bool:
    """Say whether any task waits for another."""
    return not case.todos.is_empty() and not _linked(case.todos).is_empty()


def is_order_hidden(case: Case) -> bool:
    """Say whether the completion of a task that another waits for may stand in what an excerpt leaves out."""
    return has_links(case) and case.is_partly_told(case.of(K.TASK_UPDATE))


def _linked(todos: pl.DataFrame) -> pl.DataFrame:
    return todos.filter((pl.col("blocked_by").list.len() > 0) | (pl.col("blocks").list.len() > 0))


def early_starts(case: Case) -> list[EarlyStart]:
    """Return the tasks that were begun out of order, each once."""
    if not has_links(case):
        return []
    changes = case.of(*CHANGES).filter(pl.col("source") == Source.TRANSCRIPT.value)
    found = list(_from_calls(case, changes)) if not changes.is_empty() else list(_from_files(case))
    return list({(e.task, e.subject): e for e in reversed(found)}.values())[::-1]


def _with_items(case: Case, changes: pl.DataFrame) -> pl.DataFrame:
    columns = ("event_id", "item_id", "content", "blocked_by", "blocks", state := "state")
    items = case.todos.rename({"status": state}).select(columns)
    return changes.join(items, on="event_id", maintain_order="left")


def _from_calls(case: Case, changes: pl.DataFrame) -> Iterator[EarlyStart]:
    results, tasks = results_of(case), dict[str, Task]()
    rows = _with_items(case, changes.sort("ts", "event_id")).iter_rows(named=True)
    taken = (row for row in rows if not was_refused(row, results))
    for _, message in groupby(taken, key=lambda row: row["message_id"] or row["event_id"]):
        begun: list[tuple[Task, Row]] = []
        for row in message:
            result = results.get(row["correlation_id"])
            task = _change(tasks, row, str(result["message"]) if result else "")
            if row["state"] == BUSY:
                begun.append((task, row))
        for task, row in begun:
            yield from _early(tasks, task, row, from_file=False)


def _change(tasks: dict[str, Task], row: Row, result: str) -> Task:
    """Apply one call. A new task may have the number of one in a list that was cleared."""
    created = CREATED.match(result)
    number = row["item_id"] or (created.group(1) if created else str(len(tasks) + 1))
    known = tasks.get(number)
    is_new = row["kind"] == K.TASK_CREATE.value
    if known is None or is_new:
        status = "pending" if is_new else None
        known = tasks[number] = Task(number=number, subject=row["content"] or f"task {number}", status=status)
    known.subject = row["content"] or known.subject
    if row["state"]:
        known.status = row["state"]
    if row["state"] or not known.event:
        known.event = row["event_id"]
    known.links |= dict.fromkeys(row["blocked_by"] or (), row["event_id"])
    for waiting in row["blocks"] or ():
        other = tasks.setdefault(waiting, Task(number=waiting, subject=f"task {waiting}"))
        other.links[number] = row["event_id"]
    return known


def _early(tasks: dict[str, Task], task: Task, row: Row, *, from_file: bool) -> Iterator[EarlyStart]:
    waits_for = [tasks[n] for n in task.links if n in tasks and tasks[n].status in OPEN]
    if task.status != BUSY or not waits_for:
        return
    about = [e for other in waits_for for e in (task.links[other.number], other.event) if e]
    yield EarlyStart(
        task=task.number,
        subject=task.subject,
        waits_for=tuple(other.name for other in waits_for),
        agent_id=row["agent_id"],
        at=row["ts"],
        events=tuple(dict.fromkeys((row["event_id"], *about))),
        from_file=from_file,
    )


def _from_files(case: Case) -> Iterator[EarlyStart]:
    files = case.of(K.TODO_SNAPSHOT).filter(pl.col("source") == Source.TASK_FILE.value)
    rows = _with_items(case, files).rows(named=True)
    tasks: dict[str, Task] = {}
    for row in rows:
        _change(tasks, row, "")
    for row in rows:
        yield from _early(tasks, tasks[row["item_id"]], row, from_file=True)
