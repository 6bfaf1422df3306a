"""Claude Code's debug log, in both grammars.

Up to 2.0.37 a record is ``[LEVEL] message`` without time; from 2.0.46 on it begins with UTC. Any line
that is no record continues the one before it. One multi-pattern search over all lines leaves the few
that can mean something; regular expressions see only those.

A server's stderr is wrapped: the first line of a chunk stands behind ``MCP server "x" Server stderr:``,
the others are bare continuation lines. A bare line is the server's only if the record it continues is
such a chunk: the same words in a quoted log or a tool result are content, not an event.
"""

from __future__ import annotations

import re

import msgspec
import polars as pl

from forensics.evidence import Evidence, count_lines, to_lines
from forensics.parsers.base import INVALID_UTF8, Parsed, Problem, finish, problems_of
from forensics.patterns import literals, match_patterns
from forensics.patterns.claude_debug import PATTERNS, RECORD, STDERR, STDERR_MARK
from forensics.patterns.server_lines import server_events
from forensics.patterns.voicemode import OBJECT_MARK
from forensics.patterns.voicemode import PATTERNS as VOICE_PATTERNS
from forensics.schema import UTC, EventKind, Source, TsQuality

FIRST_RECORD = re.compile(
    rb"(?m)^(?:\x1b\[[0-9;]*m)*(?:\d{4}-\d\d-\d\dT[\d:.]+Z )?\[(?:DEBUG|INFO|WARN|ERROR|VERBOSE)\] "
)
SESSION_NAME = re.compile(
    r"(?:^|/)([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:\.\d+)?\.txt$"
)
LEVELS = {"DEBUG": "debug", "VERBOSE": "debug", "INFO": "info", "WARN": "warning", "ERROR": "error"}
LITERALS = sorted({*literals(PATTERNS), *literals(VOICE_PATTERNS), OBJECT_MARK})
NO_RECORD = "line before the first record"
STRAY_LINES = 20  # a log pasted or torn may begin with this many lines of something else


class DebugLog:
    """The parser of ``debug/<session>.txt`` and of 1.0.x's ``debug-logs/debug.txt``."""

    source = Source.CLAUDE_DEBUG

    def sniff(self, name: str, head: bytes) -> bool:
        """Recognise a debug log by a record at the beginning of one of its first lines."""
        found = FIRST_RECORD.search(head)
        return (
            found is not None
            and head.count(b"\n", 0, found.start()) < STRAY_LINES
            and not name.endswith(".jsonl")
        )

    def parse(self, evidence: Evidence) -> Parsed:
        """Read the log batch by batch; the session id comes from the file's name where it has one."""
        frames: list[pl.DataFrame] = []
        problems: list[Problem] = []
        total = 0
        seen_record = False
        for batch in evidence.batches():
            lines = to_lines(batch)
            total += count_lines(batch.data)
            start = 0
            if not seen_record:
                start = _first_record(lines)
                seen_record = start < lines.height
                problems += problems_of(lines["line"][:start].to_list(), NO_RECORD)
            damaged = lines[start:].filter("damaged")["line"].to_list()
            problems += problems_of(damaged, INVALID_UTF8)
            frames.append(_events(lines[start:]))
        session = SESSION_NAME.search(evidence.name)
        named = pl.lit(session.group(1) if session else None, dtype=pl.String)
        frames = [f.with_columns(session_id=named) for f in frames if not f.is_empty()]
        return finish(frames, self.source, problems, total)


def _first_record(lines: pl.DataFrame) -> int:
    found = lines.select(pl.col("text").str.contains(RECORD).arg_max()).item()
    return (
        found
        if found is not None and re.match(RECORD.replace("(?<", "(?P<"), lines["text"][found])
        else lines.height
    )


def _events(lines: pl.DataFrame) -> pl.DataFrame:
    if lines.is_empty():
        return lines
    marked = lines.filter(pl.col("text").str.contains_any(LITERALS)).select("line", "text")
    records = _records(marked)
    wrapped = pl.concat([_chunk_heads(records), _chunk_tails(marked, lines)], how="diagonal")
    own = match_patterns(records.filter(~pl.col("message").str.contains(STDERR)), PATTERNS)
    events = pl.concat(
        [own, server_events(wrapped).drop("server", strict=False), _edges(lines)], how="diagonal"
    )
    return _typed(events).sort("line", "ordinal")


