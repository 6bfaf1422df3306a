"""The voicemode server's stderr, on its own: ``TS - LOGGER - LEVEL - MESSAGE`` in local time.

Between the records stand Python warnings, the FastMCP banner and rich's own lines; they continue the
record before them, or belong to the start-up when they come before the first.
"""

from __future__ import annotations

import re

import polars as pl

from forensics.evidence.account import INVALID_UTF8, Damage, Problem, Reason
from forensics.evidence.file import Evidence
from forensics.evidence.text import to_lines
from forensics.formats.base import NO_RECORD, Parsed
from forensics.formats.reading import edge_of, finish, problems_of
from forensics.formats.shapes import Tally, known
from forensics.formats.voicemode.lines import FOREIGN, LINE
from forensics.formats.voicemode.server_lines import has_no_head, server_events, split_record
from forensics.schema import Source, TsQuality

RECORD = re.compile(
    rb"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - [A-Za-z0-9_.\-]+ - (?:DEBUG|INFO|WARNING|ERROR|CRITICAL) - "
)
# start-up noise that is no record and needs none before it (6.0.1 and 9.0.1)
NOISE = r"^\s*$|^[\s│╭╰]|Warning: |^\[\d\d/\d\d/\d\d \d\d:\d\d:\d\d\] |^ALSA lib |^Traceback "

OTHER_PROGRAM = Reason("a console line of another program", Damage.NONE)


class VoiceStderr:
    """The parser of a captured stderr stream."""

    source = Source.VOICE_STDERR

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise the stream by one record at the beginning of a line."""
        return not place.endswith((".jsonl", ".json")) and RECORD.search(head) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Read the stream batch by batch."""
        frames: list[pl.DataFrame] = []
        problems: list[Problem] = []
        total = 0
        tally = Tally()
        first = last = pl.DataFrame(schema={"line": pl.UInt32, "text": pl.String})
        for batch in evidence.batches():
            lines = to_lines(batch)
            total += lines.height
            records = lines.filter(pl.col("text").str.contains(LINE)).select("line", "text")
            strange = records.filter(~known("voice-stderr").tells(pl.col("text"), " - "))
            tally.add_texts(records.height, split_record(strange).select("line", "message"))
            if first.is_empty():
                first = records.head(1)
                before = lines if first.is_empty() else lines.filter(pl.col("line") < first["line"].item())
                odd = before.filter(~pl.col("damaged") & ~pl.col("text").str.contains(NOISE))
                problems += problems_of(odd["line"].to_list(), NO_RECORD)
            begin = pl.lit(value=False) if first.is_empty() else pl.col("line") >= first["line"].item()
            foreign = lines.filter(begin & ~pl.col("damaged") & pl.col("text").str.contains(FOREIGN))
            problems += problems_of(foreign["line"].to_list(), OTHER_PROGRAM)
            problems += problems_of(lines.filter("damaged")["line"].to_list(), INVALID_UTF8)
            frames.append(
                _plain(
                    server_events(pl.concat([records, lines.filter(has_no_head()).select("line", "text")]))
                )
            )
            last = records.tail(1) if records.height else last
        edges = split_record(pl.concat([first, last]).unique("line", maintain_order=True)).drop("text")
        kind, ordinal = edge_of(is_excerpt=evidence.is_excerpt)
        frames.append(_plain(edges.with_columns(kind=pl.lit(kind.value)), ordinal))
        return finish(frames, self.source, problems, total, tally=tally)


def _plain(events: pl.DataFrame, ordinal: int = 0) -> pl.DataFrame:
    return events.with_columns(
        message=pl.col("message") + "",  # a copy: a text that is a part of a batch keeps all of it in memory
        ordinal=pl.lit(ordinal, dtype=pl.UInt16),
        ts_quality=pl.lit(TsQuality.MISSING.value),
    )
