"""Runs of a session that died before another one took it up, and what each left undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import polars as pl

from forensics.schema import CALLS, Row, Source, is_kind
from forensics.schema import EventKind as K
from forensics.session.files.read_only import is_read_only
from forensics.session.model.agents import AgentEnd
from forensics.session.model.case import Case, per_case
from forensics.session.model.ending import DIED
from forensics.session.model.files import WRITE_TOOLS
from forensics.session.model.runs import Run

SHELL = "Bash"


class Loss(StrEnum):
    """What a run may have left half done."""

    WORK = "work"  # an agent, or the write of a file
    MAYBE = "maybe"  # a command: what it had changed is not known
    UNTOLD = "untold"  # the log of the client's host names no calls
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadRun:
    """A run that died, the one that followed, and the calls that may have left work half done."""

    number: int  # from 1
    run: Run
    taken_up: Run
    lost: tuple[int, ...]
    loss: Loss


@per_case
def dead_runs(case: Case) -> tuple[DeadRun, ...]:
    """Return the runs of a session, but the last, that nobody ended on purpose."""
    return tuple(
        _dead(case, number, run, following)
        for number, (run, following) in enumerate(pairwise(case.runs), 1)
        if run.ending.verdict in DIED
    )


def _dead(case: Case, number: int, run: Run, following: Run) -> DeadRun:
    lost = list(_lost(case, run, following))
    loss = Loss.NONE if Source.TRANSCRIPT in case.sources or not _is_hosted(case) else Loss.UNTOLD
    if lost:
        loss = Loss.MAYBE if all(call["tool"] == SHELL for call in lost) else Loss.WORK
    ids = tuple(call["event_id"] for call in lost)
    return DeadRun(number=number, run=run, taken_up=following, lost=ids, loss=loss)


def _is_hosted(case: Case) -> bool:
    return Source.EXTENSION_LOG in case.sources


def _lost(case: Case, run: Run, following: Run) -> Iterator[Row]:
    """Yield the calls open at a run's end that may have changed something, and that no later run made again."""
    opened = case.events.filter(pl.col("event_id").is_in(list(run.ending.open_calls)))
    behind = pl.col("ts") >= following.since if following.since else pl.col("event_id") > following.begun_by
    later = case.events.filter(is_kind(CALLS) & behind)
    again = {_does(row) for row in later.iter_rows(named=True)}
    back = {a.spawn_event for a in case.agents if a.outcome is AgentEnd.COMPLETED}
    for call in opened.iter_rows(named=True):
        if _may_change(call) and call["event_id"] not in back and _does(call) not in again:
            yield call


def _may_change(call: Row) -> bool:
    if call["tool"] == SHELL:
        return not is_read_only(call["command"] or "")
    return call["kind"] == K.AGENT_SPAWN.value or call["tool"] in WRITE_TOOLS


def _does(call: Row) -> tuple[str | None, ...]:
    return call["tool"], call["command"], call["path"], call["message"]
