"""CCF215: a request was too large for the model, or its answer was. What it says of it: the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Source, Statement, rule, words
from forensics.rulekit.api_words import facts_of, whose
from forensics.rulekit.names import capital, time_of
from forensics.schema.api_failures import ApiClass
from forensics.session.services.api_failures import ApiFailure, failures, has_requests, tells_result_only
from forensics.text.lengths import shortened

WORDS_SHOWN = 160  # characters of the record's own words
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF215",
    topic="2.5",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.CLAUDE_DEBUG, Source.OTEL}),
    reads=("api",),
    related=("CCF206", "CCF307", "CCF901"),
)
def request_too_large(case: Case) -> Iterator[Said]:
    """Find turns that ended because the request, or the answer that it asked for, was too large."""
    found = [f for f in failures(case) if f.kind is ApiClass.TOO_LARGE]
    yield from (_hit(case, failure) for failure in found)
    if not found and tells_result_only(case):
        yield TEXT.insufficient("result-only")
    elif not found and not has_requests(case):
        yield TEXT.not_applicable("no-requests")


def _hit(case: Case, failure: ApiFailure) -> Hit:
    message = str(case.event(failure.first)["message"] or "")
    who, recovered = whose(case, failure), failure.recovered is not None
    say = TEXT.saying(
        who=who,
        whoever=capital(who),
        at=time_of(case, failure.first),
        said=shortened(message.strip().partition("\n")[0], WORDS_SHOWN),
        count=failure.count,
    )
    return say.hit(
        "refused" if failure.count == 1 else "refused-often",
        subject=failure.kind,
        agent_id=failure.agent_id,
        severity=Severity.NOTE if failure.is_own else Severity.LOW if recovered else Severity.MEDIUM,
        confidence=None if failure.is_told_by_agent else Confidence.MEDIUM,
        facts=facts_of(failure) | {"recovered": recovered},
        cites=failure.events,
        statements=_statements(case, failure, say),
    )


def _statements(case: Case, failure: ApiFailure, say: Saying) -> Iterator[Statement]:
    yield say.sentence("at", failure.first)
    if failure.recovered is None:
        yield say.sentence("unanswered", failure.last)
    else:
        yield say.sentence("answered-again", failure.recovered, again=time_of(case, failure.recovered))
    yield say.sentence("what-filled-it", failure.first)
