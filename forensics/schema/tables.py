"""Giving a table exactly the columns of a schema, and selecting of its rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from forensics.schema.kinds import TRACES, EventKind
from forensics.schema.sources import Source

# one row of a table: what polars yields, and takes
Row = dict[str, Any]


def conform(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """Give ``frame`` exactly the columns of ``schema``: add what is missing as null, cast, order.

    A number that its column cannot hold becomes null: a log may say anything. A kind or source that the
    schema does not know raises, as an unknown column does.
    Raises ``ValueError`` for a column that the schema does not know: a parser's mistake, not a log's.
    """
    unknown = set(frame.columns) - set(schema.names())
    if unknown:
        msg = f"columns that the schema does not know: {sorted(unknown)}"
        raise ValueError(msg)
    return frame.select(
        pl.col(name).cast(dtype, strict=isinstance(dtype, pl.Enum))
        if name in frame.columns
        else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in schema.items()
    )


def empty(schema: pl.Schema) -> pl.DataFrame:
    """Return a table of ``schema`` without rows."""
    return pl.DataFrame(schema=schema)


def is_kind(kinds: Iterable[EventKind]) -> pl.Expr:
    """Select the events of these kinds."""
    return pl.col("kind").is_in([k.value for k in kinds])


def is_work() -> pl.Expr:
    """Select what tells that a session was at work: more than the traces of a start, or a list that holds something."""
    holds_items = is_kind((EventKind.TODO_SNAPSHOT,)) & (pl.col("count").fill_null(1) > 0)
    return holds_items | ~is_kind(TRACES)


def is_from(sources: Iterable[Source]) -> pl.Expr:
    """Select the events of these sources."""
    return pl.col("source").is_in([s.value for s in sources])
