"""The times that a job's log or a driver puts before each line: those of records that have none of their own.

Such a time says when a line was printed. A log that was printed when all was over, by a step that shows a file, has
times that say nothing of its records: records that carry a time of their own, or say how long the run took, tell.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from forensics.evidence.account import Remark
from forensics.evidence.batch import Batch
from forensics.schema import EVENTS, UTC, EventKind, TsQuality

LATE = timedelta(minutes=2)  # a line that was printed so long after its record was not printed as it happened
LEAST_SHARE = 0.5  # of the time that a run took its lines must have come over,
SHORT = timedelta(seconds=10)  # unless it is by less than this that they came over less


class GivenTimes:
    """The times before the lines of one file."""

    def __init__(self) -> None:
        self._lines: list[int] = []
        self._times: list[datetime] = []

    def look(self, batch: Batch) -> None:
        """Keep the times of a batch's lines."""
        if batch.times:
            for line, time in zip(batch.numbered(len(batch.times)), batch.times, strict=True):
                if time is not None:
                    self._lines.append(line)
                    self._times.append(time)

    def given_to(self, events: pl.DataFrame, file: int) -> tuple[pl.DataFrame, list[Remark]]:
        """Return the events of a file with these times where they have none, and what is to be said of it."""
        undated = events.filter(pl.col("ts").is_null())
        if not self._lines or undated.is_empty():
            return events, []
        known = pl.DataFrame(
            {"line": self._lines, "given": self._times}, schema={"line": pl.UInt32, "given": UTC}
        )
        told = events.join(known.unique("line", keep="first"), on="line", how="left", maintain_order="left")
        if (late := _printed_late(told)) is not None:
            text = (
                "The times before the lines of this log are those of its printing, and not of its records: "
                "they are not used"
            )
            return events, [Remark(text, ((file, late),))]
        takes = pl.col("ts").is_null() & pl.col("given").is_not_null()
        quality = pl.lit(TsQuality.ALIGNED.value, dtype=EVENTS["ts_quality"])
        dated = told.with_columns(
            ts=pl.coalesce("ts", "given"), ts_quality=pl.when(takes).then(quality).otherwise("ts_quality")
        )
        return dated.drop("given"), []


def _printed_late(told: pl.DataFrame) -> int | None:
    """Return a line that shows that the log was printed when all was over."""
    own = told.select("line", late=pl.col("given") - pl.col("ts")).drop_nulls().sort("late")
    if not own.is_empty() and abs(own["late"][own.height // 2]) > LATE:
        return int(own["line"][own.height // 2])
    ends = told.filter((pl.col("kind") == EventKind.RESULT.value) & pl.col("given").is_not_null())
    for line, given, took in ends.select("line", "given", "duration_ms").iter_rows():
        came = told.filter(pl.col("line") <= line)["given"].min()
        if took is not None and isinstance(came, datetime):
            lasted = timedelta(milliseconds=took)
            if lasted - (given - came) > max(SHORT, LEAST_SHARE * lasted):
                return int(line)
    return None
