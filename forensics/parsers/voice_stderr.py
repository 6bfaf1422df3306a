"""The voicemode server's stderr, on its own: ``TS - LOGGER - LEVEL - MESSAGE`` in local time.

Between the records stand Python warnings, the FastMCP banner and rich's own lines; they continue the
record before them, or belong to the start-up when they come before the first.
"""

from __future__ import annotations

import re

import polars as pl

from forensics.evidence import Evidence, count_lines, to_lines
from forensics.parsers.base import INVALID_UTF8, Parsed, Problem, finish, problems_of
from forensics.patterns.server_lines import server_events, split_record
from forensics.patterns.voicemode import LINE
from forensics.schema import EventKind, Source, TsQuality

RECORD = re.compile(
    rb"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - [A-Za-z0-9_.\-]+ - (?:DEBUG|INFO|WARNING|ERROR|CRITICAL) - "
)
# start-up noise that is no record and needs none before it (6.0.1 and 9.0.1)
NOISE = r"^\s*$|^[\s│╭╰]|Warning: |^\[\d\d/\d\d/\d\d \d\d:\d\d:\d\d\] |^ALSA lib |^Traceback "
NO_RECORD = "line before the first record"


class VoiceStderr:
    """The parser of a captured stderr stream."""

    source = Source.VOICE_STDERR

    def sniff(self, name: str, head: bytes) -> bool:
        """Recognise the stream by one record at the beginning of a line."""
        return not name.endswith((".jsonl", ".json")) and RECORD.search(head) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Read the stream batch by batch."""
        frames: list[pl.DataFrame] = []
        problems: list[Problem] = []
        total = 0
        started = False
        for batch in evidence.batches():
            lines = to_lines(batch)
            total += count_lines(batch.data)
            if not started:
                is_record = lines["text"].str.contains(LINE)
                found = is_record.arg_max() if is_record.any() else None
                first = lines.height if found is None else found
                started = first < lines.height
                before = lines.head(first).filter(~pl.col("text").str.contains(NOISE))
                problems += problems_of(before.filter(~pl.col("damaged"))["line"].to_list(), NO_RECORD)
            problems += problems_of(lines.filter("damaged")["line"].to_list(), INVALID_UTF8)
            frames.append(_events(lines))
        return finish(frames, self.source, problems, total)


def _events(lines: pl.DataFrame) -> pl.DataFrame:
    plain = lines.select("line", "text", ordinal=pl.lit(0, dtype=pl.UInt16))
    events = pl.concat([server_events(plain), _edges(plain)], how="diagonal")
    return events.with_columns(ts_quality=pl.lit(TsQuality.MISSING.value)).sort("line", "ordinal")


def _edges(lines: pl.DataFrame) -> pl.DataFrame:
    """Keep the first and the last record: where the stream begins and stops is evidence."""
    records = lines.filter(pl.col("text").str.contains(LINE))
    edges = pl.concat([records.head(1), records.tail(1)]).unique("line", maintain_order=True)
    return (
        split_record(edges)
        .drop("text")
        .with_columns(kind=pl.lit(EventKind.LOG_EDGE.value), ordinal=pl.lit(4095, dtype=pl.UInt16))
    )
