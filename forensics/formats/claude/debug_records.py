"""Records of the client's debug log: from lines to events, wherever the lines stand.

The log's own file holds them, and so does the log of an editor that runs the client.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from forensics.formats.claude.debug_lines import PATTERNS, RECORD, RECORD_START, STDERR
from forensics.formats.jsonl import unquote
from forensics.formats.patterns import any_literal, match_patterns
from forensics.formats.reading import elapsed_ms
from forensics.formats.shapes import known
from forensics.formats.voicemode.lines import LINE, OBJECT_MARK, REFUSAL_MARK
from forensics.formats.voicemode.lines import PATTERNS as VOICE_PATTERNS
from forensics.formats.voicemode.server_lines import has_no_head, server_events
from forensics.schema import UTC, EventKind, TsQuality

LEVELS = {"DEBUG": "debug", "VERBOSE": "debug", "INFO": "info", "WARN": "warning", "ERROR": "error"}
MEANINGFUL = any_literal([*(p.literal for p in (*PATTERNS, *VOICE_PATTERNS)), OBJECT_MARK, REFUSAL_MARK])


def is_record() -> pl.Expr:
    """Say which lines begin a record."""
    return pl.col("text").str.contains(RECORD_START)


def strange_records(lines: pl.DataFrame) -> tuple[int, pl.DataFrame]:
    """Count the records, and return those that begin with words that were never recorded."""
    text = pl.col("text")
    is_known = known("claude-debug").tells(text, "] ", '] "')
    apart = lines.select("line", "text", is_record=is_record()).filter("is_record")
    strange = apart.filter(~is_known).select("line", message=text.str.extract(RECORD, 3))
    return apart.height, strange


def events_in(lines: pl.DataFrame, last: pl.DataFrame, breaks: Sequence[int]) -> pl.DataFrame:
    """Return the events of a batch. ``last`` is the record that its first lines may continue.

    Before ``breaks`` lines are missing: what stands there continues nothing.
    """
    marked = lines.lazy().select("line", "text").filter(pl.col("text").str.contains(MEANINGFUL)).collect()
    records = records_of(marked.filter(is_record()))
    is_chunk = pl.col("message").str.contains(STDERR)
    own = match_patterns(records.filter(~is_chunk), PATTERNS)
    tails = _chunk_tails(marked.filter(~is_record()), lines, last, breaks)
    wrapped = pl.concat(
        [_chunk_heads(records.filter(is_chunk)), tails],
        how="diagonal",
    )
    return typed(pl.concat([own, server_events(wrapped)], how="diagonal"))


def records_of(records: pl.DataFrame) -> pl.DataFrame:
    """Take records apart. From 2.1 on a message of several lines is one JSON string."""
    is_json = pl.col("message").str.starts_with('"') & pl.col("message").str.ends_with('"')
    apart = records.with_columns(pl.col("text").str.extract_groups(RECORD).struct.unnest())
    return apart.with_columns(
        ts=utc(pl.col("iso")),
        level=pl.col("level_text").replace_strict(LEVELS, default=None),
        message=pl.coalesce(
            pl.when(is_json).then("message").map_elements(unquote, return_dtype=pl.String), "message"
        ),
        ordinal=pl.lit(0, dtype=pl.UInt32),
    ).drop("iso", "level_text", "text")


def utc(text: pl.Expr) -> pl.Expr:
    """Read a record's own time."""
    return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC", strict=False)


def _chunk_heads(chunks: pl.DataFrame) -> pl.DataFrame:
    """Return the server lines of records that wrap stderr (several, where the message is a JSON string)."""
    return (
        chunks.select("line", "ts", pl.col("message").str.extract(STDERR, 2).str.split("\n").alias("text"))
        .explode("text")
        .with_columns(ordinal=pl.int_range(pl.len(), dtype=pl.UInt32).over("line"))
    )


def _chunk_tails(
    bare: pl.DataFrame, lines: pl.DataFrame, last: pl.DataFrame, breaks: Sequence[int]
) -> pl.DataFrame:
    """Return the server lines among ``bare`` lines: those that continue a wrapped stderr chunk."""
    bare = bare.filter(pl.col("text").str.contains(LINE) | has_no_head())
    if bare.is_empty():
        return bare.with_columns(ordinal=pl.lit(0, dtype=pl.UInt32))
    records = pl.concat([last, lines.filter(is_record()).select("line", "text")])
    holes = pl.DataFrame({"line": breaks, "text": ""}, schema=records.schema)
    # a record that stands behind a hole begins anew
    heads = pl.concat([records, holes]).unique("line", keep="first").select("line", head="text").sort("line")
    continued = bare.join_asof(heads, on="line", strategy="backward").filter(
        pl.col("head").str.extract(RECORD, 3).str.contains(STDERR)
    )
    return continued.select(
        "line", "text", ts=utc(pl.col("head").str.extract(RECORD, 1)), ordinal=pl.lit(0, dtype=pl.UInt32)
    )


def typed(events: pl.DataFrame) -> pl.DataFrame:
    """Give times their quality, turn ``3m 12s`` into milliseconds and temp-file names into anchors."""
    for name in ("anchor", "elapsed", "path", "ts", "duration_ms"):
        if name not in events.columns:
            events = events.with_columns(pl.lit(None, dtype=UTC if name == "ts" else pl.String).alias(name))
    epoch_ms = pl.when(pl.col("anchor").str.contains(r"^\d{13}$")).then("anchor").cast(pl.Int64)
    dated = pl.coalesce("ts", pl.from_epoch(epoch_ms, time_unit="ms").dt.replace_time_zone("UTC").cast(UTC))
    client_file = pl.col("path").str.contains(r"[/\\]\.claude(\.json$|[/\\])")
    return events.with_columns(
        message=pl.col("message") + "",  # a copy: a text that is a part of a batch keeps all of it in memory
        ts=dated,
        ts_quality=pl.when(dated.is_not_null())
        .then(pl.lit(TsQuality.EXACT.value))
        .otherwise(pl.lit(TsQuality.MISSING.value)),
        duration_ms=pl.coalesce(
            pl.col("duration_ms").cast(pl.Float64, strict=False), elapsed_ms(pl.col("elapsed"))
        ),
        kind=pl.when((pl.col("kind") == EventKind.DISK_WRITE.value) & client_file)
        .then(pl.lit(EventKind.CLOCK_ANCHOR.value))
        .otherwise("kind"),
    ).drop("anchor", "elapsed")
