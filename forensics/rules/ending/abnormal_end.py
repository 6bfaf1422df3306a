"""CCF901: how the session ended. What it says of it stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import (
    Case,
    Confidence,
    Insufficient,
    Said,
    Saying,
    Severity,
    Source,
    Statement,
    rule,
    words,
)
from forensics.rulekit.names import clock_time
from forensics.rulekit.whereabouts import MACHINE_LOG, around
from forensics.session.model.ending import Verdict
from forensics.session.model.pauses import Pause
from forensics.session.turns.open_turns import silence_before_end
from forensics.text.durations import duration

# NEVER_STARTED is not among them: no log of the client or the voice server tells it
SEVERITIES = {
    Verdict.CRASHED: Severity.HIGH,
    Verdict.KILLED: Severity.MEDIUM,
    Verdict.TRUNCATED: Severity.MEDIUM,
    Verdict.ERROR_RESULT: Severity.MEDIUM,
    Verdict.INTERRUPTED: Severity.NOTE,
    Verdict.UNKNOWN: Severity.NOTE,
}
MEANING = {
    Verdict.CRASHED: "crashed",
    Verdict.KILLED: "killed",
    Verdict.TRUNCATED: "truncated",
    Verdict.ERROR_RESULT: "error-result",
    Verdict.INTERRUPTED: "interrupted",
    Verdict.UNKNOWN: "unknown",
}
# endings that a line itself states; the others are drawn from what is there and what is not
STATED = (Verdict.CRASHED, Verdict.KILLED, Verdict.INTERRUPTED, Verdict.ERROR_RESULT)
SHOWN = 6  # records cited for one sentence
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF901",
    topic="ending",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset(Source),
    reads=("ending",),
)
def abnormal_end(case: Case, *, gap_s: float = 60.0) -> Iterator[Said]:
    """Report a session that did not end cleanly, with the proof of how it ended."""
    ending = case.ending
    if ending.verdict is Verdict.CLEAN:
        return
    if ending.verdict is Verdict.UNKNOWN and case.is_mere_traces:
        yield Insufficient("only traces of a session are here: nothing says that one was at work, or ended")
        return
    last = (ending.last_event,) if ending.last_event is not None else ()
    cites = ending.cites or last or (int(case.events["event_id"][-1]),)
    say = TEXT.saying(verdict=ending.verdict, proof=ending.proof)
    yield say.hit(
        "stated" if ending.verdict in STATED else "concluded",
        subject=str(ending.verdict),
        cites=cites,
        facts={"verdict": str(ending.verdict), "proof": ending.proof, "gap_s": ending.gap_s},
        statements=_statements(case, say, cites[:SHOWN], gap_s),
        severity=SEVERITIES[ending.verdict],
        confidence=Confidence.LOW if ending.verdict is Verdict.UNKNOWN else Confidence.HIGH,
        contract_held=None if ending.verdict is Verdict.UNKNOWN else False,
    )


def _statements(case: Case, say: Saying, cites: tuple[int, ...], gap_s: float) -> Iterator[Statement]:
    ending = case.ending
    yield say.sentence(MEANING[ending.verdict], *cites)
    yield say.sentence("stated-proof" if ending.verdict in STATED else "concluded-proof", *cites)
    yield from _last_record(case, say, gap_s)
    if ending.pause is not None:
        yield say.sentence("left" if ending.pause is Pause.ASKS else "copied", *cites)
    elif ending.verdict in (Verdict.TRUNCATED, Verdict.UNKNOWN):
        yield say.sentence("how", *cites, machine_log=MACHINE_LOG, around=around(ending.last_ts))
    if ending.open_calls:
        several = len(ending.open_calls) > 1
        calls = ending.open_calls[:SHOWN]
        yield say.sentence("open-calls" if several else "open-call", *calls, calls=len(ending.open_calls))


def _last_record(case: Case, say: Saying, gap_s: float) -> Iterator[Statement]:
    """Say when the record stops, and of a silence before that."""
    ending = case.ending
    if ending.last_ts is None or ending.last_event is None:
        return
    yield say.sentence("last-record", ending.last_event, last_at=clock_time(ending.last_ts))
    silence = silence_before_end(case)
    if silence is not None and silence >= gap_s and ending.gap_from is not None:
        lasted = duration(silence, digits=0)
        yield say.sentence("silence", ending.gap_from, ending.last_event, silence=lasted)
