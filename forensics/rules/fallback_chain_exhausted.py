"""CCF201: every endpoint of one speech request failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from forensics.case import Case
from forensics.conflicts import clock_time
from forensics.finding import Cite, Claim, Confidence, Hit, NotApplicable, Severity, Slot, Statement, Table
from forensics.rules.base import Guidance, Said, rule
from forensics.schema import Source, TsQuality
from forensics.voice_chains import Chain
from forensics.voice_results import FailedResult, failed_results, uses_voice

SERVICES = {"stt": "speech-to-text", "tts": "text-to-speech"}

GUIDANCE = Guidance(
    contract="A fallback chain is as good as its last endpoint: at least one must be known to work before it is needed.",
    immediate=("Start the local speech service and make one call to each endpoint of the chain by hand",),
    this_week=("After a failed voice call go on in text: the failure is returned as the tool's result",),
    strategic=(
        "Skip an endpoint for some minutes after repeated failures (circuit breaker) instead of waiting for its timeout each time",
    ),
    avoid="Count on a fallback that was never tried",
    instead="Try every endpoint of the chain once before the session, and go on in text when the chain fails",
    before=("Call the health route of each local speech service, and make one request to the fallback",),
    during=("After one exhausted chain, stop using voice until the cause is known",),
    after=("Note which endpoint failed how, and fix the first one that should have answered",),
    metric="No speech request failed on every configured endpoint",
)


@rule(
    code="CCF201",
    name="fallback-chain-exhausted",
    title="Speech fallback chain exhausted",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    seed="2.1",
    any_of=frozenset({Source.VOICE_STDERR, Source.MCP_LOG, Source.CLAUDE_DEBUG, Source.TRANSCRIPT}),
    guidance=GUIDANCE,
)
def fallback_chain_exhausted(case: Case) -> Iterator[Said]:
    """Every configured endpoint of one speech request failed.

    ## What it detects
    The server's own line “All STT endpoints failed …” (or TTS), or a converse result that begins with the
    tool's failure text. Requests that failed in the same way are one finding with their number. Without such
    a line: every endpoint that the chain listed failed and nothing answered (derived, medium).

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
    inferred = [c for c in case.chains if c.exhausted_event is None and _all_failed(c)]
    for group in _alike(told):
        yield _observed(case, group)
    for group in _alike(inferred):
        yield _derived(group)
    results = list(failed_results(case))
    for service in SERVICES:
        alone = [r for r in results if r.service == service]
        if alone and not any(c.service == service for c in (*told, *inferred)):
            yield _from_results(alone)


def _all_failed(chain: Chain) -> bool:
    """Say whether the chain lists its endpoints and each of them failed."""
    listed = (chain.configured or "").count("'") // 2
    failed = {a.endpoint for a in chain.failures}
    return listed > 0 and chain.answered_event is None and len(failed) >= listed


def _alike(chains: Sequence[Chain]) -> list[list[Chain]]:
    groups: dict[tuple[str, tuple[str, ...]], list[Chain]] = {}
    for chain in chains:
        groups.setdefault((chain.service, _endpoints(chain)), []).append(chain)
    return list(groups.values())


def _endpoints(chain: Chain) -> tuple[str, ...]:
    return tuple(dict.fromkeys(a.endpoint for a in chain.attempts))


def _cites(chain: Chain) -> list[int]:
    ids = [chain.start_event, chain.configured_event]
    for attempt in chain.attempts:
        ids += [attempt.start_event, attempt.end_event]
    return list(dict.fromkeys(e for e in (*ids, chain.exhausted_event) if e is not None))


def _observed(case: Case, group: Sequence[Chain]) -> Hit:
    first = group[0]
    service, endpoints = SERVICES[first.service], _endpoints(first)
    ended = first.exhausted_event
    times = f"{len(group)} times" if len(group) > 1 else "once"
    statements = [
        Statement(
            Slot.HAPPENED,
            Claim.OBSERVED,
            f"Every {service} endpoint failed ({', '.join(endpoints) or 'endpoints not named'}), {times} in this record",
            (ended,) if ended else (),
        ),
    ]
    for attempt in first.failures:
        text = (
            f"{attempt.endpoint} failed"
            + (f" after {attempt.waited_s:.1f} s" if attempt.waited_s is not None else "")
            + f": {_short(attempt.reason)}"
        )
        statements.append(
            Statement(
                Slot.WHY,
                Claim.DERIVED if attempt.waited_s is not None else Claim.OBSERVED,
                text,
                tuple(e for e in (attempt.start_event, attempt.end_event) if e),
            )
        )
    if first.duration_s is not None:
        statements.append(
            Statement(
                Slot.IMPACT,
                Claim.DERIVED,
                f"From the start of the request to its failure {first.duration_s:.1f} s passed without an answer",
                tuple(e for e in (first.start_event, ended) if e),
            )
        )
    statements.append(_went_on(case, group[-1]))
    return _hit(
        first.service, endpoints, tuple(statements), group, claim=Claim.OBSERVED, severity=Severity.HIGH
    )


