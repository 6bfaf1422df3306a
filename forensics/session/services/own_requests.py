"""Requests that the client makes for itself, beside its agents' turns: warm-ups, titles, topics, counts of tokens.

A transcript tells a warm-up by what it lacks: a file of an agent without a prompt, which nothing spawned. A debug log
names no agent. There the turn tells it: while no agent is out, requests of a turn follow each other, so one that
failed for good and whose turn was answered all the same was none of its.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from forensics.schema import SPAWN_TOOLS, Row, Source, is_kind
from forensics.schema import EventKind as K
from forensics.session.model.case import Case

SIDECHAIN = "sidechain:"
WARM_UP = (K.API_ERROR, K.ASSISTANT_MESSAGE, K.OTHER, K.SESSION_META)
TURN = (K.TURN_START, K.TURN_END, K.SESSION_START, K.SESSION_END)
STEPS = (*TURN, K.API_FIRST_BYTE, K.API_ERROR, K.TOOL_DISPATCH, K.TOOL_DONE, K.AGENT_STOP)


def own_requests(case: Case, source: Source) -> frozenset[int]:
    """Return the failed requests of one source that were no agent's, as their records."""
    if source is Source.TRANSCRIPT:
        return frozenset(_warm_ups(case))
    rows = case.of(*STEPS).filter(pl.col("source") == source.value).sort("file", "line", "ordinal")
    found: set[int] = set()
    for _, of_file in rows.group_by("file", maintain_order=True):
        found |= _beside_turns(of_file.rows(named=True))
    return frozenset(found)


def answers_in_log(case: Case, source: Source) -> pl.DataFrame:
    """Return the signs that a turn's request was answered: calls of tools, and streams that began.

    They are a debug log's, or telemetry's. Where agents were sent out, a stream may be anybody's: only calls count.
    """
    rows = case.of(*STEPS).filter(pl.col("source") == source.value).sort("file", "line", "ordinal")
    called = pl.col("kind") == K.TOOL_DISPATCH.value
    sent_out = rows.filter(called & pl.col("tool").is_in(list(SPAWN_TOOLS)))["file"]
    of_agent = pl.col("kind").shift(-1).over("file").eq_missing(K.AGENT_STOP.value)
    began = (pl.col("kind") == K.API_FIRST_BYTE.value) & ~of_agent & ~pl.col("file").is_in(sent_out.implode())
    return rows.filter(called | began)


def _warm_ups(case: Case) -> list[int]:
    """Return the failures of agents that the session's records know nothing else of."""
    known = {agent.agent_id for agent in case.agents}
    told = case.events.filter(
        (pl.col("source") == Source.TRANSCRIPT.value)
        & pl.col("agent_id").is_not_null()
        & ~pl.col("agent_id").is_in(list(known))
        & ~pl.col("agent_id").str.starts_with(SIDECHAIN)
    )
    others = set(told.filter(~is_kind(WARM_UP))["agent_id"])
    dated = (pl.col("kind") == K.API_ERROR.value) & pl.col("ts").is_not_null()
    return told.filter(dated & ~pl.col("agent_id").is_in(list(others)))["event_id"].to_list()


def _beside_turns(rows: Sequence[Row]) -> set[int]:
    """Return the final failures of one debug log that a later answer of the same turn shows to be none of its."""
    found: set[int] = set()
    waiting: list[int] = []
    is_told = False  # where no line says that a turn begins, none says that it is the next one's answer
    out = 0  # agents that were sent out and are not back
    for row, following in zip(rows, (*rows[1:], None), strict=True):
        kind = K(row["kind"])
        if row["tool"] in SPAWN_TOOLS:
            out = max(0, out + (1 if kind is K.TOOL_DISPATCH else -1))
        is_told |= kind is K.TURN_START
        if kind in TURN or out or not is_told:
            waiting.clear()
        elif kind is K.API_ERROR and row["component"] == "final":
            waiting.append(row["event_id"])
        elif kind in (K.API_FIRST_BYTE, K.TOOL_DISPATCH) and not _is_an_agents(following):
            found |= set(waiting)
            waiting.clear()
    return found


def _is_an_agents(following: Row | None) -> bool:
    """Say whether an answer was a warm-up's: the client logs that it stops right behind it."""
    return following is not None and following["kind"] == K.AGENT_STOP.value
