"""Claude Code's debug log, in both grammars.

Up to 2.0.37 a record is ``[LEVEL] message`` without time; from 2.0.46 on it begins with UTC. Any line
that is no record continues the one before it. One search over all lines leaves the few that can mean
something; the other regular expressions see only those.

A server's stderr is wrapped: the first line of a chunk stands behind ``MCP server "x" Server stderr:``,
the others are bare continuation lines. A bare line is the server's only if the record it continues is
such a chunk: the same words in a quoted log or a tool result are content, not an event.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import polars as pl

from forensics.evidence.account import INVALID_UTF8, Problem
from forensics.evidence.file import Evidence
from forensics.evidence.text import to_lines
from forensics.formats.base import NO_RECORD, Parsed
from forensics.formats.claude.console_lines import KNOWN as SHOWN
from forensics.formats.claude.debug_lines import DATED_START, RECORD, STDERR
from forensics.formats.claude.debug_records import (
    events_in,
    is_record,
    records_of,
    strange_records,
    typed,
    utc,
)
from forensics.formats.claude.witnesses import deaths_in
from forensics.formats.reading import edge_of, finish, problems_of, rows
from forensics.formats.shapes import Tally
from forensics.schema import CLOCK_STEP, EVENTS, UUID, Source

FIRST_RECORD = re.compile(
    rb"(?m)^(?:\x1b\[[0-9;]*m)*(?:\d{4}-\d\d-\d\dT[\d:.]+Z )?\[(?:DEBUG|INFO|WARN|ERROR|VERBOSE)\] "
)
SESSION_NAME = re.compile(rf"(?:^|/)({UUID})(?:\.\d+)?\.txt$")
LAST_WORDS = 400  # bare lines behind the last record in which a death is looked for
STRAY_LINES = 20  # a log pasted or torn may begin with this many lines of something else
SILENCE = timedelta(seconds=60)
TAIL = 1000  # lines in which the last record is looked for first


class DebugLog:
    """The parser of ``debug/<session>.txt`` and of 1.0.x's ``debug-logs/debug.txt``."""

    source = Source.CLAUDE_DEBUG

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise a debug log by a record at the beginning of one of its first lines."""
        found = FIRST_RECORD.search(head)
        return (
            found is not None
            and head.count(b"\n", 0, found.start()) < STRAY_LINES
            and not place.endswith(".jsonl")
        )

    def parse(self, evidence: Evidence) -> Parsed:
        """Read the log batch by batch; the session id comes from the file's name where it has one."""
        frames: list[pl.DataFrame] = []
        problems: list[Problem] = []
        total = 0
        tally = Tally()
        first = last = trailer = pl.DataFrame(schema={"line": pl.UInt32, "text": pl.String})
        breaks: tuple[int, ...] = ()
        for batch in evidence.batches():
            lines = to_lines(batch)
            total += lines.height
            if first.is_empty():
                first = lines.filter(is_record()).head(1).drop("damaged")
                is_before = pl.lit(value=True) if first.is_empty() else pl.col("line") < first["line"].item()
                before = lines.filter(is_before)
                odd = before.filter(~pl.col("text").str.contains(SHOWN))
                problems += problems_of(odd["line"].to_list(), NO_RECORD)
                frames.append(typed(_death(before, first.clear())))
                lines = lines.filter(~is_before)
            problems += problems_of(lines.filter("damaged")["line"].to_list(), INVALID_UTF8)
            tally.add_texts(*strange_records(lines))
            breaks = (*breaks[-1:], *batch.breaks)
            frames.append(events_in(lines, last, breaks))
            if not evidence.is_sifted:  # of lines that were picked out none tells what stood beside it
                frames.append(typed(_silences(lines, last)))
            last = _last_record(lines, last)
            trailer = trailer if evidence.is_sifted else _trailer(lines, last, trailer)
        frames += [typed(_death(trailer, last))]
        frames.append(typed(_edges(pl.concat([first, last]), is_excerpt=evidence.is_excerpt)))
        session = SESSION_NAME.search(evidence.place)
        named = pl.lit(session.group(1) if session else None, dtype=pl.String)
        parsed = finish(
            [f.with_columns(session_id=named) for f in frames], self.source, problems, total, tally=tally
        )
        # one record may be the log's edge and a silence's
        return replace(
            parsed, events=parsed.events.unique(("line", "ordinal"), keep="first", maintain_order=True)
        )


def _last_record(lines: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    for part in (lines.tail(TAIL), lines):
        found = part.filter(is_record()).tail(1)
        if found.height:
            return found.select("line", "text")
    return before


def _trailer(lines: pl.DataFrame, last: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return the bare lines after the last record so far that a dying process may have printed.

    ``before`` are those of the batches before. A record after them shows that the process lived on, and that
    they were quoted.
    """
    since = last["line"].item() if last.height else 0
    after = lines.filter(pl.col("line") > since).select("line", "text")
    return pl.concat([before.filter(pl.col("line") > since), after]).tail(LAST_WORDS)


def _death(trailer: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    """Return the process's own end, if bare lines that nothing follows tell it.

    What continues a server's stderr is that server's: another process may have ended there.
    """
    head = last.select(
        message=pl.col("text").str.extract(RECORD, 3), iso=pl.col("text").str.extract(RECORD, 1)
    )
    if head.height and head.select(pl.col("message").str.contains(STDERR)).item():
        trailer = trailer.clear()
    deaths = [death.named(is_client=True) for death in deaths_in(trailer.select("line", "text").rows())]
    told = rows([row for death in deaths if death.is_client for row in death.rows()], EVENTS)
    named = told.select(
        "line", "kind", "status", "component", "message", "tool", "count", "pid", "duration_ms"
    )
    return named.with_columns(
        pl.col("kind").cast(pl.String),
        ts=utc(pl.lit(head["iso"].item() if head.height else None, dtype=pl.String)),
        ordinal=pl.lit(0, dtype=pl.UInt32),
    )


def _silences(lines: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    """Keep the records on both sides of a long silence, or of a step back of the clock, whatever they say.

    A record without meaning for any rule still proves that the client was alive. Only lines at which the
    minute changes are looked at: the first 16 characters of a record are its date, hour and minute.
    """
    minute = pl.col("text").str.head(16)
    with_year = pl.concat([last, lines.select("line", "text")]).filter(pl.col("text").str.starts_with("2"))
    around = with_year.filter((minute != minute.shift(1)) | (minute != minute.shift(-1)))
    dated = around.filter(pl.col("text").str.contains(DATED_START))
    time = utc(pl.col("text").str.extract(RECORD, 1))
    quiet = (~time.diff().is_between(-CLOCK_STEP, SILENCE)).fill_null(value=False)
    return _edges(dated.filter(quiet | quiet.shift(-1, fill_value=False)))


def _edges(records: pl.DataFrame, *, is_excerpt: bool = False) -> pl.DataFrame:
    """Keep records as edges of the log: where it begins and stops, and where it fell silent, is evidence.

    An excerpt has no edges of its own: that its first and last record were there is all that they say.
    """
    kind, ordinal = edge_of(is_excerpt=is_excerpt)
    return records_of(records).with_columns(kind=pl.lit(kind.value), ordinal=pl.lit(ordinal, dtype=pl.UInt32))
