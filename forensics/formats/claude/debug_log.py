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
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import polars as pl

from forensics.evidence.account import INVALID_UTF8, Problem
from forensics.evidence.file import Evidence
from forensics.evidence.text import to_lines
from forensics.formats.base import NO_RECORD, Parsed
from forensics.formats.claude.console_lines import KNOWN as SHOWN
from forensics.formats.claude.debug_lines import DATED_START, PATTERNS, RECORD, RECORD_START, STDERR
from forensics.formats.claude.witnesses import deaths_in
from forensics.formats.jsonl import unquote
from forensics.formats.patterns import any_literal, match_patterns
from forensics.formats.reading import edge_of, elapsed_ms, finish, problems_of, rows
from forensics.formats.shapes import Tally, known
from forensics.formats.voicemode.lines import LINE, OBJECT_MARK, REFUSAL_MARK
from forensics.formats.voicemode.lines import PATTERNS as VOICE_PATTERNS
from forensics.formats.voicemode.server_lines import has_no_head, server_events
from forensics.schema import CLOCK_STEP, EVENTS, UTC, UUID, EventKind, Source, TsQuality

FIRST_RECORD = re.compile(
    rb"(?m)^(?:\x1b\[[0-9;]*m)*(?:\d{4}-\d\d-\d\dT[\d:.]+Z )?\[(?:DEBUG|INFO|WARN|ERROR|VERBOSE)\] "
)
SESSION_NAME = re.compile(rf"(?:^|/)({UUID})(?:\.\d+)?\.txt$")
LEVELS = {"DEBUG": "debug", "VERBOSE": "debug", "INFO": "info", "WARN": "warning", "ERROR": "error"}
MEANINGFUL = any_literal([*(p.literal for p in (*PATTERNS, *VOICE_PATTERNS)), OBJECT_MARK, REFUSAL_MARK])
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
                first = lines.filter(_is_record()).head(1).drop("damaged")
                is_before = pl.lit(value=True) if first.is_empty() else pl.col("line") < first["line"].item()
                before = lines.filter(is_before)
                odd = before.filter(~pl.col("text").str.contains(SHOWN))
                problems += problems_of(odd["line"].to_list(), NO_RECORD)
                frames.append(_typed(_death(before, first.clear())))
                lines = lines.filter(~is_before)
            problems += problems_of(lines.filter("damaged")["line"].to_list(), INVALID_UTF8)
            tally.add_texts(*_strange(lines))
            breaks = (*breaks[-1:], *batch.breaks)
            frames.append(_events(lines, last, breaks))
            if not evidence.is_sifted:  # of lines that were picked out none tells what stood beside it
                frames.append(_typed(_silences(lines, last)))
            last = _last_record(lines, last)
            trailer = trailer if evidence.is_sifted else _trailer(lines, last, trailer)
        frames += [_typed(_death(trailer, last))]
        frames.append(_typed(_edges(pl.concat([first, last]), is_excerpt=evidence.is_excerpt)))
        session = SESSION_NAME.search(evidence.place)
        named = pl.lit(session.group(1) if session else None, dtype=pl.String)
        parsed = finish(
            [f.with_columns(session_id=named) for f in frames], self.source, problems, total, tally=tally
        )
        # one record may be the log's edge and a silence's
        return replace(
            parsed, events=parsed.events.unique(("line", "ordinal"), keep="first", maintain_order=True)
        )


def _is_record() -> pl.Expr:
    return pl.col("text").str.contains(RECORD_START)


def _strange(lines: pl.DataFrame) -> tuple[int, pl.DataFrame]:
    """Count the records, and return those that begin with words that were never recorded."""
    text = pl.col("text")
    is_known = known("claude-debug").tells(text, "] ", '] "')
    apart = lines.select("line", "text", is_record=_is_record()).filter("is_record")
    strange = apart.filter(~is_known).select("line", message=text.str.extract(RECORD, 3))
    return apart.height, strange


def _last_record(lines: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    for part in (lines.tail(TAIL), lines):
        found = part.filter(_is_record()).tail(1)
        if found.height:
            return found.select("line", "text")
    return before


def _events(lines: pl.DataFrame, last: pl.DataFrame, breaks: Sequence[int]) -> pl.DataFrame:
    """Return the events of a batch. ``last`` is the record that its first lines may continue.

    Before ``breaks`` lines are missing: what stands there continues nothing.
    """
    marked = lines.lazy().select("line", "text").filter(pl.col("text").str.contains(MEANINGFUL)).collect()
    records = _records(marked.filter(_is_record()))
    is_chunk = pl.col("message").str.contains(STDERR)
    own = match_patterns(records.filter(~is_chunk), PATTERNS)
    tails = _chunk_tails(marked.filter(~_is_record()), lines, last, breaks)
    wrapped = pl.concat(
        [_chunk_heads(records.filter(is_chunk)), tails],
        how="diagonal",
    )
    return _typed(pl.concat([own, server_events(wrapped)], how="diagonal"))


def _records(records: pl.DataFrame) -> pl.DataFrame:
    """Take records apart. From 2.1 on a message of several lines is one JSON string."""
    is_json = pl.col("message").str.starts_with('"') & pl.col("message").str.ends_with('"')
    apart = records.with_columns(pl.col("text").str.extract_groups(RECORD).struct.unnest())
    return apart.with_columns(
        ts=_utc(pl.col("iso")),
        level=pl.col("level_text").replace_strict(LEVELS, default=None),
        message=pl.coalesce(
            pl.when(is_json).then("message").map_elements(unquote, return_dtype=pl.String), "message"
        ),
        ordinal=pl.lit(0, dtype=pl.UInt32),
    ).drop("iso", "level_text", "text")


def _utc(text: pl.Expr) -> pl.Expr:
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
    records = pl.concat([last, lines.filter(_is_record()).select("line", "text")])
    holes = pl.DataFrame({"line": breaks, "text": ""}, schema=records.schema)
    # a record that stands behind a hole begins anew
    heads = pl.concat([records, holes]).unique("line", keep="first").select("line", head="text").sort("line")
    continued = bare.join_asof(heads, on="line", strategy="backward").filter(
        pl.col("head").str.extract(RECORD, 3).str.contains(STDERR)
    )
    return continued.select(
        "line", "text", ts=_utc(pl.col("head").str.extract(RECORD, 1)), ordinal=pl.lit(0, dtype=pl.UInt32)
    )


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
        ts=_utc(pl.lit(head["iso"].item() if head.height else None, dtype=pl.String)),
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
    time = _utc(pl.col("text").str.extract(RECORD, 1))
    quiet = (~time.diff().is_between(-CLOCK_STEP, SILENCE)).fill_null(value=False)
    return _edges(dated.filter(quiet | quiet.shift(-1, fill_value=False)))


def _edges(records: pl.DataFrame, *, is_excerpt: bool = False) -> pl.DataFrame:
    """Keep records as edges of the log: where it begins and stops, and where it fell silent, is evidence.

    An excerpt has no edges of its own: that its first and last record were there is all that they say.
    """
    kind, ordinal = edge_of(is_excerpt=is_excerpt)
    return _records(records).with_columns(kind=pl.lit(kind.value), ordinal=pl.lit(ordinal, dtype=pl.UInt32))


def _typed(events: pl.DataFrame) -> pl.DataFrame:
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
