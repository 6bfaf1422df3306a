"""How many of its agents a run's result counts as failed or killed, and how many of these ends no record tells."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from forensics.schema import FAILED_AGENTS, KILLED_AGENTS, Row
from forensics.schema import EventKind as K
from forensics.session.model.agents import AgentEnd
from forensics.session.model.case import Case, per_case

# which outcome of an agent's life is the end that a result counts so
TOLD_AS = {FAILED_AGENTS: AgentEnd.FAILED, KILLED_AGENTS: AgentEnd.STOPPED}


@dataclass(frozen=True, slots=True)
class RunCounts:
    """How the last result of one file counts its run's agents."""

    event: int
    spawned: int
    completed: int
    ends: tuple[Row, ...]  # those that failed or were killed, one record's row for each kind of end

    @property
    def others(self) -> int:
        """Return how many it says nothing of."""
        return max(0, self.spawned - self.completed - sum(int(row["count"]) for row in self.ends))


@dataclass(frozen=True, slots=True)
class CountedEnds:
    """Agents that results count as failed or killed, and of which no record tells that end."""

    words: str  # how many ended how: “1 failed, 2 killed by the system”
    agents: int
    events: tuple[int, ...]  # where they are counted


@per_case
def run_counts(case: Case) -> tuple[RunCounts, ...]:
    """Return what results count. A process counts on from turn to turn: the last result of a file has them all."""
    told = case.of(K.AGENT_TALLY).partition_by("file", maintain_order=True)
    return tuple(_last_of(rows) for rows in told if rows["component"].null_count())


def _last_of(rows: pl.DataFrame) -> RunCounts:
    total = rows.filter(pl.col("component").is_null()).tail(1).row(0, named=True)
    ends = rows.filter(pl.col("component").is_not_null() & (pl.col("event_id") > total["event_id"]))
    return RunCounts(total["event_id"], total["count"], total["total"], tuple(ends.iter_rows(named=True)))


@per_case
def untold_ends(case: Case) -> CountedEnds | None:
    """Return the ends that results count and no record tells; null where there are none."""
    rows = [row for run in run_counts(case) for row in run.ends]
    untold = 0
    words: list[str] = []
    for status, outcome in TOLD_AS.items():
        counted = [row for row in rows if row["status"] == status]
        left = sum(row["count"] for row in counted) - sum(a.outcome is outcome for a in case.agents)
        if left > 0:
            untold += left
            words += [f"{row['count']} {row['component']}" for row in counted]
    return CountedEnds(", ".join(words), untold, tuple(r["event_id"] for r in rows)) if untold else None
