"""CCF205: a speech endpoint failed, another one answered. What it says of that stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Source, Statement, rule, words
from forensics.rulekit.speech_table import request_table, what_failed_said
from forensics.rulekit.whereabouts import UNREAD_CALLS, VOICE_STDERR
from forensics.schema import SERVICES
from forensics.session.speech.fallbacks import (
    AnsweredElsewhere,
    Fallback,
    answered_elsewhere,
    fallbacks,
    has_open_request,
)
from forensics.session.speech.results import SERVER_LINES, has_server_lines, has_unread_calls, is_spoken_in
from forensics.text.durations import duration

SHOWN = 3  # requests that are shown try by try
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF205",
    topic="2.1",
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    any_of=frozenset({*SERVER_LINES, Source.VOICE_EVENTS, Source.VOICE_EXCHANGES, Source.TRANSCRIPT}),
    reads=("speech", "mcp"),
    related=("CCF201", "CCF204"),
)
def primary_failed_fallback_served(case: Case, *, several: int = 3) -> Iterator[Said]:
    """Find speech requests that a fallback answered because an endpoint before it had failed."""
    if not is_spoken_in(case):
        yield TEXT.not_applicable("no-voice")
        return
    yield from (_hit(found, several) for found in fallbacks(case))
    if has_server_lines(case):
        if has_open_request(case):
            yield TEXT.insufficient("open")
        return
    found = answered_elsewhere(case)
    if found is not None:
        yield TEXT.insufficient("no-first") if found.first is None else _by_outcome(found, several)
    yield UNREAD_CALLS if has_unread_calls(case) else TEXT.insufficient("no-lines")


def _severity(times: int, of: int, several: int) -> Severity:
    return Severity.MEDIUM if times >= several or times == of > 1 else Severity.LOW


def _times(n: int, answered: int) -> str:
    return TEXT.part("of-several" if answered > 1 else "of-one", n=n, answered=answered)


def _hit(found: Fallback, several: int) -> Hit:
    n, service, by = len(found.requests), SERVICES[found.service], found.served_by
    say = TEXT.saying(
        service=service,
        at_start=service.capitalize(),
        failed=", ".join(found.failed_at),
        served=TEXT.part("named", names=", ".join(by)) if by else TEXT.part("not-named"),
        times=_times(n, found.answered),
        reasons=what_failed_said(found.requests),
    )
    return say.hit(
        "fell-back",
        subject=f"{found.service}|{'|'.join(found.failed_at)}",
        cites=found.events,
        facts={
            "service": found.service,
            "failed": [*found.failed_at],
            "served_by": [*by],
            "occurrences": n,
            "answered": found.answered,
            "lost_s": found.lost_s,
        },
        statements=_statements(found, say),
        tables=(request_table(k, c) for k, c in enumerate(found.requests[:SHOWN], 1)),
        severity=_severity(n, found.answered, several),
    )


def _statements(found: Fallback, say: Saying) -> Iterator[Statement]:
    yield say.sentence("at-first", *found.first)
    yield say.sentence("said", *found.failures)
    if found.lost_s:
        yield say.sentence("lost", *found.failures, lost=duration(found.lost_s))
    if len(found.requests) == found.answered > 1:
        yield say.sentence("never-first", *found.failures)


def _by_outcome(found: AnsweredElsewhere, several: int) -> Hit:
    """Without the server's lines: who answered, against which endpoint is the first."""
    first = found.url or TEXT.part("local-service")
    say = TEXT.saying(first=first, times=_times(found.times, found.answers), stderr=VOICE_STDERR)
    return say.hit(
        "elsewhere",
        subject="stt|by outcome",
        cites=(*found.events, found.first),
        facts={
            "service": "stt",
            "failed": [first],
            "served_by": [],
            "occurrences": found.times,
            "answered": found.answers,
            "lost_s": None,
        },
        statements=(
            say.sentence("not-own", *found.events),
            say.sentence("first-is" if found.url else "local-too", found.first),
            say.sentence("failed-or-empty", *found.events[:1]),
        ),
        severity=_severity(found.times, found.answers, several),
        confidence=Confidence.MEDIUM,
        contract_held=None,
    )
