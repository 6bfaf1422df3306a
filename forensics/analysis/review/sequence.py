"""What is known to have come after what: nothing is said where the record does not settle it.

Inside a log that one process writes the lines tell; between two logs only times that the records carry themselves,
further apart than two clocks may differ. In a file that is not whole lines may come from several places.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from forensics.schema import Row, TsQuality, is_from
from forensics.session.model.case import Case
from forensics.table.order import ONE_WRITER

APART = timedelta(seconds=1)  # between records of two logs, whose clocks may differ
OWN_TIMES = (TsQuality.EXACT.value, TsQuality.ALIGNED.value)


def after(case: Case, row: Row) -> pl.Expr:
    """Select the records that are known to have come after this one."""
    return _beyond(case, row, later=True)


def before(case: Case, row: Row) -> pl.Expr:
    """Select the records that are known to have come before this one."""
    return _beyond(case, row, later=False)


def _beyond(case: Case, row: Row, *, later: bool) -> pl.Expr:
    is_own_log: pl.Expr = is_from(ONE_WRITER) & (pl.col("file") == row["file"])
    below: pl.Expr = pl.col("line") > row["line"] if later else pl.col("line") < row["line"]
    by_line: pl.Expr = is_own_log & below & pl.lit(row["file"] not in case.excerpts)
    # lines that their own times contradict were put together by somebody, or the clock was set
    for clock in ("ts", "local_ts"):
        if row[clock] is not None:
            agrees = pl.col(clock) >= row[clock] if later else pl.col(clock) <= row[clock]
            by_line &= agrees.fill_null(value=True)
    return by_line | (~is_own_log & _dated(row, later=later))


def _dated(row: Row, *, later: bool) -> pl.Expr:
    if row["ts"] is None or row["ts_quality"] not in OWN_TIMES:
        return pl.lit(value=False)
    own = pl.col("ts_quality").is_in(list(OWN_TIMES))
    by = pl.col("ts") - row["ts"] if later else row["ts"] - pl.col("ts")
    # what one program writes into several files has one clock
    same_clock = pl.col("source") == row["source"]
    moved = pl.when(same_clock).then(by > timedelta(0)).otherwise(by > APART)
    return (own & moved).fill_null(value=False)


def seconds_after(case: Case, first: int, second: int) -> float | None:
    """Return the seconds from one record to a later one; null where one has no time of its own, or is not later."""
    one, other = case.event(first), case.event(second)
    if any(r["ts"] is None or r["ts_quality"] not in OWN_TIMES for r in (one, other)):
        return None
    apart = float((other["ts"] - one["ts"]).total_seconds())
    return apart if apart >= 0 else None
