"""The top of the report: how long, what was left, the summary in at most five sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from forensics.agents import AgentEnd
from forensics.analysis import SessionAnalysis
from forensics.citations import format_utc
from forensics.finding import Claim
from forensics.render.moments import LocalClock, span_text
from forensics.render.outline import CHAIN_CODES, ENDED
from forensics.render.views import Exhibits, Sentence
from forensics.verdict import Verdict

LONG_SILENCE_S = 300.0
NO_IMPACT = "none recorded"
SIDE_BY_SIDE = "They stand side by side: no order of cause between them is claimed"
ROOT_CAUSES = {
    Verdict.CRASHED: "the process's own fatal text (see the proof of the end); what led to it is not established",
    Verdict.CLEAN: "the session ended cleanly, so its end needs none; the findings stand for themselves",
    Verdict.INTERRUPTED: "an interrupt (see the proof of the end); what led to it is not in the logs",
    Verdict.ERROR_RESULT: "the error that the record states (see the proof of the end); its cause is not established",
}
NOT_ESTABLISHED = (
    "not established. No line in the evidence says why it ended; Open questions name what would settle it"
)


def duration(first: datetime | None, last: datetime | None, clock: LocalClock) -> str:
    """Say how long the record is, from when to when."""
    if first is None or last is None:
        return "not known: no record has a UTC time"
    local = f", {clock.local(first)} to {clock.local(last)}" if clock.zone else ""
    return f"{span_text((last - first).total_seconds())} of records ({format_utc(first)} to {format_utc(last)}{local})"


def impact(session: SessionAnalysis) -> tuple[str, ...]:
    """Say what was left, or that none of it is recorded."""
    return _counts(session) or (NO_IMPACT,)


def _counts(session: SessionAnalysis) -> tuple[str, ...]:
    """Count what was left: derived, and nothing that no record shows."""
    busy = sum(t.status == "in_progress" for t in session.todos)
    pending = len(session.todos) - busy
    missing = sum(a.outcome is AgentEnd.UNFINISHED for a in session.case.agents)
    spawned = {a.spawn_event for a in session.case.agents}
    opened = sum(call not in spawned for call in session.case.ending.open_calls)
    stopped = sum(a.outcome is AgentEnd.STOPPED for a in session.case.agents)
    waits = [
        c.duration_s
        for c in session.case.chains
        if c.duration_s is not None and c.exhausted_event is not None
    ]
    told = (
        (busy, f"{busy} todo item{_s(busy)} in progress at the end"),
        (pending, f"{pending} todo item{_s(pending)} pending"),
        (missing, f"{missing} agent{_s(missing)} without a result"),
        (stopped, f"{stopped} agent{_s(stopped)} stopped before the end of the work"),
        (opened, f"{opened} tool call{_s(opened)} never answered"),
        (
            len(waits),
            f"{len(waits)} voice request{_s(len(waits))} failed after {span_text(sum(waits))} in all",
        ),
    )
    return tuple(text for count, text in told if count)


def _left(session: SessionAnalysis, exhibits: Exhibits) -> tuple[str, ...]:
    """Return the numbers of what shows the impact, as far as a finding rests on it."""
    case = session.case
    gone = (AgentEnd.UNFINISHED, AgentEnd.STOPPED)
    shown = (
        *(t.ref.event_id for t in session.todos),
        *(a.spawn_event for a in case.agents if a.outcome in gone),
        *(c.exhausted_event for c in case.chains if c.duration_s is not None),
    )
    numbers = (exhibits.of(e) for e in shown if e is not None)
    return tuple(dict.fromkeys(n for n in numbers if n is not None))


def _listed(told: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(told[:-1]), told[-1]) if part)


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def summarise(session: SessionAnalysis, exhibits: Exhibits) -> tuple[Sentence, ...]:
    """Return the summary: how it ended, the silence before, what was found, what is not claimed."""
    ending = session.case.ending
    proof = tuple(exhibits.number(r) for r in session.ending_refs[:8])
    sentences = [
        Sentence(f"{ENDED[ending.verdict]} ({ending.verdict}: {ending.proof})", Claim.DERIVED, proof)
    ]
    if ending.gap_s is not None and ending.gap_s >= LONG_SILENCE_S:
        text = f"Before the last records no source has a dated record for {span_text(ending.gap_s)}"
        around = tuple(exhibits.number(r) for r in session.silence_refs)
        sentences.append(Sentence(text, Claim.DERIVED, around))
    left = _counts(session)
    if left:
        sentences.append(
            Sentence(f"Its impact in the record: {_listed(left)}", Claim.DERIVED, _left(session, exhibits))
        )
    if not session.findings:
        sentences.append(Sentence("No rule found anything to report", Claim.DERIVED, ()))
        return tuple(sentences)
    levels = [
        f"{len(list(group))} {level}" for level, group in groupby(f.severity.value for f in session.findings)
    ]
    n = len(session.findings)
    sentences.append(Sentence(f"The rules report {n} finding{_s(n)}: {', '.join(levels)}", Claim.DERIVED, ()))
    if n > 1:
        sentences.append(_connection(session, exhibits))
    return tuple(sentences)


def _connection(session: SessionAnalysis, exhibits: Exhibits) -> Sentence:
    """Say what the findings are to one another: only what a line or a resource links is linked."""
    paths = session.chain.paths
    if not paths:
        return Sentence(SIDE_BY_SIDE, Claim.DERIVED, ())
    nodes = [session.chain.nodes[n] for n in paths[0].nodes]
    told = [f.evidence for f in session.findings if f.rule in CHAIN_CODES]
    shown = tuple(exhibits.number(ref) for ref in told[0]) if told else ()
    codes = ", ".join(sorted({code for node in nodes for code in node.codes}))
    text = f"A {paths[0].verdict.lower()} of {len(nodes)} events links {codes}"
    text += f", and there {_more(len(paths) - 1)} more" if len(paths) > 1 else ""
    return Sentence(f"{text}; between the other findings no order of cause is claimed", Claim.DERIVED, shown)


def _more(count: int) -> str:
    return f"are {count}" if count > 1 else "is one"


def root_cause(session: SessionAnalysis) -> str:
    """Name a root cause only where a line names it."""
    return ROOT_CAUSES.get(session.case.ending.verdict, NOT_ESTABLISHED)
