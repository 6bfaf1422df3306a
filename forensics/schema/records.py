"""How well a record's time is known, and its own level."""

from __future__ import annotations

from enum import StrEnum


class TsQuality(StrEnum):
    """How well the time of an event is known.

    exact: the record carries UTC. aligned: a local clock, moved by an offset that another record
    proves. inferred: the record has no time of its own; a dated neighbour gives it. missing: none.
    """

    EXACT = "exact"
    ALIGNED = "aligned"
    INFERRED = "inferred"
    MISSING = "missing"


class Level(StrEnum):
    """The record's own level. In a Claude debug log ERROR says little: all server stderr has it."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
