"""Limits that agents run into: of the client, which refuses a spawn, and of the model API, which gives no answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Row, Source
from forensics.schema.api_failures import ApiClass, class_of
from forensics.session.agents.overlap import alive_at, horizon
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.case import Case

# 2.1.330; the number is that of CLAUDE_CODE_MAX_CONCURRENT_SUBAGENTS or the client's own
LIMIT_REACHED = r"^(?:<tool_use_error>)?(?:Error: )?Concurrent subagent limit reached\b"
AT_MOST = re.compile(r"You can run (\d+) subagents")
# by status, or by the class that the client gives where it words the error itself (2.1.6: rate_limit)
CAPACITY = ("429", "529", "rate_limit")
ALLOWANCE = "usage limit"  # the account's, which no waiting in the session cures: a kind beside the statuses
ONE_FAILURE = timedelta(seconds=2)  # apart: one failure's lines in the client's log and in the transcript


def refused_spawns(case: Case) -> pl.DataFrame:
    """Return the answers to spawns that were refused because as many agents ran as may."""
    if case.of(K.AGENT_SPAWN).is_empty():
        return case.events.clear()
    spawning = case.of(K.AGENT_SPAWN).select("correlation_id")
    answers = case.of(K.TOOL_RESULT).join(spawning, on="correlation_id", how="semi", maintain_order="left")
    return answers.filter((pl.col("status") == "error") & pl.col("message").str.contains(LIMIT_REACHED))


def unanswered_requests(case: Case) -> pl.DataFrame:
    """Return the API's last refusals for want of capacity: no further attempt was made.

    Where a failure stands in the transcript, its line in the client's log is left out: it names no agent.
    """
    final = case.of(K.API_ERROR).filter((pl.col("component") == "final") & pl.col("ts").is_not_null())
    used_up = [row["event_id"] for row in final.iter_rows(named=True) if _is_used_up(row)]
    final = final.filter(pl.col("status").is_in(CAPACITY) | pl.col("event_id").is_in(used_up))
    told = pl.col("source") == Source.TRANSCRIPT.value
    moments = final.filter(told)["ts"].to_list()
    loose = final.filter(~told).select("event_id", "ts").rows()
    again = [e for e, ts in loose if any(abs(ts - moment) <= ONE_FAILURE for moment in moments)]
    return final.filter(~pl.col("event_id").is_in(again))


@dataclass(frozen=True, slots=True)
class RefusedSpawn:
    """A spawn that was refused because as many agents ran as may; ``brief`` and ``limit`` where the record tells."""

    answer: int
    call: int | None
    brief: str | None
    limit: int | None


@dataclass(frozen=True, slots=True)
class GaveUp:
    """Requests that were given up for want of capacity of one kind, while several agents were alive."""

    kind: str  # the API's status, or that the allowance is used up
    requests: tuple[Row, ...]
    alive: tuple[AgentLife, ...]  # when most were

    @property
    def events(self) -> tuple[int, ...]:
        """Return the records of the requests."""
        return tuple(r["event_id"] for r in self.requests)

    @property
    def spawns(self) -> tuple[int, ...]:
        """Return the records of the spawns of those that were alive."""
        return tuple(a.spawn_event for a in self.alive if a.spawn_event is not None)

    @property
    def at(self) -> datetime:
        """Return when the first one was given up."""
        moment: datetime = self.requests[0]["ts"]
        return moment


def spawns_over_limit(case: Case) -> list[RefusedSpawn]:
    """Return the spawns that were refused because as many agents ran as may, each with its call."""
    calls = case.of(K.AGENT_SPAWN).select("correlation_id", "event_id").unique("correlation_id", keep="first")
    call_of = dict(calls.drop_nulls("correlation_id").rows())
    briefs = {a.spawn_event: a.description for a in case.agents if a.outcome is AgentEnd.REFUSED}
    found = []
    for row in refused_spawns(case).iter_rows(named=True):
        call, told = call_of.get(row["correlation_id"]), AT_MOST.search(row["message"])
        limit = int(told.group(1)) if told else None
        found.append(
            RefusedSpawn(row["event_id"], call, briefs.get(call) if call is not None else None, limit)
        )
    return found


def given_up(case: Case, agents: Sequence[AgentLife], *, at_once: int) -> list[GaveUp]:
    """Return the requests that got no answer for want of capacity while so many of the agents were alive, by kind."""
    kinds: dict[str, list[tuple[Row, tuple[AgentLife, ...]]]] = {}
    for row in unanswered_requests(case).iter_rows(named=True):
        alive = tuple(alive_at(agents, row["ts"], horizon(case)))
        if len(alive) >= at_once:
            kinds.setdefault(_kind(row), []).append((row, alive))
    return [
        GaveUp(kind, tuple(row for row, _ in found), max((alive for _, alive in found), key=len))
        for kind, found in kinds.items()
    ]


def _kind(row: Row) -> str:
    return ALLOWANCE if _is_used_up(row) else str(row["status"])


def _is_used_up(row: Row) -> bool:
    return class_of(row["status"], str(row["message"] or "")) is ApiClass.USAGE_LIMIT
