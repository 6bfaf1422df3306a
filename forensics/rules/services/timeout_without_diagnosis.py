"""CCF204: an attempt timed out, and nothing tells why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.whereabouts import MACHINE_LOG, PROVIDER_STATUS, around, server_stderr, speech_log
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
from forensics.session.model.case import Case
from forensics.session.model.speech import Attempt, walk_attempts
from forensics.session.services.tool_timeouts import ToolTimeouts, tool_timeouts
from forensics.session.speech.results import failed_results, has_server_lines, uses_voice
from forensics.session.speech.tables import SERVICES
from forensics.text.durations import duration

WHICH = "Was the service overloaded, hung, or not reached at all? A client's timeout cannot tell these apart"
WHICH_OF_API = "Was the API slow or the network interrupted?"
WHICH_OF_TOOL = "Was the tool slow or its server hung?"
API_TIMEOUTS = ("Request timed out", "Stream idle timeout")
REQUESTS = (K.TOOL_CALL, K.TOOL_DISPATCH, K.TTS_ATTEMPT, K.STT_ATTEMPT, K.VOICE_REQUEST, K.API_ERROR)

GUIDANCE = Guidance(
    contract="A timeout is a symptom. Without the server's own record of that minute its cause cannot be named.",
    immediate=("Look at the named service's own log around the time of the timeout, or at its status page",),
    this_week=(
        "For a local service: log each request with its duration, and keep that log with the session's",
    ),
    strategic=("Choose the client's timeout from measured latencies, not by default",),
    avoid="Explain a timeout by load or a GPU without a measurement",
    instead="Collect the service's own log for the same minute, then decide",
    before=("For a local speech server: call its health route (whisper.cpp's server answers GET /health)",),
    during=("Note slow answers before they become timeouts",),
    metric="No request timed out",
)


@rule(
    code="CCF204",
    name="timeout-without-diagnosis",
    title="Timeout without diagnosis",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    topic="2.4",
    any_of=frozenset(
        {
            Source.VOICE_STDERR,
            Source.MCP_LOG,
            Source.CLAUDE_DEBUG,
            Source.ERROR_REPORT,
            Source.TRANSCRIPT,
            Source.CONSOLE,
        }
    ),
    guidance=GUIDANCE,
)
def timeout_without_diagnosis(
    case: Case, *, limits_s: tuple[float, ...] = (30.0, 60.0), slack_s: float = 1.0
) -> Iterator[Said]:
    """Find attempts of speech, API or MCP tool that timed out while no server-side record tells why.

    ## What it detects
    A timeout in an attempt's own failure text, also where a retry or a fallback then served. The wait is
    measured from the last sign before it (the attempt's line, its start in the event log, the end of the try
    before) and compared with the limits that clients are built with (``limits_s``, within ``slack_s``:
    voicemode's STT 30 s up to 7.1.2, 60 s from 7.2.0; TTS 30 s). One finding for each endpoint.

    ## Why it matters
    The time is lost each time, and without the server's record it will happen again.

    ## How to fix
    Keep the server's log beside the client's; look at the minute around the attempt.

    ## Known misses
    “Request timed out.” is any of connect, read or write. Up to Claude Code 2.1.19 single API retries are not
    logged, so a timeout that a silent retry cured is not seen. A suspended machine looks like a timeout.
    """
    groups: dict[tuple[str, str], list[Attempt]] = {}
    for chain, attempt in walk_attempts(case.chains):
        if attempt.timed_out:
            groups.setdefault((chain.service, attempt.endpoint), []).append(attempt)
    for (service, endpoint), attempts in groups.items():
        yield _hit(service, endpoint, attempts, limits_s, slack_s)
    if not groups:
        yield from _from_results(case)
    yield from _from_api(case)
    yield from (_of_tool(found) for found in tool_timeouts(case))
    if not groups and uses_voice(case) and not has_server_lines(case) and not case.of(K.TOOL_RESULT).height:
        yield Insufficient("the voice server's own lines are not in the evidence")
    elif case.sources <= {Source.ERROR_REPORT}:
        yield Insufficient(
            "a list of caught errors names no request that was answered, and no other service's"
        )
    elif Source.ATIF in case.sources and Source.CLAUDE_DEBUG not in case.sources:
        yield Insufficient("an ATIF trajectory leaves out API requests that failed and were tried again")
    elif case.of(*REQUESTS).is_empty():
        yield NotApplicable("no request of any service is in the evidence")


def _hit(
    service: str, endpoint: str, attempts: Sequence[Attempt], limits_s: Sequence[float], slack_s: float
) -> Hit:
    waits = [a.waited_s for a in attempts if a.waited_s is not None]
    waited = round(waits[0], 1) if waits else None
    limit = next((x for x in limits_s if waited is not None and abs(waited - x) <= slack_s), None)
    after = f" after {duration(waited)}" if waited is not None else ""
    return Hit(
        subject=f"{service}|{endpoint}",
        message=f"{SERVICES[service]} at {endpoint} timed out{after}, cause not in the evidence",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in _events(attempts)),
        facts={"waited_s": waited, "limit_s": limit, "endpoint": endpoint, "occurrences": len(attempts)},
        statements=tuple(_statements(service, endpoint, attempts, limit)),
    )


def _events(attempts: Sequence[Attempt]) -> tuple[int, ...]:
    ids = [e for a in attempts for e in (a.waited_event, a.end_event) if e is not None]
    return tuple(dict.fromkeys(ids))


def _statements(
    service: str, endpoint: str, attempts: Sequence[Attempt], limit: float | None
) -> Iterator[Statement]:
    times = f" ({len(attempts)} times)" if len(attempts) > 1 else ""
    name = SERVICES[service].capitalize()
    ends = tuple(a.end_event for a in attempts if a.end_event is not None)
    yield Statement(Slot.HAPPENED, Claim.OBSERVED, f"{name} at {endpoint} timed out{times}", ends)
    measured = [a for a in attempts if a.waited_s is not None]
    if measured:
        waits = [a.waited_s or 0.0 for a in measured]
        text = f"The wait was {duration(waits[0])}, from the attempt to its failure"
        if limit is not None:
            text += f"; that is a limit that the client is built with ({duration(limit, digits=0)})"
        yield Statement(Slot.WHY, Claim.DERIVED, text, _events(measured[:1]))
        text = f"{duration(sum(waits), digits=0)} in all were spent waiting for {endpoint}"
        yield Statement(Slot.IMPACT, Claim.DERIVED, text, _events(measured))
    text = "No record of the speech server's own was observed among the sources"
    yield Statement(Slot.WHY, Claim.DERIVED, text, ends[:1])
    yield _which(endpoint, attempts[0].ended, ends[:1])


def _which(endpoint: str, when: datetime | None, cites: tuple[int, ...]) -> Statement:
    text = f"{speech_log(endpoint)}: a request {around(when)}, and how long it took; without one it was not reached"
    return question(WHICH, text, cites)


def _plain(endpoint: str, what: str, asked: Statement, count: int, waited: float | None = None) -> Hit:
    """Make the finding of a timeout of which no more is known than that it was, on the lines of the question."""
    events = asked.cites
    times = f" ({count} times)" if count > 1 else ""
    return Hit(
        subject=endpoint,
        message=f"{what} timed out{times}, cause not in the evidence",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e, "timed out") for e in events),
        facts={"waited_s": waited, "limit_s": None, "endpoint": endpoint, "occurrences": count},
        statements=(
            Statement(Slot.HAPPENED, Claim.OBSERVED, f"{what} timed out{times}", events),
            asked,
        ),
    )


def _from_results(case: Case) -> Iterator[Hit]:
    """Without the server's lines: the voice tool's result names the endpoint that timed out."""
    found: dict[str, list[int]] = {}
    for result in failed_results(case):
        for endpoint, reason in result.endpoints:
            if "timed out" in reason.casefold():
                found.setdefault(endpoint, []).append(result.event)
    for endpoint, events in found.items():
        what = f"By the voice tool's own result, {endpoint}"
        asked = _which(endpoint, case.event(events[0])["ts"], tuple(events))
        yield _plain(endpoint, what, asked, len(events))


def _from_api(case: Case) -> Iterator[Hit]:
    if case.of(K.API_ERROR).is_empty():
        return
    timeouts = case.of(K.API_ERROR).filter(pl.col("status").is_in(API_TIMEOUTS))
    if timeouts.is_empty():
        return
    # one timeout may stand in the debug log and in the transcript: they are its places, not two timeouts
    count = max(timeouts.group_by("source").len()["len"].to_list())
    what, events = "A request to the model API", tuple(timeouts["event_id"])
    when = around(timeouts["ts"][0])
    settled_by = f"{PROVIDER_STATUS}: an incident {when}; and {MACHINE_LOG}: an interface that went down then"
    yield _plain("model API", what, question(WHICH_OF_API, settled_by, events), count)


def _of_tool(found: ToolTimeouts) -> Hit:
    """Make the finding of one tool's timeouts; its server may have several tools that time out."""
    settled_by = f"{server_stderr(found.server)}: what {found.tool} was at when the client gave up"
    asked = question(WHICH_OF_TOOL, settled_by, found.events)
    hit = _plain(f"mcp:{found.server}", found.what, asked, len(found.events), found.waited_s)
    return replace(hit, apart=found.tool)
