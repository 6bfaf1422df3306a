"""The shape of one kind's row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event of a kind tells, and what each column of its own means there; any other is null.

    Where logs tell one kind in different words, the sentence of a column says what each of them puts there.
    """

    told: str
    columns: Mapping[str, str] = field(default_factory=dict)