def _records(lines: pl.DataFrame) -> pl.DataFrame:
    """Take apart the lines that begin a record. From 2.1 on a message of several lines is one JSON string."""
    records = lines.filter(pl.col("text").str.contains(RECORD)).with_columns(
        pl.col("text").str.extract_groups(RECORD).struct.unnest()
    )
    is_json = pl.col("message").str.starts_with('"') & pl.col("message").str.ends_with('"')
    return records.with_columns(
        ts=pl.col("iso").str.to_datetime(
            "%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC", strict=False
        ),
        level=pl.col("level_text").replace_strict(LEVELS, default=None),
        message=pl.when(is_json)
        .then(pl.col("message").map_elements(_unquote, return_dtype=pl.String))
        .otherwise("message"),
        ordinal=pl.lit(0, dtype=pl.UInt16),
    ).drop("iso", "level_text", "text")


def _unquote(text: str) -> str:
    try:
        return msgspec.json.decode(text, type=str)
    except msgspec.DecodeError:
        return text


def _chunk_heads(records: pl.DataFrame) -> pl.DataFrame:
    """Return the server lines of records that wrap stderr (several, where the message is a JSON string)."""
    heads = records.filter(pl.col("message").str.contains(STDERR_MARK, literal=True)).select(
        "line", "ts", pl.col("message").str.extract_groups("(?s)" + STDERR)
    )
    return (
        heads.unnest("message")
        .filter(pl.col("text").is_not_null())
        .with_columns(pl.col("text").str.split("\n"))
        .explode("text")
        .with_columns(ordinal=pl.int_range(pl.len(), dtype=pl.UInt16).over("line"))
    )


def _chunk_tails(marked: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return marked continuation lines whose record is a wrapped stderr chunk."""
    bare = marked.filter(~pl.col("text").str.contains(RECORD))
    if bare.is_empty():
        return bare.with_columns(ordinal=pl.lit(0, dtype=pl.UInt16))
    heads = lines.filter(pl.col("text").str.contains(RECORD)).select(
        "line",
        wraps=pl.col("text").str.contains(STDERR_MARK, literal=True),
        iso=pl.col("text").str.extract(RECORD, 1),
    )
    return (
        bare.sort("line")
        .join_asof(heads.sort("line"), on="line", strategy="backward")
        .filter("wraps")
        .with_columns(
            ts=pl.col("iso").str.to_datetime(
                "%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC", strict=False
            ),
            ordinal=pl.lit(0, dtype=pl.UInt16),
        )
        .drop("wraps", "iso")
    )


def _edges(lines: pl.DataFrame) -> pl.DataFrame:
    """Keep the first and the last record of the batch: where a log begins and stops is evidence."""
    first, last = (
        part.filter(pl.col("text").str.contains(RECORD)) for part in (lines.head(400), lines.tail(400))
    )
    edges = pl.concat([first.head(1), last.tail(1)]).unique("line", maintain_order=True)
    return _records(edges.select("line", "text")).with_columns(
        kind=pl.lit(EventKind.LOG_EDGE.value), ordinal=pl.lit(4095, dtype=pl.UInt16)
    )


def _typed(events: pl.DataFrame) -> pl.DataFrame:
    """Give times their quality, turn ``3m 12s`` into milliseconds and temp-file names into anchors."""
    for name in ("anchor", "elapsed", "path", "ts", "duration_ms"):
        if name not in events.columns:
            events = events.with_columns(pl.lit(None, dtype=UTC if name == "ts" else pl.String).alias(name))
    epoch_ms = pl.when(pl.col("anchor").str.contains(r"^\d{13}$")).then("anchor").cast(pl.Int64)
    dated = pl.coalesce("ts", pl.from_epoch(epoch_ms, time_unit="ms").dt.replace_time_zone("UTC").cast(UTC))
    hours, minutes, seconds = (
        pl.col("elapsed").str.extract(rf"(\d+){unit}\b").cast(pl.Float64).fill_null(0) for unit in "hms"
    )
    took = pl.when(pl.col("elapsed").is_not_null()).then((hours * 3600 + minutes * 60 + seconds) * 1000)
    client_file = pl.col("path").str.contains(r"/\.claude(\.json$|/)")
    return events.with_columns(
        ts=dated,
        ts_quality=pl.when(dated.is_not_null())
        .then(pl.lit(TsQuality.EXACT.value))
        .otherwise(pl.lit(TsQuality.MISSING.value)),
        duration_ms=pl.coalesce(pl.col("duration_ms").cast(pl.Float64, strict=False), took),
        kind=pl.when((pl.col("kind") == EventKind.DISK_WRITE.value) & client_file)
        .then(pl.lit(EventKind.CLOCK_ANCHOR.value))
        .otherwise("kind"),
    ).drop("anchor", "elapsed")
