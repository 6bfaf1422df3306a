"""The report on a terminal: the verdict first, the findings by severity, the timeline in brief, what to do first.

It is made of what the written report is made of, and says the same; what it has no room for is counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby

from rich.text import Text

from forensics.analysis.model import Analysis
from forensics.analysis.session_analysis import Verdict
from forensics.render.account import account
from forensics.render.markup import capitalised
from forensics.render.references import ShortNames
from forensics.render.report.exhibits import Sentence
from forensics.render.report.incident import lay_out_all
from forensics.render.report.overview import overview_of
from forensics.render.report.screen.brief import (
    exhibits_of,
    findings_of,
    first_actions,
    levels_of,
    not_judged,
)
from forensics.render.report.screen.page import MEASURE, QUIET, Page
from forensics.render.report.screen.session_overview import print_overview
from forensics.render.report.screen.timeline_brief import print_timeline
from forensics.render.report.screen.verdict_panel import print_verdict
from forensics.render.report.views import FindingView, Incident
from forensics.render.rich_text import STYLES, printed, terminal
from forensics.schema.finding import Claim, EvidenceRef, Nature, OutcomeKind, Severity
from forensics.text.numbers import counted

TRAILING = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)  # blanks that a table ends its rows with
CODE = 9  # columns of a rule's code and the blanks behind it
INDENT = 2
MOST_FIGURES = 4
MOST_QUESTIONS = 2
MOST_EXCLUDED = 3
MOST_FILES = 8
MOST_SHORT = 6  # sessions that are told in short
FINDINGS_IN_SHORT = 3


def to_screen(
    analysis: Analysis, *, tz: str | None = None, width: int, color: bool = False, ascii_only: bool = False
) -> str:
    """Return the report for a terminal so many columns wide; ``ascii_only`` frames and marks without Unicode."""
    console = terminal(min(width, MEASURE), color=color)
    page = Page(console, ShortNames(i.evidence.name for i in analysis.inputs), ascii_only=ascii_only)
    incidents = lay_out_all(analysis, tz)
    evidence = exhibits_of(incidents)
    with console.capture() as captured:
        if len(incidents) == 1:
            _session(page, incidents[0], evidence, in_zone=tz is not None)
        else:
            _sessions(page, analysis, incidents)
        page.heading("What was read, and what was not")
        account(console, analysis)
        if len(incidents) == 1:
            _limits(page, incidents[0])
        _warnings(page, analysis)
        _files(page)
        _whole(page, several=len(incidents) > 1)
    return TRAILING.sub(r"\1", printed(captured))


def _sessions(page: Page, analysis: Analysis, incidents: Sequence[Incident]) -> None:
    overview = overview_of(analysis, incidents)
    print_overview(page, overview, len(incidents))
    worst_first = sorted(overview.listed, key=lambda i: -Severity(i.severity).rank if i.severity else 1)
    shown = [i for i in worst_first if not i.is_clean][:MOST_SHORT]
    for incident in shown:
        page.blank()
        print_verdict(page, incident, in_short=True)
        found = findings_of(incident)
        for view in found[:FINDINGS_IN_SHORT]:
            _finding(page, view, mark=f"{view.finding.severity.value:<9}")
        if len(found) > FINDINGS_IN_SHORT:
            page.hanging(Text("  "), page.text(f"and {len(found) - FINDINGS_IN_SHORT} more", QUIET))
    left = overview.with_findings - len(shown)
    if left > 0:
        page.blank()
        page.hanging(
            Text(), page.text(f"{counted(left, 'more session')} with findings: see the table", QUIET)
        )


def _session(page: Page, incident: Incident, evidence: Mapping[str, EvidenceRef], *, in_zone: bool) -> None:
    print_verdict(page, incident)
    _summary(page, incident, evidence)
    _findings(page, incident)
    print_timeline(page, incident, in_zone=in_zone)
    _actions(page, incident)
    _questions(page, incident)
    _excluded(page, incident, evidence)


def _summary(page: Page, incident: Incident, evidence: Mapping[str, EvidenceRef]) -> None:
    """Print the sentences that say more than the verdict above them, and the impact in numbers."""
    above = (incident.headline, incident.proof)
    told = [s for s in incident.summary if not all(part in s.text for part in above)]
    if told:
        page.heading("Summary")
    for said in told:
        _sentence(page, said, evidence)
    _figures(page, incident)


def _figures(page: Page, incident: Incident) -> None:
    figures = incident.review.figures[:MOST_FIGURES]
    if figures:
        page.heading("Impact in numbers", _more(len(incident.review.figures) - len(figures)))
    for figure in figures:
        number = page.claimed(f"{figure.name}: {figure.value}", figure.claim)
        refs = [e.ref for e in figure.exhibits]
        if number.cell_len <= page.width - INDENT:
            page.places(INDENT, refs, [number])
        else:
            page.hanging(Text(" " * INDENT), number)
            page.places(2 * INDENT, refs)


def _more(count: int) -> str:
    return f"{count} more in the whole report" if count > 0 else ""


def _sentence(page: Page, said: Sentence, evidence: Mapping[str, EvidenceRef], cause: str = "") -> None:
    words = f"{cause}: {said.text}" if cause else said.text
    page.hanging(page.text("  • "), page.claimed(capitalised(words), said.claim))
    page.places(4, [evidence[n] for n in said.exhibits if n in evidence])


def _findings(page: Page, incident: Incident) -> None:
    levels = levels_of(incident)
    for level in levels:
        style = STYLES[level.severity]
        if level.told:
            page.heading(
                f" {level.severity.value.upper()} ", counted(level.count, "finding"), f"{style} reverse"
            )
        before = ""
        for view in level.told:
            _finding(page, view, style=style, is_named=view.finding.rule != before)
            before = view.finding.rule
    if any(level.counted for level in levels):
        page.heading("Also found")
    for level in levels:
        named = [page.text(f"{v.finding.rule} {v.finding.name}{_times(n)}") for v, n in level.counted]
        if named:
            page.flow(Text(f"  {level.severity.value:<{CODE}}", style=STYLES[level.severity]), named)


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""


def _finding(
    page: Page, view: FindingView, *, mark: str = "", style: str = "bold", is_named: bool = True
) -> None:
    finding = view.finding
    head = Text("  ")
    head.append(mark, style=STYLES[finding.severity])
    head.append(f"{finding.rule:<{CODE}}", style=style)
    page.hanging(head, page.claimed(capitalised(view.heading), finding.claim))
    about = [page.text(finding.name, QUIET)] if is_named else []
    if finding.nature is Nature.CONTROL_GAP:
        about.append(page.text("control gap", QUIET))
    page.places(head.cell_len, [e.ref for e in view.evidence], about)


def _actions(page: Page, incident: Incident) -> None:
    actions, more = first_actions(incident)
    if not actions:
        return
    page.heading("What to do first", _more(more))
    for n, action in enumerate(actions, 1):
        said = page.advised(capitalised(action.text))
        said.append(f"  {action.code}", style=QUIET)
        page.hanging(Text(f"{n:>3} "), said)
    if incident.resume and incident.verdict != Verdict.CLEAN:
        page.flow(4, [page.text("then resume it:"), Text(f"claude --resume {incident.resume}", style="bold")])


def _questions(page: Page, incident: Incident) -> None:
    asked = incident.advice.questions
    if not asked:
        return
    page.heading("Open questions", _more(len(asked) - MOST_QUESTIONS))
    for question in asked[:MOST_QUESTIONS]:
        page.hanging(Text("  ? "), page.claimed(capitalised(question.text), Claim.HYPOTHESIS))
        if question.settled_by:
            page.hanging(Text("    "), page.text(f"settled by: {question.settled_by[0]}", QUIET))


def _excluded(page: Page, incident: Incident, evidence: Mapping[str, EvidenceRef]) -> None:
    found = incident.review.excluded
    if found:
        page.heading("Ruled out", _more(len(found) - MOST_EXCLUDED))
    for excluded in found[:MOST_EXCLUDED]:
        _sentence(page, excluded.sentence, evidence, excluded.cause)


def _limits(page: Page, incident: Incident) -> None:
    codes = not_judged(incident)
    told = [f"{counted(len(codes), 'rule')} could not judge: {', '.join(codes)}"] if codes else []
    if incident.is_clean:
        clear = sum(outcome == OutcomeKind.CLEAR for _, outcome, _ in incident.outcomes)
        told.insert(0, f"{counted(clear, 'rule')} found nothing")
    if not incident.has_transcript and not incident.session_id.startswith("voice:"):
        told.append("no transcript is in the evidence")
    for line in told:
        page.hanging(Text(), page.text(capitalised(line)))


def _warnings(page: Page, analysis: Analysis) -> None:
    told = [
        f"{code} failed on {counted(len(list(errors)), 'session')}: what it would have found is not known"
        for code, errors in groupby(sorted(analysis.errors, key=lambda e: e.rule), key=lambda e: e.rule)
    ]
    if not analysis.redacted:
        told.append("Nothing is redacted here: keys, tokens and passwords stand as the logs hold them")
    for line in told:
        page.hanging(Text(), page.text(line, "bold red"))
    if analysis.anonymised:
        page.hanging(Text(), page.text("People, hosts and home folders are replaced by pseudonyms", QUIET))


def _files(page: Page) -> None:
    names = page.shortened
    if names:
        page.heading("Files cited", "relative to what was analysed")
    for name in names[:MOST_FILES]:
        page.whole(Text(f"  {name}"))
    if len(names) > MOST_FILES:
        page.whole(page.text(f"  and {len(names) - MOST_FILES} more", QUIET))


def _whole(page: Page, *, several: bool) -> None:
    page.blank()
    words = "The whole report: the same command with -o report.html, or -o report.md"
    page.hanging(Text(), page.text(words + ("; one session: with --session ID" if several else ""), "bold"))
