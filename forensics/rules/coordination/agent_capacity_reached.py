"""CCF107: more agents at once than the client or the model API bears."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.whereabouts import PROVIDER_STATUS, around
from forensics.schema import Row, Source
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    Hit,
    Insufficient,
    NotApplicable,
    Severity,
    Slot,
    Statement,
    question,
)
from forensics.session.agents.capacity import AT_MOST, USED_UP, refused_spawns, unanswered_requests
from forensics.session.agents.overlap import horizon, spawned
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name
from forensics.text.clock_time import clock_time

SHOWN = 10  # records of one kind that are cited
WORDS = {
    "429": "the model API limited the rate of requests (429)",
    "529": "the model API was overloaded (529)",
    "rate_limit": "the model API limited the rate of requests",
    "usage limit": "the account's allowance was used up",
}

GUIDANCE = Guidance(
    contract=(
        "The client runs a limited number of subagents (2.1.330: CLAUDE_CODE_MAX_CONCURRENT_SUBAGENTS), and the "
        "model API a limited number of requests; what is over it gets no answer."
    ),
    immediate=("Start the agents that were refused or gave up once more, after the others have ended",),
    this_week=("Spawn fewer agents in one turn, and the next ones when the first have returned",),
    avoid="Raise the client's limit, or spawn the refused agent again at once, without knowing what the API bears",
    instead="Work in rounds: a few agents, their results, then the next few",
    before=("Agree how many agents may run at once, and write it into the instructions",),
    during=("Treat a refused spawn as work that is still open, not as done",),
    after=("Check that the work of each refused or failed agent was done in the end",),
    metric="No agent was refused or gave up for want of capacity while others ran",
)


@rule(
    code="CCF107",
    name="agent-capacity-reached",
    title="Capacity reached with agents at work",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    topic="1.1",
    any_of=frozenset({Source.TRANSCRIPT}),
    guidance=GUIDANCE,
    related=("CCF101", "CCF206"),
)
def agent_capacity_reached(case: Case, *, at_once: int = 2) -> Iterator[Said]:
    """Find agents that were refused or gave up for want of capacity while others worked.

    ## What it detects
    A spawn answered by “Concurrent subagent limit reached”; or a request to the model API that was given up with 429,
    529 or an allowance that is used up, while ``at_once`` or more subagents were alive. One finding for each of these
    kinds. A refusal that a retry cured is none.

    ## Why it matters
    The work of that agent is missing, and its parent may go on without it.

    ## How to fix
    Fewer agents at once, in rounds; then start what was refused again.

    ## Known misses
    That the agents together used up the API's capacity is not shown: an overload may come from elsewhere. The limit's
    message is known from 2.1.330. Up to 2.0.24 an agent that never returned leaves no record of its last answer. A
    debug log names no agent, so alone it does not suffice.
    """
    agents = spawned(case)
    refused = refused_spawns(case)
    if not agents and refused.is_empty():
        yield NotApplicable("no subagent was spawned")
        return
    if not refused.is_empty():
        yield _limit(case, refused.rows(named=True))
    kinds: dict[str, list[Row]] = {}
    failures = unanswered_requests(case) if len(agents) >= at_once else refused.clear()
    for row in failures.iter_rows(named=True):
        if len(_alive(case, agents, row)) >= at_once:
            kinds.setdefault(_kind(row), []).append(row)
    for kind, rows in kinds.items():
        yield _gave_up(case, agents, kind, rows)
    silent = [a for a in agents if a.last_event is None and a.outcome is AgentEnd.UNFINISHED]
    if silent and len(agents) >= at_once:
        yield Insufficient(f"agents without records: {len(silent)}; what they were answered is not known")


def _kind(row: Row) -> str:
    if re.search(USED_UP, str(row["message"])):
        return "usage limit"
    return str(row["status"])


def _alive(case: Case, agents: Sequence[AgentLife], row: Row) -> list[AgentLife]:
    until = horizon(case)
    return [a for a in agents if a.start is not None and a.start <= row["ts"] <= a.alive_until(until)]


def _limit(case: Case, rows: Sequence[Row]) -> Hit:
    answers = tuple(r["event_id"] for r in rows[:SHOWN])
    by_call = {a.spawn_event: a for a in case.agents if a.outcome is AgentEnd.REFUSED}
    calls = [e for e in (_call_of(case, r) for r in rows[:SHOWN]) if e is not None]
    names = [f"“{by_call[c].description}”" for c in calls if c in by_call]
    told = AT_MOST.search(rows[0]["message"])
    limit = int(told.group(1)) if told else None
    plural, were = ("s", "were") if len(rows) > 1 else ("", "was")
    text = f"{len(rows)} spawn{plural} {were} refused: the limit of subagents at once was reached"
    who = f": {', '.join(names)}" if names else ""
    statements = [Statement(Slot.HAPPENED, Claim.OBSERVED, text + (f" ({limit})" if limit else ""), answers)]
    if calls:
        text = f"No agent was started for {len(rows)} brief{plural}{who}"
        statements.append(Statement(Slot.IMPACT, Claim.DERIVED, text, tuple(calls)))
    return Hit(
        subject="subagent limit",
        message=f"{len(rows)} agent{plural} {were} refused: the limit of subagents at once was reached",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in (*answers, *calls)),
        facts={"kind": "subagent limit", "count": len(rows), "limit": limit},
        statements=tuple(statements),
    )


def _call_of(case: Case, answer: Row) -> int | None:
    calls = case.events.filter(
        (pl.col("kind") == "agent_spawn")
        & (pl.col("correlation_id") == pl.lit(answer["correlation_id"], dtype=pl.String))
    )
    return int(calls["event_id"][0]) if calls.height else None


def _gave_up(case: Case, agents: Sequence[AgentLife], kind: str, rows: Sequence[Row]) -> Hit:
    events = tuple(r["event_id"] for r in rows[:SHOWN])
    alive = max((_alive(case, agents, r) for r in rows), key=len)
    told = Source.TRANSCRIPT.value
    names = [agent_name(case, r["agent_id"]) if r["source"] == told else "an agent" for r in rows]
    who, words = " and ".join(dict.fromkeys(names)), WORDS.get(kind, f"the model API answered {kind}")
    spawns = tuple(a.spawn_event for a in alive if a.spawn_event is not None)
    text = f"{who} gave up at {clock_time(rows[0]['ts'])}: {words}"
    beside = f"{len(alive)} subagents were alive at that time"
    ask = "Did the session's own agents use up the capacity, or was the API busy with others?"
    settled_by = (
        f"the account's usage at its provider: its requests {around(rows[0]['ts'])} against its limits; and "
        f"{PROVIDER_STATUS}: an incident at that time"
    )
    return Hit(
        subject=kind,
        message=f"{words} while {len(alive)} subagents were alive, and {who} gave up",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in events),
        facts={"kind": kind, "count": len(rows), "agents_alive": len(alive)},
        statements=(
            Statement(Slot.HAPPENED, Claim.OBSERVED, text, events),
            Statement(Slot.HAPPENED, Claim.DERIVED, beside, (*events[:1], *spawns[:SHOWN])),
            question(ask, settled_by, events[:1]),
        ),
    )
