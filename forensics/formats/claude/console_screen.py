"""The lines that a terminal, a step of a job or a headless run shows: what belongs together, and what they tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from forensics.formats.claude.api_failures import status_in
from forensics.formats.claude.console_lines import BANNER, KNOWN, OUTPUT, PLAIN, SHOWN, SPOKEN
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
OWN = re.compile(rf"{BANNER.replace('?<', '?P<')}|^\s*[⏺●⎿※]")  # nobody but the client shows these
ENDPOINT = re.compile(r"\s+- https?://")
WRAPPED = re.compile(r"\s{5,}\S")  # what did not fit into a line of the screen
WIDE = 1000  # no terminal's line is longer
LAST_LINE = 2**32 - 1
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
        self.begun: int | None = None  # where the client's screen begins
        self._talks = False  # what is indented belongs to what the screen says above

    def show(self, number: int, text: str) -> None:
        """Take one line."""
        text = text[:WIDE]
        is_line = LINE.match(text) is not None or death_in(number, text) is not None
        if self.begun is None and OWN.match(text):
            self.begun = number
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
    for name in ("status", "component", "local_text", "elapsed"):
        if name not in spoken.columns:
            spoken = spoken.with_columns(pl.lit(None, dtype=pl.String).alias(name))
    told = spoken.with_columns(
        is_output=pl.col("message").str.contains(OUTPUT),
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
    told = _failures(told.filter(~pl.col("line").is_in(taken)))
    asked = pl.col("kind") == EventKind.USER_PROMPT.value
    told = told.filter(~asked | pl.col("line").is_between(screen.begun or 0, min(taken, default=LAST_LINE)))
    return pl.concat([rows(dead, EVENTS), told], how="diagonal_relaxed")


def _failures(told: pl.DataFrame) -> pl.DataFrame:
    """Give failed requests the form that they have in a conversation; where one is a run's output, it is its end."""
    failed = pl.col("kind") == EventKind.API_ERROR.value
    bare = pl.col("message").str.replace(SHOWN, "")
    status = bare.map_elements(status_in, return_dtype=pl.String)
    told = told.with_columns(
        message=pl.when(failed).then(bare).otherwise("message"),
        status=pl.when(failed).then(status).otherwise("status"),
    )
    ends = told.filter(failed & (pl.col("component") == "final") & pl.col("is_output")).with_columns(
        kind=pl.lit(EventKind.RESULT.value),
        status=pl.lit("error"),
        component=pl.lit(None, dtype=pl.String),
        ordinal=pl.lit(1, dtype=pl.UInt16),
    )
    return pl.concat([told, ends], how="diagonal_relaxed").drop("is_output")
