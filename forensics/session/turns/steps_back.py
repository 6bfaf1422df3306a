"""Logs of one writer that go back in time: their clock was set, or records stand in the wrong place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from forensics.session.model.case import Case
from forensics.table.order import clock_steps


@dataclass(frozen=True, slots=True)
class StepsBack:
    """The records of one log that are earlier than the one above them."""

    file: int
    source: str
    line: int  # of the first of them
    events: tuple[int, int]  # the record above the first of them, and that one
    times: int
    most_s: float


def records_out_of_order(case: Case) -> Iterator[StepsBack]:
    """Yield the logs in which records are late: those behind them go on as before."""
    yield from _steps_back(case, late=True)


def clocks_set_back(case: Case) -> Iterator[StepsBack]:
    """Yield the logs whose clock goes back, and goes on from there."""
    yield from _steps_back(case, late=False)


def _steps_back(case: Case, *, late: bool) -> Iterator[StepsBack]:
    """Yield one for each log. Where lines between others are missing, their order says nothing."""
    whole = case.events.filter(~pl.col("file").is_in(list(case.sifted)))
    steps = clock_steps(whole, case.excerpts).filter(pl.col("is_late") == late)
    for part in steps.partition_by("file", maintain_order=True):
        first = part.row(0, named=True)
        yield StepsBack(
            file=first["file"],
            source=case.event(first["event_id"])["source"],
            line=first["line"],
            events=(first["above_id"], first["event_id"]),
            times=part.height,
            most_s=part["step"].max().total_seconds(),  # type: ignore[union-attr]
        )
