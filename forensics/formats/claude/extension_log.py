"""What the VS Code extension writes of the client that it runs: ``Claude VSCode.log``, and lines in ``exthost.log``.

A line is the extension's own, in local time; behind ``From claude:`` stands a chunk of what the client printed,
records of its debug log and stderr, on as many lines as it had. Those records carry UTC, and so prove the zone of
the lines around them. How the client's process ended stands in the extension's own errors.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl

from forensics.evidence.account import INVALID_UTF8
from forensics.evidence.file import Evidence
from forensics.evidence.text import TextLines
from forensics.formats.base import NO_RECORD, Parsed
from forensics.formats.claude.debug_records import events_in, is_record, strange_records
from forensics.formats.claude.witnesses import Said, Witness, deaths_in
from forensics.formats.claude.witnesses.sentences import death_in
from forensics.formats.reading import finish, problems_of, rows
from forensics.formats.shapes import Tally
from forensics.formats.times import parse_time
from forensics.privacy.redact import cut
from forensics.schema import DEATHS, EVENTS, EventKind, Level, Row, Source, TsQuality

TIME = r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})"
LINE = re.compile(rf"^{TIME} \[(?P<level>trace|debug|info|warning|warn|error)\] (?P<message>.*)$")
OF_CLIENT = re.compile(
    rb"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \[\w+\] .*"
    rb"(?:From claude: |\bClaude (?:Code process|on channel|\(on channel)|\b(?:Spawning|Launching|Closing) Claude\b)"
)
CHUNK = re.compile(r"^From claude: ?(?P<said>.*)$")
STARTS = re.compile(r"^(?:Spawning|Launching) Claude\b")
UTC_TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6})Z ")
STARTUP = re.compile(r"^(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) \[\w+\] \[STARTUP\] ")
LAUNCH, LAST_LINE = EventKind.SESSION_START.value, 2**32
LEVELS = {"error": Level.ERROR, "warning": Level.WARNING, "warn": Level.WARNING}
QUARTER = timedelta(minutes=15)  # every zone's offset is a multiple of it
WIDEST = timedelta(hours=14)
TEXT_KEPT = 400


@dataclass(frozen=True, slots=True)
class _Own:
    """One line of the extension's."""

    line: int
    local: datetime
    level: str
    message: str


class ExtensionLog:
    """The parser of one log of the extension's."""

    source = Source.EXTENSION_LOG

    def sniff(self, place: str, head: bytes) -> bool:  # noqa: ARG002 - the content tells
        """Recognise the extension's log by a line of its own form that speaks of the client."""
        return OF_CLIENT.search(head) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Take the client's lines out of the extension's, and read both."""
        log, lines = _Log(), TextLines(evidence)
        for number, text in lines:
            log.take(number, text)
        tally = Tally()
        wrapped = _of_client(log.chunks, tally)
        own_events = [*_own_events(log), *_printed(log)]
        own = rows([*own_events, *_started_again(log, own_events)], EVENTS)
        strays = sorted({*log.strays}.difference(lines.damaged))
        problems = [*problems_of(strays, NO_RECORD), *problems_of(lines.damaged, INVALID_UTF8)]
        parsed = finish([own, wrapped], self.source, problems, lines.total, tally=tally)
        # the client's records are those of its debug log: rules ask for either in one way
        from_client = pl.lit(Source.CLAUDE_DEBUG.value, dtype=EVENTS["source"])
        is_wrapped = pl.col("line").is_in(wrapped["line"].implode())
        source = pl.when(is_wrapped).then(from_client).otherwise("source")
        return replace(parsed, events=parsed.events.with_columns(source=source))


class _Log:
    """The lines of a log, told apart: the extension's, and those that the client printed."""

    def __init__(self) -> None:
        self.own: list[_Own] = []
        self.chunks: list[Said] = []
        self.strays: list[int] = []
        self.pairs: list[tuple[int, timedelta]] = []  # a line, and how far its clock is from UTC
        self._in_chunk = False

    def take(self, number: int, text: str) -> None:
        """Take one line: one without a time of its own continues what stands above it."""
        found = LINE.match(text)
        if found is None:
            if self._in_chunk:
                self.chunks.append((number, text))
            elif not self.own and text.strip():
                self.strays.append(number)
            return
        local = _moment(found["time"])
        chunk = CHUNK.match(found["message"])
        self._in_chunk = chunk is not None
        if local is None:
            self.strays.append(number)
        elif chunk is None:
            self.own.append(_Own(number, local, found["level"], found["message"]))
        else:
            self.chunks.append((number, chunk["said"]))
            offset = _offset(local, chunk["said"])
            self.pairs += [(number, offset)] if offset is not None else []

    def utc(self, said: _Own) -> datetime | None:
        """Return a line's time in UTC, by the nearest record of the client's; null where there is none."""
        if not self.pairs:
            return None
        at = bisect_left(self.pairs, (said.line, -WIDEST))
        near = min(self.pairs[max(0, at - 1) : at + 1], key=lambda pair: abs(pair[0] - said.line))
        return (said.local - near[1]).replace(tzinfo=UTC)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _offset(local: datetime, said: str) -> timedelta | None:
    """Return how far local time is from the UTC of the record in it: a chunk is logged as it comes."""
    found = UTC_TIME.match(said)
    written = _moment(found[1]) if found else None
    if written is None:
        return None
    offset = round((local - written) / QUARTER) * QUARTER
    return offset if abs(offset) <= WIDEST else None


