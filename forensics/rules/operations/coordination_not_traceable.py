"""CCF404: of some agents the evidence does not tell who they were, when they lived or how they ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.schema import SPAWN_TOOLS, Source
from forensics.schema import EventKind as K
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    Hit,
    Insufficient,
    Nature,
    NotApplicable,
    Severity,
    Slot,
    Statement,
    Table,
)
from forensics.session.agents.overlap import may_still_run
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.case import Case
from forensics.session.model.ending import Verdict

# what has to be known of an agent, and where it would stand
FIELDS: Mapping[str, str] = {
    "id": "the agent's own transcript (from 2.0.69 on a file of its own), or a SubagentStart hook that logs its id",
    "type": "the spawning call in its parent's transcript, or the agent's metadata (agent-….meta.json, 2.1.330)",
    "start": "a transcript, whose records have times, or a debug log of 2.0.69 or later",
    "end": "the agent's own transcript, or a SubagentStop hook that logs its id and the time",
    "parent": "the transcript of the session that spawned it",
    "outcome": "its parent's transcript to the end, or a SubagentStop hook",
}
KNOWN_ENDS = (AgentEnd.COMPLETED, AgentEnd.FAILED, AgentEnd.STOPPED)
# after these the client is gone, and its agents with it
ENDED = (Verdict.CRASHED, Verdict.KILLED, Verdict.TRUNCATED, Verdict.CLEAN, Verdict.ERROR_RESULT)
SHOWN = 10  # agents that are cited

GUIDANCE = Guidance(
    contract="Of every agent the logs tell its id, type, start, end, parent and outcome.",
    immediate=(
        "Collect the sources that are named here, if they still exist: transcripts are kept for 30 days",
    ),
    this_week=("Log SubagentStart and SubagentStop with a hook: id, type, time and parent",),
    strategic=("Raise cleanupPeriodDays, and collect projects/ and debug/ of every run that spawns agents",),
    avoid="Reconstruct who did what from a debug log alone: up to 2.1.19 its lines name no agent",
    instead="Keep the session's transcript with its agents' files, and supply the whole folder",
    before=("Switch on what logs agents: the hooks, or `claude --debug`",),
    after=("Copy ~/.claude/projects/<project>/<session>* before it is cleaned up",),
    metric="Every agent's id, type, start, end, parent and outcome are in the evidence",
)


@dataclass(frozen=True, slots=True)
class _Spawn:
    """One spawn: its name for people, which fields are missing, and the record that shows it."""

    name: str
    missing: tuple[str, ...]
    event: int


@rule(
    code="CCF404",
    name="coordination-not-traceable",
    title="Agents that cannot be traced",
    severity=Severity.NOTE,
    confidence=Confidence.HIGH,
    nature=Nature.CONTROL_GAP,
    topic="4.4",
    any_of=frozenset({Source.TRANSCRIPT, Source.CLAUDE_DEBUG}),
    guidance=GUIDANCE,
    related=("CCF101", "CCF403"),
    expectation="traceable",
)
def coordination_not_traceable(case: Case) -> Iterator[Said]:
    """Measure how many spawned agents can be traced from their start to their outcome.

    ## What it detects
    For each spawn: whether the evidence tells the agent's id (or records of its own that belong to the call), its
    type, start, end, parent and outcome. A note where any of them is missing for any agent, with how many, what is
    missing, and which source would have it. Without a transcript the spawn lines of the client's own log are counted;
    up to 2.1.19 they carry no id. Spawns that were refused started no agent and are left out. The end of an
    agent that may still be at work is not missing, nor that of one whose own record ends with its client.

    ## Why it matters
    Who wrote what, and what is still missing, can only be told of agents that can be traced.

    ## How to fix
    Keep the whole folder of the session, and log the start and stop of agents with hooks.

    ## Known misses
    That the client logged it and the file was not supplied, and that it was never logged, look the same. What
    the agents said to each other is not judged. A type that was left to the client's default counts as missing unless
    the agent's metadata name it.
    """
    spawns = list(_of_transcript(case))
    if not spawns and Source.TRANSCRIPT not in case.sources:
        spawns = list(_of_log(case))
        if not spawns and case.of(K.TOOL_DISPATCH).is_empty():
            yield Insufficient("the log has no lines of tool calls: whether agents were spawned is not known")
            return
    if not spawns:
        yield NotApplicable("no subagent was spawned")
        return
    left_out = sum(a.outcome is AgentEnd.UNKNOWN for a in case.agents)
    if left_out:
        yield Insufficient(
            f"the evidence is an excerpt: {left_out} agents may be traced in what was left out"
        )
    elif any(s.missing for s in spawns):
        yield _hit(case, spawns)


def _of_transcript(case: Case) -> Iterator[_Spawn]:
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
            yield _Spawn(agent.description or agent.agent_id, missing, event)


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
    return may_still_run(case, agent) or (with_client and case.ending.verdict in ENDED)


def _of_log(case: Case) -> Iterator[_Spawn]:
    """Yield the spawn lines of the client's own log, which tells neither type nor parent nor outcome."""
    in_log = pl.col("source") == Source.CLAUDE_DEBUG.value
    lines = case.of(K.TOOL_DISPATCH).filter(in_log & pl.col("tool").is_in(list(SPAWN_TOOLS)))
    for nth, row in enumerate(lines.iter_rows(named=True), 1):
        dated = row["ts"] is not None and row["ts_quality"] != "inferred"
        known = {"id": row["correlation_id"] is not None, "start": dated}
        yield _Spawn(f"spawn {nth} of the log", tuple(f for f in FIELDS if not known.get(f)), row["event_id"])


