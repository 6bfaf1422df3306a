"""What could be read of some logs and what could not, for whoever asks whether this program knows their version."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from forensics.evidence.coverage import Coverage, Place, SourceCoverage
from forensics.render.markup import json_text
from forensics.render.rich_text import printed, terminal
from forensics.text.controls import plain
from forensics.text.numbers import share

SHOWN = 20
COLUMNS = ("source", "files", "lines", "understood", "records", "of unknown shape")


def as_text(coverage: Coverage, *, width: int | None, color: bool) -> str:
    """Return the tables: sources, unknown shapes, lines not understood, files not read."""
    console = terminal(width, color=color)
    with console.capture() as captured:
        console.print(_sources(coverage))
        _list(console, "Records of unknown shape", [_sentence(p) for p in coverage.unknown])
        _list(console, "Lines not understood", [_sentence(p) for p in coverage.problems])
        _list(console, "Files not analysed", [f"{u.name}: {u.reason}" for u in coverage.unread])
    return printed(captured)


def _list(console: Console, title: str, lines: list[str]) -> None:
    console.print(Text(f"\n{title}:" if lines else f"\n{title}: none", style="bold"))
    for line in lines[:SHOWN]:
        console.print(Text(f"  {plain(line)}"), soft_wrap=True)  # a place is to be copied
    if len(lines) > SHOWN:
        console.print(Text(f"  and {len(lines) - SHOWN} more: see --format json", style="dim"))


def _sources(coverage: Coverage) -> Table:
    table = Table(*COLUMNS, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for s in coverage.sources:
        table.add_row(*_cells(s))
    return table


def _cells(s: SourceCoverage) -> tuple[str, ...]:
    return (
        s.source.value,
        str(s.files),
        str(s.lines),
        share(s.lines_understood, s.lines),
        str(s.records),
        f"{s.records_unknown} ({share(s.records_unknown, s.records)})",
    )


def _sentence(place: Place) -> str:
    return f"{place.count:>7}  {place.what} ({place.source.value}; first at {place.file}:{place.line})"


def as_markdown(coverage: Coverage) -> str:
    """Return the table of sources, for a page."""
    rows = [COLUMNS, tuple("---" for _ in COLUMNS), *(_cells(s) for s in coverage.sources)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def as_json(coverage: Coverage) -> str:
    """Return everything that was counted."""
    return json_text(to_dict(coverage))


def to_dict(coverage: Coverage) -> dict[str, object]:
    """Return everything that was counted, as JSON has it."""
    return {
        "sources": [
            {
                "source": s.source.value,
                "files": s.files,
                "lines_total": s.lines,
                "lines_understood": s.lines_understood,
                "records": s.records,
                "records_unknown": s.records_unknown,
            }
            for s in coverage.sources
        ],
        "unknown": [_place(p) for p in coverage.unknown],
        "problems": [_place(p) for p in coverage.problems],
        "unread": [{"path": u.name, "reason": u.reason} for u in coverage.unread],
    }


def _place(place: Place) -> dict[str, object]:
    return {
        "what": place.what,
        "source": place.source.value,
        "count": place.count,
        "path": place.file,
        "line": place.line,
    }
