"""Several sessions on a terminal: a table of them, and what they share."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from forensics.render.report.overview import Overview
from forensics.render.report.screen.brief import findings_of
from forensics.render.report.screen.page import HEADING, QUIET, Page
from forensics.render.report.views import Incident
from forensics.render.rich_text import STYLES
from forensics.schema.finding import Severity
from forensics.text.numbers import counted

SHORT_ID = 8  # columns of an id's beginning
TABULAR, WITH_TIMES = 60, 90  # columns from which there is room for a table, and for times in it
MOST_RULES = 5
FEWEST_TO_COMPARE = 2  # sessions with findings


def print_overview(page: Page, overview: Overview, sessions: int) -> None:
    """Print one row for each session that the overview lists, and the rules that fired in the most of them."""
    some = f", {overview.with_findings} with findings" if overview.with_findings else ", none with findings"
    page.hanging(Text(), Text(f"{sessions} sessions{some}", style="bold"))
    if len(overview.listed) < sessions:
        page.hanging(Text(), page.text(f"the worst {len(overview.listed)} are listed", QUIET))
    page.blank()
    if page.width >= TABULAR:
        page.console.print(_table(page, overview.listed))
    else:
        for incident in overview.listed:
            label, *cells = _cells(page, incident, has_times=False)
            page.flow(Text(f"{label.plain:<4}", style=QUIET), cells)
    if overview.with_findings < FEWEST_TO_COMPARE:
        return
    page.heading("What they share", "the worst and most frequent first")
    for rule in overview.rules[:MOST_RULES]:
        said = page.text(
            f"{rule.name}: {counted(rule.findings, 'finding')} in {counted(rule.sessions, 'session')}"
        )
        page.hanging(Text.assemble("  ", Text(f"{rule.code} ", style=STYLES[Severity(rule.severity)])), said)


def _table(page: Page, incidents: Sequence[Incident]) -> Table:
    has_times = page.width >= WITH_TIMES
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=HEADING)
    for name in ("", "session", *(("began (UTC)", "records") if has_times else ()), "end"):
        table.add_column(name, no_wrap=True, overflow="crop")  # what is copied, or read at a glance
    table.add_column("findings", overflow="fold")
    for incident in incidents:
        table.add_row(*_cells(page, incident, has_times=has_times))
    return table


def _cells(page: Page, incident: Incident, *, has_times: bool) -> list[Text]:
    whole = incident.session_id
    short = whole[:SHORT_ID] if incident.resume else whole
    times = [page.text(incident.began[:16].replace("T", " ")), page.text(incident.span)] if has_times else []
    style = STYLES[Severity(incident.severity)] if incident.severity else "green"
    return [
        Text(incident.label, style=QUIET),
        page.text(short),
        *times,
        page.text(incident.verdict),
        page.text(_counts(incident), style),
    ]


def _counts(incident: Incident) -> str:
    found = [v.finding.severity for v in findings_of(incident)]
    return ", ".join(f"{found.count(s)} {s}" for s in reversed(Severity) if s in found) or "none"