def _of_client(chunks: list[Said], tally: Tally) -> pl.DataFrame:
    """Return the events of the client's own records."""
    lines = pl.DataFrame(chunks, schema={"line": pl.UInt32, "text": pl.String}, orient="row").with_columns(
        damaged=False
    )
    tally.add_texts(*strange_records(lines))
    return events_in(lines, lines.clear().select("line", "text"), ())


def _own_events(log: _Log) -> Iterator[Row]:
    """Yield what the extension says itself: that it starts the client, its errors, how the process ended."""
    for said in log.own:
        moment = log.utc(said)
        base: Row = {
            "line": said.line,
            "ordinal": 0,
            "ts": moment,
            "ts_quality": (TsQuality.ALIGNED if moment else TsQuality.MISSING).value,
            "message": cut(said.message, TEXT_KEPT),
        }
        death = death_in(said.line, said.message)
        if death is not None and death.is_client:
            quality = {name: base[name] for name in ("ts", "ts_quality")}
            yield from replace(death, witness=Witness.HOST).rows(quality)
        elif STARTS.match(said.message):
            yield base | {"kind": EventKind.SESSION_START.value, "status": "spawned"}
        elif said.level in LEVELS:
            yield base | {"kind": EventKind.CLIENT_ERROR.value, "level": LEVELS[said.level].value}


def _started_again(log: _Log, own: Sequence[Row]) -> Iterator[Row]:
    """Yield the first start that the client itself logs behind a death, where the extension logs no launch."""
    deaths = {kind.value for kind in DEATHS}
    marks = [(row["line"], row["kind"] in deaths) for row in own if row["kind"] in (*deaths, LAUNCH)]
    starts = {number: found["time"] for number, text in log.chunks if (found := STARTUP.match(text))}
    for line, following in pairwise((*sorted(marks), (LAST_LINE, False))):
        begun = next((number for number in starts if line[0] < number < following[0]), None)
        if line[1] and begun is not None:
            moment = parse_time(starts[begun])
            yield {
                "line": begun,
                "ordinal": 50,
                "ts": moment,
                "ts_quality": (TsQuality.EXACT if moment else TsQuality.MISSING).value,
                "kind": LAUNCH,
                "status": "spawned",
                "message": "the client starts",
            }


def _printed(log: _Log) -> Iterator[Row]:
    """Yield the deaths that the client printed itself, on lines that are no records."""
    lines = pl.DataFrame(log.chunks, schema={"line": pl.UInt32, "text": pl.String}, orient="row")
    for death in deaths_in(lines.filter(~is_record()).rows()):
        if death.is_client is not False:
            yield from death.named(is_client=True).rows()
