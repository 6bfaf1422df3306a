"""Pieces of a file: whole lines under the numbers that they have in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole lines of a file: ``data`` begins with line ``first_line`` (1-based).

    Where the lines of other logs stand between, ``numbers`` names each line. Before ``breaks`` some were left out.
    ``times`` are those of what stood around the lines. Where records were laid out otherwise than one on a line,
    ``spans`` says how many lines of the file each line of ``data`` is, and ``before_ends`` where it began.
    """

    first_line: int
    data: bytes
    numbers: tuple[int, ...] | None = None
    breaks: tuple[int, ...] = ()
    times: tuple[datetime | None, ...] = ()
    spans: tuple[int, ...] | None = None
    before_ends: tuple[int, ...] = ()

    def numbered(self, lines: int) -> Sequence[int]:
        """Return the numbers of so many lines of ``data``."""
        consecutive = range(self.first_line, self.first_line + lines)
        return consecutive if self.numbers is None else self.numbers[:lines]

    def spanned(self, lines: int) -> Sequence[int]:
        """Return for each of so many lines of ``data`` how many lines of the file it is."""
        return (1,) * lines if self.spans is None else self.spans
