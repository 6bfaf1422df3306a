"""What several formats do with lines: fold problems, make tables of rows, put a file's batches together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl

from forensics.evidence.account import Problem, Reason
from forensics.evidence.file import Evidence
from forensics.formats.base import (
    FIRST_TIME,
    LAST_TIME,
    LONGEST_MS,
    MARKUP,
    TOO_MANY,
    UNSPOKEN_KEPT,
    Parsed,
    T,
)
from forensics.formats.jsonl import JsonLines
from forensics.formats.shapes import Tally, known
from forensics.privacy.redact import cut
from forensics.schema import (
    EVENTS,
    FIRST_NOTE,
    LAST_ORDINAL,
    SPAWNS,
    TODOS,
    EventKind,
    Row,
    Source,
    TsQuality,
    conform,
    empty,
    is_kind,
)


def unspoken(text: object) -> str | None:
    """Return the head of a transcription that is markup or JSON; null for what a person said: it is not kept."""
    if isinstance(text, str) and text.lstrip()[:1] in MARKUP:
        return cut(text.lstrip(), UNSPOKEN_KEPT)
    return None


def problems_of(lines: Iterable[int], reason: Reason) -> list[Problem]:
    """Fold line numbers into problems, one for each run of consecutive lines."""
    return _joined(Problem(line, reason) for line in lines)


def problems_by_reason(bad: Mapping[Reason, Iterable[int]]) -> list[Problem]:
    """Fold the bad lines of each reason into problems."""
    return [problem for reason, lines in bad.items() for problem in problems_of(lines, reason)]


def problems_by_line(bad: Mapping[int, Reason]) -> list[Problem]:
    """Fold bad lines, each with its reason, into problems."""
    by_reason: dict[Reason, list[int]] = {}
    for line, reason in sorted(bad.items()):
        by_reason.setdefault(reason, []).append(line)
    return problems_by_reason(by_reason)


def rows(found: Sequence[Row], schema: pl.Schema) -> pl.DataFrame:
    """Make a table of dictionaries that have some of the columns of ``schema``.

    A value that its column cannot hold (a number of thirty digits) becomes null. Enums are filled as
    strings and cast by ``conform``: polars does not take enum values in rows.
    """
    if not found:
        return empty(schema)
    columns: list[pl.Series] = []
    for name in dict.fromkeys(name for row in found for name in row):
        kind = schema.get(name)
        loose = pl.String() if isinstance(kind, pl.Enum) else kind
        columns.append(pl.Series(name, [row.get(name) for row in found], dtype=loose, strict=False))
    return conform(pl.DataFrame(columns), schema)


def parse_lines(
    evidence: Evidence, source: Source, kind: type[T], shape: Callable[[T], str], row: Callable[[int, T], Row]
) -> Parsed:
    """Read a log of which each line is one record of ``kind``, and one event."""
    lines = JsonLines(evidence, kind)
    tally = Tally(known(source.about.shapes or source.value).shapes)
    found: list[Row] = []
    for number, record in lines:
        tally.see(number, [shape(record)])
        made = row(number, record)
        # two records may have run into one line
        found.append({**made, "ordinal": max(made.get("ordinal") or 0, first_free(number, found))})
    return finish([rows(found, EVENTS)], source, problems_by_reason(lines.bad), lines.total, tally=tally)


def first_free(line: int, *tables: Sequence[Row]) -> int:
    """Return the first ordinal that no event of a line has yet: several records may share a line."""
    return max(
        (table[-1]["ordinal"] + 1 for table in tables if table and table[-1]["line"] == line), default=0
    )


def unread_document(session: str | None, source: Source, reason: Reason, total: int) -> Parsed:
    """Return what stands for a document of a session that could not be read: its session has not seen everything.

    An empty one says nothing, and holds nothing that could not be read.
    """
    if not total:
        return finish([], source, [], total)
    row = {
        "line": 1,
        "ordinal": 0,
        "kind": EventKind.OTHER.value,
        "session_id": session,
        "message": str(reason),
        "ts_quality": TsQuality.MISSING.value,
    }
    return finish([rows([row], EVENTS)], source, [Problem(1, reason, total)], total)


def lines_of_key(data: bytes, key: str) -> list[int]:
    """Return the line of each place where ``key`` stands as a key of a JSON document."""
    found = re.finditer(rb'(?<!\\)"' + key.encode() + rb'"\s*:', data)
    lines, line, at = [], 1, 0
    for place in found:
        line += data.count(b"\n", at, place.start())
        at = place.start()
        lines.append(line)
    return lines


def edge_of(*, is_excerpt: bool) -> tuple[EventKind, int]:
    """Return kind and ordinal of a log's first and last record: where an excerpt begins and stops is no edge."""
    return (EventKind.OTHER, LAST_ORDINAL - 1) if is_excerpt else (EventKind.LOG_EDGE, LAST_ORDINAL)


