"""CCF201: every endpoint of one speech request failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.speech_table import chain_table
from forensics.schema import Source, TsQuality
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
)
from forensics.session.model.case import Case
from forensics.session.model.speech import Chain, seconds_between
from forensics.session.speech.results import FailedResult, failed_results, unread_calls, uses_voice
from forensics.session.speech.tables import SERVICES, chain_endpoints, chain_events, short
from forensics.text.durations import duration

GOES_ON_S = 10.0  # a record that goes on for less says nothing of whether the session survived the failure

GUIDANCE = Guidance(
    contract=(
        "A fallback chain is as good as its last endpoint: at least one must be known to work before it is needed."
    ),
    immediate=("Make one call to each endpoint of the chain by hand, the local speech service first",),
    this_week=("After a failed voice call go on in text: the failure is returned as the tool's result",),
    strategic=(
        "Skip an endpoint for some minutes after repeated failures (circuit breaker), without its timeout",
    ),
    avoid="Count on a fallback that was never tried",
    instead="Try every endpoint of the chain once before the session, and go on in text when the chain fails",
    before=("Call the health route of each local speech service, and make one request to the fallback",),
    during=("After one request that failed everywhere, stop using voice until the cause is known",),
    after=("Note which endpoint failed how, and fix the first one that should have answered",),
    metric="No speech request failed on every configured endpoint",
)


@rule(
    code="CCF201",
    name="fallback-chain-exhausted",
    title="Speech fallback chain exhausted",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    topic="2.1",
    any_of=frozenset(
        {Source.VOICE_STDERR, Source.MCP_LOG, Source.CLAUDE_DEBUG, Source.TRANSCRIPT, Source.CONSOLE}
    ),
    guidance=GUIDANCE,
)
def fallback_chain_exhausted(case: Case, *, served_within_s: float = 60.0) -> Iterator[Said]:
    """Every configured endpoint of one speech request failed.

    ## What it detects
    The server's own line “All STT endpoints failed …” (or TTS), or a converse result that begins with the
    tool's failure text. Requests that failed in the same way are one finding with their number. Without such
    a line: every endpoint that the chain listed failed and nothing answered, nor did the service answer within
    ``served_within_s`` (derived, medium). An empty answer is no failure. Where only one endpoint is configured
    there is no chain that could fail: a note.

    ## Why it matters
    The user can be neither heard nor answered by voice. It does not end the session: in all recordings the
    client went on after a total speech failure.

    ## How to fix
    Make one endpoint reliable, test the fallback before it is needed, and go on in text after a failure.

    ## Known misses
    Up to voicemode 4.6.0 an exhausted chain is reported as “No speech detected”. From Claude Code 2.1 on the
    server's lines are not logged: then only the result's text tells, without the attempts' times.
    """
    if not uses_voice(case):
        yield NotApplicable("no voice service was used")
        return
    told = [c for c in case.chains if c.exhausted_event is not None]
    inferred = [c for c in case.chains if c.exhausted_event is None and _all_failed(case, c, served_within_s)]
    yield from (_observed(case, group) for group in _alike(told))
    yield from (_derived(group) for group in _alike(inferred))
    results = list(failed_results(case))
    for service in SERVICES:
        alone = [r for r in results if r.service == service]
        if alone and not any(c.service == service for c in (*told, *inferred)):
            yield _from_results(alone)
    unread = unread_calls(case)
    if unread is not None:
        yield Insufficient(unread)


def _all_failed(case: Case, chain: Chain, within_s: float) -> bool:
    """Say whether the chain lists its endpoints, each of them failed, and none answered soon after."""
    failed = {a.endpoint for a in chain.failures}
    if chain.is_sifted or not chain.configured or not failed.issuperset(chain.configured):
        return False
    if chain.answered_event is not None or chain.no_speech:
        return False
    ended = chain.failures[-1].ended
    waits = [seconds_between(ended, c.answered_at) for c in case.chains if c.service == chain.service]
    return not any(w is not None and 0 <= w <= within_s for w in waits)


def _alike(chains: Sequence[Chain]) -> list[list[Chain]]:
    groups: dict[tuple[str, tuple[str, ...]], list[Chain]] = {}
    for chain in chains:
        groups.setdefault((chain.service, chain_endpoints(chain)), []).append(chain)
    return list(groups.values())


def _observed(case: Case, group: Sequence[Chain]) -> Hit:
    first = group[0]
    endpoints = chain_endpoints(first)
    ends = tuple(c.exhausted_event for c in group if c.exhausted_event is not None)
    times = f"{len(group)} times in this record" if len(group) > 1 else "once in this record"
    listed = ", ".join(endpoints) or "endpoints not named"
    text = f"Every {SERVICES[first.service]} endpoint failed ({listed}), {times}"
    unusable = case.event(ends[0])["status"]  # before there was a chain: that none was usable, of no attempt
    if unusable:
        text = (
            f"The voice server had no {SERVICES[first.service]} endpoint to use, {times}: {short(unusable)}"
        )
    statements = [Statement(Slot.HAPPENED, Claim.OBSERVED, text, ends)]
    for attempt in first.failures:
        waited = attempt.waited_s
        after = f" after {duration(waited)}" if waited is not None else ""
        text = f"{attempt.endpoint} failed{after}: {short(attempt.reason)}"
        cites = tuple(e for e in (attempt.waited_event, attempt.end_event) if e is not None)
        claim = Claim.OBSERVED if waited is None else Claim.DERIVED
        statements.append(Statement(Slot.WHY, claim, text, cites))
    if first.duration_s is not None:
        text = f"From the start of the request to its failure {duration(first.duration_s)} passed without an answer"
        cites = tuple(e for e in (first.start_event, first.exhausted_event) if e is not None)
        statements.append(Statement(Slot.IMPACT, Claim.DERIVED, text, cites))
    statements.append(_went_on(case, group[-1]))
    hit = _hit(group, tuple(statements), Claim.OBSERVED, Severity.HIGH)
    message = f"no {SERVICES[first.service]} endpoint was usable" if unusable else hit.message
    return replace(hit, apart="told", message=message)


def _went_on(case: Case, last: Chain) -> Statement:
    """Say what the record shows after the last failure: a failed voice call is no end by itself."""
    ended = (last.exhausted_event,) if last.exhausted_event is not None else ()
    client = case.events.filter(
        (pl.col("ts_quality") == TsQuality.EXACT.value) & pl.col("local_ts").is_null()
    ).select("event_id", "ts")
    latest = client.sort("ts").tail(1).rows(named=True)
    seconds = seconds_between(last.exhausted_at, latest[0]["ts"]) if latest else None
    if seconds is None or seconds < GOES_ON_S:
        text = "No dated record other than the server's own follows in the supplied evidence"
        if seconds is not None and seconds > 0:
            text = f"The record ends within {duration(GOES_ON_S, digits=0)} of the failure; no line links the two"
        return Statement(Slot.IMPACT, Claim.DERIVED, text, ended)
    more = duration(seconds, digits=0)
    text = f"The record goes on for {more} after the failure: by itself it did not end the session"
    return Statement(Slot.IMPACT, Claim.DERIVED, text, (*ended, latest[0]["event_id"]))


def _derived(group: Sequence[Chain]) -> Hit:
    first = group[0]
    text = f"Each listed {SERVICES[first.service]} endpoint failed and none answered; no line says so itself"
    statement = Statement(Slot.HAPPENED, Claim.DERIVED, text, tuple(chain_events(first)))
    return replace(_hit(group, (statement,), Claim.DERIVED, Severity.MEDIUM), apart="inferred")


def _hit(group: Sequence[Chain], statements: tuple[Statement, ...], claim: Claim, severity: Severity) -> Hit:
    first = group[0]
    service, endpoints = first.service, chain_endpoints(first)
    alone = first.count == 1 or len(first.configured) == 1
    listed = ", ".join(endpoints) or "not named"
    every = (
        f"the only configured {SERVICES[service]} endpoint"
        if alone
        else f"every {SERVICES[service]} endpoint"
    )
    later = [c.exhausted_event for c in group[1:] if c.exhausted_event is not None]
    return Hit(
        subject=f"{service}|{'|'.join(endpoints)}",
        message=f"{every} failed: {listed}",
        claim=claim,
        cites=tuple(Cite(e) for e in (*chain_events(first), *later)),
        facts={
            "service": service,
            "endpoints": list(endpoints),
            "duration_s": first.duration_s,
            "occurrences": len(group),
        },
        statements=statements,
        tables=tuple(chain_table(n, c) for n, c in enumerate(group[:3], 1)),
        severity=Severity.NOTE if alone else severity,
    )


def _from_results(results: Sequence[FailedResult]) -> Hit:
    first = results[0]
    service, events = SERVICES[first.service], tuple(r.event for r in results)
    endpoints = list(dict.fromkeys(e for e, _ in first.endpoints))
    count = f", {len(results)} times" if len(results) > 1 else ""
    told = f"The voice tool returned “{first.said}”{count}"
    untimed = "The server's own lines are not in the evidence, so the attempts' times are not known"
    return Hit(
        subject=f"{first.service}|{'|'.join(endpoints)}",
        message=f"{service} failed, by the voice tool's own result: {', '.join(endpoints) or 'endpoints not named'}",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(r.event, r.said) for r in results),
        facts={
            "service": first.service,
            "endpoints": list(endpoints),
            "duration_s": None,
            "occurrences": len(results),
        },
        statements=(
            Statement(Slot.HAPPENED, Claim.OBSERVED, told, events),
            *(
                Statement(Slot.WHY, Claim.OBSERVED, f"{e}: {short(r)}", events[:1])
                for e, r in first.endpoints
            ),
            Statement(Slot.WHY, Claim.DERIVED, untimed, events[:1]),
        ),
        severity=Severity.HIGH,
    )
