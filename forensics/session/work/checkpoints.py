"""Moments from which a session's work could be taken up, and the calls after one that may have changed files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Row, Source
from forensics.session.files.read_only import commits, is_read_only
from forensics.session.model.case import Case
from forensics.session.model.files import WRITE_TOOLS
from forensics.session.work.open_work import unexplained_writes

COMMIT = "a git commit"
WORDS = {
    K.TODO_SNAPSHOT: "a todo list",
    K.TASK_CREATE: "a change of the task list",
    K.TASK_UPDATE: "a change of the task list",
    K.COMPACTION: "the summary of a compaction",
    K.SESSION_START: "the start of a process",
}
APPROVED = "ExitPlanMode"
# files that hold a plan, or notes to go on from
NOTES = re.compile(
    r"(?:^|/)plans/[^/]+\.md$"
    r"|(?:^|/)[^/]*(?:plan|notes?|todo|progress|hand-?(?:off|over)|checkpoint|status|roadmap)[^/]*\.(?:md|txt)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A moment from which the work could be taken up; ``what`` says in a few words what makes it one."""

    ts: datetime | None
    event: int
    what: str


@dataclass(frozen=True, slots=True)
class SinceCheckpoint:
    """What was done between the last checkpoint, or the record's begin where there is none, and its end."""

    point: Checkpoint | None
    committed: bool  # whether any checkpoint is a commit
    changes: tuple[int, ...]
    age_s: float | None  # null where the records carry no times

    @property
    def what(self) -> str | None:
        """Return what makes the last checkpoint one."""
        return None if self.point is None else self.point.what

    @property
    def event(self) -> int | None:
        """Return the record of the last checkpoint."""
        return None if self.point is None else self.point.event


def since_checkpoint(case: Case) -> SinceCheckpoint:
    """Return what may have changed since the last checkpoint, and how long before the end that was."""
    points = checkpoints(case)
    point = points[-1] if points else None
    begin, end = (point.ts if point is not None else case.span[0]), case.ending.last_ts
    return SinceCheckpoint(
        point=point,
        committed=any(p.what == COMMIT for p in points),
        changes=tuple(changes_since(case, point)),
        age_s=None if begin is None or end is None else (end - begin).total_seconds(),
    )


def checkpoints(case: Case) -> list[Checkpoint]:
    """Return the checkpoints in order; without times, in that of their records."""
    calls = (K.TOOL_CALL, K.TODO_SNAPSHOT, K.TASK_CREATE, K.TASK_UPDATE)
    of_note = (
        (pl.col("kind") != K.TOOL_CALL.value)
        | (pl.col("tool") == APPROVED)
        | pl.col("path").is_not_null()
        | pl.col("command").str.contains(r"\bcommit\b")
    )
    told = case.of(*calls).filter((pl.col("source") == Source.TRANSCRIPT.value) & of_note)
    answers = (
        case.of(K.TOOL_RESULT)
        .select("correlation_id", answer="status")
        .unique("correlation_id", keep="first", maintain_order=True)
    )
    joined = told.join(answers, on="correlation_id", how="left", maintain_order="left")
    found = [
        Checkpoint(row["ts"], row["event_id"], what)
        for row in joined.iter_rows(named=True)
        if (what := _what(row)) is not None
    ]
    others = case.of(K.COMPACTION, K.SESSION_START)
    found += [
        Checkpoint(ts, event, WORDS[K(kind)])
        for ts, event, kind in others.select("ts", "event_id", "kind").iter_rows()
    ]
    return sorted(found, key=lambda c: (c.ts is not None, c.ts, c.event))


def _what(call: Row) -> str | None:
    kind = K(call["kind"])
    if kind is not K.TOOL_CALL:
        return WORDS[kind] if call["answer"] != "error" else None
    if call["answer"] != "ok":
        return None
    if call["tool"] == APPROVED:
        return "an approved plan"
    if call["tool"] in WRITE_TOOLS:
        return "a plan or notes file" if NOTES.search(call["path"]) else None
    return COMMIT if call["command"] and commits(call["command"]) else None


def changes_since(case: Case, point: Checkpoint | None) -> list[int]:
    """Return the records after a checkpoint that may stand for changed files: calls, and the client's own lines."""
    calls = case.of(K.TOOL_CALL).filter(_after(point))
    own = calls.filter(pl.col("tool").is_in([*WRITE_TOOLS, "Bash"]))
    refused = case.of(K.TOOL_RESULT).filter(pl.col("status") == "error")["correlation_id"]
    changing = [row["event_id"] for row in own.iter_rows(named=True) if _may_change(row, set(refused))]
    written = case.of(K.DISK_WRITE).filter(
        _after(point) & pl.col("event_id").is_in(list(unexplained_writes(case).values()))
    )
    return [*changing, *written["event_id"]]


def _may_change(call: Row, refused: set[str]) -> bool:
    if call["tool"] == "Bash":  # a command that failed may have changed something before
        return not is_read_only(call["command"] or "")
    return call["correlation_id"] not in refused


def _after(point: Checkpoint | None) -> pl.Expr:
    if point is None:
        return pl.lit(value=True)
    if point.ts is None:
        return pl.col("event_id") > point.event
    return pl.col("ts") > point.ts


def is_open_commit(case: Case) -> bool:
    """Say whether the record ends inside a git commit."""
    inside = case.of(K.TOOL_CALL).filter(pl.col("event_id").is_in(list(case.ending.open_calls)))
    return any(commits(command) for command in inside["command"].drop_nulls())
