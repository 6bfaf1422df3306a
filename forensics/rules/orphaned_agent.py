"""CCF403: an agent was spawned and never returned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from forensics.agents import AgentEnd, AgentLife
from forensics.case import Case
from forensics.conflicts import agent_name, clock_time, spawned
from forensics.finding import (
    Cite,
    Claim,
    Confidence,
    Hit,
    Insufficient,
    NotApplicable,
    Severity,
    Slot,
    Statement,
)
from forensics.rules.base import Guidance, Said, rule
from forensics.schema import Source
from forensics.verdict import Verdict

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
    seed="4.3",
    any_of=frozenset({Source.TRANSCRIPT}),
    guidance=GUIDANCE,
)
def orphaned_agent(case: Case, *, silence_s: float = 600.0) -> Iterator[Said]:
    """A subagent was spawned and never returned.

    ## What it detects
    A spawn without a result, a notification, a stop, a finished mark or a last answer of its own. High where
    the parent's record ended or went on to its end; medium where the parent was interrupted; a note where the
    agent may still be running: the record shows no end, and the agent's last sign is less than ``silence_s``
    before it (Claude's own stall limit is 600 s). A background launch returns at once: that is no completion.

    ## Why it matters
    Its work is lost or half done, and nothing says so.

    ## How to fix
    Collect results before ending; with ``--resume``, begin with the agents that never answered.

    ## Known misses
    Up to 2.0.24 an unfinished agent leaves no transcript: what it did is not known, only that it did not
    return. With ``-p``, 2.0.69 and 2.1.19 abort background agents at the end of the main turn: they are
    reported, and no crash is meant.
    """
    agents = spawned(case)
    if not agents:
        if case.agents:
            yield Insufficient(
                "agents' transcripts without their parent's: whether they were awaited is not known"
            )
        else:
            yield NotApplicable("no subagent was spawned")
        return
    for agent in agents:
        if agent.outcome is AgentEnd.UNFINISHED:
            yield _hit(case, agent, silence_s)


def _hit(case: Case, agent: AgentLife, silence_s: float) -> Hit:
    seen = agent.last_seen or agent.start
    end = case.ending
    silent = (end.last_ts - seen).total_seconds() if end.last_ts and seen else None
    severity = _severity(end.verdict, silent, silence_s)
    spawn = (agent.spawn_event,) if agent.spawn_event is not None else ()
    who = f"agent “{agent.description}”"
    statements = [
        Statement(
            Slot.HAPPENED,
            Claim.OBSERVED,
            f"{agent_name(case, agent.parent_id)} spawned {who} at {clock_time(agent.start)}",
            spawn,
        ),
        Statement(
            Slot.HAPPENED,
            Claim.DERIVED,
            f"No result, notification or stop of {who} is in the record, which ends at {clock_time(end.last_ts)} ({end.verdict})",
            tuple(e for e in (end.last_event,) if e is not None),
        ),
    ]
    if agent.last_event is not None:
        statements.append(
            Statement(
                Slot.WHY,
                Claim.OBSERVED,
                f"The last record of {who} is from {clock_time(agent.last_seen)}",
                (agent.last_event,),
            )
        )
    else:
        statements.append(
            Statement(
                Slot.WHY,
                Claim.DERIVED,
                f"{who} left no transcript: client versions up to 2.0.24 write it only when the agent returns",
            )
        )
    statements.append(Statement(Slot.IMPACT, Claim.DERIVED, f"The work of {who} has no recorded outcome"))
    statements.append(
        Statement(
            Slot.QUESTION,
            Claim.HYPOTHESIS,
            f"What had {who} done when the record ended? The working tree and git status would tell",
        )
    )
    cites = [*spawn, *(e for e in (agent.last_event, end.last_event) if e is not None)]
    return Hit(
        subject=agent.description or agent.agent_id,
        message=f"{who} was spawned and never returned",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in dict.fromkeys(cites)),
        facts={
            "agent": agent.agent_id,
            "spawned_at": agent.start.isoformat() if agent.start else None,
            "last_seen": agent.last_seen.isoformat() if agent.last_seen else None,
            "background": agent.background,
        },
        statements=tuple(statements),
        severity=severity,
        agent_id=agent.agent_id,
    )


def _severity(verdict: Verdict, silent: float | None, silence_s: float) -> Severity:
    if verdict is Verdict.INTERRUPTED:
        return Severity.MEDIUM
    if verdict is Verdict.UNKNOWN and (
        silent is None or timedelta(seconds=silent) < timedelta(seconds=silence_s)
    ):
        return Severity.NOTE
    return Severity.HIGH
