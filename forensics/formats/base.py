"""What every parser promises.

``sniff`` looks at a name and the first 64 KiB and does no I/O. ``parse`` never raises for what a file
says, and accounts for every line: ``lines_understood`` plus the lines of all problems is ``lines_total``,
which is what ``wc -l`` says plus an unterminated last line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import polars as pl

from forensics.evidence.account import Contradiction, Damage, Problem, Reason, Shape
from forensics.evidence.file import Evidence
from forensics.schema import (
    EVENTS,
    SPAWNS,
    TODOS,
    Source,
    empty,
)

T = TypeVar("T")

MARKUP, UNSPOKEN_KEPT = ("<", "{"), 200

NO_RECORD = Reason("line before the first record", Damage.NONE)
TOO_MANY = Reason("more records in one line than are kept: the rest was left out", Damage.NONE)
# a time outside of these years is damage; Python's own end at 9999, and a report must be able to show it
LONGEST_MS = 10 * 366 * 86_400_000  # ten years: a longer duration is damage, and no moment lies so far back
FIRST_TIME, LAST_TIME = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


# of a line that holds several records: the ordinal of each one's first event, and its bytes up to the line's end
Places = dict[int, list[tuple[int, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What one file says. ``events`` and ``todos`` have the columns of the schema, ids still unset."""

    events: pl.DataFrame = field(default_factory=lambda: empty(EVENTS))
    todos: pl.DataFrame = field(default_factory=lambda: empty(TODOS))
    spawns: pl.DataFrame = field(default_factory=lambda: empty(SPAWNS))
    problems: tuple[Problem, ...] = ()
    lines_total: int
    lines_understood: int
    records: int = 0  # how many the lines hold, and which of them have a shape that was never recorded
    unknown: tuple[Shape, ...] = ()
    places: Places = field(default_factory=dict)
    silent: str | None = (
        None  # why a file that this format knows has to count as unread: it says nothing of a session
    )
    contradictions: tuple[Contradiction, ...] = ()


class Parser(Protocol):
    """One log format."""

    source: Source

    def sniff(self, place: str, head: bytes) -> bool:
        """Say whether a file at this place that begins with ``head`` has this format."""
        ...

    def parse(self, evidence: Evidence) -> Parsed:
        """Read the file in bounded batches."""
        ...
