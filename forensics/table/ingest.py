"""Files to tables: parse every file, number the events, keep the account of what was read.

An event's id is unique, and the same in whatever order the files are given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import polars as pl

from forensics.evidence.account import InputFile, Remark, Shape, Unread
from forensics.evidence.batch import Batch
from forensics.evidence.custody import Custody
from forensics.evidence.discover import Found
from forensics.evidence.file import Evidence
from forensics.evidence.likeness import like_ours, placed_like_ours
from forensics.evidence.progress import Meter, Phase, Progress
from forensics.formats import Parsed, parser_for
from forensics.formats.reading import rows
from forensics.privacy.redact import redact, redact_columns
from forensics.schema import EVENTS, SPAWNS, TODOS, EventKind, Source, empty, is_kind
from forensics.schema.event_ids import ids_in
from forensics.schema.families import families_of
from forensics.table.given_times import GivenTimes
from forensics.table.notes.contradictions import contradictions_in
from forensics.table.notes.credentials import Scanner
from forensics.table.notes.damage import damage_in
from forensics.table.notes.long_lines import LongLines
from forensics.table.notes.missed import missed_in

# another program's record: a level in small letters, behind the server's name
DESKTOP = re.compile(
    rb"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?:\[[^\]\n]+\] )?\[(?:info|warn|error|debug)\] "
)
OTHER_PROGRAM = "a log of Claude Desktop (mcp-server-*.log), which is another program than Claude Code"
STREAM = "stdin"
PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh", b"\x28\xb5\x2f\xfd")  # how packed files begin
# a record of an unknown shape is more than these say of it
UNTOLD = (
    EventKind.OTHER,
    EventKind.LOG_EDGE,
    EventKind.CLOCK_ANCHOR,
    EventKind.CLIENT_ERROR,
    EventKind.SESSION_META,
    EventKind.USER_PROMPT,
    EventKind.ASSISTANT_MESSAGE,
    EventKind.TOOL_CALL,
    EventKind.TOOL_RESULT,
    EventKind.VOICE_EVENT,
)
IDS = ("session_id", "agent_id", "target_agent_id", "correlation_id", "message_id", "record_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """All files together: ``events.file`` is an index into ``inputs``."""

    inputs: tuple[InputFile, ...]
    unread: tuple[Unread, ...]
    events: pl.DataFrame
    todos: pl.DataFrame
    spawns: pl.DataFrame
    custody: Custody
    notes: tuple[Remark, ...] = ()


def ingest(found: Found, progress: Progress | None = None) -> Ingested:
    """Parse the files; one that vanishes or fails while it is read becomes an unread file."""
    inputs: list[InputFile] = []
    unread = list(found.unread)
    told: list[Remark] = []
    tables: dict[str, list[pl.DataFrame]] = {"events": [], "todos": [], "spawns": []}
    meter = Meter(progress, Phase.READING, sum(e.size for e in found.files))
    for evidence in sorted(found.files, key=lambda e: (e.sha256, e.name, e.place)):
        meter.begin(evidence.name, evidence.size)
        parser = parser_for(evidence.place, evidence.head)
        if parser is None:
            unread.append(_unknown(evidence))
            continue
        scanner, given, long = Scanner(), GivenTimes(), LongLines()
        try:
            parsed = parser.parse(
                replace(evidence, watch=_watched(meter, scanner.look, given.look, long.look))
            )
        except OSError as error:
            why = f"cannot be read: {error.strerror or error}"
            unread.append(Unread(evidence.name, why, placed_like_ours(evidence.place)))
            continue
        if parsed.silent is not None:
            likeness = like_ours(evidence.place, evidence.head)
            unread.append(Unread(evidence.name, parsed.silent, likeness))
            continue
        rank = len(inputs)
        parsed = long.told_in(parsed)
        dated, remarks = given.given_to(parsed.events, rank)
        parsed = replace(parsed, events=dated)
        told += [*_said_of(evidence, rank), *remarks, *contradictions_in(parsed, rank)]
        notes = rows([*damage_in(parsed), *scanner.rows], EVENTS).with_columns(source=_source(parser.source))
        tables["events"].append(_numbered(notes, rank))
        for name, frames in tables.items():
            table: pl.DataFrame = getattr(parsed, name)
            frames.append(_numbered(table, rank))
        inputs.append(
            InputFile(
                evidence=evidence,
                source=parser.source,
                lines_total=parsed.lines_total,
                lines_understood=parsed.lines_understood,
                problems=parsed.problems,
                records=parsed.records,
                unknown=_with_families(parsed, parser.source),
                places=parsed.places,
                missed=missed_in(evidence, parsed),
            )
        )
    return Ingested(
        inputs=tuple(inputs),
        unread=tuple(sorted(unread, key=lambda u: u.name)),
        events=_without_secret_ids(redact_columns(_concat(tables["events"], EVENTS), *_texts(EVENTS))),
        todos=redact_columns(_concat(tables["todos"], TODOS), *_texts(TODOS)),
        spawns=redact_columns(_concat(tables["spawns"], SPAWNS), *_texts(SPAWNS)),
        notes=tuple(told),
        custody=found.custody,
    )


def _with_families(parsed: Parsed, source: Source) -> tuple[Shape, ...]:
    """Say of each unknown shape what it is about. One that was read as a happening all the same hides nothing."""
    if not parsed.unknown:
        return ()
    read: dict[int, list[int]] = {}
    for line, ordinal in parsed.events.filter(~is_kind(UNTOLD)).select("line", "ordinal").iter_rows():
        read.setdefault(line, []).append(ordinal)
    return tuple(
        replace(
            s,
            text=redact(s.text),
            families=families_of(s.text, source) if s.lacks or not _is_read(s, parsed, read) else (),
        )
        for s in parsed.unknown
    )


def _is_read(shape: Shape, parsed: Parsed, read: Mapping[int, Sequence[int]]) -> bool:
    """Say whether a happening was read of the record itself, and not of another one in its line."""
    behind = [first for first, _ in parsed.places.get(shape.line, ()) if first > shape.ordinal]
    return any(shape.ordinal <= n < min(behind, default=n + 1) for n in read.get(shape.line, ()))


def _watched(meter: Meter, *watchers: Callable[[Batch], None]) -> Callable[[Batch], None]:
    def look(batch: Batch) -> None:
        meter.take(len(batch.data))
        for watcher in watchers:
            watcher(batch)

    return look


def _said_of(evidence: Evidence, rank: int) -> Iterator[Remark]:
    """Say what was done to a file's bytes before they were read."""
    if evidence.encoding is not None:
        text = (
            f"{evidence.name} is {evidence.encoding} text: it was read as UTF-8. Lines are those of the file, hashes "
            "and offsets those of the UTF-8 text"
        )
        yield Remark(text, ((rank, 1),))


