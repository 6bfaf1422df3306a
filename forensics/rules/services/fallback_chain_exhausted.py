"""CCF201: every endpoint of one speech request failed. What it says of that stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Source, Statement, rule, words
from forensics.rulekit.speech_table import request_table
from forensics.rulekit.whereabouts import UNREAD_CALLS
from forensics.schema import SERVICES
from forensics.session.model.speech import SpeechRequest
from forensics.session.speech.exhausted import FailedRequests, KnownBy, aftermath, failed_requests
from forensics.session.speech.results import SERVER_LINES, has_unread_calls, uses_voice
from forensics.session.speech.tables import short
from forensics.text.durations import duration

GOES_ON_S = 10.0  # a record that goes on for less says nothing of whether the session survived the failure
SHOWN = 3  # requests of which a table is made
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF201",
    topic="2.1",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    any_of=frozenset({*SERVER_LINES, Source.TRANSCRIPT, Source.CONSOLE}),
    reads=("speech", "mcp"),
)
def fallback_chain_exhausted(case: Case, *, served_within_s: float = 60.0) -> Iterator[Said]:
    """Every configured endpoint of one speech request failed."""
    if not uses_voice(case):
        yield TEXT.not_applicable("no-voice")
        return
    yield from (_hit(case, found) for found in failed_requests(case, served_within_s))
    if has_unread_calls(case):
        yield UNREAD_CALLS


def _hit(case: Case, found: FailedRequests) -> Hit:
    severity = Severity.MEDIUM if found.known_by is KnownBy.INFERRED else Severity.HIGH
    say = TEXT.saying(
        service=SERVICES[found.service],
        times=len(found),
        endpoints=", ".join(found.endpoints) or TEXT.part("not-named"),
        listed=", ".join(found.endpoints) or TEXT.part("endpoints-not-named"),
    )
    return say.hit(
        _message(found),
        subject=f"{found.service}|{'|'.join(found.endpoints)}",
        apart=found.known_by,
        severity=Severity.NOTE if found.is_of_one_endpoint else severity,
        facts={
            "service": found.service,
            "endpoints": list(found.endpoints),
            "duration_s": found.duration_s,
            "occurrences": len(found),
        },
        cites=found.cites,
        statements=_statements(case, found, say),
        tables=(request_table(n, request) for n, request in enumerate(found.requests[:SHOWN], 1)),
    )


def _message(found: FailedRequests) -> str:
    if found.known_by is KnownBy.RESULT:
        return "failed-by-result"
    if found.unusable:  # before there was a chain: that none was usable, of no attempt
        return "none-usable"
    if found.known_by is KnownBy.TOLD:
        return "only-one-failed" if found.is_of_one_endpoint else "every-one-failed"
    return "only-one-failed-untold" if found.is_of_one_endpoint else "every-one-failed-untold"


def _statements(case: Case, found: FailedRequests, say: Saying) -> Iterator[Statement]:
    if found.known_by is KnownBy.TOLD:
        yield from _told(found, say)
        yield _went_on(case, found.requests[-1], say)
    elif found.known_by is KnownBy.INFERRED:
        yield say.sentence("no-line-says-so", *found.tried)
    else:
        yield from _returned(found, say)


def _told(found: FailedRequests, say: Saying) -> Iterator[Statement]:
    once, first = len(found) == 1, found.requests[0]
    if found.unusable:
        unusable = "unusable-once" if once else "unusable-often"
        yield say.sentence(unusable, *found.ends, why=short(found.unusable))
    else:
        yield say.sentence("failed-once" if once else "failed-often", *found.ends)
    for attempt in first.failures:
        tried = say.also(endpoint=attempt.endpoint, why=short(attempt.reason))
        if attempt.waited_s is None:
            yield tried.sentence("attempt-failed", *attempt.waited_events)
        else:
            waited = duration(attempt.waited_s)
            yield tried.sentence("attempt-failed-after", *attempt.waited_events, waited=waited)
    if first.duration_s is not None:
        passed = duration(first.duration_s)
        yield say.sentence("unanswered-for", first.start_event, first.exhausted_event, passed=passed)


def _went_on(case: Case, last: SpeechRequest, say: Saying) -> Statement:
    after = aftermath(case, last)
    if not after.seconds:
        return say.sentence("nothing-follows", last.exhausted_event)
    if after.seconds < GOES_ON_S:
        return say.sentence("ends-soon", last.exhausted_event, soon=duration(GOES_ON_S, digits=0))
    more = duration(after.seconds, digits=0)
    return say.sentence("goes-on", last.exhausted_event, after.event, more=more)


def _returned(found: FailedRequests, say: Saying) -> Iterator[Statement]:
    first = found.results[0]
    yield say.sentence("returned" if len(found) == 1 else "returned-often", *found.ends, said=first.said)
    for endpoint, reason in first.endpoints:
        yield say.sentence("endpoint-said", first.event, endpoint=endpoint, why=short(reason))
    yield say.sentence("untimed", first.event)
