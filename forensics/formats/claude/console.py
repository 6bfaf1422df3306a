"""What a user copied from a terminal: how the client died there, or what a tool's failure looked like.

V8's dump of a full heap, Node's block of an uncaught exception, ink's error overview, the client's own screen, the
voice tool's failure as the user saw it, aiohttp's warnings. Such a text has no session id and no times, and is
never the whole of what was shown: its beginning and its end say nothing.

These words also stand in reports, scripts and sources. A capture has one of the marks at the beginning of a line,
and consists for the greater part of lines that only terminals show.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import polars as pl

from forensics.evidence.account import INVALID_UTF8, Damage, Reason
from forensics.evidence.file import Evidence
from forensics.evidence.text import to_lines
from forensics.evidence.unwrap import shown
from forensics.formats.base import Parsed
from forensics.formats.claude.console_lines import CLIENT_FRAME, KNOWN, LAST_GCS, OVERVIEW, SPOKEN, TRAILER
from forensics.formats.patterns import match_patterns
from forensics.formats.reading import finish, problems_of
from forensics.schema import LOCAL, EventKind, Source, TsQuality

MARKS = tuple(
    re.compile(mark, re.MULTILINE)
    for mark in (
        r"^<--- Last few GCs --->\s*$|^FATAL ERROR: .*JavaScript heap out of memory\s*$",
        rf"^(?:\s+at .*)?\(?file:///\S*(?:{CLIENT_FRAME})",
        rf"^\s+at .*(?:{CLIENT_FRAME})",
        r"^\d+\.\d+\.\d+ \(Claude Code\)\s*$",
        r"Unclosed client session\s*\nclient_session: <aiohttp\.",
        r"^\s*(?:⎿\s+)?(?:Error: Could not speak message|STT service connection failed:)",
        r"^\s+⎿ ",
    )
)
LINE = re.compile(KNOWN)
FRAME = re.compile(CLIENT_FRAME)
NAMED = re.compile(rf"{CLIENT_FRAME}|\(Claude Code\)|^(?:[$%>] ?)?claude\b|^\s*[⏺⎿※]")
ENDPOINT = re.compile(r"\s+- https?://")
WRAPPED = re.compile(r"\s{5,}\S")  # what did not fit into a line of the screen
WRITTEN = frozenset({".md", ".rst", ".html", ".py", ".js", ".ts", ".sh", ".json", ".jsonl", ".csv", ".toml"})
WIDE = 1000  # no terminal's line is longer
LEAST = 0.5  # of the lines must be a terminal's
NEAR = 4  # lines below ink's message, one names the place
NOISE = Reason("terminal output that says nothing of a session", Damage.NONE)


class Console:
    """The parser of one terminal capture."""

    source = Source.CONSOLE

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise a capture by a mark, and by what most of its lines are."""
        if PurePosixPath(place).suffix.lower() in WRITTEN or b"\0" in head:
            return False
        lines = [shown(line)[:WIDE].decode("utf-8", "replace") for line in head.split(b"\n") if line.strip()]
        text = "\n".join(lines)
        if not any(mark.search(text) for mark in MARKS):
            return False
        return sum(LINE.match(line) is not None for line in lines) >= LEAST * len(lines)

    def parse(self, evidence: Evidence) -> Parsed:
        """Read the capture line by line, as the terminal showed it."""
        screen = _Screen()
        damaged: list[int] = []
        total = 0
        for batch in evidence.batches():
            lines = to_lines(batch)
            total += lines.height
            damaged += lines.filter("damaged")["line"].to_list()
            for number, text in lines.select("line", "text").iter_rows():
                screen.show(number, text.rstrip("\r").rpartition("\r")[2])
        lost = set(damaged)
        odd = [n for n in screen.unknown if n not in lost]
        problems = [*problems_of(odd, NOISE), *problems_of(damaged, INVALID_UTF8)]
        return finish([_events(screen)], self.source, problems, total)


class _Screen:
    """The lines of a capture, and what belongs together in them."""

    def __init__(self) -> None:
        self.lines: dict[int, str] = {}
        self.unknown: list[int] = []
        self.crashes: list[int] = []  # ink's messages that name a place in the client
        self._failure: int | None = None  # the voice failure whose endpoints are being listed
        self._overview: int | None = None
        self._known = False

    def show(self, number: int, text: str) -> None:
        """Take one line."""
        text = text[:WIDE]
        self._known = LINE.match(text) is not None or (self._known and WRAPPED.match(text) is not None)
        if not self._known:
            self.unknown.append(number)
        if self._failure is not None and ENDPOINT.match(text):
            self.lines[self._failure] += f"\n{text.rstrip()}"
            return
        self._failure = None
        if not self._known or not text.strip():
            return
        if "service connection failed" in text or "Could not speak message" in text:
            self._failure = number
        elif re.match(r" {1,4}ERROR {2}", text):
            self._overview = number
        elif self._overview is not None and FRAME.search(text):
            if number - self._overview <= NEAR:
                self.crashes.append(self._overview)
            self._overview = None
        self.lines[number] = text


def _events(screen: _Screen) -> pl.DataFrame:
    found = pl.DataFrame(
        {"line": list(screen.lines), "message": list(screen.lines.values())},
        schema={"line": pl.UInt32, "message": pl.String},
    )
    crashes = found.filter(pl.col("line").is_in(screen.crashes))
    # one death prints several lines: the one that says most of it
    deaths = [match_patterns(found, TRAILER), match_patterns(crashes, [OVERVIEW])]
    death = pl.concat([*deaths, match_patterns(found, [LAST_GCS])], how="diagonal").head(1)
    is_client = any(NAMED.search(text) for text in screen.lines.values())
    death = death.with_columns(component=pl.lit("claude-code" if is_client else None, dtype=pl.String))
    events = pl.concat([death, match_patterns(found, SPOKEN)], how="diagonal")
    if "local_text" not in events.columns:
        events = events.with_columns(local_text=pl.lit(None, dtype=pl.String))
    return events.with_columns(
        local_ts=pl.col("local_text").str.to_datetime("%Y-%m-%d %H:%M:%S,%3f", strict=False).cast(LOCAL),
        message=pl.when(pl.col("kind") == EventKind.SESSION_META.value)
        .then(pl.format("Claude Code {}", "message"))
        .otherwise(pl.col("message").str.strip_chars()),
        ordinal=pl.lit(0, dtype=pl.UInt16),
        ts_quality=pl.lit(TsQuality.MISSING.value),
    ).drop("local_text")
