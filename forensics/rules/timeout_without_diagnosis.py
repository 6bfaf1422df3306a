"""CCF204: an attempt timed out, and nothing tells why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from forensics.case import Case
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
from forensics.schema import EventKind as K
from forensics.schema import Source
from forensics.voice_chains import Attempt, walk_attempts
from forensics.voice_results import failed_results, has_server_lines, uses_voice

CHECKLIST = (
    "Was the service overloaded, hung, or not reached at all? Its own log and its load for the minute around the "
    "attempt would tell; a client's timeout cannot tell these apart"
)

GUIDANCE = Guidance(
    contract="A timeout is a symptom. Without the server's own record of that minute its cause cannot be named.",
    immediate=("Look at the speech server's own log and load around the time of the timeout",),
    this_week=(
        "Log each speech request with its duration on the server's side; keep the log with the session's",
    ),
    strategic=("Choose the client's timeout from measured latencies, not by default",),
    avoid="Explain a timeout by load or a GPU without a measurement",
    instead="Collect the server's log for the same minute, then decide",
    before=("Call the health route of each local service (whisper.cpp's server answers GET /health)",),
    during=("Note slow answers before they become timeouts",),
    metric="No request timed out",
)


@rule(
    code="CCF204",
    name="timeout-without-diagnosis",
    title="Timeout without diagnosis",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    seed="2.4",
    any_of=frozenset({Source.VOICE_STDERR, Source.MCP_LOG, Source.CLAUDE_DEBUG, Source.TRANSCRIPT}),
    guidance=GUIDANCE,
)
def timeout_without_diagnosis(
    case: Case, *, limits_s: tuple[float, ...] = (30.0, 60.0), slack_s: float = 1.0
) -> Iterator[Said]:
    """An attempt of speech, API or MCP tool timed out, and no server-side record tells why.

    ## What it detects
    A timeout in an attempt's own failure text, also where a retry or a fallback then served. The wait is
    measured from the attempt to its failure and compared with the limits that clients are built with
    (``limits_s``, within ``slack_s``: voicemode's STT 30 s up to 7.1.2, 60 s from 7.2.0; TTS 30 s).

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
    yield from _from_tools(case)
    if not groups and uses_voice(case) and not has_server_lines(case) and not case.of(K.TOOL_RESULT).height:
        yield Insufficient("the voice server's own lines are not in the evidence")
    elif not case.of(
        K.TOOL_CALL, K.TOOL_DISPATCH, K.TTS_ATTEMPT, K.STT_ATTEMPT, K.VOICE_REQUEST, K.API_ERROR
    ).height:
        yield NotApplicable("no request of any service is in the evidence")


def _hit(
    service: str, endpoint: str, attempts: Sequence[Attempt], limits_s: Sequence[float], slack_s: float
) -> Hit:
    waits = [a.waited_s for a in attempts if a.waited_s is not None]
    waited = round(waits[0], 1) if waits else None
    limit = next((x for x in limits_s if waited is not None and abs(waited - x) <= slack_s), None)
    name = {"stt": "Speech-to-text", "tts": "Text-to-speech"}[service]
    first = attempts[0]
    ends = tuple(a.end_event for a in attempts if a.end_event is not None)
    times = f" ({len(attempts)} times)" if len(attempts) > 1 else ""
    statements = [Statement(Slot.HAPPENED, Claim.OBSERVED, f"{name} at {endpoint} timed out{times}", ends)]
    if waited is not None:
        measured = f"The wait was {waited:.1f} s, from the attempt to its failure"
        if limit is not None:
            measured += f"; that is the client's limit of {limit:g} s"
        statements.append(
            Statement(
                Slot.WHY, Claim.DERIVED, measured, tuple(e for e in (first.start_event, first.end_event) if e)
            )
        )
        statements.append(
            Statement(
                Slot.IMPACT,
                Claim.DERIVED,
                f"{sum(waits):.0f} s in all were spent waiting for {endpoint}",
                ends,
            )
        )
    statements.append(
        Statement(Slot.WHY, Claim.DERIVED, "No record of the speech server itself is among the sources")
    )
    statements.append(Statement(Slot.QUESTION, Claim.HYPOTHESIS, CHECKLIST))
    cites = [e for a in attempts for e in (a.start_event, a.end_event) if e is not None]
    return Hit(
        subject=f"{service}|{endpoint}",
        message=f"{name.lower()} at {endpoint} timed out"
        + (f" after {waited:.1f} s" if waited is not None else "")
        + ", cause not in the evidence",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in cites),
        facts={"waited_s": waited, "limit_s": limit, "endpoint": endpoint, "occurrences": len(attempts)},
        statements=tuple(statements),
    )


