"""CCF402: that a credential does not work was found out by using it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.schema import EventKind as K
from forensics.schema import Row, Source, TsQuality
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    Finding,
    Hit,
    Insufficient,
    Nature,
    NotApplicable,
    Severity,
    Slot,
    Statement,
)
from forensics.session.model.case import Case
from forensics.session.model.speech import seconds_between
from forensics.text.clock_time import clock_time
from forensics.text.durations import duration

CONNECTED = ("Starting connection", "Successfully connected")
VOICE = "(?i)voice"  # what users call the server
UNAUTHORISED = ("401", "403")
UNDATED = "the start of the voice service, or the first refusal, is not dated in the evidence"

GUIDANCE = Guidance(
    contract="A secret is checked when the service that needs it starts, not when somebody needs the service.",
    immediate=(
        "Check that the endpoint's key is set and non-empty in the voice server's own environment (by name)",
    ),
    this_week=(
        "Check at session start that every key the MCP servers need is set and non-empty, and say so if not",
        "Declare the expectation “secrets-check”, so that a key that was not checked fails the gate",
    ),
    strategic=("Let the server list only endpoints as available for which it has a key",),
    avoid="Take an endpoint that is listed for one that works",
    instead="Make one cheap request with each key at start-up, for example GET /v1/models",
    before=("Try each fallback once on purpose",),
    metric="Every credential was checked before it was needed",
)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A record and its time, by UTC or by the server's own clock."""

    event: int
    ts: datetime | None
    local: datetime | None

    def until(self, later: _Moment) -> float | None:
        """Return the seconds to a later record, by a clock that both have."""
        by_utc = seconds_between(self.ts, later.ts)
        return by_utc if by_utc is not None else seconds_between(self.local, later.local)


@rule(
    code="CCF402",
    name="credential-first-checked-at-use",
    title="Credential first checked at use",
    severity=Severity.NOTE,
    confidence=Confidence.HIGH,
    nature=Nature.CONTROL_GAP,
    topic="4.2",
    any_of=frozenset(
        {Source.VOICE_STDERR, Source.MCP_LOG, Source.CLAUDE_DEBUG, Source.TRANSCRIPT, Source.CONSOLE}
    ),
    guidance=GUIDANCE,
    related=("CCF202",),
    reads_findings=True,
    expectation="secrets-check",
)
def credential_first_checked_at_use(case: Case, *, after_s: float = 60.0) -> Iterator[Said]:
    """Find credentials of which the first check in the evidence is the request that needed them.

    ## What it detects
    For each endpoint that refused its credential (CCF202): the first refusal comes more than ``after_s``
    seconds after the voice service started, and no request to that endpoint, answered or refused, is in the
    evidence before it. The list in which the server offered the endpoint as available is quoted where it was
    logged. A control gap: it never fails a gate unless the configuration declares “secrets-check”.

    ## Why it matters
    A key that is missing at start-up is a message; one that is missing when the primary endpoint has just failed
    is an outage.

    ## How to fix
    Check every key at start-up: that it is set, not empty, and accepted by one cheap request.

    ## Known misses
    A check that leaves no record is not seen. From voicemode 6.0.2 on the server's start and its list of endpoints
    are not logged: without the client's log of the connection the rule cannot judge. A refusal right after the
    start is no finding: that is failing early.
    """
    refused = [
        f
        for f in case.found("CCF202")
        if not f.facts.get("recovered") and f.facts.get("endpoint") is not None
    ]
    if not refused:
        yield NotApplicable("no speech endpoint refused its credential for good")
        return
    reason: str | None = None
    seen: set[str] = set()
    for finding in refused:
        endpoint = str(finding.facts["endpoint"])
        if endpoint in seen:
            continue
        seen.add(endpoint)
        first = _first_refusal(case, [f for f in refused if f.facts["endpoint"] == endpoint], endpoint)
        if _used_before(case, endpoint, first):
            continue
        start = _start_before(case, first)
        waited = start.until(first) if start is not None else None
        if start is None or waited is None:
            reason = UNDATED
        elif waited > after_s:
            yield _hit(case, finding, start, first, waited)
    if reason is not None:
        yield Insufficient(reason)


def _moment(row: Row) -> _Moment:
    return _Moment(row["event_id"], row["ts"], row["local_ts"])


