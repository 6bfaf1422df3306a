"""MCP server logs of Claude Code: ``mcp-logs-<server>/<start>.txt`` and ``.jsonl``.

1.0.128 and 2.0.24 write one pretty-printed JSON array, rewritten as it grows; from 2.0.69 on it is
JSON lines. Both hold ``{debug|error, timestamp (UTC), sessionId, cwd}``. The array is read line by
line, key by key, so that a truncated one still gives its items and each item keeps its line.

An item that wraps the server's stderr is one pipe read and may hold several of the server's lines.
Newer clients (2.1.19, 2.1.330) log only the chunk written before the connection was up.
"""

from __future__ import annotations

import re

import msgspec
import polars as pl

from forensics.evidence.account import INVALID_UTF8, Damage, Problem, Reason
from forensics.evidence.file import Evidence
from forensics.evidence.text import to_lines
from forensics.formats.base import Parsed
from forensics.formats.claude.debug_lines import PATTERNS
from forensics.formats.jsonl import NOT_JSON, JsonLines, unquote
from forensics.formats.patterns import match_patterns
from forensics.formats.reading import elapsed_ms, finish, problems_by_reason, problems_of
from forensics.formats.shapes import Tally, known
from forensics.formats.voicemode.server_lines import server_events
from forensics.schema import Source, TsQuality

KEY_LINE = r'^\s*"(debug|error|timestamp|sessionId|cwd)": (".*"),?$'
FRAME_LINE = r"^\s*(\[|\]|\{|\},?|\[\])?\s*$"
FOLDER = re.compile(r"(?:^|/)mcp-logs-([^/]+)/[^/]+\.(?:txt|jsonl)$")
ITEM = re.compile(
    rb'"(?:debug|error)"\s*:\s*"(?:[^"\\\n]|\\.)*"\s*,\s*"timestamp"\s*:\s*"[^"\n]*"\s*,\s*"sessionId"\s*:'
)
STDERR_PREFIX = "Server stderr: "
NO_ITEM = Reason("not a line of a log item", Damage.BROKEN)


class Item(msgspec.Struct):
    """One log item; exactly one of ``debug`` and ``error`` is there."""

    timestamp: str
    debug: str | None = None
    error: str | None = None
    sessionId: str | None = None  # noqa: N815 - the log's own name
    cwd: str | None = None


TEXTLESS = "MCP server item without its text"


class McpLog:
    """The parser of both layouts."""

    source = Source.MCP_LOG

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise the log by its folder, or by an item."""
        return FOLDER.search(place) is not None or (
            place.endswith((".txt", ".jsonl")) and ITEM.search(head) is not None
        )

    def parse(self, evidence: Evidence) -> Parsed:
        """Read the items and re-split the server's stderr."""
        folder = FOLDER.search(evidence.place)
        server = folder.group(1) if folder else None
        if evidence.head.lstrip().startswith(b"["):
            items, problems, total = _pretty_items(evidence)
        else:
            items, problems, total = _line_items(evidence)
        tally = Tally()
        tally.add_texts(items.height, _strange(items))
        for line in items.filter(pl.col("text").is_null())["line"]:
            tally.add(line, TEXTLESS)
        return finish([_events(items, server)], self.source, problems, total, tally=tally)


def _strange(items: pl.DataFrame) -> pl.DataFrame:
    """Return the items that begin with words that were never recorded, as the debug log would print them."""
    message = pl.format('MCP server "": {}', "text")
    is_known = known("claude-debug").tells(message)
    return items.filter(~is_known).select("line", message=message)


def _line_items(evidence: Evidence) -> tuple[pl.DataFrame, list[Problem], int]:
    lines = JsonLines(evidence, Item)
    found = [
        (number, item.debug if item.error is None else item.error, item.timestamp, item.sessionId, item.cwd)
        for number, item in lines
    ]
    problems = problems_by_reason(lines.bad)
    schema = {
        "line": pl.UInt32,
        "text": pl.String,
        "timestamp": pl.String,
        "sessionId": pl.String,
        "cwd": pl.String,
    }
    return pl.DataFrame(found, schema=schema, orient="row"), problems, lines.total


def _pretty_items(evidence: Evidence) -> tuple[pl.DataFrame, list[Problem], int]:
    lines = pl.concat([to_lines(batch) for batch in evidence.batches()])
    keyed = lines.with_columns(
        pl.col("text").str.extract(KEY_LINE, 1).alias("key"),
        pl.col("text").str.extract(KEY_LINE, 2).alias("value"),
    )
    odd = keyed.filter(
        pl.col("key").is_null() & ~pl.col("text").str.contains(FRAME_LINE) & ~pl.col("damaged")
    )
    problems = problems_of(odd["line"].to_list(), NO_ITEM)
    problems += problems_of(lines.filter("damaged")["line"].to_list(), INVALID_UTF8)
    # an item begins with its text; the keys that follow belong to it
    numbered = keyed.filter(pl.col("key").is_not_null()).with_columns(
        item=pl.col("key").is_in(["debug", "error"]).cum_sum(),
        value=pl.col("value").map_elements(unquote, return_dtype=pl.String),
    )
    broken = numbered.filter(pl.col("value").is_null() & ~pl.col("damaged"))
    problems += problems_of(broken["line"].to_list(), NOT_JSON)
    texts = numbered.filter(pl.col("key").is_in(["debug", "error"])).select("item", "line", text="value")
    items = texts
    for key in ("timestamp", "sessionId", "cwd"):
        values = (
            numbered.filter(pl.col("key") == key)
            .unique("item", keep="first")
            .select("item", pl.col("value").alias(key))
        )
        items = items.join(values, on="item", how="left")
    return items.drop("item").sort("line"), problems, lines.height


def _events(items: pl.DataFrame, server: str | None) -> pl.DataFrame:
    dated = items.filter(pl.col("text").is_not_null()).select(
        "line",
        "text",
        session_id="sessionId",
        path="cwd",
        ts=pl.col("timestamp").str.to_datetime(
            "%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC", strict=False
        ),
    )
    wraps = pl.col("text").str.starts_with(STDERR_PREFIX)
    server_lines = (
        dated.filter(wraps)
        .with_columns(pl.col("text").str.strip_prefix(STDERR_PREFIX).str.split("\n"))
        .explode("text")
        .with_columns(ordinal=pl.int_range(pl.len(), dtype=pl.UInt32).over("line"))
        .drop("path")
    )
    # the debug log prints the same texts behind the server's name: one table of patterns serves both
    named = pl.format('MCP server "{}": {}', pl.lit(server or "?"), "text")
    own = match_patterns(
        dated.filter(~wraps).select(
            "line", "session_id", "ts", message=named, ordinal=pl.lit(0, dtype=pl.UInt32)
        ),
        PATTERNS,
    ).drop("anchor", "pid", strict=False)
    if "elapsed" in own.columns:
        own = own.with_columns(duration_ms=elapsed_ms(pl.col("elapsed"))).drop("elapsed")
    events = pl.concat([own, server_events(server_lines)], how="diagonal")
    return events.with_columns(ts_quality=pl.lit(TsQuality.EXACT.value)).sort("line", "ordinal")
