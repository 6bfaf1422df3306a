"""From lines that may be the voice server's to events: shared by every log that can hold them.

The server writes local time without zone; ``local_ts`` keeps it as it stands, and ``clock`` gives it
a zone later, when all sources of a session are known.
"""

from __future__ import annotations

import polars as pl

from forensics.patterns import match_patterns
from forensics.patterns.voicemode import EXHAUSTED_LINE, LINE, OBJECT_LINE, PATTERNS
from forensics.schema import LOCAL, EventKind

BARE = {EventKind.RESOURCE_OBJECT: OBJECT_LINE, EventKind.RESOURCE_EXHAUSTED: EXHAUSTED_LINE}
LEVELS = {"DEBUG": "debug", "INFO": "info", "WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}


def server_events(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the events among ``lines`` (``text`` and whatever else the caller carries along)."""
    records = split_record(lines.filter(pl.col("text").str.contains(LINE))).drop("text")
    bare = [_bare(lines, kind, shape) for kind, shape in BARE.items()]
    return pl.concat([match_patterns(records, PATTERNS), *bare], how="diagonal")


def has_no_head() -> pl.Expr:
    """Select the server's lines that say something without a record's head."""
    return pl.any_horizontal(pl.col("text").str.contains(shape) for shape in BARE.values())


def _bare(lines: pl.DataFrame, kind: EventKind, shape: str) -> pl.DataFrame:
    text = pl.col("text")
    found = lines.filter(text.str.contains(shape))
    groups = text.str.extract_groups(shape).struct.unnest()
    return found.with_columns(groups, message=text, kind=pl.lit(kind.value)).drop("text")


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
