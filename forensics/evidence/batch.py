"""Pieces of a file: whole lines under the numbers that they have in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

# bytes of a line that are held at once: a record with a picture has some, one of more is no record that helps anybody
LONGEST_LINE = 32 * 1024 * 1024
CUT_TO = 1024 * 1024  # of a longer one so much is looked at


class LineHead:
    """A line that goes on over several pieces of a file, or the beginning of one that is too long."""

    def __init__(self, piece: bytes = b"") -> None:
        self._pieces = [piece]
        self._size = len(piece)
        self.is_cut = False

    def add(self, piece: bytes) -> None:
        """Take the next piece."""
        self._size += len(piece)
        if not self.is_cut:
            self._pieces.append(piece)
        if self._size > LONGEST_LINE and not self.is_cut:
            self._pieces = [b"".join(self._pieces)[:CUT_TO]]
            self.is_cut = True

    def data(self) -> bytes:
        """Return what is kept of it."""
        return b"".join(self._pieces)


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole lines of a file: ``data`` begins with line ``first_line`` (1-based).

    Where the lines of other logs stand between, ``numbers`` names each line. Before ``breaks`` some were left out.
    Of the lines ``cut`` only the beginning is there: they are longer than ``LONGEST_LINE``. ``times`` are those of
    what stood around the lines. Where records were laid out otherwise than one on a line, ``spans`` says how many
    lines of the file each line of ``data`` is, and ``before_ends`` where it began.
    """

    first_line: int
    data: bytes
    numbers: tuple[int, ...] | None = None
    breaks: tuple[int, ...] = ()
    times: tuple[datetime | None, ...] = ()
    spans: tuple[int, ...] | None = None
    before_ends: tuple[int, ...] = ()
    cut: tuple[int, ...] = ()

    def numbered(self, lines: int) -> Sequence[int]:
        """Return the numbers of so many lines of ``data``."""
        consecutive = range(self.first_line, self.first_line + lines)
        return consecutive if self.numbers is None else self.numbers[:lines]

    def spanned(self, lines: int) -> Sequence[int]:
        """Return for each of so many lines of ``data`` how many lines of the file it is."""
        return (1,) * lines if self.spans is None else self.spans