def _first_refusal(case: Case, findings: list[Finding], endpoint: str) -> _Moment:
    """Return the first record of a refusal by an endpoint among those that its findings cite."""
    cited = {e.event_id for f in findings for e in f.evidence}
    tried = {t.end_event for c in case.chains for t in c.tries if t.endpoint == endpoint} & cited
    told = pl.col("event_id").is_in(sorted(e for e in tried or cited if e is not None))
    return _moment(case.events.filter(told).row(0, named=True))


def _start_before(case: Case, first: _Moment) -> _Moment | None:
    """Return the last start of the voice service before a refusal: its own line, or the client's connection."""
    connected = (
        (pl.col("kind") == K.MCP_CONNECTION.value)
        & pl.col("status").is_in(CONNECTED)
        & pl.col("component").str.contains(VOICE)
        & (pl.col("ts_quality") != TsQuality.INFERRED.value)
    )
    starts = case.events.filter((pl.col("kind") == K.VOICE_START.value) | connected)
    before = [m for m in map(_moment, starts.iter_rows(named=True)) if m.until(first) is not None]
    own = [m for m in before if case.event(m.event)["kind"] == K.VOICE_START.value]
    told = own or before
    return told[-1] if told else None


def _used_before(case: Case, endpoint: str, first: _Moment) -> bool:
    """Say whether a request to the endpoint stands in the evidence before its first refusal, however it ended."""
    tries = [t for c in case.chains for t in c.tries if t.endpoint == endpoint and t.end_event is not None]
    for attempt in tries:
        ended = _moment(case.event(attempt.end_event)) if attempt.end_event is not None else first
        before = ended.until(first)
        if ended.event != first.event and before is not None and before > 0:
            return True
    asked = case.of(K.HTTP_RESPONSE).filter(
        pl.col("endpoint").str.starts_with(endpoint) & ~pl.col("status").is_in(UNAUTHORISED)
    )
    return any((m.until(first) or 0) > 0 for m in map(_moment, asked.iter_rows(named=True)))


def _hit(case: Case, finding: Finding, start: _Moment, first: _Moment, waited: float) -> Hit:
    endpoint = str(finding.facts["endpoint"])
    listed = _listed_before(case, endpoint, first)
    advertised = listed.until(first) if listed is not None else None
    cites = [Cite(start.event), Cite(first.event)]
    if listed is not None:
        cites.insert(1, Cite(listed.event, "Available endpoints"))
    return Hit(
        subject=endpoint,
        message=(
            f"no check of the credential of {endpoint} was observed in the supplied evidence before its first "
            f"use, {duration(waited, digits=0)} after the voice service started"
        ),
        claim=Claim.DERIVED,
        cites=tuple(cites),
        facts={
            "endpoint": endpoint,
            "variant": finding.facts.get("variant"),
            "after_start_s": round(waited, 1),
            "advertised_s": None if advertised is None else round(advertised, 1),
        },
        statements=tuple(_statements(case, endpoint, start, listed, first)),
    )


def _listed_before(case: Case, endpoint: str, first: _Moment) -> _Moment | None:
    """Return the first record that listed the endpoint as available before it refused."""
    lists = [c.configured_event for c in case.chains if endpoint in c.configured]
    told = [_moment(case.event(e)) for e in lists if e is not None]
    return next((m for m in told if m.until(first) is not None), None)


def _statements(
    case: Case, endpoint: str, start: _Moment, listed: _Moment | None, first: _Moment
) -> Iterator[Statement]:
    sources = ", ".join(sorted(s.value for s in case.sources))
    text = (
        f"The voice service started at {clock_time(start.ts or start.local)}; the first record of a request to "
        f"{endpoint} is its refusal at {clock_time(first.ts or first.local)}"
    )
    yield Statement(Slot.HAPPENED, Claim.DERIVED, text, (start.event, first.event))
    if listed is not None:
        at = clock_time(listed.ts or listed.local)
        early = duration(listed.until(first) or 0.0, digits=0)
        text = f"The server listed {endpoint} among its “Available endpoints” at {at}, {early} before"
        yield Statement(Slot.HAPPENED, Claim.DERIVED, text, (listed.event, first.event))
    text = f"No check of its credential was observed in between (sources: {sources})"
    yield Statement(Slot.WHY, Claim.DERIVED, text, (start.event, first.event))
