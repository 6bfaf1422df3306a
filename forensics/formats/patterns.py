"""Message patterns as data: what a line must contain, what it means, what to take from it.

Patterns change with each release of the programs that write the logs; code should not. Each pattern
names the versions that it was seen in, so that a new release is a new row and not a new branch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from forensics.schema import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One message shape.

    ``literal`` is the cheap test, made on every line; ``regex`` (Rust syntax, anchored by the
    pattern itself) runs on what is left, and its named groups are event columns.
    """

    kind: EventKind
    literal: str
    regex: str
    seen: str  # the versions that print it, as measured on recordings
    columns: Mapping[str, str] = field(default_factory=dict)  # constant columns


def any_literal(literals: Iterable[str]) -> str:
    """Return a regular expression that finds any of the literals.

    Rust's engine searches an alternation of plain literals with vector instructions: twice as fast
    over short lines as polars' ``contains_any``.
    """
    return "|".join(pl.escape_regex(literal) for literal in sorted(set(literals)))


def match_patterns(records: pl.DataFrame, patterns: Sequence[Pattern]) -> pl.DataFrame:
    """Return the records that a pattern knows, with ``kind`` and the pattern's columns.

    ``records`` has a ``message`` column and whatever else the caller wants to keep. The first
    pattern that matches a record wins; what no pattern knows is left out.
    """
    rest = records.filter(pl.col("message").str.contains(any_literal(p.literal for p in patterns)))
    frames: list[pl.DataFrame] = []
    for pattern in patterns:
        known = rest.select(pl.col("message").str.contains(pattern.regex)).to_series()
        if known.any():
            frames.append(_extract(rest.filter(known), pattern))
            rest = rest.filter(~known)
    if not frames:
        return records.clear().with_columns(kind=pl.lit(None, dtype=pl.String))
    return pl.concat(frames, how="diagonal")


def _extract(hits: pl.DataFrame, pattern: Pattern) -> pl.DataFrame:
    named = _group_names(pattern.regex)
    if named:
        groups = pl.col("message").str.extract_groups(pattern.regex)
        hits = (
            hits.with_columns(groups.alias("_groups"))
            .with_columns(pl.col("_groups").struct.field(name).alias(name) for name in named)
            .drop("_groups")
        )
    constants = {name: pl.lit(value) for name, value in pattern.columns.items()}
    return hits.with_columns(kind=pl.lit(pattern.kind.value), **constants)


def _group_names(regex: str) -> list[str]:
    return [part.split(">", 1)[0] for part in regex.split("(?<")[1:] if not part.startswith(("=", "!"))]
