"""The account of what was read: every line is understood, or part of a problem with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from forensics.evidence.file import Evidence
from forensics.schema import Source


@dataclass(frozen=True, slots=True)
class Problem:
    """``count`` consecutive lines, from ``line`` on, that could not be understood."""

    line: int
    reason: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Shape:
    """A form of records that this program has not seen before: ``count`` of them, the first at ``line``."""

    text: str
    line: int
    count: int


@dataclass(frozen=True, slots=True)
class Remark:
    """What has to be said of the evidence as a whole, and the lines (file, line) that show it."""

    text: str
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that was found and not analysed."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One file that was read. ``problems`` name every line that was not understood.

    ``unknown`` names the shapes of ``records`` that were understood as records and are new to this program:
    what a later release of a client brought.
    """

    evidence: Evidence
    source: Source
    lines_total: int
    lines_understood: int
    problems: tuple[Problem, ...]
    records: int
    unknown: tuple[Shape, ...]

    @property
    def records_unknown(self) -> int:
        """Return how many of the records are of an unknown shape."""
        return sum(s.count for s in self.unknown)
