"""The sessions at hand, one line each."""

from __future__ import annotations

from rich.table import Table

from forensics.analysis.model import Analysis
from forensics.analysis.session_analysis import SessionAnalysis
from forensics.render.markup import json_text
from forensics.render.rich_text import STYLES, printed, terminal
from forensics.schema import Source
from forensics.schema.finding import Severity
from forensics.text.clock_time import format_utc
from forensics.text.controls import plain
from forensics.text.durations import span_text

# what a whole record of a session has
WANTED = tuple(source for source in Source if source.about.absence)
WIDE, SHORT = 180, 8
COLUMNS = (
    "session",
    "project",
    "version",
    "start (UTC)",
    "duration",
    "agents",
    "end",
    "findings",
    "sources",
    "missing",
)


def as_json(analysis: Analysis) -> str:
    """Return the list, newest first."""
    return json_text([_facts(s) for s in analysis.sessions])


def as_table(analysis: Analysis, width: int | None, *, color: bool) -> str:
    """Return the list, newest first; tab-separated where it is no terminal."""
    if width is None:
        return "".join("\t".join(_cells(s)) + "\n" for s in analysis.sessions)
    console = terminal(width, color=color)
    left_out = () if width >= WIDE else ("sources",)
    table = Table(*(c for c in COLUMNS if c not in left_out), box=None, pad_edge=False)
    for session in analysis.sessions:
        worst = max((f.severity for f in session.findings), key=lambda s: s.rank, default=Severity.NOTE)
        told = dict(zip(COLUMNS, _cells(session), strict=True))
        if left_out:  # the beginning of an id is enough, and the end of a path tells one project from another
            told |= {
                "session": told["session"][:SHORT],
                "project": told["project"].rstrip("/").rpartition("/")[2],
            }
        row = [told[c] for c in COLUMNS if c not in left_out]
        table.add_row(*row, style=STYLES[worst] if session.findings else "")
    with console.capture() as captured:
        console.print(table)
    return printed(captured)


def _facts(session: SessionAnalysis) -> dict[str, object]:
    first, last = session.span
    return {
        "session_id": session.session_id,
        "project": session.cwd,
        "version": session.client_version,
        "start": format_utc(first) if first else None,
        "duration_s": (last - first).total_seconds() if first and last else None,
        "agents": len(session.agents),
        "verdict": session.verdict.value,
        "findings": {s.value: n for s in reversed(Severity) if (n := _count(session, s))},
        "sources": sorted(s.value for s in session.sources),
        "missing": _missing(session),
    }


def _missing(session: SessionAnalysis) -> list[str]:
    return [] if session.is_voice_only else [s.value for s in WANTED if s not in session.sources]


def _count(session: SessionAnalysis, severity: Severity) -> int:
    return sum(f.severity is severity for f in session.findings)


def _cells(session: SessionAnalysis) -> list[str]:
    facts = _facts(session)
    findings = ", ".join(f"{_count(session, s)} {s}" for s in reversed(Severity) if _count(session, s))
    first, last = session.span
    return [
        plain(session.session_id),
        plain(session.cwd or "-"),
        plain(session.client_version or "-"),
        f"{first:%Y-%m-%d %H:%M}" if first else "-",
        span_text((last - first).total_seconds()) if first and last else "-",
        str(facts["agents"]),
        session.verdict.value,
        findings or "none",
        ", ".join(sorted(s.value for s in session.sources)),
        ", ".join(_missing(session)) or "-",
    ]
