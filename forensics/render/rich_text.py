"""Lines for a terminal: recorded, wrapped, and never an order to a build's runner."""

from __future__ import annotations

import re

from rich.console import Capture, Console
from rich.table import Table
from rich.text import Text

from forensics.schema.finding import Severity
from forensics.text.controls import plain

STYLES = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.NOTE: "dim",
}


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


def write_line(console: Console, text: str, style: str = "", indent: int = 0) -> None:
    """Print a line in one style, indented; where it is wrapped, the rest is indented too."""
    write_hanging(console, Text(" " * indent), Text(plain(text), style=style))


def write_hanging(console: Console, head: Text, body: Text) -> None:
    """Print a line; where it is wrapped, what follows stands under ``body``, and no word is cut off."""
    if console.soft_wrap or not head.plain:
        console.print(Text.assemble(head, body))
        return
    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(head, body)
    console.print(grid)
