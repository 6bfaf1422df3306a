"""CCF214: a usage limit or the end of the credit stopped the work. What it says of it: the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Source, Statement, rule, words
from forensics.rulekit.api_words import facts_of, whose
from forensics.rulekit.names import capital, time_of
from forensics.schema.api_failures import ApiClass
from forensics.session.model.agents import AgentLife
from forensics.session.services.api_failures import ApiFailure, has_requests, tells_result_only
from forensics.session.services.limits import agents_then, limit_failures, told_reset
from forensics.text.lengths import shortened

WORDS_SHOWN = 160  # characters of the record's own words
SHOWN = 6  # agents cited
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF214",
    topic="2.5",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.CLAUDE_DEBUG, Source.OTEL}),
    reads=("api",),
    related=("CCF107", "CCF206", "CCF901"),
)
def usage_limit_reached(case: Case) -> Iterator[Said]:
    """Find turns that ended because the account's allowance or credit was used up."""
    found = limit_failures(case)
    yield from (_hit(case, failure) for failure in found)
    if not found and tells_result_only(case):
        yield TEXT.insufficient("result-only")
    elif not found and not has_requests(case):
        yield TEXT.not_applicable("no-requests")


def _hit(case: Case, failure: ApiFailure) -> Hit:
    out, message = agents_then(case, failure), str(case.event(failure.first)["message"] or "")
    who = whose(case, failure)
    say = TEXT.saying(
        who=who,
        whoever=capital(who),
        limit=TEXT.part("allowance" if failure.kind is ApiClass.USAGE_LIMIT else "credit"),
        at=time_of(case, failure.first),
        said=shortened(message.strip().partition("\n")[0], WORDS_SHOWN),
        count=failure.count,
    )
    lost = bool(out) or failure.agent_id is not None
    return say.hit(
        "reached" if failure.count == 1 else "reached-often",
        subject=failure.kind,
        agent_id=failure.agent_id,
        severity=Severity.NOTE if failure.is_own else Severity.HIGH if lost else Severity.MEDIUM,
        confidence=None if failure.is_told_by_agent else Confidence.MEDIUM,
        facts=facts_of(failure) | {"resets": told_reset(message), "agents_out": len(out)},
        cites=failure.events,
        statements=_statements(case, failure, say, out, told_reset(message)),
    )


def _statements(
    case: Case, failure: ApiFailure, say: Saying, out: Sequence[AgentLife], reset: str | None
) -> Iterator[Statement]:
    yield say.sentence("refused", failure.first)
    if reset is not None:
        yield say.sentence("resets", failure.first, reset=reset)
    if out:
        spawns = [agent.spawn_event or agent.last_event for agent in out[:SHOWN]]
        yield say.sentence("agents-out", failure.first, *spawns, agents=len(out))
    if failure.recovered is None:
        yield say.sentence("unanswered", failure.last)
    else:
        yield say.sentence("answered-again", failure.recovered, again=time_of(case, failure.recovered))
    yield say.sentence("which-limit", failure.first)
