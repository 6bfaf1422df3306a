"""CCF401: a service became slower and slower, and then failed. Its words stand in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Nature, Said, Saying, Severity, Source, rule, words
from forensics.rulekit.latency_table import thirds_table
from forensics.rulekit.names import clock_time, sources_of
from forensics.rulekit.whereabouts import PROVIDER_STATUS, VOICE_EVENTS, server_stderr, speech_log
from forensics.schema import SERVICES
from forensics.session.services.degradation import Degradation, Limits, find_degradation, most_before
from forensics.session.services.latency import Failure, Series, failed_undated, failing_series
from forensics.session.services.probes import has_requests, unprobed
from forensics.session.speech.tables import short
from forensics.text.durations import duration

NAMES = {"stt": "speech-to-text", "tts": "text-to-speech", "api": "model-api", "mcp": "mcp-tool"}
GREW = {"stt": "longer-recordings", "api": "longer-answers"}
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF401",
    topic="4.1",
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    any_of=frozenset(
        {Source.VOICE_STDERR, Source.VOICE_EVENTS, Source.MCP_LOG, Source.CLAUDE_DEBUG, Source.TRANSCRIPT}
    ),
    reads=("speech", "mcp", "api"),
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
    """Find services whose answers took longer and longer until a request failed, and such as were never probed."""
    limits = Limits(samples, p, ratio, at_least_s, within_s, slow_calls)
    failing = list(failing_series(case))
    yield from (_hit(found) for s in failing if (found := find_degradation(s, limits)) is not None)
    yield from (_gap(case, s, failed) for s in failing if (failed := unprobed(case, s)) is not None)
    few = [(s.endpoint, answers) for s in failing if (answers := most_before(s)) < samples]
    if few:
        endpoint, answers = few[-1]
        many = "one-answer" if answers == 1 else "few-answers"
        yield TEXT.insufficient(many, endpoint=endpoint, answers=answers, samples=samples)
    elif failed_undated(case):
        yield TEXT.insufficient("undated")
    elif not has_requests(case):
        yield TEXT.not_applicable("no-request")


def _saying(series: Series) -> Saying:
    endpoint, is_speech = series.endpoint, series.service in SERVICES
    return TEXT.saying(
        endpoint=endpoint,
        name=TEXT.part(NAMES[series.service], endpoint=endpoint),
        log=speech_log(endpoint) if is_speech else server_stderr(endpoint.partition("/")[0]),
        voice_events=VOICE_EVENTS,
        provider_status=PROVIDER_STATUS,
    )


def _hit(found: Degradation) -> Hit:
    service, failure = found.series.service, found.failure
    say = _saying(found.series).also(
        answers=len(found.before),
        first=duration(found.first_s),
        last=duration(found.last_s),
        p=f"{found.p:.1e}",
        wait=duration(found.wait_s, digits=0),
        reason=short(failure.reason),
        slow=len(found.slow),
    )
    end = found.ends[1]
    statements = [say.sentence("rose", *found.ends), say.sentence("then-failed", end, failure.event)]
    if found.slow:
        statements.append(say.sentence("slow-at-last", *found.slow_events))
    if found.sized:
        statements.append(say.sentence("per-unit", *found.ends))
    elif service in GREW:
        statements.append(say.sentence(GREW[service], *found.ends))
    statements.append(say.sentence("why-at-provider" if service == "api" else "why", failure.event))
    return say.hit(
        "slowed",
        subject=f"{service}|{found.series.endpoint}",
        severity=Severity.MEDIUM if found.slow else Severity.LOW,
        facts=found.facts,
        cites=found.events,
        statements=statements,
        tables=(thirds_table(found),),
    )


def _gap(case: Case, series: Series, failure: Failure) -> Hit:
    say = _saying(series).also(
        reason=short(failure.reason),
        sources=sources_of(case),
        first=clock_time(case.span[0]),
        failed_at=clock_time(failure.at),
    )
    return say.hit(
        "no-check",
        subject=f"health|{series.service}|{series.endpoint}",
        severity=Severity.NOTE,
        nature=Nature.CONTROL_GAP,
        facts={"service": series.service, "endpoint": series.endpoint},
        cites=(failure.event,),
        statements=(say.sentence("first-failed", failure.event), say.sentence("not-probed", failure.event)),
        contract=say.contract("probed"),
    )
