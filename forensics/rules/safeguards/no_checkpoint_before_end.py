"""CCF304: the session died long after its last checkpoint. What it says of that stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Source, Statement, rule, words
from forensics.rulekit.names import clock_time
from forensics.session.lists.todo_lists import BUSY, open_items
from forensics.session.model.ending import DIED
from forensics.session.model.pauses import Pause
from forensics.session.work.checkpoints import SinceCheckpoint, is_open_commit, since_checkpoint
from forensics.text.durations import duration

SHOWN = 10  # changes that are cited
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF304",
    topic="3.4",
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    any_of=Source.TRANSCRIPT,
    reads=("tools", "files"),
    related=("CCF901", "CCF305"),
)
def no_checkpoint_before_end(case: Case, *, age_s: float = 300.0, medium_from: int = 5) -> Iterator[Said]:
    """Find a session that died long after its last checkpoint, with files changed since."""
    # a commit may copy the record as it is while it runs: then nobody knows that the session died
    if case.ending.verdict not in DIED and not (case.ending.pause is Pause.COPIES and is_open_commit(case)):
        yield TEXT.not_applicable("not-at-work", verdict=case.ending.verdict)
        return
    if case.is_excerpt_only(case.events.filter(pl.col("source") == Source.TRANSCRIPT.value)):
        yield TEXT.insufficient("excerpt")
        return
    since = since_checkpoint(case)
    if not since.changes:
        return
    if since.age_s is None:
        yield TEXT.insufficient(
            "no-times" if since.point else "no-times-no-checkpoint", what=since.what, changes=_changes(since)
        )
    elif since.age_s > age_s:
        open_commit = is_open_commit(case)
        yield TEXT.insufficient("open-commit") if open_commit else _hit(case, since, since.age_s, medium_from)


def _changes(since: SinceCheckpoint) -> str:
    n = len(since.changes)
    return TEXT.part("several-changes", n=n) if n > 1 else TEXT.part("one-change")


def _hit(case: Case, since: SinceCheckpoint, age: float, medium_from: int) -> Hit:
    busy = [i for i in open_items(case) if i.status == BUSY]
    uncommitted = bool(busy) and not since.committed
    say = TEXT.saying(
        what=since.what,
        at=clock_time(since.point.ts if since.point else None),
        age=duration(age, digits=0),
        changes=_changes(since),
    )
    return say.hit(
        "old" if since.point else "none",
        subject=since.what or "no checkpoint",
        cites=(since.event, *since.changes[:SHOWN], case.ending.last_event),
        facts={
            "age_s": round(age, 1),
            "changes": len(since.changes),
            "checkpoint": since.what,
            "committed": since.committed,
            "in_progress": [i.content for i in busy],
        },
        statements=_statements(case, since, say, [i.event for i in busy]),
        severity=Severity.MEDIUM if len(since.changes) >= medium_from or uncommitted else Severity.LOW,
    )


def _statements(case: Case, since: SinceCheckpoint, say: Saying, busy: list[int]) -> Iterator[Statement]:
    last, shown = case.ending.last_event, since.changes[:SHOWN]
    if since.point:
        yield say.sentence("last", since.event, last)
    else:
        yield say.sentence("no-last", *(shown if last is None else (last,)))
    yield say.sentence("since", *shown)
    yield say.sentence("find-out", *shown)
    if busy:
        yield say.sentence("busy", *busy)
