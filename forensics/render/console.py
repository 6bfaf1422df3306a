"""The short answer on a terminal: verdict first, then the findings, worst first, each with its first line."""

from __future__ import annotations

import re

from rich.console import Capture, Console
from rich.table import Table
from rich.text import Text

from forensics.analysis import Analysis, SessionAnalysis
from forensics.durations import span_text
from forensics.finding import Finding, OutcomeKind, Severity, by_reason
from forensics.numbers import counted
from forensics.render.markup import plain

STYLES = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.NOTE: "dim",
}
FILES_SHOWN = 5  # a terminal's worth; the report lists all
# what `plain` leaves alone inside a line, and a build's runner would take where wrapping makes it begin one
WRAPPED_ORDER = re.compile(r"^((?:\x1b\[[0-9;]*m|\s)*):(?=:)", re.MULTILINE)


def terminal(width: int | None, *, color: bool) -> Console:
    """Return a console that records instead of printing; without ``width`` lines are not wrapped."""
    return Console(
        width=width,
        soft_wrap=width is None,
        highlight=False,
        force_terminal=color,
        color_system="standard" if color else None,
    )


def printed(captured: Capture) -> str:
    """Return what was printed on such a console: no line of it is an order, wherever lines were wrapped."""
    return WRAPPED_ORDER.sub("\\1:\N{REPLACEMENT CHARACTER}", captured.get())


def to_text(analysis: Analysis, *, width: int | None = None, color: bool = False) -> str:
    """Return one block for each session, then what could not be read."""
    console = terminal(width, color=color)
    with console.capture() as captured:
        for session in analysis.sessions:
            _session(console, session)
        account(console, analysis)
    return printed(captured)


def _line(console: Console, text: str, style: str = "", indent: int = 0) -> None:
    _hanging(console, Text(" " * indent), Text(plain(text), style=style))


def _hanging(console: Console, head: Text, body: Text) -> None:
    """Print a line; where it is wrapped, what follows stands under ``body``, and no word is cut off."""
    if console.soft_wrap or not head.plain:
        console.print(Text.assemble(head, body))
        return
    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(head, body)
    console.print(grid)


def _session(console: Console, session: SessionAnalysis) -> None:
    ending = session.case.ending
    first, last = session.case.span
    _line(console, f"Session {session.session_id}: {ending.verdict}", "bold")
    if first is not None and last is not None:
        long = span_text((last - first).total_seconds())
        where = f", in {session.case.cwd}" if session.case.cwd else ""
        _line(console, f"{first:%Y-%m-%d %H:%M:%S}Z, {long} of records{where}", "dim", 2)
    _line(console, ending.proof, "dim", 2)
    for finding in session.findings:
        _finding(console, finding)
    skipped = [o for o in session.outcomes if o.outcome is OutcomeKind.INSUFFICIENT]
    clear = sum(o.outcome is OutcomeKind.CLEAR for o in session.outcomes)
    absent = sum(o.outcome is OutcomeKind.NOT_APPLICABLE for o in session.outcomes)
    counts = f"{counted(len(session.findings), 'finding')}; {counted(clear, 'rule')} found nothing"
    _line(console, f"{counts}, {absent} did not apply, {len(skipped)} could not judge", indent=2)
    for reason, codes in by_reason(skipped).items():
        _line(console, f"{', '.join(codes)} could not judge: {reason}", "dim", 4)


def _finding(console: Console, finding: Finding) -> None:
    head = Text("  ")
    head.append(f"{finding.severity.value:<8}", style=STYLES[finding.severity])
    head.append(f" {finding.rule} ", style="bold")
    body = Text(plain(finding.message))
    body.append(f"  [{finding.claim.value}]", style="dim")
    _hanging(console, head, body)
    first = finding.evidence[0]
    more = f" and {len(finding.evidence) - 1} more" if len(finding.evidence) > 1 else ""
    # never folded by us: a place is to be copied
    console.print(Text(f"           {first.path}:{first.line}{more}", style="dim"), soft_wrap=True)


def account(console: Console, analysis: Analysis) -> None:
    """Print how much was read and understood, and what was not."""
    lines = sum(i.lines_total for i in analysis.inputs)
    understood = sum(i.lines_understood for i in analysis.inputs)
    sessions, files = counted(len(analysis.sessions), "session"), counted(len(analysis.inputs), "log file")
    _line(console, f"{sessions} in {files}: {understood} of {lines} lines understood")
    if analysis.unread:
        _line(console, f"{counted(len(analysis.unread), 'file')} not analysed:", "dim")
        _files(console, [f"{unread.name}: {unread.reason}" for unread in analysis.unread])
    if analysis.unattached:
        records = sum(n for _, n in analysis.unattached)
        belong = "belongs" if records == 1 else "belong"
        _line(console, f"{counted(records, 'record')} {belong} to no session here:", "yellow")
        _files(console, [f"{name}: {counted(n, 'record')}" for name, n in analysis.unattached])
    for note in analysis.notes:
        _line(console, note.sentence, "yellow")


def _files(console: Console, lines: list[str]) -> None:
    for line in lines[:FILES_SHOWN]:
        _line(console, line, "dim", 2)
    if len(lines) > FILES_SHOWN:
        _line(console, f"and {len(lines) - FILES_SHOWN} more", "dim", 2)
