"""CCF403: an agent was spawned and never returned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.whereabouts import WORKING_TREE
from forensics.schema import EventKind as K
from forensics.schema import Source
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
from forensics.session.agents.overlap import may_still_run, spawned
from forensics.session.lists.todo_lists import last_in_progress
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.case import Case
from forensics.session.model.ending import Verdict
from forensics.session.model.names import agent_name
from forensics.text.clock_time import clock_time

GUIDANCE = Guidance(
    contract="Every spawned agent returns a result, is stopped on purpose, or is reported as missing.",
    immediate=("Look for files that the missing agents may have left half-written",),
    this_week=(
        "Give agents a time limit in their brief, and have the parent list the agents still out before it ends",
    ),
    strategic=("Record agent starts and stops with ids (SubagentStart and SubagentStop hooks)",),
    avoid="Treat a spawn as fire-and-forget",
    instead="Wait for each agent's result or its notification, and say which ones are missing",
    during=("Keep a list of the agents that are out; a background launch returns at once and is no result",),
    after=("Start missing agents' work again with --resume, from the files they left",),
    metric="Every spawned agent returned, or was stopped on purpose",
)


@rule(
    code="CCF403",
    name="orphaned-agent",
    title="Agent without result",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    topic="4.3",
    any_of=frozenset({Source.TRANSCRIPT}),
    guidance=GUIDANCE,
)
def orphaned_agent(case: Case, *, silence_s: float = 600.0) -> Iterator[Said]:
    """Find subagents that were spawned and never returned.

    ## What it detects
    A spawn without a result, a notification, a stop, a finished mark or a last answer of its own. High where
    the parent's record ended or went on to its end; medium where the parent was interrupted; a note where the
    agent may still be running: the record shows no end, and the agent's last sign is less than ``silence_s``
    before it (Claude's own stall limit is 600 s). A background launch returns at once: that is no completion;
    whether an agent so launched returned cannot be told without its own transcript.

    ## Why it matters
    Its work is lost or half done, and nothing says so.

    ## How to fix
    Collect results before ending; with ``--resume``, begin with the agents that never answered.

    ## Known misses
    Up to 2.0.24 an unfinished agent leaves no transcript: what it did is not known, only that it did not
    return. With ``-p``, 2.0.69 and 2.1.19 abort background agents at the end of the main turn: they are
    reported, and no crash is meant. A shutdown that answers the open spawns hides what it cut off (2.1.220,
    c2_sigterm): these agents were stopped, and are not missing.
    """
    agents = spawned(case)
    if not agents and any(a.spawn_event is None for a in case.agents):
        yield Insufficient(
            "agents' transcripts without their parent's: whether they were awaited is not known"
        )
        return
    if not agents:
        yield NotApplicable("no subagent was spawned")
        return
    missing = [a for a in agents if a.outcome is AgentEnd.UNFINISHED]
    unknown = [a for a in missing if a.is_out_of_sight]
    lost = sum(a.outcome is AgentEnd.LOST for a in agents)
    left_out = sum(a.outcome is AgentEnd.UNKNOWN for a in agents)
    for agent in missing:
        if agent not in unknown:
            yield _hit(case, agent, timedelta(seconds=silence_s))
    if unknown:
        yield Insufficient(
            f"the transcripts of {len(unknown)} background agents were not supplied: their end is not known"
        )
    if left_out:
        yield Insufficient(
            f"the evidence is an excerpt: the end of {left_out} agents may stand in what was left out"
        )
    if lost:
        yield Insufficient(
            f"{lost} agents were answered, as their parent went on; the answers are not in the record"
        )


def _hit(case: Case, agent: AgentLife, silence: timedelta) -> Hit:
    ending = (case.ending.last_event,) if case.ending.last_event is not None else ()
    own = (agent.last_event,) if agent.last_event is not None else ()
    spawn = (agent.spawn_event,) if agent.spawn_event is not None else ()
    severity = Severity.HIGH
    if case.ending.verdict is Verdict.INTERRUPTED:
        severity = Severity.MEDIUM
    elif may_still_run(case, agent, silence):
        severity = Severity.NOTE
    who = f"agent “{agent.description}”"
    returned = "has not returned when the record ends" if severity is Severity.NOTE else "never returned"
    return Hit(
        subject=agent.description or agent.agent_id,
        message=f"{who} was spawned and {returned}",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in dict.fromkeys((*spawn, *own, *ending))),
        facts={
            "agent": agent.agent_id,
            "spawned_at": agent.start.isoformat() if agent.start else None,
            "last_seen": agent.last_seen.isoformat() if agent.last_seen else None,
            "background": agent.background,
        },
        statements=tuple(_statements(case, agent, spawn, ending)),
        severity=severity,
        agent_id=agent.agent_id,
    )


def _statements(
    case: Case, agent: AgentLife, spawn: tuple[int, ...], ending: tuple[int, ...]
) -> Iterator[Statement]:
    who, end = f"agent “{agent.description}”", case.ending
    text = f"{agent_name(case, agent.parent_id)} spawned {who} at {clock_time(agent.start)}"
    yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, spawn)
    text = (
        f"No result, notification or stop of {who} is in the record, which ends at {clock_time(end.last_ts)}"
    )
    yield Statement(Slot.HAPPENED, Claim.DERIVED, f"{text} ({end.verdict})", ending or spawn)
    if agent.last_event is not None:
        text = f"The last record of {who} is from {clock_time(agent.last_seen)}"
        yield Statement(Slot.WHY, Claim.OBSERVED, text, (agent.last_event,))
    else:
        text = f"{who} left no record of its own: up to 2.0.24 it is written only when the agent returns"
        yield Statement(Slot.WHY, Claim.DERIVED, text, spawn)
    aborted = _aborted(case) if agent.background else ()
    if aborted:
        text = "The client aborted requests at its end: up to 2.1.19 “-p” ends with the main turn, not its agents"
        yield Statement(Slot.WHY, Claim.DERIVED, text, aborted)
    busy = last_in_progress(case, agent.agent_id)
    if busy is not None:
        text = f"Its last list has in progress: {', '.join(f'“{item}”' for item in busy.items)}"
        yield Statement(Slot.IMPACT, Claim.OBSERVED, text, busy.events)
    text = f"The work of {who} has no outcome in the record"
    yield Statement(Slot.IMPACT, Claim.DERIVED, text, spawn)
    settled_by = f"{WORKING_TREE}: what changed after {clock_time(agent.start)} and no other agent wrote"
    if agent.start is None:
        settled_by = f"{WORKING_TREE}: changes that no other agent wrote"
    yield question(f"What had {who} done when the record ended?", settled_by, spawn)


def _aborted(case: Case) -> tuple[int, ...]:
    """Return the records of requests that the client itself aborted."""
    errors = case.of(K.API_ERROR)
    return tuple(errors.filter(errors["status"] == "Request was aborted")["event_id"])
