"""CCF402: that a credential does not work was found out by using it. Its words stand in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from forensics.rulekit import Case, Cite, Confidence, Hit, Nature, Said, Severity, Source, rule, words
from forensics.rulekit.names import clock_time, sources_of
from forensics.schema.finding import Finding
from forensics.session.speech.first_use import FirstUse, Moment, first_use
from forensics.text.durations import duration

LISTED = "Available endpoints"  # the server's words
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF402",
    topic="4.2",
    severity=Severity.NOTE,
    confidence=Confidence.HIGH,
    nature=Nature.CONTROL_GAP,
    any_of=frozenset(
        {Source.VOICE_STDERR, Source.MCP_LOG, Source.CLAUDE_DEBUG, Source.TRANSCRIPT, Source.CONSOLE}
    ),
    reads=("speech", "mcp"),
    related=("CCF202",),
    reads_findings=True,
    expectation="secrets-check",
)
def credential_first_checked_at_use(case: Case, *, after_s: float = 60.0) -> Iterator[Said]:
    """Find credentials of which the first check in the evidence is the request that needed them."""
    refused = _refused_for_good(case)
    if not refused:
        yield TEXT.not_applicable("none-refused")
        return
    is_undated = False
    for endpoint, findings in refused.items():
        use = first_use(case, endpoint, {e.event_id for f in findings for e in f.evidence})
        if use is None:
            continue
        if use.start is None or use.after_start_s is None:
            is_undated = True
        elif use.after_start_s > after_s:
            yield _hit(case, findings[0], use, use.start, use.after_start_s)
    if is_undated:
        yield TEXT.insufficient("undated")


def _refused_for_good(case: Case) -> Mapping[str, Sequence[Finding]]:
    """Return the findings of refused credentials that nothing made good, by endpoint."""
    refused: dict[str, list[Finding]] = {}
    for finding in case.found("CCF202"):
        endpoint = finding.facts.get("endpoint")
        if endpoint is not None and not finding.facts.get("recovered"):
            refused.setdefault(str(endpoint), []).append(finding)
    return refused


def _hit(case: Case, finding: Finding, use: FirstUse, start: Moment, waited: float) -> Hit:
    listed, early = use.listed, use.advertised_s
    say = TEXT.saying(
        endpoint=use.endpoint,
        waited=duration(waited, digits=0),
        started_at=clock_time(start.at),
        refused_at=clock_time(use.refused.at),
        sources=sources_of(case),
    )
    between = (start.event, use.refused.event)
    statements = [say.sentence("first-request", *between), say.sentence("no-check", *between)]
    if listed is not None:
        say = say.also(listed_at=clock_time(listed.at), early=duration(early or 0.0, digits=0))
        statements.insert(1, say.sentence("listed", listed.event, use.refused.event))
    return say.hit(
        "unchecked",
        subject=use.endpoint,
        facts={
            "endpoint": use.endpoint,
            "variant": finding.facts.get("variant"),
            "after_start_s": round(waited, 1),
            "advertised_s": None if early is None else round(early, 1),
        },
        cites=(start.event, None if listed is None else Cite(listed.event, LISTED), use.refused.event),
        statements=statements,
    )
