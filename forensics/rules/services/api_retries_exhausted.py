"""CCF206: the model API failed until the client gave up. What it says of that stands in the TOML file beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Source, Statement, rule, words
from forensics.rulekit.api_words import facts_of, result_all_the_same, whose
from forensics.rulekit.names import capital, time_of
from forensics.rulekit.whereabouts import MACHINE_LOG, PROVIDER_STATUS, around
from forensics.schema.api_failures import ApiClass
from forensics.session.services.api_failures import (
    RETRIED,
    ApiFailure,
    failures,
    has_requests,
    is_still_trying,
    tells_result_only,
)

TEXT = words(__file__)
# what the API did, and what is asked of it
WHAT = {
    ApiClass.RATE_LIMIT: "limited",
    ApiClass.OVERLOADED: "overloaded",
    ApiClass.SERVER_ERROR: "failed",
    ApiClass.TIMEOUT: "slow",
    ApiClass.CONNECTION: "unreachable",
    ApiClass.OTHER: "unnamed",
}
LOST = re.compile(
    r"(?i)^(?!.*unable to connect).*(?:connection (?:was )?(?:closed|dropped|lost|reset)|socket hang up|terminated)"
)
QUESTIONS = {
    ApiClass.RATE_LIMIT: "which-limit",
    ApiClass.OVERLOADED: "for-everybody",
    ApiClass.SERVER_ERROR: "api-or-gateway",
    ApiClass.TIMEOUT: "api-or-network",
    ApiClass.CONNECTION: "where-it-stops",
    ApiClass.OTHER: "what-it-was",
}


@rule(
    TEXT,
    code="CCF206",
    topic="2.5",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.CLAUDE_DEBUG}),
    reads=("api",),
    related=("CCF107", "CCF204", "CCF207"),
)
def api_retries_exhausted(case: Case) -> Iterator[Said]:
    """Find turns that ended because the model API failed and the client's retries did not cure it."""
    found = [f for f in failures(case) if f.kind in RETRIED]
    yield from (_hit(case, failure) for failure in found)
    if not found and is_still_trying(case):
        yield TEXT.insufficient("still-trying")
    elif not found and tells_result_only(case):
        yield TEXT.insufficient("result-only")
    elif not found and not has_requests(case):
        yield TEXT.not_applicable("no-requests")


def _hit(case: Case, failure: ApiFailure) -> Hit:
    who = whose(case, failure)
    status = failure.status or ""
    say = TEXT.saying(
        failed=TEXT.part(_what(case, failure)) + (f" ({status})" if status.isdigit() else ""),
        who=who,
        whoever=capital(who),
        at=time_of(case, failure.first),
        count=failure.count,
        attempts=failure.attempts,
    )
    return say.hit(
        _headline(failure),
        subject=failure.kind,
        agent_id=failure.agent_id,
        severity=_severity(failure),
        confidence=None if failure.is_told_by_agent else Confidence.MEDIUM,
        facts=facts_of(failure),
        cites=failure.events,
        statements=_statements(case, failure, say),
    )


def _severity(failure: ApiFailure) -> Severity:
    """Weigh a failure by whose request it was, and whether the same agent was answered later."""
    if failure.is_own:
        return Severity.NOTE
    is_less = failure.agent_id is not None or failure.recovered is not None or failure.kind is ApiClass.OTHER
    return Severity.MEDIUM if is_less else Severity.HIGH


def _what(case: Case, failure: ApiFailure) -> str:
    """Choose what the API did; a connection that was lost had been there."""
    is_lost = failure.kind is ApiClass.CONNECTION and LOST.search(case.event(failure.first)["message"] or "")
    return "broken" if is_lost else WHAT[failure.kind]


def _headline(failure: ApiFailure) -> str:
    """Choose the message by how many tries and turns are known."""
    if failure.count == 1:
        return "gave-up-after-tries" if failure.attempts else "gave-up"
    if not failure.attempts:
        return "gave-up-turns"
    return "gave-up-each-turn" if failure.fewest == failure.attempts else "gave-up-most-tries"


def _statements(case: Case, failure: ApiFailure, say: Saying) -> Iterator[Statement]:
    yield say.sentence("for-good", *failure.events)
    if failure.tries:
        yield say.sentence("tries", *failure.tried)
    else:
        yield say.sentence("tries-not-logged", failure.first)
    if failure.is_own:
        yield say.sentence("own-requests", failure.first)
    elif failure.recovered is None:
        yield say.sentence("unanswered", failure.last)
        yield from (
            say.sentence("run-went-on", failure.last, result) for result in result_all_the_same(case, failure)
        )
    else:
        yield say.sentence("answered-again", failure.recovered, again=time_of(case, failure.recovered))
    yield say.sentence(
        QUESTIONS[failure.kind],
        failure.first,
        when=around(case.event(failure.first)["ts"]),
        status=PROVIDER_STATUS,
        machine=MACHINE_LOG,
    )
