"""What stands before the sections of several sessions: which there are, and which findings they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forensics.analysis.model import Analysis
from forensics.render.report.views import Incident
from forensics.schema.finding import Finding, Severity

MOST_SESSIONS = 60  # rows of a table that people go through


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """One rule over all sessions."""

    code: str
    name: str
    severity: str  # the worst
    sessions: int
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The sessions that the table lists, and the rules with findings, the worst and most frequent first."""

    listed: tuple[Incident, ...]
    with_findings: int
    rules: tuple[RuleCount, ...]


def overview_of(analysis: Analysis, incidents: Sequence[Incident]) -> Overview:
    """Sum up several sessions. Where they are too many to list, the worst are listed, and the worst first."""
    by_rank = sorted(incidents, key=_rank, reverse=True)
    return Overview(
        listed=tuple(incidents if len(incidents) <= MOST_SESSIONS else by_rank[:MOST_SESSIONS]),
        with_findings=sum(not i.is_clean for i in incidents),
        rules=_counts(analysis.findings),
    )


def _rank(incident: Incident) -> int:
    return Severity(incident.severity).rank if incident.severity else -1


def _counts(findings: Sequence[Finding]) -> tuple[RuleCount, ...]:
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    counts = [
        RuleCount(
            code=code,
            name=found[0].name,
            severity=max((f.severity for f in found), key=lambda s: s.rank).value,
            sessions=len({f.session_id for f in found}),
            findings=len(found),
        )
        for code, found in by_rule.items()
    ]
    return tuple(sorted(counts, key=lambda c: (-Severity(c.severity).rank, -c.sessions, c.code)))
