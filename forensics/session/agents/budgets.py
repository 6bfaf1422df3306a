"""What agents were allowed, where that ended them, and what they used."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Row
from forensics.session.model.case import Case

TURNS, COST = "turns", "cost"
# how a run's result (2.0.24 on) or an agent's record (2.1.330) names the budget that ended it
BUDGETS = {"error_max_turns": TURNS, "max_turns": TURNS, "error_max_budget_usd": COST}
LIMIT = re.compile(r"\(\$?(\d+(?:\.\d+)?)\)$")  # Reached maximum number of turns (2), … budget ($0.5)


@dataclass(slots=True)
class BudgetEnd:
    """An agent that its budget ended: a run's result and the agent's record tell one end."""

    agent_id: str | None
    budget: str
    rows: list[Row] = field(default_factory=list)

    @property
    def events(self) -> tuple[int, ...]:
        """Return the records that tell it."""
        return tuple(row["event_id"] for row in self.rows)

    @property
    def limit(self) -> float | None:
        """Return the limit, in whole turns or in dollars, where a record names it: in a column first, else in words."""
        ends = (row for row in self.rows if row["kind"] == K.BUDGET_ENDED)
        limits = [str(row["count"]) for row in ends if row["count"] is not None]
        limits += [found[1] for row in self.rows if (found := LIMIT.search(row["message"] or ""))]
        if not limits:
            return None
        return int(float(limits[0])) if self.budget == TURNS else float(limits[0])

    @property
    def tokens(self) -> int | None:
        """Return how many tokens a record says were used."""
        return next((row["tokens"] for row in self.rows if row["tokens"] is not None), None)


@dataclass(frozen=True, slots=True)
class Usage:
    """What one agent used, by its own requests or by its result."""

    agent_id: str | None
    tokens: int
    requests: int | None  # null where only its result tells
    last: int  # the last record that tells


def ended_by_budget(case: Case) -> list[BudgetEnd]:
    """Return the agents that a budget ended, one for each agent and budget."""
    found: dict[tuple[str | None, str], BudgetEnd] = {}
    for row in case.of(K.RESULT, K.BUDGET_ENDED).iter_rows(named=True):
        budget = BUDGETS.get(str(row["status"]))
        if budget is not None:
            end = found.setdefault((row["agent_id"], budget), BudgetEnd(row["agent_id"], budget))
            end.rows.append(row)
    return list(found.values())


def usage(case: Case) -> list[Usage]:
    """Add up what each agent used. A message's records repeat its usage; the last one is right.

    The usage of an agent whose records are missing is what its result tells.
    """
    told = case.events.filter(pl.col("tokens").is_not_null())
    own = (
        told.filter(pl.col("message_id").is_not_null())
        .group_by("agent_id", "message_id", maintain_order=True)
        .agg(pl.col("tokens").max(), pl.col("event_id").last())
        .group_by("agent_id", maintain_order=True)
        .agg(tokens=pl.col("tokens").sum(), requests=pl.len(), last=pl.col("event_id").last())
    )
    results = told.filter((pl.col("kind") == K.TOOL_RESULT.value) & pl.col("target_agent_id").is_not_null())
    others = results.select(
        "tokens", agent_id="target_agent_id", requests=pl.lit(None, dtype=pl.UInt32), last="event_id"
    ).join(own, on="agent_id", how="anti")
    every = pl.concat([own, others.select(own.columns)])
    return [Usage(**row) for row in every.iter_rows(named=True)]
