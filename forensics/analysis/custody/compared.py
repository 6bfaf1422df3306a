"""What a check of a bundle says: of each thing that was compared, whether it is the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain


class State(StrEnum):
    """How one thing compares with what the bundle says of it."""

    SAME = "same"
    DIFFERS = "differs"
    GROWN = "grown"  # its first bytes are those that were read
    MISSING = "missing"
    NEW = "new"  # is here, and the bundle does not tell of it
    NOT_COMPARED = "not compared"


ALIKE = frozenset({State.SAME, State.NOT_COMPARED})


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing: a member, a log, a cited line, a rule."""

    name: str
    state: State
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """All that was compared. Without logs ``inputs`` and ``lines`` are null, ``again`` where nothing was made anew.

    A tool or a rule that is another one here is no difference of the evidence.
    """

    sha256: str  # of the bundle
    members: tuple[Compared, ...]
    tool: tuple[Compared, ...] = ()
    inputs: tuple[Compared, ...] | None = None
    lines: tuple[Compared, ...] | None = None
    again: tuple[Compared, ...] | None = None
    notes: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Say whether anything is not what the bundle says."""
        return any(one.state not in ALIKE for one in self._evidence())

    @property
    def compared_nothing(self) -> bool:
        """Say whether logs were given of which none could be compared with anything."""
        return self.inputs is not None and all(
            i.state in {State.NOT_COMPARED, State.MISSING} for i in self.inputs
        )

    @property
    def other_program(self) -> Compared | None:
        """Return what first of program and rules is another one here: a second analysis would prove nothing."""
        return next((one for one in self.tool if one.state is not State.SAME), None)

    def with_again(self, again: tuple[Compared, ...]) -> Verification:
        """Return the same with what a second analysis gave."""
        return replace(self, again=again)

    def with_note(self, note: str) -> Verification:
        """Return the same with something more to be said of it."""
        return replace(self, notes=(*self.notes, note))

    def _evidence(self) -> Iterator[Compared]:
        return chain(self.members, self.inputs or (), self.lines or (), self.again or ())
