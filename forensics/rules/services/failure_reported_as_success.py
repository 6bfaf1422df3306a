"""CCF209: a tool said that it failed, and its result is not flagged as an error. Its words: the TOML file."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import (
    Case,
    Cite,
    Confidence,
    EventKind,
    Hit,
    Said,
    Saying,
    Severity,
    Source,
    Statement,
    rule,
    words,
)
from forensics.session.services.unflagged_failures import (
    SUCCESS,
    UnflaggedFailures,
    is_told_by_lines,
    told_answers,
    told_calls,
    unflagged_failures,
)

TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF209",
    topic="2.1",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.MCP_LOG, Source.CLAUDE_DEBUG}),
    reads=("tools", "mcp"),
    related=("CCF201",),
)
def failure_reported_as_success(case: Case) -> Iterator[Said]:
    """Find results that are a known failure text, or begin with one, but are not flagged as errors."""
    yield from (_hit(found) for found in unflagged_failures(case))
    called = not told_calls(case).is_empty()
    logged = not case.of(EventKind.MCP_CALL).is_empty()
    answered = not told_answers(case).is_empty()
    if Source.ATIF in case.sources and called:
        yield TEXT.insufficient("flags-not-told")
    elif not answered and logged and not is_told_by_lines(case):
        yield TEXT.insufficient("no-results")
    elif not answered and called:
        yield TEXT.insufficient("unanswered")
    elif not called and not logged:
        yield TEXT.not_applicable("no-call")


def _hit(found: UnflaggedFailures) -> Hit:
    times, told = len(found.calls), (*found.results, *found.lines)
    say = TEXT.saying(tool=found.tool, said=found.said, times=times, logged=len(found.logged))
    return say.hit(
        _headline(times, by_results=bool(found.results)),
        subject=f"{found.tool}|{found.said}",
        agent_id=found.agent_id,
        confidence=None if found.results else Confidence.MEDIUM,
        facts={"tool": found.tool, "said": found.said, "occurrences": times, "logged": len(found.logged)},
        cites=(*(Cite(e, found.said) for e in told), *(Cite(e, SUCCESS) for e in found.logged)),
        statements=_statements(found, say),
    )


def _headline(times: int, *, by_results: bool) -> str:
    if by_results:
        return "taken" if times == 1 else "taken-often"
    return "logged" if times == 1 else "logged-often"


def _statements(found: UnflaggedFailures, say: Saying) -> Iterator[Statement]:
    results, lines, logged = found.results, found.lines, found.logged
    if results:
        told = "is-all" if found.is_all else "begins" if len(results) == 1 else "begins-often"
        yield say.sentence(told, *results, results=len(results))
    if lines:
        yield say.sentence("server-wrote", *lines)
    if logged:
        yield say.sentence("client-logs", *logged)
    if results:
        yield say.sentence("counted-as-success", *results)
    else:
        yield say.sentence("flag-not-known", *lines, *logged)
