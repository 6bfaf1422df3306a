"""CCF215: a request or its answer was larger than the model API takes. What it says stands in the file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Said, Severity, Statement, rule, words
from forensics.rulekit.api_words import client_says, facts_of, result_all_the_same, whose
from forensics.rulekit.names import time_of
from forensics.schema.api_failures import TOLD_BY, ApiClass
from forensics.session.services.api_failures import (
    ApiFailure,
    failures,
    has_requests,
    tells_result_only,
)
from forensics.session.services.ended_turns import ended_a_turn

TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF215",
    topic="2.5",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=TOLD_BY,
    reads=("api",),
    related=("CCF206", "CCF307"),
)
def request_too_large(case: Case) -> Iterator[Said]:
    """Find requests, or answers that they asked for, that were larger than the model API takes."""
    found = [f for f in failures(case) if f.kind is ApiClass.TOO_LARGE]
    yield from (_hit(case, failure) for failure in found)
    if not found and tells_result_only(case):
        yield TEXT.insufficient("result-only")
    elif not found and not has_requests(case):
        yield TEXT.not_applicable("no-requests")


def _hit(case: Case, failure: ApiFailure) -> Hit:
    is_ended = not failure.is_own and ended_a_turn(case, failure)
    say = TEXT.saying(
        who=whose(case, failure),
        at=time_of(case, failure.first),
        count=failure.count,
        said=client_says(case, failure),
    )
    return say.hit(
        "too-large-often" if failure.count > 1 else "too-large",
        subject=failure.kind,
        agent_id=failure.agent_id,
        severity=_severity(failure, is_ended=is_ended),
        confidence=None if failure.is_told_by_agent else Confidence.MEDIUM,
        facts=facts_of(failure) | {"ended_a_turn": is_ended},
        cites=failure.events,
        statements=(
            say.sentence("told", failure.first),
            *_consequences(case, failure, is_ended=is_ended),
            say.sentence("what-filled-it", failure.first),
        ),
    )


def _severity(failure: ApiFailure, *, is_ended: bool) -> Severity:
    if failure.is_own:
        return Severity.NOTE
    return Severity.MEDIUM if is_ended else Severity.LOW


def _consequences(case: Case, failure: ApiFailure, *, is_ended: bool) -> Iterator[Statement]:
    say = TEXT.saying(who=whose(case, failure))
    if failure.is_own:
        yield say.sentence("own-requests", failure.first)
    elif failure.recovered is None:
        yield say.sentence("unanswered", failure.last)
        yield from (
            say.sentence("run-went-on", failure.last, result) for result in result_all_the_same(case, failure)
        )
    else:
        told = say.also(again=time_of(case, failure.recovered))
        yield told.sentence("asked-anew" if is_ended else "went-on", failure.last, failure.recovered)
