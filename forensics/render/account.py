"""How much was read and understood, and what was not: a few lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from forensics.analysis.model import Analysis
from forensics.evidence.account import Blind
from forensics.render.rich_text import write_line
from forensics.text.numbers import counted

NAMED = 6  # files that one sentence names
FILES_SHOWN = 5  # a terminal's worth; the report lists all


def blindness(blind: Sequence[Blind]) -> str | None:
    """Say how many files and lines were not read that look like ours, and which; null where there are none."""
    if not blind:
        return None
    files = [b.name for b in blind if b.line is None]
    lines = [f"{b.name}:{b.line} ({b.lines} of {counted(b.of, 'line')})" for b in blind if b.line is not None]
    total = sum(b.lines for b in blind)
    how_many = [counted(len(files), "file")] if files else []
    how_many += [f"{counted(total, 'line')} of {counted(len(lines), 'file')}"] if lines else []
    named = [*files, *lines]
    more = [f"{len(named) - NAMED} more"] if len(named) > NAMED else []
    which = ", ".join([*named[:NAMED], *more])
    verb = "looks" if len(files) + total == 1 else "look"
    return f"Not read: {' and '.join(how_many)} that {verb} like Claude Code's own: {which}"


def account(console: Console, analysis: Analysis) -> None:
    """Print how much was read and understood, and what was not."""
    lines = sum(i.lines_total for i in analysis.inputs)
    understood = sum(i.lines_understood for i in analysis.inputs)
    sessions, files = counted(len(analysis.sessions), "session"), counted(len(analysis.inputs), "log file")
    write_line(console, f"{sessions} in {files}: {understood} of {lines} lines understood")
    if analysis.unread:
        write_line(console, f"{counted(len(analysis.unread), 'file')} not analysed:", "dim")
        _files(console, [f"{unread.name}: {unread.reason}" for unread in analysis.unread])
    if analysis.unattached:
        records = sum(n for _, n in analysis.unattached)
        belong = "belongs" if records == 1 else "belong"
        write_line(console, f"{counted(records, 'record')} {belong} to no session here:", "yellow")
        _files(console, [f"{name}: {counted(n, 'record')}" for name, n in analysis.unattached])
    for note in analysis.notes:
        write_line(console, note.sentence, "yellow")


def _files(console: Console, lines: list[str]) -> None:
    for line in lines[:FILES_SHOWN]:
        write_line(console, line, "dim", 2)
    if len(lines) > FILES_SHOWN:
        write_line(console, f"and {len(lines) - FILES_SHOWN} more", "dim", 2)