def elapsed_ms(text: pl.Expr) -> pl.Expr:
    """Turn the client's ``1h 3m 12s``, or ``85ms``, into milliseconds; null stays null."""
    hours, minutes, seconds, rest = (
        text.str.extract(rf"(\d+(?:\.\d+)?){unit}\b").cast(pl.Float64, strict=False).fill_null(0)
        for unit in ("h", "m", "s", "ms")
    )
    return pl.when(text.is_not_null()).then((hours * 3600 + minutes * 60 + seconds) * 1000 + rest)


def finish(
    frames: Sequence[pl.DataFrame],
    source: Source,
    problems: Sequence[Problem],
    lines_total: int,
    todos: Sequence[pl.DataFrame] = (),
    spawns: Sequence[pl.DataFrame] = (),
    *,
    tally: Tally | None = None,
) -> Parsed:
    """Put the batches of a file together; what is no problem was understood."""
    events = _dated(_stack(frames, EVENTS)).with_columns(source=pl.lit(source.value, dtype=EVENTS["source"]))
    is_edge = (pl.col("ordinal") >= LAST_ORDINAL - 1) & is_kind((EventKind.LOG_EDGE, EventKind.OTHER))
    kept = (pl.col("ordinal") < FIRST_NOTE) | is_edge
    cut = events.filter(~kept.fill_null(value=False))["line"].unique().to_list()
    known = [range(p.line, p.line + p.count) for p in problems]
    every = [*problems, *problems_of((n for n in cut if not any(n in r for r in known)), TOO_MANY)]
    return Parsed(
        events=events.filter(kept) if cut else events,
        todos=_stack(todos, TODOS),
        spawns=_stack(spawns, SPAWNS),
        problems=tuple(sorted(_joined(every), key=lambda p: (p.line, p.reason))),
        lines_total=lines_total,
        lines_understood=lines_total - sum(p.count for p in every),
        records=events.height if tally is None else tally.records,
        unknown=() if tally is None else tally.unknown,
    )


def _joined(problems: Iterable[Problem]) -> list[Problem]:
    """Join neighbours of one reason: where a batch ended is no business of the account."""
    joined: list[Problem] = []
    for problem in sorted(problems, key=lambda p: (p.reason, p.line)):
        last = joined[-1] if joined else None
        if last is not None and (last.reason, last.line + last.count) == (problem.reason, problem.line):
            joined[-1] = Problem(last.line, last.reason, last.count + problem.count)
        else:
            joined.append(problem)
    return joined


def _dated(events: pl.DataFrame) -> pl.DataFrame:
    """Take away times that cannot be meant."""
    is_sane = pl.col("ts").is_between(FIRST_TIME, LAST_TIME)
    local = pl.col("local_ts")
    return events.with_columns(
        duration_ms=pl.when(pl.col("duration_ms").is_between(0, LONGEST_MS)).then("duration_ms"),
        ts=pl.when(is_sane).then("ts"),
        ts_quality=pl.when(is_sane)
        .then("ts_quality")
        .otherwise(pl.lit(TsQuality.MISSING.value, dtype=EVENTS["ts_quality"])),
        local_ts=pl.when(local.dt.replace_time_zone("UTC").is_between(FIRST_TIME, LAST_TIME)).then(local),
    )


def _stack(frames: Sequence[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    return pl.concat([conform(f, schema) for f in frames]) if frames else empty(schema)
