"""What every parser promises.

``sniff`` looks at a name and the first 64 KiB and does no I/O. ``parse`` never raises for what a file
says, and accounts for every line: ``lines_understood`` plus the lines of all problems is ``lines_total``,
which is what ``wc -l`` says plus an unterminated last line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from forensics.evidence import Evidence
from forensics.schema import EVENTS, SPAWNS, TODOS, Source, conform, empty

INVALID_UTF8 = "bytes that are not UTF-8 (shown as U+FFFD)"


@dataclass(frozen=True, slots=True)
class Problem:
    """``count`` consecutive lines, from ``line`` on, that could not be understood."""

    line: int
    reason: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What one file says. ``events`` and ``todos`` have the columns of the schema, ids still unset."""

    events: pl.DataFrame = field(default_factory=lambda: empty(EVENTS))
    todos: pl.DataFrame = field(default_factory=lambda: empty(TODOS))
    spawns: pl.DataFrame = field(default_factory=lambda: empty(SPAWNS))
    problems: tuple[Problem, ...] = ()
    lines_total: int
    lines_understood: int


class Parser(Protocol):
    """One log format."""

    source: Source

    def sniff(self, name: str, head: bytes) -> bool:
        """Say whether a file of this name that begins with ``head`` has this format."""
        ...

    def parse(self, evidence: Evidence) -> Parsed:
        """Read the file in bounded batches."""
        ...


def problems_of(lines: Iterable[int], reason: str) -> list[Problem]:
    """Fold line numbers into problems, one for each run of consecutive lines."""
    folded: list[Problem] = []
    for line in sorted(lines):
        last = folded[-1] if folded else None
        if last is not None and line == last.line + last.count:
            folded[-1] = Problem(last.line, reason, last.count + 1)
        else:
            folded.append(Problem(line, reason))
    return folded


def rows(found: Sequence[Mapping[str, object]], schema: pl.Schema) -> pl.DataFrame:
    """Make a table of dictionaries that have some of the columns of ``schema``."""
    return conform(pl.DataFrame(found, schema_overrides=_loose(schema), infer_schema_length=None), schema)


def _loose(schema: pl.Schema) -> dict[str, pl.DataType]:
    """Enums are filled as strings and cast by ``conform``: polars does not take enum values in rows."""
    return {name: pl.String() if isinstance(kind, pl.Enum) else kind for name, kind in schema.items()}


def finish(
    frames: Sequence[pl.DataFrame],
    source: Source,
    problems: Sequence[Problem],
    lines_total: int,
    todos: Sequence[pl.DataFrame] = (),
    spawns: Sequence[pl.DataFrame] = (),
) -> Parsed:
    """Put the batches of a file together; what is no problem was understood."""
    return Parsed(
        events=_stack(frames, EVENTS).with_columns(source=pl.lit(source.value, dtype=EVENTS["source"])),
        todos=_stack(todos, TODOS),
        spawns=_stack(spawns, SPAWNS),
        problems=tuple(sorted(problems, key=lambda p: (p.line, p.reason))),
        lines_total=lines_total,
        lines_understood=lines_total - sum(p.count for p in problems),
    )


def _stack(frames: Sequence[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    return pl.concat([conform(f, schema) for f in frames]) if frames else empty(schema)
