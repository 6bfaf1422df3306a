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
from forensics.evidence.text import shown, to_lines
from forensics.formats.base import Parsed
from forensics.formats.claude.console_lines import ANSWERED_BY_FAILURE, BANNER, KNOWN, PLAIN, SPOKEN
from forensics.formats.claude.witnesses import Death, Said, Witness, deaths_in
from forensics.formats.claude.witnesses.death import CLIENT_FRAME, CLIENT_NAME
from forensics.formats.claude.witnesses.sentences import death_in
from forensics.formats.patterns import match_patterns
from forensics.formats.reading import elapsed_ms, finish, problems_of, rows
from forensics.schema import EVENTS, LOCAL, EventKind, Source, TsQuality

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
        BANNER.replace("?<", "?P<"),
        r"^\s*(?:⎿\s+)?[A-Z]\w+(?::\S+)? hook (?:\[.*\] failed: |timed out after \d|error: )",
        r"^(?:Error: )?Reached max turns \(\d+\)\s*$|^(?:Error: )?Exceeded USD budget \(|\AExecution error\s*\Z",
        r"^\s*panic(?:\([^)]*\))?: |^oh no: Bun has crashed",
    )
)
# how a file is called that holds a run's standard error: in it a death needs no name to be worth reading
CAPTURED = re.compile(r"(?i)(?:^|[/._\-])stderr(?:[._\-][^/]*)?$|\.err$")
TOP = 12  # lines of a capture in which the client's banner stands, if it begins with one
LINE = re.compile(KNOWN)
FRAME = re.compile(CLIENT_FRAME)
NAMED = re.compile(
    rf"{CLIENT_FRAME}|\(Claude Code\)|^(?:\S*[$%>#] ?)?claude\b|^\s*[⏺●⎿※❯]|{BANNER.replace('?<', '?P<')}|"
    r"^(?:Error: )?Reached max turns|^Execution error|^(?:{ANSWERED_BY_FAILURE})|^\s*[A-Z]\w+ hook \["
)
SPEAKS = re.compile(
    r"^(?:[⏺●❯※]|[>✻✢·*]) ?\S|^❯\s*$"
)  # behind which the client's screen indents what belongs to it
COMMAND = re.compile(r"^(?:\S+@\S+[:~ ]\S*\s?|\S*)[$%#] (?P<command>\S.*)$")
BANNERED = re.compile(BANNER.replace("?<", "?P<"))
ENDPOINT = re.compile(r"\s+- https?://")
WRAPPED = re.compile(r"\s{5,}\S")  # what did not fit into a line of the screen
WRITTEN = frozenset({".md", ".rst", ".html", ".py", ".js", ".ts", ".sh", ".json", ".jsonl", ".csv", ".toml"})
SHORT = 6  # lines of what a shell shows of one headless run: its command, its answer, the exit code
ANSWERED = re.compile(ANSWERED_BY_FAILURE)
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
        said = [*enumerate(lines, 1)]
        deaths = deaths_in(said)
        captured = bool(deaths) and CAPTURED.search(place) is not None
        answered = len(lines) <= SHORT and any(ANSWERED.match(line) for line in lines)
        marked = captured or answered or any(mark.search(text) for mark in MARKS)
        if not (marked or any(d.is_client for d in deaths)):
            return False
        if answered or any(BANNERED.match(line) for line in lines[:TOP]):
            return True
        screen = _Screen()
        for number, line in said:
            screen.show(number, line)
        return len(screen.unknown) <= (1 - LEAST) * len(lines)

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


def _events(screen: _Screen) -> pl.DataFrame:
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
    dead = [row for death in _deaths(screen) for row in death.rows()]
    taken = [row["line"] for row in dead]
    return pl.concat([rows(dead, EVENTS), told.filter(~pl.col("line").is_in(taken))], how="diagonal_relaxed")


def _deaths(screen: _Screen) -> list[Death]:
    """Return the deaths that the capture tells, each with whose it was."""
    said = screen.said
    deaths = deaths_in(said)
    if not any(death.witness is Witness.RUNTIME for death in deaths):
        deaths += [Death.by_runtime(n, screen.lines[n].strip()) for n in screen.crashes[:1]]
    return [death.named(is_client=_is_clients(death, said)) for death in deaths]


def _is_clients(death: Death, said: list[Said]) -> bool:
    """Say whether the capture names the client: anywhere for a runtime's words, and before all others.

    A shell's word is of what it ran last: nothing of the client's screen stands behind it, and no other command
    between.
    """
    named = [number for number, text in said if NAMED.search(text) and number not in death.lines]
    if death.witness is Witness.RUNTIME:
        return bool(named) or any(FRAME.search(text) for _, text in said)
    if not named or named[0] > death.line or any(number > death.line for number in named):
        return False
    ran = [
        found["command"] for number, text in said if number < death.line and (found := COMMAND.match(text))
    ]
    return not ran or CLIENT_NAME.search(ran[-1]) is not None
