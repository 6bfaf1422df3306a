"""The timelines of sessions as rows: for people in columns, for programs as a JSON document."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from forensics.analysis.entries import Moment
from forensics.analysis.model import Analysis
from forensics.analysis.session_analysis import AgentLife, SessionAnalysis
from forensics.render.events.text_table import to_table
from forensics.render.markup import json_text
from forensics.render.rich_text import printed, terminal
from forensics.schema import TsQuality
from forensics.text.clock_time import format_utc
from forensics.text.controls import plain
from forensics.text.numbers import counted

SCHEMA_VERSION = "1"
COLUMNS = ("time (UTC)", "agent", "what", "findings", "line")
CLOCK = len("08:54:21")
CERTAIN = (TsQuality.EXACT.value, TsQuality.MISSING.value)


def as_table(analysis: Analysis, *, width: int | None = None, color: bool = False) -> str:
    """Return a block for each session, under its id and how it ended."""
    return "\n".join(
        _table(session) if width is None else _lines(session, width, color=color)
        for session in analysis.sessions
    )


def as_json(analysis: Analysis) -> str:
    """Return one document with all sessions; the same input gives the same bytes."""
    return json_text(
        {
            "schema_version": SCHEMA_VERSION,
            "redacted": analysis.redacted,
            "anonymised": analysis.anonymised,
            "sessions": [_session(s) for s in analysis.sessions],
        }
    )


def _table(session: SessionAnalysis) -> str:
    rows = [
        (_time(m), agent, m.text, " ".join(m.cited_by), f"{m.ref.path}:{m.ref.line}")
        for m, agent in _rows(session)
    ]
    return f"{_head(session)}\n\n{to_table(COLUMNS, rows, whole=frozenset(COLUMNS))}{_left_out(session)}"


def _lines(session: SessionAnalysis, width: int, *, color: bool) -> str:
    """Write each row so that it keeps to the terminal, and its place on a line that can be copied whole."""
    console = terminal(width, color=color)
    day = ""
    with console.capture() as captured:
        console.print(Text(_head(session), style="bold"))
        for moment, agent in _rows(session):
            date, _, time = _time(moment).partition(" ")
            if date != day:
                console.print(Text(date, style="bold"))
                day = date
            clock, _, quality = time.partition(" ")
            grid = Table.grid(padding=(0, 1))
            grid.add_column(no_wrap=True, min_width=CLOCK)
            grid.add_column(overflow="fold")
            grid.add_row(Text(clock), _what(moment, agent, quality))
            console.print(grid)
            place = f"{' ' * CLOCK} {moment.ref.path}:{moment.ref.line}"
            console.print(Text(plain(place), style="dim"), soft_wrap=True)
    return printed(captured) + _left_out(session)


def _what(moment: Moment, agent: str, quality: str) -> Text:
    return Text.assemble(
        (f"{plain(agent)}: " if agent else "", "cyan"),
        plain(moment.text),
        (f" {quality}" if quality else "", "dim"),
        (f"  {' '.join(moment.cited_by)}" if moment.cited_by else "", "bold yellow"),
    )


def _head(session: SessionAnalysis) -> str:
    return plain(f"Session {session.session_id}: {session.verdict}")


def _left_out(session: SessionAnalysis) -> str:
    omitted = session.timeline_omitted
    return f"{counted(omitted, 'row')} left out\n" if omitted else ""


def _rows(session: SessionAnalysis) -> Iterator[tuple[Moment, str]]:
    """Yield the rows, each with what its agent is called; the main one, and what is none, has no name."""
    names = session.agent_names
    for moment in session.timeline:
        yield moment, names.get(moment.agent_id, moment.agent_id) if moment.agent_id else ""


def _time(moment: Moment) -> str:
    if moment.ts is None:
        return f"{moment.local:%Y-%m-%d %H:%M:%S} (local)" if moment.local else ""
    told = "" if moment.ref.ts_quality in CERTAIN else f" ({moment.ref.ts_quality})"
    return f"{moment.ts:%Y-%m-%d %H:%M:%S}{told}"


def _session(session: SessionAnalysis) -> dict[str, object]:
    return {
        "session_id": session.session_id,
        "verdict": session.verdict.value,
        "rows": [_row(moment) for moment in session.timeline],
        "rows_omitted": session.timeline_omitted,
        "agents": [_agent(agent) for agent in session.agents],
        "gaps": [
            {"since": format_utc(g.since), "until": format_utc(g.until), "seconds": g.seconds}
            for g in session.gaps
        ],
    }


def _agent(agent: AgentLife) -> dict[str, object]:
    return {
        "agent_id": agent.agent_id,
        "parent_id": agent.parent_id,
        "type": agent.agent_type,
        "description": agent.description,
        "start": format_utc(agent.start) if agent.start else None,
        "end": format_utc(agent.end) if agent.end else None,
        "outcome": agent.outcome.value,
    }


def _row(moment: Moment) -> dict[str, object]:
    return {
        "ts": format_utc(moment.ts) if moment.ts else None,
        "ts_quality": moment.ref.ts_quality,
        "local_ts": moment.local.isoformat(timespec="milliseconds") if moment.local else None,
        "agent_id": moment.agent_id,
        "kind": moment.kind,
        "text": moment.text,
        "findings": list(moment.cited_by),
        "path": moment.ref.path,
        "line": moment.ref.line,
        "also_at": list(moment.ref.also_at),
    }