def _from_results(case: Case) -> Iterator[Hit]:
    """Without the server's lines: the voice tool's result names the endpoint that timed out."""
    found: dict[str, list[int]] = {}
    for result in failed_results(case):
        for endpoint, reason in result.endpoints:
            if "timed out" in reason.casefold():
                found.setdefault(endpoint, []).append(result.event)
    for endpoint, events in found.items():
        yield Hit(
            subject=f"result|{endpoint}",
            message=f"{endpoint} timed out, by the voice tool's own result; cause not in the evidence",
            claim=Claim.OBSERVED,
            cites=tuple(Cite(e, "timed out") for e in events),
            facts={"waited_s": None, "limit_s": None, "endpoint": endpoint, "occurrences": len(events)},
            statements=(
                Statement(
                    Slot.HAPPENED,
                    Claim.OBSERVED,
                    f"The voice tool's result says that {endpoint} timed out",
                    tuple(events),
                ),
                Statement(
                    Slot.WHY,
                    Claim.DERIVED,
                    "The attempts' own lines are not in the evidence, so the wait cannot be measured",
                ),
                Statement(Slot.QUESTION, Claim.HYPOTHESIS, CHECKLIST),
            ),
        )


def _from_api(case: Case) -> Iterator[Hit]:
    timeouts = case.of(K.API_ERROR).filter(pl.col("status") == "Request timed out")
    if timeouts.is_empty():
        return
    # one timeout may stand in the debug log and in the transcript: they are its places, not two timeouts
    per_source = timeouts.group_by("source").len()["len"]
    count = int(per_source.max())  # type: ignore[arg-type]
    events = tuple(timeouts["event_id"])
    yield Hit(
        subject="model API",
        message=f"the model API timed out ({count} time{'s' if count > 1 else ''}), cause not in the evidence",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in events),
        facts={"waited_s": None, "limit_s": None, "endpoint": "model API", "occurrences": count},
        statements=(
            Statement(Slot.HAPPENED, Claim.OBSERVED, "A request to the model API timed out", events),
            Statement(
                Slot.QUESTION,
                Claim.HYPOTHESIS,
                "Was the API slow or the network interrupted? The provider's status page for that minute would tell",
            ),
        ),
    )


def _from_tools(case: Case) -> Iterator[Hit]:
    failed = case.of(K.MCP_CALL_END).filter(
        (pl.col("status") == "failed") & pl.col("message").str.contains("(?i)timed out|timeout")
    )
    for (server, tool), rows in failed.group_by("component", "tool", maintain_order=True):
        waited = rows["duration_ms"][0]
        yield Hit(
            subject=f"mcp|{server}|{tool}",
            message=f"the MCP tool {tool} of {server} timed out, cause not in the evidence",
            claim=Claim.OBSERVED,
            cites=tuple(Cite(e) for e in rows["event_id"]),
            facts={
                "waited_s": waited / 1000 if waited else None,
                "limit_s": None,
                "endpoint": f"mcp:{server}",
                "occurrences": rows.height,
            },
            statements=(
                Statement(
                    Slot.HAPPENED,
                    Claim.OBSERVED,
                    f"The MCP tool {tool} of {server} timed out",
                    tuple(rows["event_id"]),
                ),
            ),
        )
