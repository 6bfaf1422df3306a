"""From lines that may be the voice server's to events: shared by every log that can hold them.

The server writes local time without zone; ``local_ts`` keeps it as it stands, and ``clock`` gives it
a zone later, when all sources of a session are known.
"""

from __future__ import annotations

import polars as pl

from forensics.formats.patterns import match_patterns
from forensics.formats.voicemode.lines import EXHAUSTED_LINE, LINE, OBJECT_LINE, PATTERNS, REFUSAL_LINE
from forensics.schema import LOCAL, EventKind

BARE = {EventKind.RESOURCE_OBJECT: OBJECT_LINE, EventKind.RESOURCE_EXHAUSTED: EXHAUSTED_LINE}
LEVELS = {"DEBUG": "debug", "INFO": "info", "WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}


def server_events(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the events among ``lines`` (``text`` and whatever else the caller carries along)."""
    records = split_record(lines.filter(pl.col("text").str.contains(LINE))).drop("text")
    bare = [_bare(lines, kind, shape) for kind, shape in BARE.items()]
    return pl.concat([_with_refusals(match_patterns(records, PATTERNS), lines), *bare], how="diagonal")


def has_no_head() -> pl.Expr:
    """Select the server's lines that say something without a record's head."""
    return pl.any_horizontal(pl.col("text").str.contains(shape) for shape in (*BARE.values(), REFUSAL_LINE))


def _with_refusals(events: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Give a refusal the service's own words, where they stand right below its record."""
    words = lines.filter(pl.col("text").str.contains(REFUSAL_LINE))
    if words.is_empty() or events.is_empty():
        return events
    nth = pl.col("ordinal") if "ordinal" in lines.columns else pl.lit(0)
    above = words.select(
        line=pl.when(nth > 0).then("line").otherwise(pl.col("line") - 1),
        nth=pl.when(nth > 0).then(nth - 1).otherwise(0).cast(pl.Int64),
        words=pl.col("text").str.extract(REFUSAL_LINE),
        kind=pl.lit(EventKind.AUTH_ERROR.value),
    ).unique(["line", "nth"], keep="first", maintain_order=True)
    told = events.with_columns(nth.cast(pl.Int64).alias("nth")).join(
        above, on=["kind", "line", "nth"], how="left", maintain_order="left"
    )
    return told.with_columns(status=pl.coalesce("words", "status")).drop("nth", "words")


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
