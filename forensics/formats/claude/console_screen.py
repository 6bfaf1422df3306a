"""The lines that a terminal, a step of a job or a headless run shows: what belongs together, and what they tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from forensics.formats.claude.console_lines import KNOWN, PLAIN, SPOKEN
from forensics.formats.claude.witnesses import Death, Said
from forensics.formats.claude.witnesses.death import CLIENT_FRAME
from forensics.formats.claude.witnesses.sentences import death_in
from forensics.formats.patterns import match_patterns
from forensics.formats.reading import elapsed_ms, rows
from forensics.schema import EVENTS, LOCAL, EventKind, TsQuality

LINE = re.compile(KNOWN)
FRAME = re.compile(CLIENT_FRAME)
SPEAKS = re.compile(
    r"^(?:[⏺●❯※]|[>✻✢·*]) ?\S|^❯\s*$"
)  # behind which the client's screen indents what belongs to it
ENDPOINT = re.compile(r"\s+- https?://")
WRAPPED = re.compile(r"\s{5,}\S")  # what did not fit into a line of the screen
WIDE = 1000  # no terminal's line is longer
NEAR = 4  # lines below ink's message, one names the place


class Screen:
    """The lines of a capture, and what belongs together in them."""

    def __init__(self) -> None:
        self.lines: dict[int, str] = {}
        self.said: list[Said] = []  # all that is no blank line, understood or not
        self.unknown: list[int] = []
        self.crashes: list[int] = []  # ink's messages that name a place in the client
        self._failure: int | None = None  # the voice failure whose endpoints are being listed
        self._overview: int | None = None
        self._known = False
        self._talks = False  # what is indented belongs to what the screen says above

    def show(self, number: int, text: str) -> None:
        """Take one line."""
        text = text[:WIDE]
        is_line = LINE.match(text) is not None or death_in(number, text) is not None
        is_talk = SPEAKS.match(text) is not None
        self._talks = is_talk or (self._talks and (not text.strip() or text.startswith("  ")))
        self._known = is_line or self._talks or (self._known and WRAPPED.match(text) is not None)
        if not self._known:
            self.unknown.append(number)
        if text.strip():
            self.said.append((number, text))
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


def told_on(screen: Screen, deaths: Sequence[Death]) -> pl.DataFrame:
    """Return the events that a screen tells, and these deaths among them."""
    found = pl.DataFrame(
        {"line": list(screen.lines), "message": list(screen.lines.values())},
        schema={"line": pl.UInt32, "message": pl.String},
    )
    spoken = match_patterns(found, [*PLAIN, *SPOKEN])
    for name in ("status", "local_text", "elapsed"):
        if name not in spoken.columns:
            spoken = spoken.with_columns(pl.lit(None, dtype=pl.String).alias(name))
    told = spoken.with_columns(
        local_ts=pl.col("local_text").str.to_datetime("%Y-%m-%d %H:%M:%S,%3f", strict=False).cast(LOCAL),
        duration_ms=elapsed_ms(pl.col("elapsed")),
        message=pl.when(pl.col("kind") == EventKind.SESSION_META.value)
        .then(pl.format("Claude Code {}", "status"))
        .otherwise(pl.col("message").str.strip_chars()),
        ordinal=pl.lit(0, dtype=pl.UInt16),
        ts_quality=pl.lit(TsQuality.MISSING.value),
    ).drop("local_text", "elapsed")
    dead = [row for death in deaths for row in death.rows()]
    taken = [row["line"] for row in dead]
    return pl.concat([rows(dead, EVENTS), told.filter(~pl.col("line").is_in(taken))], how="diagonal_relaxed")
