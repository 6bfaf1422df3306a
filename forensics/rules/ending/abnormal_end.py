"""CCF901: how the session ended."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.whereabouts import MACHINE_LOG, around
from forensics.schema import Source
from forensics.schema.finding import Cite, Claim, Confidence, Hit, Severity, Slot, Statement, question
from forensics.session.model.case import Case
from forensics.session.model.ending import Verdict
from forensics.session.turns.open_turns import silence_before_end
from forensics.text.clock_time import clock_time
from forensics.text.durations import duration

SEVERITIES = {
    Verdict.CRASHED: Severity.HIGH,
    Verdict.KILLED: Severity.MEDIUM,
    Verdict.TRUNCATED: Severity.MEDIUM,
    Verdict.ERROR_RESULT: Severity.MEDIUM,
    Verdict.NEVER_STARTED: Severity.MEDIUM,
    Verdict.INTERRUPTED: Severity.NOTE,
    Verdict.UNKNOWN: Severity.NOTE,
}
MEANING = {
    Verdict.CRASHED: "the process died of an error that it printed",
    Verdict.KILLED: "the process was ended from outside",
    Verdict.TRUNCATED: "the record stops in the middle of work",
    Verdict.ERROR_RESULT: "the run ended with an error",
    Verdict.NEVER_STARTED: "the client never got to work",
    Verdict.INTERRUPTED: "it was interrupted at work",
    Verdict.UNKNOWN: "the record does not say how it ended",
}
# endings that a line itself states; the others are drawn from what is there and what is not
STATED = (Verdict.CRASHED, Verdict.INTERRUPTED, Verdict.ERROR_RESULT)
QUESTION = "Was the process killed, did it die, or was its window closed?"
SHOWN = 6  # records cited for one sentence

GUIDANCE = Guidance(
    contract="A session ends with a shutdown line or a result record, and no open call.",
    immediate=("Copy the logs before the client's clean-up removes them",),
    this_week=(
        "Keep debug logging on for long sessions (`claude --debug`): it is the best record of an end",
    ),
    avoid="Call an end a crash without the line that proves it",
    instead="Keep the exit code and the terminal's last lines: they tell a crash from a kill and a closed window",
    before=("Note where the logs are, and that there is room for them",),
    after=("Note the exit code of the client",),
    metric="The session ended cleanly",
)


@rule(
    code="CCF901",
    topic="ending",
    name="abnormal-end",
    title="Abnormal end of the session",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset(Source),
    guidance=GUIDANCE,
)
def abnormal_end(case: Case, *, gap_s: float = 60.0) -> Iterator[Said]:
    """Report a session that did not end cleanly, with the proof of how it ended.

    ## What it detects
    CRASHED needs the process's own fatal text; KILLED a signal or exit code; INTERRUPTED the user's marker;
    TRUNCATED an open call or agent where the record stops; ERROR_RESULT an error as the last answer; UNKNOWN
    is what is left when a record simply ends. A shutdown line with an open call is TRUNCATED: a termination
    signal looks so. Where the record says that the client's shutdown interrupted it (2.1.220), the proof names that
    and not the user. A silence of ``gap_s`` or more before the last record is named,
    unless the transcript shows that no turn was open.

    ## Why it matters
    Only an end that is known can be prevented. A word that is too strong sends people looking for a bug that
    is not there.

    ## How to fix
    Keep the exit code and the debug log. Resume with ``claude --resume <id>``.

    ## Known misses
    Up to 2.1.19 a kill and Ctrl-C with ``-p`` leave the same record. A transcript alone has no end mark, so
    its end is UNKNOWN unless a call is open.
    """
    ending = case.ending
    if ending.verdict is Verdict.CLEAN:
        return
    last = (ending.last_event,) if ending.last_event is not None else ()
    cites = ending.cites or last or (int(case.events["event_id"][-1]),)
    yield Hit(
        subject=str(ending.verdict),
        message=f"the session ended {ending.verdict}: {ending.proof}",
        claim=Claim.OBSERVED if ending.verdict in STATED else Claim.DERIVED,
        cites=tuple(Cite(e) for e in cites),
        facts={"verdict": str(ending.verdict), "proof": ending.proof, "gap_s": ending.gap_s},
        statements=tuple(_statements(case, cites[:SHOWN], gap_s)),
        severity=SEVERITIES[ending.verdict],
        confidence=Confidence.LOW if ending.verdict is Verdict.UNKNOWN else Confidence.HIGH,
        contract_held=None if ending.verdict is Verdict.UNKNOWN else False,
    )


def _statements(case: Case, cites: tuple[int, ...], gap_s: float) -> Iterator[Statement]:
    ending = case.ending
    text = f"{ending.verdict}: {MEANING[ending.verdict]}"
    yield Statement(Slot.HAPPENED, Claim.DERIVED, text, cites)
    claim = Claim.OBSERVED if ending.verdict in STATED else Claim.DERIVED
    yield Statement(Slot.WHY, claim, f"Proof: {ending.proof}", cites)
    if ending.last_ts is not None and ending.last_event is not None:
        text = f"The last record is from {clock_time(ending.last_ts)}"
        yield Statement(Slot.HAPPENED, Claim.DERIVED, text, (ending.last_event,))
        silence = silence_before_end(case)
        if silence is not None and silence >= gap_s and ending.gap_from is not None:
            text = f"Before the end no source has a dated record for {duration(silence, digits=0)}"
            yield Statement(Slot.HAPPENED, Claim.DERIVED, text, (ending.gap_from, ending.last_event))
    if ending.verdict in (Verdict.TRUNCATED, Verdict.UNKNOWN):
        settled_by = (
            f"{MACHINE_LOG}: an out-of-memory kill or a shutdown {around(ending.last_ts)}; the exit code that the "
            "shell or the CI job kept: 137 and 143 are kills; the terminal's last lines: an error of the process's own"
        )
        yield question(QUESTION, settled_by, cites)
    if ending.open_calls:
        n = len(ending.open_calls)
        text = f"{n} tool call{'s were' if n > 1 else ' was'} not answered when the record stopped"
        yield Statement(Slot.IMPACT, Claim.DERIVED, text, ending.open_calls[:SHOWN])
