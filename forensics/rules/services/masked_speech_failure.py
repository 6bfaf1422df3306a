"""CCF210: a failure of speech was reported as silence. What it says of that stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Source, Statement, rule, words
from forensics.rulekit.speech_table import request_table, what_failed_said
from forensics.rulekit.whereabouts import VOICE_STDERR
from forensics.session.speech.results import SERVER_LINES, is_spoken_in
from forensics.session.speech.silence import (
    MaskedFailures,
    SlowSilences,
    masked_failures,
    slow_silences,
    spoken_to,
    tells_every_end,
    timed_requests,
)
from forensics.text.durations import duration

SHOWN = 3  # requests that are shown try by try
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF210",
    topic="2.1",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset({*SERVER_LINES, Source.VOICE_EVENTS, Source.VOICE_EXCHANGES, Source.TRANSCRIPT}),
    reads=("speech", "mcp"),
    related=("CCF201", "CCF205"),
)
def masked_speech_failure(
    case: Case, *, long_s: float = 20.0, factor: float = 5.0, samples: int = 3, least_s: float = 5.0
) -> Iterator[Said]:
    """Find requests that ended with “no speech detected” although the speech service failed, or may have."""
    if not is_spoken_in(case):
        yield TEXT.not_applicable("no-voice")
        return
    yield from (_of_failures(found) for found in masked_failures(case))
    timed = timed_requests(case)
    slow = slow_silences(timed, long_s=long_s, factor=factor, samples=samples, least_s=least_s)
    if slow:
        yield _of_time(slow)
    if not timed and not spoken_to(case) and Source.VOICE_EVENTS in case.sources:
        yield TEXT.not_applicable("nothing-sent")
    elif not timed and not tells_every_end(case):
        yield TEXT.insufficient("no-end")


def _times(n: int) -> str:
    return TEXT.part("requests", n=n) if n > 1 else TEXT.part("one-request")


def _of_failures(found: MaskedFailures) -> Hit:
    at, n = found.endpoints, len(found.requests)
    say = TEXT.saying(
        at=TEXT.part("at", endpoints=", ".join(at)) if at else "",
        times=_times(n),
        reasons=what_failed_said(found.requests),
        version=found.version,
    )
    return say.hit(
        "masked" if found.seen else "masked-by-version",
        subject="|".join(("stt", "failed", *at)),
        cites=(*found.events, found.told_by if found.by_version else None),
        facts={
            "occurrences": n,
            "version": found.version,
            "longest_s": found.longest_s,
            "by": "failure",
        },
        statements=_statements(found, say),
        tables=(request_table(k, c) for k, c in enumerate(found.requests[:SHOWN], 1) if c.tries),
    )


def _statements(found: MaskedFailures, say: Saying) -> Iterator[Statement]:
    yield say.sentence("failed", *found.events)
    if what_failed_said(found.requests):
        yield say.sentence("said", *found.events)
    if found.by_version:
        yield say.sentence("by-version" if found.version else "by-line", found.told_by, *found.events)
    yield say.sentence("told-silence", *found.events)


def _of_time(found: SlowSilences) -> Hit:
    usual = found.median_s
    say = TEXT.saying(
        times=_times(len(found.slow)),
        longest=duration(found.longest_s),
        answered=len(found.answered_s),
        usual=None if usual is None else duration(usual),
        stderr=VOICE_STDERR,
    )
    return say.hit(
        "too-long",
        subject="stt|slow",
        cites=found.events,
        facts={
            "occurrences": len(found.slow),
            "longest_s": round(found.longest_s, 1),
            "median_s": usual,
            "by": "time",
        },
        statements=(
            say.sentence("slow" if usual is None else "slower", *found.events),
            say.sentence("failed-before", *found.events),
        ),
        confidence=Confidence.MEDIUM,
        contract_held=None,
    )
