"""The account of what was read: every line is understood, or part of a problem with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

from forensics.evidence.batch import LONGEST_LINE
from forensics.evidence.file import Evidence
from forensics.schema import Source
from forensics.schema.families import Family


class Damage(Enum):
    """What it says of a log that lines of it were not understood."""

    NONE = "nothing: they are whole and something else's, or left out by a limit of this program's own"
    BROKEN = "they are not what its program wrote"
    CUT_OFF = "the same; but as its last line it was cut off, which a file's end explains"


class Reason(str):
    """Why lines could not be understood, in words, and which damage that is."""

    __slots__ = ("damage",)
    damage: Damage

    def __new__(cls, words: str, damage: Damage) -> Self:
        """Make a reason of its words; it is one, wherever words are wanted."""
        reason = super().__new__(cls, words)
        reason.damage = damage
        return reason


INVALID_UTF8 = Reason("bytes that are not UTF-8 (shown as U+FFFD)", Damage.BROKEN)

TOO_LONG = Reason(
    f"line of more than {LONGEST_LINE >> 20} MiB: only its beginning is looked at", Damage.BROKEN
)


@dataclass(frozen=True, slots=True)
class Problem:
    """``count`` consecutive lines, from ``line`` on, that could not be understood."""

    line: int
    reason: Reason
    count: int = 1


@dataclass(frozen=True, slots=True)
class Shape:
    """A form of records that this program has not seen before: ``count`` of them, the first at ``line``.

    ``ordinal`` is that of the first one's first event, in a line that holds several records.
    ``families`` says what they are about, as far as their words tell. One that ``lacks`` something is of a known form
    and was read in part: whatever was read of it, it may have told more.
    """

    text: str
    line: int
    count: int
    ordinal: int = 0
    families: tuple[Family, ...] = ()
    lacks: bool = False


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What a field and the text beside it, in the record at ``line``, say of one happening: not the same.

    ``judged`` is what it is taken for, by one of them, and why by that one.
    """

    line: int
    field: str
    text: str
    judged: str


@dataclass(frozen=True, slots=True)
class Remark:
    """What has to be said of the evidence as a whole, and the lines (file, line) that show it."""

    text: str
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that was found and not analysed. ``likeness`` says why it is taken for one of ours; null: it is not."""

    name: str
    reason: str
    likeness: str | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """``count`` lines of a file that was read, the first at ``line``: they look like ours and were not understood."""

    line: int
    count: int
    likeness: str


@dataclass(frozen=True, slots=True)
class Blind:
    """Evidence that looks like ours and was not read: a file, or (``lines``) some of one, from ``line`` on."""

    name: str
    reason: str
    likeness: str
    line: int | None = None
    lines: int = 0
    of: int = 0  # how many lines the file has


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
    # of a line that holds several records: the ordinal of each one's first event, and its bytes up to the line's end
    places: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)
    missed: Missed | None = None

    @property
    def records_unknown(self) -> int:
        """Return how many of the records are of an unknown shape."""
        return sum(s.count for s in self.unknown)
