"""CCF207: the model API refused the credential. What it says of that stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Statement, rule, words
from forensics.rulekit.api_words import facts_of, result_all_the_same, severity_of, whose
from forensics.rulekit.names import time_of
from forensics.schema.api_failures import TOLD_BY, ApiClass
from forensics.session.services.api_failures import (
    REFUSED,
    ApiFailure,
    failures,
    has_requests,
    tells_result_only,
)

TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF207",
    topic="2.5",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    any_of=TOLD_BY,
    reads=("api",),
    related=("CCF202", "CCF206"),
)
def api_authentication_failed(case: Case) -> Iterator[Said]:
    """Find turns that ended because the model API refused the client's credential."""
    found = [f for f in failures(case) if f.kind in REFUSED]
    yield from (_hit(case, failure) for failure in found)
    if not found and tells_result_only(case):
        yield TEXT.insufficient("result-only")
    elif not found and not has_requests(case):
        yield TEXT.not_applicable("no-requests")


def _hit(case: Case, failure: ApiFailure) -> Hit:
    recovered = failure.recovered is not None
    say = TEXT.saying(
        refused=TEXT.part("credential" if failure.kind is ApiClass.AUTHENTICATION else "request"),
        who=whose(case, failure),
        at=time_of(case, failure.first),
        count=failure.count,
        attempts=failure.attempts,
    )
    return say.hit(
        "answered-later" if recovered and failure.is_told_by_agent and not failure.is_own else "refused",
        subject=failure.kind,
        agent_id=failure.agent_id,
        severity=severity_of(failure),
        confidence=None if failure.is_told_by_agent else Confidence.MEDIUM,
        facts=facts_of(failure) | {"recovered": recovered},
        cites=failure.events,
        statements=_statements(case, failure, say),
    )


def _statements(case: Case, failure: ApiFailure, say: Saying) -> Iterator[Statement]:
    yield say.sentence("refused-often" if failure.count > 1 else "refused-once", *failure.events)
    if (failure.attempts or 0) > 1:
        yield say.sentence("tried", *failure.tried)
    if failure.is_own:
        yield say.sentence("own-requests", failure.first)
    elif failure.recovered is None:
        yield say.sentence("unanswered", failure.last)
        yield from (
            say.sentence("run-went-on", failure.last, result) for result in result_all_the_same(case, failure)
        )
    else:
        yield say.sentence("good-again", failure.recovered, again=time_of(case, failure.recovered))
    yield say.sentence(
        "which-credential" if failure.kind is ApiClass.AUTHENTICATION else "who-forbids", failure.first
    )
