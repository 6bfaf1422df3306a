"""CCF206: the model API failed until the client gave up. What it says of that stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Statement, rule, words
from forensics.rulekit.api_words import facts_of, is_connection_lost, result_all_the_same, severity_of, whose
from forensics.rulekit.names import capital, time_of
from forensics.rulekit.whereabouts import MACHINE_LOG, PROVIDER_STATUS, around
from forensics.schema.api_failures import TOLD_BY, ApiClass
from forensics.session.services.api_failures import (
    RETRIED,
    ApiFailure,
    caught_only,
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
    any_of=TOLD_BY,
    reads=("api",),
    related=("CCF107", "CCF204", "CCF207"),
)
def api_retries_exhausted(case: Case) -> Iterator[Said]:
    """Find turns that ended because the model API failed and the client's retries did not cure it."""
    found = [f for f in failures(case) if f.kind in RETRIED]
    yield from (_hit(case, failure) for failure in found)
    if not found and is_still_trying(case):
        yield TEXT.insufficient("still-trying")
    elif not found and caught_only(case):
        yield TEXT.insufficient("caught-only")
    elif not found and tells_result_only(case):
        yield TEXT.insufficient("result-only")
    elif not found and not has_requests(case):
        yield TEXT.not_applicable("no-requests")


def _hit(case: Case, failure: ApiFailure) -> Hit:
    who = whose(case, failure)
    status = failure.status or ""
    what = "broken" if is_connection_lost(case, failure) else WHAT[failure.kind]
    say = TEXT.saying(
        failed=TEXT.part(what) + (f" ({status})" if status.isdigit() else ""),
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
        severity=severity_of(failure),
        confidence=None if failure.is_told_by_agent else Confidence.MEDIUM,
        facts=facts_of(failure),
        cites=failure.events,
        statements=_statements(case, failure, say),
    )


def _headline(failure: ApiFailure) -> str:
    """Choose the message by how many tries and turns are known."""
    if failure.count == 1:
        return "gave-up-after-tries" if (failure.attempts or 0) > 1 else "gave-up"
    if not failure.attempts:
        return "gave-up-turns"
    return "gave-up-each-turn" if failure.fewest == failure.attempts else "gave-up-most-tries"


def _statements(case: Case, failure: ApiFailure, say: Saying) -> Iterator[Statement]:
    yield say.sentence("for-good", *failure.events)
    if (failure.attempts or 0) > 1:
        yield say.sentence("tries", *failure.tried)
    elif not failure.tries:
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
