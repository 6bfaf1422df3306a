"""The short answer on a terminal: verdict first, then the findings, worst first, each with its first line."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from forensics.analysis.model import Analysis
from forensics.analysis.session_analysis import SessionAnalysis
from forensics.render.account import account, blindness
from forensics.render.rich_text import STYLES, printed, terminal, write_hanging, write_line
from forensics.schema.finding import Finding, OutcomeKind, by_reason
from forensics.text.controls import plain
from forensics.text.durations import span_text
from forensics.text.numbers import counted


def to_text(analysis: Analysis, *, width: int | None = None, color: bool = False) -> str:
    """Return what was not seen, one block for each session, then what could not be read."""
    console = terminal(width, color=color)
    with console.capture() as captured:
        if (unseen := blindness(analysis.blind)) is not None:
            console.print(Text(plain(unseen), style="bold yellow"), soft_wrap=True)  # a place is to be copied
        for session in analysis.sessions:
            _session(console, session)
        account(console, analysis)
    return printed(captured)


def _session(console: Console, session: SessionAnalysis) -> None:
    first, last = session.span
    write_line(console, f"Session {session.session_id}: {session.verdict}", "bold")
    if first is not None and last is not None:
        long = span_text((last - first).total_seconds())
        where = f", in {session.cwd}" if session.cwd else ""
        write_line(console, f"{first:%Y-%m-%d %H:%M:%S}Z, {long} of records{where}", "dim", 2)
    write_line(console, session.proof, "dim", 2)
    for finding in session.findings:
        _finding(console, finding)
    skipped = [o for o in session.outcomes if o.outcome is OutcomeKind.INSUFFICIENT]
    clear = sum(o.outcome is OutcomeKind.CLEAR for o in session.outcomes)
    absent = sum(o.outcome is OutcomeKind.NOT_APPLICABLE for o in session.outcomes)
    counts = f"{counted(len(session.findings), 'finding')}; {counted(clear, 'rule')} found nothing"
    write_line(console, f"{counts}, {absent} did not apply, {len(skipped)} could not judge", indent=2)
    for reason, codes in by_reason(skipped).items():
        write_line(console, f"{', '.join(codes)} could not judge: {reason}", "dim", 4)


def _finding(console: Console, finding: Finding) -> None:
    head = Text("  ")
    head.append(f"{finding.severity.value:<8}", style=STYLES[finding.severity])
    head.append(f" {finding.rule} ", style="bold")
    body = Text(plain(finding.message))
    body.append(f"  [{finding.claim.value}]", style="dim")
    write_hanging(console, head, body)
    first = finding.evidence[0]
    more = f" and {len(finding.evidence) - 1} more" if len(finding.evidence) > 1 else ""
    # never folded by us: a place is to be copied
    console.print(Text(f"           {first.path}:{first.line}{more}", style="dim"), soft_wrap=True)
