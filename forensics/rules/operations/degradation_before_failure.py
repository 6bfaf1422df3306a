"""CCF401: a service became slower and slower, and then failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.whereabouts import PROVIDER_STATUS, VOICE_EVENTS, server_stderr, speech_log
from forensics.schema import EventKind as K
from forensics.schema import Source
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
    question,
)
from forensics.session.model.case import Case
from forensics.session.services.degradation import Degradation, Limits, find_degradation, most_before
from forensics.session.services.latency import (
    Failure,
    Latency,
    Series,
    failed_undated,
    failing_series,
    unprobed,
)
from forensics.session.speech.tables import SERVICES, short
from forensics.text.clock_time import clock_time
from forensics.text.durations import duration

NAMES = SERVICES | {"api": "the model API", "mcp": "the MCP tool"}
REQUESTS = (
    K.TOOL_CALL, K.ASSISTANT_MESSAGE, K.API_ERROR, K.API_REQUEST, K.MCP_CALL_END, K.VOICE_REQUEST, K.VOICE_CALL_BEGIN,
    K.STT_START, K.STT_BEGUN,
)  # fmt: skip
PARTS = ("first third", "middle", "last third")
WHAT_GREW = {
    "stt": (
        "Did the recordings become longer, or the machine busier?",
        f"{VOICE_EVENTS}: the duration that each RECORDING_END has; and the machine's load over that time",
    ),
    "api": (
        "Did the context or the answers grow, or the provider slow down?",
        f"the session's transcript: the tokens of each request; and {PROVIDER_STATUS}: an incident at that time",
    ),
}

GUIDANCE = Guidance(
    contract="A service that becomes slower is looked at before it fails: its latency is measured, and it is probed.",
    immediate=("Look at the named service's own log and load for the minutes before the failure",),
    this_week=(
        "Log each request's duration beside the service, and warn at twice the usual median",
        "Declare the expectation “health-check”, so that a service that was never probed fails the gate",
    ),
    strategic=("Probe each service before a session, and take another endpoint while the first is slow",),
    avoid="Learn from a timeout that a service had been slow for minutes",
    instead="Compare the last answers with the first, and act at twice the time",
    before=("Call the health route of each local service (whisper.cpp's server answers GET /health)",),
    during=("Watch the time of each answer, not only whether it came",),
    metric="No service became slower before it failed",
)


@rule(
    code="CCF401",
    name="degradation-before-failure",
    title="Slower and slower, then failed",
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    topic="4.1",
    any_of=frozenset(
        {Source.VOICE_STDERR, Source.VOICE_EVENTS, Source.MCP_LOG, Source.CLAUDE_DEBUG, Source.TRANSCRIPT}
    ),
    guidance=GUIDANCE,
    related=("CCF201", "CCF204", "CCF206"),
    expectation="health-check",
)
def degradation_before_failure(
    case: Case,
    *,
    samples: int = 12,
    p: float = 0.01,
    ratio: float = 2.0,
    at_least_s: float = 0.5,
    within_s: float = 600.0,
    slow_calls: int = 3,
) -> Iterator[Said]:
    """Find services whose answers took longer and longer until a request failed, and such as were never probed.

    ## What it detects
    At least ``samples`` timed answers of one endpoint (a speech service, an MCP tool, a model) in one session, with a
    rising trend (Mann and Kendall, p below ``p``), a median of the last third that is ``ratio`` times that of the
    first and ``at_least_s`` seconds or more, and a failure of the same endpoint within ``within_s`` seconds of the
    last answer: a timeout, a lost connection or a server error. Where the size of each request is known (seconds of
    sound, tokens), the trend must also hold for the time per unit. Low; medium where the last ``slow_calls`` answers
    were all slower than 95 % of those before them. Apart from that, as a control gap: a speech endpoint
    that failed so at its first use, with neither a health probe nor an answer of it in the evidence before.

    ## Why it matters
    A trend leaves time to act; a timeout does not. On 219 normal public sessions the trend alone stood in 1.8 %,
    where simpler tests (“twice the median”, “three rises in a row”) stood in 7 to 20 %; it is reported only together
    with the failure.

    ## How to fix
    Measure durations where the service runs, and probe it before it is needed.

    ## Known misses
    A transcript shows a message when its first block is complete, so long answers look like slow ones. A context
    that grows as fast as the times hides a trend. Streams and the SDK's request log carry no times. The model API's
    refusals (429, 401) are no failures here. Text to speech is measured only where the exchange log tells the time to
    the first audio.
    """
    limits = Limits(samples, p, ratio, at_least_s, within_s, slow_calls)
    few: str | None = None
    failing = list(failing_series(case))
    for series in failing:
        found = find_degradation(series, limits)
        if found is not None:
            yield _hit(found)
        elif (known := most_before(series)) < samples:
            timed = "1 answer" if known == 1 else f"{known} answers"
            verb = "is" if known == 1 else "are"
            few = f"{timed} of {series.endpoint} {verb} timed before it failed; a trend takes {samples}"
    for series in failing:
        failure = unprobed(case, series)
        if failure is not None:
            yield _gap(case, series, failure)
    if few is not None:
        yield Insufficient(few)
    elif failed_undated(case):
        yield Insufficient("the requests that failed have no times of their own")
    elif case.of(*REQUESTS).is_empty():
        yield NotApplicable("no request of any service is in the evidence")


def _hit(found: Degradation) -> Hit:
    series, slow = found.series, found.slow
    ends = (found.before[0].event, found.before[-1].event)
    events = dict.fromkeys((ends[0], *(x.event for x in slow), ends[1], found.failure.event))
    speed = f"from {duration(found.first_s)} to {duration(found.last_s)} (medians)"
    return Hit(
        subject=f"{series.service}|{series.endpoint}",
        message=f"answers of {_name(series)} slowed {speed} before a request failed",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in events),
        facts={
            "service": series.service,
            "endpoint": series.endpoint,
            "samples": len(found.before),
            "first_median_s": round(found.first_s, 2),
            "last_median_s": round(found.last_s, 2),
            "p": float(f"{found.p:.1e}"),
            "failed_after_s": round(found.wait_s, 1),
            "slow_right_before": len(slow),
        },
        statements=tuple(_statements(found)),
        tables=(_table(found.before),),
        severity=Severity.MEDIUM if slow else Severity.LOW,
    )


def _name(series: Series) -> str:
    return f"{NAMES[series.service]} {'at ' if series.service in SERVICES else ''}{series.endpoint}"


def _statements(found: Degradation) -> Iterator[Statement]:
    series, ends = found.series, (found.before[0].event, found.before[-1].event)
    text = (
        f"{len(found.before)} answers of {_name(series)} rose from a median of {duration(found.first_s)} in the first "
        f"third to {duration(found.last_s)} in the last (Mann-Kendall, p = {found.p:.1e})"
    )
    yield Statement(Slot.HAPPENED, Claim.DERIVED, text, ends)
    failure = found.failure
    text = (
        f"{duration(found.wait_s, digits=0)} after the last of them a request failed: {short(failure.reason)}"
    )
    yield Statement(Slot.HAPPENED, Claim.DERIVED, text, (ends[1], failure.event))
    if found.slow:
        text = f"The last {len(found.slow)} answers were slower than 95 % of those before them"
        yield Statement(Slot.WHY, Claim.DERIVED, text, tuple(x.event for x in found.slow))
    if found.sized:
        text = "The trend also holds for the time per unit of what was asked for"
        yield Statement(Slot.WHY, Claim.DERIVED, text, ends)
    elif series.service in WHAT_GREW:
        yield question(*WHAT_GREW[series.service], ends)
    yield question("What slowed it down?", _settled_by(series), (failure.event,))


def _settled_by(series: Series) -> str:
    if series.service == "api":
        return f"{PROVIDER_STATUS}: an incident in the minutes before the failure"
    log = (
        speech_log(series.endpoint)
        if series.service in SERVICES
        else server_stderr(series.endpoint.partition("/")[0])
    )
    return (
        f"{log}: how long each request took in the minutes before the failure, with the load of that machine"
    )


def _table(before: Sequence[Latency]) -> Table:
    third = len(before) // 3
    parts = (before[:third], before[third:-third], before[-third:])
    rows = tuple(
        (
            name,
            str(len(part)),
            clock_time(part[0].at),
            clock_time(part[-1].at),
            duration(min(x.seconds for x in part)),
            duration(max(x.seconds for x in part)),
        )
        for name, part in zip(PARTS, parts, strict=True)
    )
    return Table("Answers before the failure", ("part", "answers", "from", "to", "fastest", "slowest"), rows)


def _gap(case: Case, series: Series, failure: Failure) -> Hit:
    sources = ", ".join(sorted(s.value for s in case.sources))
    begin = clock_time(case.span[0])
    text = (
        f"Neither a health probe nor an answer of {series.endpoint} was observed before (sources: {sources}; window: "
        f"from {begin} to {clock_time(failure.at)})"
    )
    cited = (failure.event,)
    return Hit(
        subject=f"health|{series.service}|{series.endpoint}",
        message=f"no health check of {_name(series)} was observed in the supplied evidence before it failed",
        claim=Claim.DERIVED,
        cites=(Cite(failure.event),),
        facts={"service": series.service, "endpoint": series.endpoint},
        statements=(
            Statement(
                Slot.HAPPENED,
                Claim.OBSERVED,
                f"The first request to it failed: {short(failure.reason)}",
                cited,
            ),
            Statement(Slot.WHY, Claim.DERIVED, text, cited),
        ),
        severity=Severity.NOTE,
        nature=Nature.CONTROL_GAP,
        contract="A service is probed before it is needed.",
    )