def _source(source: Source) -> pl.Expr:
    return pl.lit(source.value, dtype=EVENTS["source"])


def _texts(schema: pl.Schema) -> list[str]:
    """Name the columns that hold words of a log: every text but the ids, which only join."""
    return [name for name, kind in schema.items() if kind == pl.String and not name.endswith(("_id", "_sha"))]


def _without_secret_ids(events: pl.DataFrame) -> pl.DataFrame:
    """Put a digest for an id that is a secret: it is printed, and has to join."""
    changed = {}
    for name in IDS:
        ids = events.select(name, was=name).drop_nulls().unique()
        secret = redact_columns(ids, name).filter(pl.col(name) != pl.col("was"))["was"].to_list()
        digests = {value: f"redacted:{sha256(value.encode()).hexdigest()[:12]}" for value in secret}
        if digests:
            changed[name] = pl.col(name).replace(digests)
    return events.with_columns(**changed)


def _numbered(table: pl.DataFrame, rank: int) -> pl.DataFrame:
    return table.with_columns(file=pl.lit(rank, dtype=pl.UInt32), event_id=ids_in(rank))


def _concat(frames: Sequence[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    return pl.concat([f.cast(schema) for f in frames]) if frames else empty(schema)


def _unknown(evidence: Evidence) -> Unread:
    """Say why no format knows a file. That it looks like one of ours is no matter where it is known to be another's."""
    why = _why_unknown(evidence)
    return Unread(
        evidence.name, why, None if why == OTHER_PROGRAM else like_ours(evidence.place, evidence.head)
    )


def _why_unknown(evidence: Evidence) -> str:
    if evidence.size == 0:
        return "empty file"
    if evidence.name == STREAM and evidence.head.startswith(PACKED):
        return "packed; give it as a file"
    if b"\0" in evidence.head:
        return "binary file"
    if DESKTOP.search(evidence.head):
        return OTHER_PROGRAM
    return "not a log of a known kind"
