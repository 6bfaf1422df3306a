"""The top of the report: how long, what was left, the summary in at most five sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from forensics.analysis.model import RuleError
from forensics.analysis.own_clock import length_by_own_clock
from forensics.analysis.session_analysis import SessionAnalysis, Verdict
from forensics.chain.happenings import CHAIN
from forensics.evidence.account import Blind
from forensics.render.account import blindness
from forensics.render.report.exhibits import Exhibits, Sentence
from forensics.render.report.moments import LocalClock
from forensics.render.report.outline import ENDED
from forensics.schema.finding import Claim
from forensics.text.clock_time import format_utc
from forensics.text.durations import span_text

FOREMOST = 2  # figures that the head names
NO_IMPACT = "none recorded"
FIGURES, NOT_COUNTED = "review-figures", "not counted: counting failed, as the appendix tells"
SIDE_BY_SIDE = "They stand side by side: no order of cause between them is claimed"
ROOT_CAUSES = {
    Verdict.CRASHED: "the process's own fatal text (see the proof of the end); what led to it is not established",
    Verdict.KILLED: "the kill that the proof of the end tells; what led to it is not established",
    Verdict.CLEAN: "the session ended cleanly, so its end needs none; the findings stand for themselves",
    Verdict.INTERRUPTED: "an interrupt (see the proof of the end); what led to it is not in the logs",
    Verdict.ERROR_RESULT: "the error that the record states (see the proof of the end); its cause is not established",
}
NOT_ESTABLISHED = (
    "not established. No line in the evidence says why it ended; Open questions name what would settle it"
)


def duration(session: SessionAnalysis, clock: LocalClock) -> str:
    """Say how long the record is, from when to when; without a time in UTC by its own clock."""
    first, last = session.span
    if first is None or last is None:
        return _by_own_clock(session)
    local = f", {clock.local(first)} to {clock.local(last)}" if clock.zone else ""
    return f"{span_text((last - first).total_seconds())} of records ({format_utc(first)} to {format_utc(last)}{local})"


def _by_own_clock(session: SessionAnalysis) -> str:
    own = length_by_own_clock(session)
    if own is None:
        return "not known: no record has a UTC time"
    whose = "the server's clock" if own.is_servers else "its own clock"
    return f"{span_text(own.seconds)} by {whose}; no record has a UTC time"


def impact(session: SessionAnalysis, errors: Iterable[RuleError] = ()) -> str:
    """Say in one short line what was left or lost: the foremost figures; the rest stands under Impact."""
    if any(e.session_id == session.session_id and e.rule == FIGURES for e in errors):
        return NOT_COUNTED
    figures = session.review.figures
    told = "; ".join(f"{f.name}: {f.value}" for f in figures[:FOREMOST])
    more = len(figures) - FOREMOST
    return (f"{told}; {more} more under Impact" if more > 0 else told) or NO_IMPACT


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def summarise(
    session: SessionAnalysis, exhibits: Exhibits, blind: Sequence[Blind] = ()
) -> tuple[Sentence, ...]:
    """Return the summary: what was not read, how it ended, the silence before, what was found, what is not claimed."""
    unseen = blindness(blind)
    proof = tuple(exhibits.number(r) for r in session.ending_refs[:8])
    sentences = [Sentence(unseen, Claim.DERIVED, ())] if unseen is not None else []
    sentences += [
        Sentence(f"{ENDED[session.verdict]} ({session.verdict}: {session.proof})", Claim.DERIVED, proof)
    ]
    if session.long_silence is not None:
        text = f"Before the last records no source has a dated record for {span_text(session.long_silence)}"
        around = tuple(exhibits.number(r) for r in session.silence_refs)
        sentences.append(Sentence(text, Claim.DERIVED, around))
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
    told = [f.evidence for f in session.findings if f.rule == CHAIN]
    shown = tuple(exhibits.number(ref) for ref in told[0]) if told else ()
    codes = ", ".join(sorted({code for node in nodes for code in node.codes}))
    text = f"A {paths[0].verdict.lower()} of {len(nodes)} events links {codes}"
    text += f", and there {_more(len(paths) - 1)} more" if len(paths) > 1 else ""
    return Sentence(f"{text}; between the other findings no order of cause is claimed", Claim.DERIVED, shown)


def _more(count: int) -> str:
    return f"are {count}" if count > 1 else "is one"


def root_cause(session: SessionAnalysis) -> str:
    """Name a root cause only where a line names it."""
    return ROOT_CAUSES.get(session.verdict, NOT_ESTABLISHED)
