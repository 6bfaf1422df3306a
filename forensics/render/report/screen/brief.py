"""What of an incident a terminal has room for: the worst findings, the rows around them, the first steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from forensics.render.report.advice_views import Action
from forensics.render.report.exhibits import Exhibit
from forensics.render.report.views import FindingView, Incident, TimelineRow
from forensics.schema.finding import EvidenceRef, OutcomeKind, Severity

MOST_FULL = 10  # findings that are told one by one
MOST_ALIKE = 2  # of one rule, where there is no room for all
MOST_ROWS = 12  # of the timeline
LAST_ROWS = 2  # the end is always shown
MOST_ACTIONS = 5
FIRST_LINE = 3  # how much more a finding's first line weighs than its others


@dataclass(frozen=True, slots=True)
class SeverityGroup:
    """The findings of one severity: those told one by one, and the others by rule, counted."""

    severity: Severity
    count: int
    told: tuple[FindingView, ...]
    counted: tuple[tuple[FindingView, int], ...]  # one of them for its name, and how many of its rule


def findings_of(incident: Incident) -> list[FindingView]:
    """Return all findings, worst first, in the order of the analysis."""
    topics = (t for c in incident.categories for t in c.topics)
    views = (*incident.ending, *incident.chain.findings, *(v for t in topics for v in t.findings))
    return sorted(views, key=lambda v: (-v.finding.severity.rank, v.finding.rule, v.finding.fingerprint))


def levels_of(incident: Incident, most: int = MOST_FULL) -> tuple[SeverityGroup, ...]:
    """Group the findings by severity. What is low is told one by one only where nothing is worse."""
    views = findings_of(incident)
    worst = views[0].finding.severity if views else Severity.NOTE
    floor = min(worst, Severity.MEDIUM, key=lambda s: s.rank)
    levels, left = [], most
    for severity, group in groupby(views, key=lambda v: v.finding.severity):
        found = list(group)
        few = found if len(found) <= left else _first_of_each(found)
        told = few[:left] if severity.rank >= floor.rank else []
        left -= len(told)
        levels.append(
            SeverityGroup(severity, len(found), tuple(told), _counted(v for v in found if v not in told))
        )
    return tuple(levels)


def _first_of_each(found: Iterable[FindingView]) -> list[FindingView]:
    kept: list[FindingView] = []
    for _, alike in groupby(found, key=lambda v: v.finding.rule):
        kept += list(alike)[:MOST_ALIKE]
    return kept


def _counted(rest: Iterable[FindingView]) -> tuple[tuple[FindingView, int], ...]:
    groups = [list(alike) for _, alike in groupby(rest, key=lambda v: v.finding.rule)]
    return tuple((alike[0], len(alike)) for alike in groups)


def rows_of(incident: Incident) -> tuple[TimelineRow, ...]:
    """Return the rows that the worst findings rest on, the longest and the last silence, and the end; by time."""
    rows = incident.story.rows
    silences = [(row.gap.seconds, n) for n, row in enumerate(rows) if row.gap is not None]
    kept = {*range(max(len(rows) - LAST_ROWS, 0), len(rows)), *(n for _, n in (silences[-1:]))}
    kept |= {n for _, n in sorted(silences)[-1:]}
    weights = _weights(incident)
    records = [(weights.get(row.exhibit.ref.event_id, 0), n) for n, row in enumerate(rows) if row.exhibit]
    records = sorted((r for r in records if r[1] not in kept), reverse=True)
    kept |= {n for _, n in records[: MOST_ROWS - len(kept)]}
    return tuple(row for n, row in enumerate(rows) if n in kept)


def _weights(incident: Incident) -> dict[int, int]:
    """Return by record how much rests on it: by the severity of the findings, their first lines most."""
    weights: dict[int, int] = {}
    for view in findings_of(incident):
        for n, ref in enumerate(view.finding.evidence):
            weight = (view.finding.severity.rank + 1) ** 2 * (FIRST_LINE if n == 0 else 1)
            weights[ref.event_id] = weights.get(ref.event_id, 0) + weight
    return weights


def exhibits_of(incidents: Iterable[Incident]) -> Mapping[str, EvidenceRef]:
    """Return every numbered piece of evidence by its number."""
    known: dict[str, EvidenceRef] = {}
    for incident in incidents:
        found: list[Exhibit] = [*incident.proof_exhibits, *incident.end_exhibits, *incident.unquoted]
        found += [e for v in findings_of(incident) for e in v.evidence]
        found += [r.exhibit for r in incident.story.rows if r.exhibit]
        known |= {e.number: e.ref for e in found}
    return known


def first_actions(incident: Incident) -> tuple[tuple[Action, ...], int]:
    """Return what to do first, by the most urgent findings, and how many more steps there are."""
    groups = incident.advice.phases["immediate"]
    urgent = min((g.priority for g in groups), default=0)
    first = {a.text: a for g in groups if g.priority == urgent for a in g.actions}.values()
    # one for each finding's rule before a second one for any
    by_rule = [list(g) for _, g in groupby(first, key=lambda a: a.code)]
    in_turn = [g[n] for n in range(max(map(len, by_rule), default=0)) for g in by_rule if n < len(g)]
    every = sum(len(g.actions) for phase in incident.advice.phases.values() for g in phase)
    shown = in_turn[:MOST_ACTIONS]
    return tuple(shown), every - len(shown)


def not_judged(incident: Incident) -> tuple[str, ...]:
    """Return the codes of the rules that could not judge."""
    return tuple(rule.code for rule, outcome, _ in incident.outcomes if outcome == OutcomeKind.INSUFFICIENT)
