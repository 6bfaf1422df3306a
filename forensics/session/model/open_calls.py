"""Calls without an answer, and those of them inside which an agent's record stops.

The API takes no further message before each call of the last one has its result. So an unanswered call that its
agent went on after was answered: the answer stands in a record that was lost, or the call on a branch of the
conversation that was left. Only where the record stops inside a call is nothing known of an answer.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from forensics.schema import ANSWERS, CALLS, MODEL_SAID, Row, Source, is_kind
from forensics.schema import EventKind as K
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.files import WRITE_TOOLS
from forensics.session.model.last_records import BURST

# what an agent says or is told: after it, earlier calls are behind
SAID = (*MODEL_SAID, K.API_ERROR, K.USER_PROMPT, K.USER_INTERRUPT)


def open_calls(events: pl.DataFrame, agents: Sequence[AgentLife]) -> tuple[int, ...]:
    """Return the transcript's calls inside which an agent's record stops."""
    told = events.filter(pl.col("source") == Source.TRANSCRIPT.value)
    calls = told.filter(is_kind(CALLS)).join(
        told.filter(is_kind(ANSWERS)), on="correlation_id", how="anti", maintain_order="left"
    )
    if calls.is_empty():
        return ()
    # the last message of each agent; up to 2.1 every block of one message is a record of its own
    last = (
        told.filter(is_kind(SAID))
        .sort("ts", "event_id", nulls_last=False)
        .group_by("agent_id", maintain_order=True)
        .agg(last_message=pl.col("message_id").last(), last_said=pl.col("event_id").last())
    )
    ended = [a.agent_id for a in agents if a.outcome is not AgentEnd.UNFINISHED]
    still = calls.join(last, on="agent_id", nulls_equal=True, maintain_order="left").filter(
        ((pl.col("message_id") == pl.col("last_message")) | (pl.col("event_id") == pl.col("last_said")))
        & (pl.col("agent_id").is_null() | ~pl.col("agent_id").is_in(ended))
    )
    return tuple(still["event_id"])


def cut_writes(events: pl.DataFrame, calls: Sequence[int], away: Sequence[str]) -> frozenset[int]:
    """Return the open calls that are writes of agents in the background, behind which the main agent did nothing.

    Such an agent may outlive the record, and what it waits for may take long: a file's write does not. Where the
    main agent went on for longer than that takes, the process lived, and the write tells nothing of its end.
    """
    writes = events.filter(
        pl.col("event_id").is_in(list(calls))
        & pl.col("agent_id").is_in(list(away))
        & pl.col("tool").is_in(list(WRITE_TOOLS))
    )
    if writes.is_empty():
        return frozenset()
    main = events.filter(
        (pl.col("source") == Source.TRANSCRIPT.value)
        & pl.col("agent_id").is_null()
        & is_kind((*SAID, *ANSWERS))
    )
    return frozenset(
        row["event_id"] for row in writes.iter_rows(named=True) if main.filter(_is_behind(row)).is_empty()
    )


def _is_behind(call: Row) -> pl.Expr:
    """Say which records are later than a call by more than the end's own bustle; without times, by their line."""
    below: pl.Expr = (pl.col("file") == call["file"]) & (pl.col("event_id") > call["event_id"])
    if call["ts"] is None:
        return below
    later: pl.Expr = (pl.col("ts") > call["ts"] + BURST) | (pl.col("ts").is_null() & below)
    return later
