"""Parallel agents by a debug log alone: it names no agent, but it says when a spawn begins and ends.

Up to 2.1.19 only the order of lines tells: spawns without a finished one between them ran in parallel. From
2.1.330 on lines carry the call's id; an agent's completion carries its own id and duration, which fits the
spawn that began so long before. A background launch ends its call at once: only the completion ends the agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from forensics.schema import SPAWN_TOOLS, Row, Source
from forensics.schema import EventKind as K
from forensics.session.model.case import Case, per_case

KINDS = (K.TOOL_DISPATCH, K.TOOL_DONE, K.AGENT_STOP, K.HOOK_DENIED, K.SESSION_START)
FIT = timedelta(seconds=5)  # a completion's duration leads back to its spawn within this


@dataclass(slots=True)
class SpawnLine:
    """One spawn's line, and the line that ended it."""

    event: int
    call_id: str | None
    ts: datetime | None
    end_event: int | None = None


@dataclass(frozen=True, slots=True)
class LoggedSpawns:
    """The spawns that a debug log shows."""

    number: int
    run: tuple[SpawnLine, ...]  # the largest set that was alive at once
    has_ends: bool  # whether finished calls are logged at all: without them order says nothing of overlap

    @property
    def is_overlap(self) -> bool:
        """Say whether several were begun with none of them finished in between."""
        return len(self.run) > 1

    @property
    def events(self) -> tuple[int, ...]:
        """Return the lines of those that were alive at once."""
        return tuple(s.event for s in self.run)

    @property
    def calls(self) -> list[str]:
        """Return the ids of their calls, where the lines carry them."""
        return [s.call_id for s in self.run if s.call_id is not None]


def logged_spawns(case: Case) -> LoggedSpawns | None:
    """Return the spawns of a debug log; null where the log has no tool lines."""
    lines = _lines(case)
    if not any(r["kind"] in (K.TOOL_DISPATCH, K.TOOL_DONE) for r in lines):
        return None
    number = sum(r["kind"] == K.TOOL_DISPATCH and r["tool"] in SPAWN_TOOLS for r in lines)
    return LoggedSpawns(number, _run(lines), any(r["kind"] == K.TOOL_DONE for r in lines))


def _run(lines: Sequence[Row]) -> tuple[SpawnLine, ...]:
    alive: list[SpawnLine] = []
    most: tuple[SpawnLine, ...] = ()
    for row in lines:
        spawn_tool = row["tool"] in SPAWN_TOOLS
        if row["kind"] == K.SESSION_START:
            alive = []  # another process: what was alive before is not beside what comes now
        elif row["kind"] == K.TOOL_DISPATCH and spawn_tool:
            alive.append(SpawnLine(row["event_id"], row["correlation_id"], row["ts"]))
            most = tuple(alive) if len(alive) > len(most) else most
        elif spawn_tool or row["kind"] == K.AGENT_STOP:
            gone = _ended_by(row, alive)
            if gone is not None:
                gone.end_event = row["event_id"]
                alive.remove(gone)
    return most


@per_case
def _lines(case: Case) -> list[Row]:
    found = case.of(*KINDS).filter(pl.col("source") == Source.CLAUDE_DEBUG.value)
    columns = ("event_id", "kind", "tool", "correlation_id", "ts", "status", "agent_id", "duration_ms")
    return found.sort("file", "line", "ordinal").select(columns).rows(named=True)


def _ended_by(row: Row, alive: list[SpawnLine]) -> SpawnLine | None:
    """Return the spawn that a line ends, if any."""
    if not alive:
        return None
    if row["kind"] == K.AGENT_STOP:
        return _completed(row, alive) if row["agent_id"] is not None else None
    if row["kind"] == K.HOOK_DENIED:
        return alive[-1]
    if row["correlation_id"] is None:
        return alive[0]  # up to 2.1.19 lines carry no id: which one ended does not matter for the number
    if row["status"] == "ok":
        return None  # its agent's completion ends it; a background launch is answered at once
    return next((s for s in alive if s.call_id == row["correlation_id"]), None)


def _completed(row: Row, alive: list[SpawnLine]) -> SpawnLine | None:
    if row["ts"] is None or row["duration_ms"] is None:
        return alive[0]
    began = row["ts"] - timedelta(milliseconds=row["duration_ms"])
    dated = [(abs(began - s.ts), n, s) for n, s in enumerate(alive) if s.ts is not None]
    nearest = min(dated, key=lambda d: d[:2], default=None)
    return nearest[2] if nearest is not None and nearest[0] <= FIT else None
