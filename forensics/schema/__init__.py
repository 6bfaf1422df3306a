"""The vocabulary that all others use: kinds, sources, columns, the words of records; claim, sentence, hit, finding.

It holds no logic but ``conform``. Every name of the tables' half is handed on here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from forensics.schema.kinds import ANSWERS, CALLS, DEATHS, LISTS, MODEL_SAID, NOTES, TRACES, EventKind
from forensics.schema.records import Level, TsQuality
from forensics.schema.sources import Quoting, Source, Tells, Writing, telling, written
from forensics.schema.words import (
    COMMAND_KEPT,
    CONVERSE,
    CUT_OFF,
    ENDING,
    FAILED_AGENTS,
    FLOOR_KEPT,
    HOOK_TIMED_OUT,
    IN_A_CALL,
    INTERRUPT,
    KILLED_AGENTS,
    LAUNCHED,
    NO_SILENCE_DETECTION,
    NO_SPEECH,
    RESULT_SAYS,
    SERVICES,
    SHUTDOWN,
    SPAWN_TOOLS,
    STARTING,
    TODO_STATES,
    UNRECORDED,
    UUID,
)

if TYPE_CHECKING:
    from forensics.schema.columns import (
        CLOCK_STEP,
        EVENTS,
        KIND_TYPE,
        LEVEL_TYPE,
        LOCAL,
        MOMENT,
        QUALITY_TYPE,
        SOURCE_TYPE,
        SPAWNS,
        TODOS,
        UTC,
    )
    from forensics.schema.event_ids import FIRST_NOTE, LAST_ORDINAL
    from forensics.schema.tables import Row, conform, empty, is_from, is_kind, is_work

__all__ = [
    "ANSWERS",
    "CALLS",
    "CLOCK_STEP",
    "COMMAND_KEPT",
    "CONVERSE",
    "CUT_OFF",
    "DEATHS",
    "ENDING",
    "EVENTS",
    "FAILED_AGENTS",
    "FIRST_NOTE",
    "FLOOR_KEPT",
    "HOOK_TIMED_OUT",
    "INTERRUPT",
    "IN_A_CALL",
    "KILLED_AGENTS",
    "KIND_TYPE",
    "LAST_ORDINAL",
    "LAUNCHED",
    "LEVEL_TYPE",
    "LISTS",
    "LOCAL",
    "MODEL_SAID",
    "MOMENT",
    "NOTES",
    "NO_SILENCE_DETECTION",
    "NO_SPEECH",
    "QUALITY_TYPE",
    "RESULT_SAYS",
    "SERVICES",
    "SHUTDOWN",
    "SOURCE_TYPE",
    "SPAWNS",
    "SPAWN_TOOLS",
    "STARTING",
    "TODOS",
    "TODO_STATES",
    "TRACES",
    "UNRECORDED",
    "UTC",
    "UUID",
    "EventKind",
    "Level",
    "Quoting",
    "Row",
    "Source",
    "Tells",
    "TsQuality",
    "Writing",
    "conform",
    "empty",
    "is_from",
    "is_kind",
    "is_work",
    "telling",
    "written",
]


def __getattr__(name: str) -> object:
    """Hand on a name of the modules that need polars: the command line, which asks for words alone, starts without."""
    if name in __all__:
        for module in ("columns", "event_ids", "tables"):
            found = vars(import_module(f"forensics.schema.{module}")).get(name)
            if found is not None:
                return found
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
