"""CCF214: the account's allowance of the model API was used up. What it says of that stands in the TOML beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Said, Severity, Statement, rule, words
from forensics.rulekit.api_words import client_says, facts_of, result_all_the_same, whose
from forensics.rulekit.names import time_of
from forensics.schema.api_failures import TOLD_BY, ApiClass
from forensics.session.agents.overlap import agents_out_at
from forensics.session.services.api_failures import (
    ALLOWANCES,
    ApiFailure,
    failures,
    has_requests,
    tells_result_only,
)

TEXT = words(__file__)
SHOWN = 10  # agents whose spawns are cited


@rule(
    TEXT,
    code="CCF214",
    topic="2.5",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=TOLD_BY,
    reads=("api",),
    related=("CCF107", "CCF206"),
)
def usage_limit_reached(case: Case) -> Iterator[Said]:
    """Find turns that ended because the account's allowance was used up: its usage limit, or its credit."""
    found = [f for f in failures(case) if f.kind in ALLOWANCES]
    yield from (_hit(case, failure) for failure in found)
    if not found and tells_result_only(case):
        yield TEXT.insufficient("result-only")
    elif not found and not has_requests(case):
        yield TEXT.not_applicable("no-requests")


def _hit(case: Case, failure: ApiFailure) -> Hit:
    out = () if failure.is_own else agents_out_at(case, failure.first, failure.agent_id)
    return TEXT.saying(
        limit=TEXT.part("limit" if failure.kind is ApiClass.USAGE_LIMIT else "credit"),
        who=whose(case, failure),
        count=failure.count,
    ).hit(
        "used-up-often" if failure.count > 1 else "used-up",
        subject=failure.kind,
        agent_id=failure.agent_id,
        severity=_severity(failure, out=len(out)),
        confidence=None if failure.is_told_by_agent else Confidence.MEDIUM,
        facts=facts_of(failure) | {"agents_out": len(out)},
        cites=failure.events,
        statements=_statements(case, failure, out),
    )


def _severity(failure: ApiFailure, *, out: int) -> Severity:
    """Weigh what was lost: with agents at work, what they had begun, too."""
    if failure.is_own:
        return Severity.NOTE
    return Severity.HIGH if out else Severity.MEDIUM


def _statements(case: Case, failure: ApiFailure, out: tuple[int, ...]) -> Iterator[Statement]:
    who = whose(case, failure)
    say = TEXT.saying(who=who, at=time_of(case, failure.first), said=client_says(case, failure))
    yield say.sentence("told", failure.first)
    if out:
        yield say.also(out=len(out)).sentence("agents-out", failure.first, *out[:SHOWN])
    if failure.is_own:
        yield say.sentence("own-requests", failure.first)
    elif failure.recovered is None:
        yield say.sentence("unanswered", failure.last)
        yield from (
            say.sentence("run-went-on", failure.last, result) for result in result_all_the_same(case, failure)
        )
    else:
        yield say.also(again=time_of(case, failure.recovered)).sentence("answered-again", failure.recovered)
    is_credit = failure.kind is ApiClass.CREDIT
    yield say.sentence("which-account" if is_credit else "who-used-it", failure.first)
