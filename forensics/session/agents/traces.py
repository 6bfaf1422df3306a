"""What the evidence tells of each agent: who it was, when it lived, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from forensics.schema import SPAWN_TOOLS, Source
from forensics.schema import EventKind as K
from forensics.session.agents.overlap import may_still_run
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.case import Case
from forensics.session.model.ending import Verdict

FIELDS = ("id", "type", "start", "end", "parent", "outcome")  # what has to be known of an agent
KNOWN_ENDS = (AgentEnd.COMPLETED, AgentEnd.FAILED, AgentEnd.STOPPED)
# after these the client is gone, and its agents with it
ENDED = (Verdict.CRASHED, Verdict.KILLED, Verdict.TRUNCATED, Verdict.CLEAN, Verdict.ERROR_RESULT)


@dataclass(frozen=True, slots=True)
class Trace:
    """One spawn: what the agent is called, which fields are missing, and the record that shows it."""

    name: str | None  # null where nothing names it
    missing: tuple[str, ...]
    event: int


def traces_in_transcript(case: Case) -> Iterator[Trace]:
    """Yield what the transcripts, and all beside them, tell of the agents that were started."""
    if not case.agents:
        return
    types = case.of(K.AGENT_META, K.AGENT_STOP).filter(pl.col("component").is_not_null())
    typed = {a for column in ("agent_id", "target_agent_id") for a in types[column].drop_nulls()}
    speaking = set(case.of(K.TOOL_CALL, K.ASSISTANT_MESSAGE, K.USER_PROMPT)["agent_id"].drop_nulls())
    calls = dict(case.of(K.AGENT_SPAWN).select("event_id", "correlation_id").iter_rows())
    for agent in case.agents:
        event = agent.spawn_event if agent.spawn_event is not None else agent.last_event
        if agent.outcome is not AgentEnd.REFUSED and event is not None:
            named = agent.spawn_event is None or agent.agent_id != calls.get(agent.spawn_event)
            known = {"id": named or agent.agent_id in speaking, "type": agent.agent_id in typed}
            missing = tuple(_missing(case, agent, known))
            yield Trace(agent.description or agent.agent_id, missing, event)


def traces_in_log(case: Case) -> Iterator[Trace]:
    """Yield the spawn lines of the client's own log, which tells neither type nor parent nor outcome."""
    in_log = pl.col("source") == Source.CLAUDE_DEBUG.value
    lines = case.of(K.TOOL_DISPATCH).filter(in_log & pl.col("tool").is_in(list(SPAWN_TOOLS)))
    for row in lines.iter_rows(named=True):
        dated = row["ts"] is not None and row["ts_quality"] != "inferred"
        known = {"id": row["correlation_id"] is not None, "start": dated}
        yield Trace(None, tuple(f for f in FIELDS if not known.get(f)), row["event_id"])


def _missing(case: Case, agent: AgentLife, known: Mapping[str, bool]) -> Iterator[str]:
    if not known["id"]:
        yield "id"
    if agent.agent_type is None and not known["type"]:
        yield "type"
    if agent.start is None:
        yield "start"
    settled = _is_settled(case, agent)
    if agent.end is None and not settled:
        yield "end"
    if agent.spawn_event is None:
        yield "parent"
    if agent.outcome not in KNOWN_ENDS and not settled:
        yield "outcome"


def _is_settled(case: Case, agent: AgentLife) -> bool:
    """Say whether nothing is missing of an agent without end: it is at work, or its record ends with its client."""
    with_client = agent.outcome is AgentEnd.UNFINISHED and agent.last_event is not None
    is_over = case.ending.verdict in ENDED or agent.gone_by is not None
    return may_still_run(case, agent) or (with_client and is_over)
