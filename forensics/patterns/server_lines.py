"""From lines that may be the voice server's to events: shared by every log that can hold them.

The server writes local time without zone; ``local_ts`` keeps it as it stands, and ``clock`` gives it
a zone later, when all sources of a session are known.
"""

from __future__ import annotations

import polars as pl

from forensics.patterns import match_patterns
from forensics.patterns.voicemode import EXHAUSTED_LINE, LINE, OBJECT_LINE, PATTERNS
from forensics.schema import LOCAL, EventKind

LEVELS = {"DEBUG": "debug", "INFO": "info", "WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}
RECORD_COLUMNS = ("local_ts", "component", "level", "message")


def server_events(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the events among ``lines`` (``text`` and whatever else the caller carries along)."""
    records = split_record(lines.filter(pl.col("text").str.contains(LINE))).drop("text")
    objects = (
        lines.filter(pl.col("text").str.contains(OBJECT_LINE))
        .with_columns(
            pl.col("text").str.extract_groups(OBJECT_LINE).struct.unnest(),
            message=pl.col("text"),
            kind=pl.lit(EventKind.RESOURCE_OBJECT.value),
        )
        .drop("text")
    )
    exhausted = (
        lines.filter(pl.col("text").str.contains(EXHAUSTED_LINE))
        .with_columns(
            pl.col("text").str.extract_groups(EXHAUSTED_LINE).struct.unnest(),
            message=pl.col("text"),
            kind=pl.lit(EventKind.RESOURCE_EXHAUSTED.value),
        )
        .drop("text")
    )
    return pl.concat([match_patterns(records, PATTERNS), objects, exhausted], how="diagonal")


def split_record(lines: pl.DataFrame) -> pl.DataFrame:
    """Take a server record apart: ``local_ts``, ``component``, ``level``, ``message``."""
    return (
        lines.with_columns(pl.col("text").str.extract_groups(LINE).struct.unnest())
        .with_columns(
            local_ts=pl.col("local_text").str.to_datetime("%Y-%m-%d %H:%M:%S,%3f", strict=False).cast(LOCAL),
            level=pl.col("level_text").replace_strict(LEVELS, default=None),
        )
        .drop("local_text", "level_text")
    )
