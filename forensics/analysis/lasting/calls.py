"""The calls of tools as spans: each from its record to that of its answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from forensics.analysis.lasting.clock import OneClock
from forensics.analysis.lasting.lives import answered_state
from forensics.analysis.lasting.spans import MAIN, Sort, Span, State, records
from forensics.schema import ANSWERS, CALLS, Row
from forensics.session.model.case import Case


def tool_spans(case: Case, clock: OneClock) -> Iterator[Span]:
    """Yield the calls that have an id; one without an answer may last as long as its agent's records."""
    told = ("event_id", "agent_id", "tool", "message", "kind", "correlation_id")
    calls = case.of(*CALLS).filter(pl.col("correlation_id").is_not_null())
    answers = case.of(*ANSWERS).select(
        "correlation_id", answered=clock.column, answer="event_id", answer_status="status"
    )
    answered = _first(calls.select(*told, called=clock.column)).join(
        _first(answers), on="correlation_id", how="left", maintain_order="left"
    )
    last = dict(case.events.group_by("agent_id").agg(pl.col("ts").max()).iter_rows())
    for row in answered.iter_rows(named=True):
        if row["called"] is not None:
            yield _span(row, clock.told(last.get(row["agent_id"])))


def _span(row: Row, last: datetime | None) -> Span:
    since = row["called"]
    is_open = row["answer"] is None
    return Span(
        sort=Sort.TOOL,
        lane=row["agent_id"] or MAIN,
        name=str(row["tool"] or row["message"] or row["kind"]),
        since=since,
        until=max(since, row["answered"] or last or since),
        state=State.OPEN if is_open else answered_state(row["answer_status"]),
        status=row["answer_status"],
        events=records(row["event_id"], row["answer"]),
    )


def _first(calls: pl.DataFrame) -> pl.DataFrame:
    return calls.unique("correlation_id", keep="first", maintain_order=True)
