"""CCF303: what an agent was allowed is spent, or much was used and no limit was seen. Its words: the TOML file."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Nature, Said, Severity, Source, rule, words
from forensics.rulekit.names import agent_name, capital
from forensics.rulekit.whereabouts import WORKING_TREE
from forensics.session.agents.budgets import TURNS, BudgetEnd, Usage, ended_by_budget, usage
from forensics.session.model.ending import Verdict
from forensics.session.model.last_records import unanswered_turn

TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF303",
    topic="3.3",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=Source.TRANSCRIPT,
    reads=("agents", "turns"),
    expectation="agent-budget",
    related=("CCF107", "CCF305"),
)
def agent_budget(case: Case, *, tokens: int = 20_000_000) -> Iterator[Said]:
    """Find agents that were ended by a budget, and agents that used very much without one."""
    ended, used = ended_by_budget(case), usage(case)
    yield from (_ended(case, end) for end in ended)
    limited = {end.agent_id for end in ended}
    for use in used:
        if use.tokens > tokens and use.agent_id not in limited:
            yield _without_limit(case, use, tokens)
    if not ended and not used:
        yield TEXT.insufficient("no-usage")
    elif not ended and _stops_at_work(case):
        yield TEXT.insufficient("no-end")


def _stops_at_work(case: Case) -> bool:
    """Say whether the record stops where the model would be asked next, or a call be answered."""
    if case.ending.verdict is Verdict.UNKNOWN:
        return unanswered_turn(case.events) is not None
    return case.ending.verdict is Verdict.TRUNCATED


def _ended(case: Case, end: BudgetEnd) -> Hit:
    who, of_turns = agent_name(case, end.agent_id), end.budget == TURNS
    say = TEXT.saying(who=who, whoever=capital(who), tree=WORKING_TREE, spent=_spent(end))
    return say.hit(
        "ended",
        subject=end.budget,
        agent_id=end.agent_id,
        severity=Severity.MEDIUM,
        facts={
            "budget": end.budget,
            "limit": end.limit,
            "agent": end.agent_id or "main",
            "tokens": end.tokens,
        },
        cites=end.events,
        statements=(
            say.sentence("ended-by", *end.events),
            say.sentence("limit-of-turns" if of_turns else "limit-of-cost", *end.events),
            say.sentence("work-done", end.events[0]),
        ),
    )


def _spent(end: BudgetEnd) -> str:
    """Say what was spent, with the limit where it is known."""
    if end.limit is None:
        return TEXT.part("turns" if end.budget == TURNS else "cost")
    return TEXT.part("turns-of" if end.budget == TURNS else "cost-of", limit=f"{end.limit:g}")


def _without_limit(case: Case, use: Usage, tokens: int) -> Hit:
    say = TEXT.saying(
        whoever=capital(agent_name(case, use.agent_id)),
        millions=f"{use.tokens / 1e6:.1f}",
        requests=_requests(use.requests),
        sources=", ".join(sorted(case.sources)),
        window=_window(case),
    )
    return say.hit(
        "much-used",
        subject="usage",
        agent_id=use.agent_id,
        severity=Severity.NOTE,
        contract_held=None,
        nature=Nature.CONTROL_GAP,
        facts={"budget": None, "limit": tokens, "agent": use.agent_id or "main", "tokens": use.tokens},
        cites=(use.last,),
        statements=(
            say.sentence("used", use.last),
            say.sentence("no-budget", use.last),
            say.sentence("not-reached", use.last),
        ),
    )


def _requests(n: int | None) -> str:
    if n is None:
        return ""
    return TEXT.part("in-one-request") if n == 1 else TEXT.part("in-requests", n=n)


def _window(case: Case) -> str:
    start, end = case.span
    if start is None or end is None:
        return TEXT.part("no-times")
    return TEXT.part("window", start=f"{start:%Y-%m-%d %H:%M}", end=f"{end:%Y-%m-%d %H:%M}")