def _went_on(case: Case, last: Chain) -> Statement:
    """Say what the record shows after the last failure: a failed voice call is no end by itself."""
    ended = (last.exhausted_event,) if last.exhausted_event is not None else ()
    moment = pl.col("ts").dt.replace_time_zone(None)
    client = case.events.filter(
        (pl.col("ts_quality") == TsQuality.EXACT.value) & pl.col("local_ts").is_null()
    )
    after = client.filter(moment > last.exhausted_at).sort("ts") if last.exhausted_at else client.clear()
    if after.is_empty() or last.exhausted_at is None:
        return Statement(
            Slot.IMPACT,
            Claim.DERIVED,
            "No dated record of the client follows in the supplied evidence",
            ended,
        )
    seconds = (after["ts"][-1].replace(tzinfo=None) - last.exhausted_at).total_seconds()
    text = f"The record goes on for {seconds:.0f} s after the failure: by itself it did not end the session"
    return Statement(Slot.IMPACT, Claim.DERIVED, text, (*ended, after["event_id"][-1]))


def _derived(group: Sequence[Chain]) -> Hit:
    first = group[0]
    endpoints = _endpoints(first)
    text = f"Each listed {SERVICES[first.service]} endpoint failed and none answered; the line that says so is not in the evidence"
    statements = (Statement(Slot.HAPPENED, Claim.DERIVED, text, tuple(_cites(first))),)
    return _hit(first.service, endpoints, statements, group, claim=Claim.DERIVED, severity=Severity.MEDIUM)


def _hit(
    service: str,
    endpoints: Sequence[str],
    statements: tuple[Statement, ...],
    group: Sequence[Chain],
    *,
    claim: Claim,
    severity: Severity,
) -> Hit:
    first = group[0]
    return Hit(
        subject=f"{service}|{'|'.join(endpoints)}",
        message=f"every {SERVICES[service]} endpoint failed: {', '.join(endpoints) or 'not named'}",
        claim=claim,
        cites=tuple(
            Cite(e) for e in [*_cites(first), *(c.exhausted_event for c in group[1:] if c.exhausted_event)]
        ),
        facts={
            "service": service,
            "endpoints": list(endpoints),
            "duration_s": first.duration_s,
            "occurrences": len(group),
        },
        statements=statements,
        tables=tuple(_table(n, c) for n, c in enumerate(group[:3], 1)),
        severity=severity,
    )


def _table(number: int, chain: Chain) -> Table:
    rows = [
        (
            str(i),
            a.endpoint,
            clock_time(a.started),
            clock_time(a.ended),
            f"{a.waited_s:.1f} s" if a.waited_s is not None else "",
            _short(a.reason) or "no outcome logged",
        )
        for i, a in enumerate(chain.attempts, 1)
    ]
    return Table(
        f"Chain {number} ({SERVICES[chain.service]})",
        ("#", "endpoint", "start", "end", "waited", "outcome"),
        tuple(rows),
    )


def _short(reason: str | None, limit: int = 90) -> str:
    text = (reason or "").partition("\n")[0]
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _from_results(results: Sequence[FailedResult]) -> Hit:
    first = results[0]
    endpoints = [e for e, _ in first.endpoints]
    count = f", {len(results)} times" if len(results) > 1 else ""
    statements = [
        Statement(
            Slot.HAPPENED,
            Claim.OBSERVED,
            f"The voice tool returned that {SERVICES[first.service]} failed on every endpoint{count}",
            tuple(r.event for r in results),
        )
    ]
    statements += [
        Statement(Slot.WHY, Claim.OBSERVED, f"{e}: {_short(r)}", (first.event,)) for e, r in first.endpoints
    ]
    statements.append(
        Statement(
            Slot.WHY,
            Claim.DERIVED,
            "The server's own lines are not in the evidence, so the attempts' times are not known",
        )
    )
    return Hit(
        subject=f"{first.service}|{'|'.join(endpoints)}",
        message=f"every {SERVICES[first.service]} endpoint failed, by the voice tool's own result",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(r.event, r.text.partition(":")[0]) for r in results),
        facts={
            "service": first.service,
            "endpoints": list(endpoints),
            "duration_s": None,
            "occurrences": len(results),
        },
        statements=tuple(statements),
        severity=Severity.HIGH,
    )
