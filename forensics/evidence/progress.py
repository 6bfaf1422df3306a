"""How far a run is: told step by step to whoever asked, and to nobody where nobody did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Phase(StrEnum):
    """What a run does, in this order."""

    FINDING = "looking for logs"  # each file is hashed
    READING = "reading"
    JUDGING = "judging"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands. ``name`` comes from outside: whoever shows it makes it harmless."""

    phase: Phase
    name: str  # of the file or the session that is dealt with now
    done: int  # bytes of files; sessions where they are judged
    total: int | None  # null where it is not known yet


Progress: TypeAlias = Callable[[Standing], None]


class Meter:
    """Adds up the bytes of one phase's files. A file counts as done when the next one begins."""

    def __init__(self, progress: Progress | None, phase: Phase, total: int | None = None) -> None:
        self._progress, self._phase, self._total = progress, phase, total
        self._name, self._before, self._size, self._within = "", 0, 0, 0

    def begin(self, name: str, size: int = 0) -> None:
        """Go on to the next file, of so many bytes as far as that is known."""
        self._before += max(self._size, self._within)
        self._name, self._size, self._within = name, size, 0
        self._tell()

    def take(self, size: int) -> None:
        """Begin with the next piece of the file, of so many bytes: those before it are done."""
        self._tell()
        self._within += size

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(Standing(self._phase, self._name, self._before + self._within, self._total))


def judged(progress: Progress | None, sessions: Sequence[str]) -> Iterator[str]:
    """Yield the sessions, and tell of each that it is judged next."""
    for n, session in enumerate(sessions):
        if progress is not None:
            progress(Standing(Phase.JUDGING, session, n, len(sessions)))
        yield session
