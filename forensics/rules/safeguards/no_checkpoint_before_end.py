"""CCF304: the session died long after its last checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
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
)
from forensics.session.lists.todo_lists import BUSY, open_items
from forensics.session.model.case import Case
from forensics.session.model.ending import DIED
from forensics.session.work.checkpoints import COMMIT, Checkpoint, changes_since, checkpoints, is_open_commit
from forensics.text.clock_time import clock_time
from forensics.text.durations import duration

SHOWN = 10  # changes that are cited

GUIDANCE = Guidance(
    contract="Work is put where a new session can take it up, every few minutes and before anything risky.",
    immediate=(
        "Compare the working tree (`git status`, `git diff`) with the last checkpoint, and commit what is good",
        "Resume with `claude --resume`: the transcript is still there, and from 2.0 on /rewind restores files",
    ),
    this_week=("Commit from a PostToolUse hook after every few edits, on a branch of its own",),
    avoid="Work for long on a list that was last touched before it",
    instead="Commit and update the list after each finished part, and before starting agents or long commands",
    before=("Start from a clean working tree, on a branch",),
    during=("Commit after each part; set the list to what is really being done",),
    after=("Go on from the last commit and from the list, not from memory",),
    metric="When a session died, its last checkpoint was less than five minutes old, or nothing had changed since",
)


@rule(
    code="CCF304",
    name="no-checkpoint-before-end",
    title="No checkpoint before the session died",
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    topic="3.4",
    any_of=frozenset({Source.TRANSCRIPT}),
    guidance=GUIDANCE,
    related=("CCF901", "CCF305"),
)
def no_checkpoint_before_end(case: Case, *, age_s: float = 300.0, medium_from: int = 5) -> Iterator[Said]:
    """Find a session that died long after its last checkpoint, with files changed since.

    ## What it detects
    Only where the end is CRASHED, KILLED or TRUNCATED. Checkpoints are: a git commit that succeeded, a todo list or a
    change of a task, a plan that was approved, a successful write of a plan or notes file, a compaction (its summary
    is one), and the start of a process (a resumed session goes on from what it read). Fires where the last one is
    more than ``age_s`` seconds older than the last record and at least one call since may have changed files:
    Write, Edit, MultiEdit, NotebookEdit, a shell command that is not known to only look or check, or a file that the
    client's log shows written. Medium from ``medium_from`` changes on, or where items were in progress and nothing
    was committed in the whole session.

    ## Why it matters
    What was done since the checkpoint has to be found out again. Measured on public sessions: 15 of 20 that died
    had such a gap, 5 of 211 that ended normally. The transcript is not lost: claude --resume reads it.

    ## How to fix
    Commit and update the list every few minutes, and before anything risky.

    ## Known misses
    Headless streams carry no times: there the age is not known. Nor is it known, where the record ends inside a git
    commit, whether that was made. Tools of MCP servers count neither as change nor as checkpoint. A commit that a
    script makes is not seen, nor what an agent did that left no transcript (up to 2.0.24), but for the files that
    the client's log names. The age counts the time in which the user was away.
    """
    if case.ending.verdict not in DIED:
        yield NotApplicable(f"the session did not die at work: its end is {case.ending.verdict}")
        return
    files = set(case.events.filter(pl.col("source") == Source.TRANSCRIPT.value)["file"])
    if files <= case.excerpts:
        yield Insufficient("the transcript is an excerpt: a checkpoint may stand in what was left out")
        return
    points = checkpoints(case)
    point = points[-1] if points else None
    changes = changes_since(case, point)
    if not changes:
        return
    begin, end = (point.ts if point is not None else case.span[0]), case.ending.last_ts
    if begin is None or end is None:
        yield Insufficient(
            f"the records carry no times: how old {_named(point)} was at the end is not known; "
            f"{_changes(len(changes))} came after it"
        )
        return
    age = (end - begin).total_seconds()
    if age <= age_s:
        return
    if is_open_commit(case):
        yield Insufficient("the record ends inside a git commit: git log tells whether it was made")
    else:
        yield _hit(case, points, changes, age, medium_from)


def _named(point: Checkpoint | None) -> str:
    return (
        f"the last checkpoint ({point.what})" if point is not None else "the record, which has no checkpoint,"
    )


def _changes(n: int) -> str:
    return f"{n} calls that may have changed files" if n > 1 else "1 call that may have changed files"


def _hit(
    case: Case, points: Sequence[Checkpoint], changes: Sequence[int], age: float, medium_from: int
) -> Hit:
    point = points[-1] if points else None
    busy = [i for i in open_items(case) if i.status == BUSY]
    uncommitted = bool(busy) and not any(p.what == COMMIT for p in points)
    last = () if case.ending.last_event is None else (case.ending.last_event,)
    since = () if point is None else (point.event,)
    items = tuple(dict.fromkeys(i.event for i in busy))
    message = (
        f"the last checkpoint ({point.what}) is" if point else "there is no checkpoint; the record begins"
    )
    return Hit(
        subject=point.what if point is not None else "no checkpoint",
        message=f"{message} {duration(age, digits=0)} before the end, and {_changes(len(changes))} came after it",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in dict.fromkeys((*since, *changes[:SHOWN], *last))),
        facts={
            "age_s": round(age, 1),
            "changes": len(changes),
            "checkpoint": point.what if point is not None else None,
            "committed": any(p.what == COMMIT for p in points),
            "in_progress": [i.content for i in busy],
        },
        statements=tuple(_statements(case, point, changes, age, items)),
        severity=Severity.MEDIUM if len(changes) >= medium_from or uncommitted else Severity.LOW,
    )


def _statements(
    case: Case, point: Checkpoint | None, changes: Sequence[int], age: float, busy: tuple[int, ...]
) -> Iterator[Statement]:
    last = () if case.ending.last_event is None else (case.ending.last_event,)
    shown = tuple(changes[:SHOWN])
    early = duration(age, digits=0)
    if point is not None:
        text = f"The last checkpoint is {point.what} at {clock_time(point.ts)}, {early} before the end"
        yield Statement(Slot.HAPPENED, Claim.DERIVED, text, (point.event, *last))
    else:
        text = f"No checkpoint is in the record, which begins {early} before its end"
        yield Statement(Slot.HAPPENED, Claim.DERIVED, text, last or shown)
    text = f"{_changes(len(changes)).capitalize()} came after it"
    yield Statement(Slot.HAPPENED, Claim.DERIVED, text, shown)
    text = "What was done since has to be found out again from the transcript and the working tree"
    yield Statement(Slot.IMPACT, Claim.DERIVED, text, shown)
    if busy:
        text = "Items were in progress at the end, and which of them the changes belong to is not recorded"
        yield Statement(Slot.IMPACT, Claim.DERIVED, text, busy)
