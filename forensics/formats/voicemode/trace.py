"""voicemode's trace: ``~/voicemode_trace.log``, written with ``VOICEMODE_DEBUG=trace`` (0.1.13 to 6.0.1).

Each call of the server's own functions is a line, ``TS - Called file:line function``, in local time; exceptions are
``TS - Exception: …``, those that are part of the ordinary course (StopIteration) too. One spoken turn makes 15 MB
and runs several times slower than without: it proves when the server was alive, and no duration in it counts.
"""

from __future__ import annotations

import re

import polars as pl

from forensics.evidence.account import INVALID_UTF8, Problem
from forensics.evidence.file import Evidence
from forensics.evidence.text import to_lines
from forensics.formats.base import NO_RECORD, Parsed
from forensics.formats.reading import edge_of, finish, problems_of
from forensics.formats.shapes import Tally
from forensics.schema import LOCAL, Source, TsQuality

RECORD = (
    r"^(?<local_text>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) - (?<message>(?:Called \S+:\d+ |Exception: ).*)$"
)
HEAD = re.compile(rb"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - Called \S+\.py:\d+ \S+$")


class VoiceTrace:
    """The parser of one trace."""

    source = Source.VOICE_TRACE

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise the trace by a call."""
        return not place.endswith((".jsonl", ".json")) and HEAD.search(head) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Keep the first and the last record; what stands between continues an exception's text."""
        problems: list[Problem] = []
        total, tally = 0, Tally()
        first = last = pl.DataFrame(schema={"line": pl.UInt32, "text": pl.String})
        for batch in evidence.batches():
            lines = to_lines(batch)
            total += lines.height
            records = lines.filter(pl.col("text").str.contains(RECORD)).select("line", "text")
            tally.records += records.height
            if first.is_empty():
                first = records.head(1)
                before = lines if first.is_empty() else lines.filter(pl.col("line") < first["line"].item())
                problems += problems_of(before.filter(~pl.col("damaged"))["line"].to_list(), NO_RECORD)
            problems += problems_of(lines.filter("damaged")["line"].to_list(), INVALID_UTF8)
            last = records.tail(1) if records.height else last
        edges = pl.concat([first, last]).unique("line", maintain_order=True)
        return finish([_edges(edges, evidence)], self.source, problems, total, tally=tally)


def _edges(records: pl.DataFrame, evidence: Evidence) -> pl.DataFrame:
    kind, ordinal = edge_of(is_excerpt=evidence.is_excerpt)
    apart = records.with_columns(pl.col("text").str.extract_groups(RECORD).struct.unnest()).drop("text")
    return apart.with_columns(
        local_ts=pl.col("local_text").str.to_datetime("%Y-%m-%d %H:%M:%S,%3f", strict=False).cast(LOCAL),
        ts_quality=pl.lit(TsQuality.MISSING.value),
        kind=pl.lit(kind.value),
        component=pl.lit("voicemode-trace"),
        ordinal=pl.lit(ordinal, dtype=pl.UInt32),
    ).drop("local_text")