def _hit(case: Case, spawns: Sequence[_Spawn]) -> Hit:
    gaps = [s for s in spawns if s.missing]
    traced = len(spawns) - len(gaps)
    counts = {field: n for field in FIELDS if (n := sum(field in s.missing for s in gaps))}
    what = ", ".join(f"{field} of {n}" for field, n in counts.items())
    cites = tuple(s.event for s in gaps[:SHOWN])
    return Hit(
        subject=f"agents|{'|'.join(counts)}",
        message=(
            f"{traced} of {len(spawns)} spawned agents can be traced; not observed in the supplied evidence: {what}"
        ),
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in cites),
        facts={
            "spawns": len(spawns),
            "traced": traced,
            "share": round(traced / len(spawns), 3),
            "missing": dict(counts),
        },
        statements=tuple(_statements(case, counts, cites, len(spawns))),
        tables=(
            Table(
                "What is known of each agent",
                ("agent", *FIELDS),
                tuple((s.name, *("—" if f in s.missing else "known" for f in FIELDS)) for s in spawns),
            ),
        ),
        contract_held=None,
    )


def _statements(
    case: Case, counts: Mapping[str, int], cites: tuple[int, ...], spawns: int
) -> Iterator[Statement]:
    first, last = case.span
    window = f"{first:%Y-%m-%d %H:%M:%SZ} to {last:%H:%M:%SZ}" if first and last else "without times"
    sources = ", ".join(sorted(s.value for s in case.sources))
    missing = ", ".join(f"the {field} of {n}" for field, n in counts.items())
    text = (
        f"Of {spawns} spawned agents this was not observed in the supplied evidence: {missing} (sources: {sources}; "
        f"window: {window})"
    )
    yield Statement(Slot.HAPPENED, Claim.DERIVED, text, cites)
    for field in counts:
        yield Statement(Slot.WHY, Claim.DERIVED, f"The {field} would stand in: {FIELDS[field]}", cites)
    text = "What these agents did, and what became of it, cannot be told from this evidence alone"
    yield Statement(Slot.IMPACT, Claim.DERIVED, text, cites)
