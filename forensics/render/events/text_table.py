"""A table as aligned text: the same in a pipe as in a file; on a terminal it keeps to its width."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from forensics.render.rich_text import printed, terminal
from forensics.text.controls import plain
from forensics.text.lengths import shortened

LONGEST = 100  # characters of a cell where no terminal folds it
GAP = "  "


def to_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    width: int | None = None,
    color: bool = False,
    numbers: frozenset[str] = frozenset(),
    whole: frozenset[str] = frozenset(),
) -> str:
    """Return the rows under their columns' names; ``numbers`` are aligned to the right. A null is nothing.

    Without ``width`` a long cell is cut, but for those of columns that are ``whole``; with it, it is folded.
    """
    cells = [["" if value is None else plain(value) for value in row] for row in rows]
    if width is not None:
        return _folded(columns, cells, width, color=color, numbers=numbers)
    names = [plain(name) for name in columns]
    most = [None if name in whole else LONGEST for name in columns]
    cells = [
        [cell if m is None else shortened(cell, m) for cell, m in zip(row, most, strict=True)]
        for row in cells
    ]
    widths = [max(map(cell_len, column)) for column in zip(names, *cells, strict=True)]
    right = [name in numbers for name in columns]
    lines = (
        GAP.join(_padded(*one) for one in zip(row, widths, right, strict=True)).rstrip()
        for row in (names, ["-" * w for w in widths], *cells)
    )
    return "".join(f"{line}\n" for line in lines)


def _padded(cell: str, width: int, right: bool) -> str:  # noqa: FBT001 - one of three that are zipped
    blanks = " " * (width - cell_len(cell))
    return blanks + cell if right else cell + blanks


def _folded(
    columns: Sequence[str],
    cells: Sequence[Sequence[str]],
    width: int,
    *,
    color: bool,
    numbers: frozenset[str],
) -> str:
    console = terminal(width, color=color)
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(Text(plain(name)), justify="right" if name in numbers else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    with console.capture() as captured:
        console.print(table)
    return printed(captured)
