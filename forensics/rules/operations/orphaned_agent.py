"""CCF403: an agent was spawned and never returned. What it says of it stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Source, Statement, rule, words
from forensics.rulekit.names import agent_name, clock_time
from forensics.rulekit.whereabouts import WORKING_TREE
from forensics.session.agents.counted import run_counts, untold_ends
from forensics.session.agents.overlap import may_still_run, spawned
from forensics.session.lists.todo_lists import last_in_progress
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.ending import Verdict
from forensics.session.services.api_failures import aborted_requests
from forensics.session.work.possible_writes import possible_writes

TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF403",
    topic="4.3",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    any_of=Source.TRANSCRIPT,
    reads=("agents",),
    over=("agents",),
)
def orphaned_agent(case: Case, *, silence_s: float = 600.0) -> Iterator[Said]:
    """Find subagents that were spawned and never returned."""
    agents = spawned(case)
    if agents:
        missing = [a for a in agents if a.outcome is AgentEnd.UNFINISHED and not a.is_out_of_sight]
        yield from (_hit(case, agent, timedelta(seconds=silence_s)) for agent in missing)
        yield from _not_told(agents)
    elif counts := run_counts(case):
        others = sum(c.others for c in counts)
        if others:
            yield TEXT.insufficient("by-count", agents=sum(c.spawned for c in counts), others=others)
    elif any(a.spawn_event is None for a in case.agents):
        yield TEXT.insufficient("no-parent")
    else:
        yield TEXT.not_applicable("no-agents")


def _not_told(agents: Sequence[AgentLife]) -> Iterator[Said]:
    """Say of which agents the evidence does not tell whether they returned."""
    unseen = sum(a.is_out_of_sight for a in agents)
    left_out = sum(a.outcome is AgentEnd.UNKNOWN for a in agents)
    lost = sum(a.outcome is AgentEnd.LOST for a in agents)
    if unseen:
        yield TEXT.insufficient("no-transcripts", agents=unseen)
    if left_out:
        yield TEXT.insufficient("excerpt", agents=left_out)
    if lost:
        yield TEXT.insufficient("lost-answers", agents=lost)


def _hit(case: Case, agent: AgentLife, silence: timedelta) -> Hit:
    severity = Severity.HIGH
    if case.ending.verdict is Verdict.INTERRUPTED:
        severity = Severity.MEDIUM
    elif may_still_run(case, agent, silence):
        severity = Severity.NOTE
    say = TEXT.saying(agent=agent.name, spawned_at=clock_time(agent.start))
    return say.hit(
        "still-out" if severity is Severity.NOTE else "never-returned",
        subject=agent.description or agent.agent_id,
        agent_id=agent.agent_id,
        severity=severity,
        facts={
            "agent": agent.agent_id,
            "spawned_at": agent.start.isoformat() if agent.start else None,
            "last_seen": agent.last_seen.isoformat() if agent.last_seen else None,
            "background": agent.background,
        },
        cites=(agent.spawn_event, agent.last_event, case.ending.last_event),
        statements=(*_happened(case, agent, say), *_unknown_work(case, agent, say)),
    )


def _happened(case: Case, agent: AgentLife, say: Saying) -> Iterator[Statement]:
    """Say when it was spawned, when the record ends without it, and what its last sign was."""
    end = case.ending
    spawned_at = "spawned" if agent.start is not None else "spawned-undated"
    yield say.sentence(spawned_at, agent.spawn_event, parent=agent_name(case, agent.parent_id))
    shown = agent.spawn_event if end.last_event is None else end.last_event
    no_result = "no-result" if end.last_ts is not None else "no-result-undated"
    yield say.sentence(no_result, shown, ends_at=clock_time(end.last_ts), verdict=end.verdict)
    if agent.last_event is not None:
        yield say.sentence("last-sign", agent.last_event, last_seen=clock_time(agent.last_seen))
    else:
        yield say.sentence("no-record", agent.spawn_event)
    if agent.gave_up_event is not None:
        yield say.sentence("gave-up", agent.gave_up_event)
    if agent.gone_by is not None:
        yield say.sentence("gone", agent.spawn_event, agent.gone_event, gone_by=clock_time(agent.gone_by))
    counted = untold_ends(case)
    if counted is not None:
        yield say.sentence("counted", *counted.events, ends=counted.words)
    aborted = aborted_requests(case) if agent.background else ()
    if aborted:
        yield say.sentence("aborted", *aborted)


def _unknown_work(case: Case, agent: AgentLife, say: Saying) -> Iterator[Statement]:
    """Say what it had in hand, and ask what became of it."""
    busy = last_in_progress(case, agent.agent_id)
    if busy is not None:
        yield say.sentence("in-progress", *busy.events, items=", ".join(f"“{item}”" for item in busy.items))
    yield say.sentence("no-outcome", agent.spawn_event)
    for file in (w for w in possible_writes(case) if w.agent.agent_id == agent.agent_id):
        at, tree = clock_time(file.at), WORKING_TREE
        yield say.sentence("may-have-written", *file.lines, path=file.name, written_at=at, working_tree=tree)
    asked = "done" if agent.start is not None else "done-undated"
    yield say.sentence(asked, agent.spawn_event, working_tree=WORKING_TREE)
