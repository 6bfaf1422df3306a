"""Message patterns as data: what a line must contain, what it means, what to take from it.

Patterns change with each release of the programs that write the logs; code should not. Each pattern
names the versions that it was seen in, so that a new release is a new row and not a new branch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def literals(patterns: Sequence[Pattern]) -> list[str]:
    """Return the distinct literals, for one multi-pattern search over all lines."""
    return sorted({p.literal for p in patterns})


def match_patterns(records: pl.DataFrame, patterns: Sequence[Pattern]) -> pl.DataFrame:
    """Return the records that a pattern knows, with ``kind`` and the pattern's columns.

    ``records`` has a ``message`` column and whatever else the caller wants to keep. The first
    pattern that matches a record wins; what no pattern knows is left out.
    """
    rest = records.filter(pl.col("message").str.contains_any(literals(patterns)))
    frames: list[pl.DataFrame] = []
    for pattern in patterns:
        if rest.is_empty():
            break
        known = pl.col("message").str.contains(pattern.literal, literal=True) & pl.col(
            "message"
        ).str.contains(pattern.regex)
        hits = rest.filter(known)
        if hits.is_empty():
            continue
        rest = rest.filter(~known)
        frames.append(_extract(hits, pattern))
    if not frames:
        return records.clear().with_columns(kind=pl.lit(None, dtype=pl.String))
    return pl.concat(frames, how="diagonal")


def _extract(hits: pl.DataFrame, pattern: Pattern) -> pl.DataFrame:
    groups = pl.col("message").str.extract_groups(pattern.regex)
    named = _group_names(pattern.regex)
    if named:
        hits = (
            hits.with_columns(groups.alias("_groups"))
            .with_columns(pl.col("_groups").struct.field(name).alias(name) for name in named)
            .drop("_groups")
        )
    constants = {name: pl.lit(value) for name, value in pattern.columns.items()}
    return hits.with_columns(kind=pl.lit(pattern.kind.value), **constants)


def _group_names(regex: str) -> list[str]:
    return [part.split(">", 1)[0] for part in regex.split("(?<")[1:] if not part.startswith(("=", "!"))]
