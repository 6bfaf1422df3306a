"""The account of what was read: every line is understood, or part of a problem with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from forensics.evidence import Evidence
from forensics.schema import Source


@dataclass(frozen=True, slots=True)
class Problem:
    """``count`` consecutive lines, from ``line`` on, that could not be understood."""

    line: int
    reason: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that was found and not analysed."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One file that was read. ``problems`` name every line that was not understood."""

    evidence: Evidence
    source: Source
    lines_total: int
    lines_understood: int
    problems: tuple[Problem, ...]
