"""Agents that no call of an agent's name started: a workflow's, and those whose parent's record was not supplied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Row, Source, is_kind
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.text.lengths import CELL, shortened

WARM_UP = {K.ASSISTANT_MESSAGE.value, K.API_ERROR.value}  # of the client's own requests: an answer, or none
SPOKEN = (K.ASSISTANT_MESSAGE, K.TOOL_CALL, K.API_ERROR)
RUN = "wf_"  # how the id of a workflow's run begins
NO_SPAWN = "(spawn not in the evidence)"  # behind an agent's id: two are never called the same
WORKFLOW_AGENT = "workflow-subagent"


def without_call(events: pl.DataFrame, known: Iterable[str], excerpts: frozenset[int]) -> list[AgentLife]:
    """Agents whose transcript is there and whose spawn is not: the parent was not supplied.

    One without a prompt that only spoke is a warm-up of the client, where its parent was supplied or it spoke once
    (2.0.46, which does not write prompts into agents' files).
    """
    about = events.filter(is_kind((K.AGENT_META,))).sort("file")
    metas = {str(row["target_agent_id"]): row for row in about.iter_rows(named=True)}
    told = events.filter(pl.col("source") == Source.TRANSCRIPT.value)
    has_parent = not told.filter(pl.col("agent_id").is_null() & is_kind((*SPOKEN, K.AGENT_SPAWN))).is_empty()
    strangers = told.filter(
        pl.col("agent_id").is_not_null()
        & ~pl.col("agent_id").is_in(list(known))
        & ~pl.col("agent_id").str.starts_with("sidechain:")
        & ~is_kind((K.OTHER, K.SESSION_META, K.HOOK_RAN, K.BUDGET_ENDED))
        & pl.col("ts").is_not_null()
    ).sort("ts", "event_id")
    return [
        _stranger(str(agent), rows, excerpts, metas.get(str(agent)))
        for (agent,), rows in strangers.group_by("agent_id", maintain_order=True)
        if not (set(rows["kind"]) <= WARM_UP and (has_parent or _is_whole_and_one(rows, excerpts)))
    ]


def _is_whole_and_one(rows: pl.DataFrame, excerpts: frozenset[int]) -> bool:
    return rows.height == 1 and rows["file"][0] not in excerpts


def _stranger(agent: str, rows: pl.DataFrame, excerpts: frozenset[int], meta: Row | None) -> AgentLife:
    answered = rows["kind"][-1] == K.ASSISTANT_MESSAGE.value
    outcome = AgentEnd.COMPLETED if answered else AgentEnd.UNFINISHED
    if rows["file"][-1] in excerpts:
        outcome = AgentEnd.UNKNOWN
    return AgentLife(
        agent_id=agent,
        parent_id=None,
        agent_type=meta["component"] if meta else None,
        description=shortened((meta and meta["message"]) or f"{agent} {NO_SPAWN}", CELL),
        prompt="",
        isolated=False,
        background=False,
        spawn_event=None,
        message_id=None,
        end_event=None,
        last_event=rows["event_id"][-1],
        start=rows["ts"][0],
        end=rows["ts"][-1] if answered else None,
        last_seen=rows["ts"][-1],
        outcome=outcome,
    )


def of_workflows(events: pl.DataFrame) -> list[AgentLife]:
    """Return the agents of workflows, without their ends: the journal names them, or what lies beside a transcript.

    The call of the workflow is their spawn; where it is not in the evidence, the journal's entry.
    """
    calls = _workflow_calls(events)
    members = events.filter(
        is_kind((K.AGENT_STARTED, K.AGENT_META, K.AGENT_NOTIFICATION))
        & pl.col("message_id").str.starts_with(RUN)
    )
    entries: dict[str, list[Row]] = {}
    for row in members.sort("file", "line").iter_rows(named=True):
        entries.setdefault(str(row["target_agent_id"]), []).append(row)
    own = events.filter(pl.col("agent_id").is_in(list(entries)) & pl.col("ts").is_not_null())
    records = {str(agent): rows for (agent,), rows in own.sort("ts", "event_id").group_by("agent_id")}
    lives = [_member(agent, told, records.get(agent), calls) for agent, told in entries.items()]
    return [life for life in lives if life.spawn_event is not None]


def _workflow_calls(events: pl.DataFrame) -> dict[str, Row]:
    """Map each workflow's run to the call that launched it."""
    launched = events.filter(is_kind((K.AGENT_LAUNCHED,)) & pl.col("target_agent_id").str.starts_with(RUN))
    runs = launched.select("correlation_id", run="target_agent_id")
    calls = events.filter(is_kind((K.TOOL_CALL,))).join(runs, on="correlation_id", maintain_order="left")
    return {str(row["run"]): row for row in calls.iter_rows(named=True)}


def _member(agent: str, told: list[Row], own: pl.DataFrame | None, calls: Mapping[str, Row]) -> AgentLife:
    run = str(told[0]["message_id"])
    call = calls.get(run)
    started = next((row for row in told if row["kind"] == K.AGENT_STARTED), None)
    meta = next((row for row in told if row["kind"] == K.AGENT_META), None)
    spawn = call or started
    asked = None if own is None else own.filter(is_kind((K.USER_PROMPT,)))["message"].first()
    named = (started and started["component"]) or (meta and meta["message"]) or agent
    return AgentLife(
        agent_id=agent,
        parent_id=None if call is None else call["agent_id"],
        agent_type=(meta and meta["component"]) or WORKFLOW_AGENT,
        description=shortened(named, CELL),
        prompt=str(asked or ""),
        isolated=False,
        background=True,
        spawn_event=None if spawn is None else spawn["event_id"],
        workflow=run,
        message_id=run if call is None else call["message_id"],
        end_event=None,
        last_event=None if own is None else own["event_id"][-1],
        start=None if own is None else own["ts"][0],
        end=None,
        last_seen=None if own is None else own["ts"][-1],
        outcome=AgentEnd.UNFINISHED,
    )
