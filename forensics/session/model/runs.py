"""The lives of the client's process in one session, each with an end of its own.

A session that is resumed or continued keeps its id: what its first process left open, the second one may close or
cover up. So each process's end is judged from what was written before the next one began. The session's verdict is
that of its last run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from forensics.schema import DEATHS, Row, Source, is_from, is_kind
from forensics.schema import EventKind as K
from forensics.session.model.agents import AgentLife
from forensics.session.model.ending import ORDERLY, Ending, judge_ending
from forensics.session.model.run_starts import launches, run_starts

CHANNEL = r"\bchannel:? (\w+)"  # the editor's name of one conversation


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process's life: what told its start (null for the first), from when, and how it ended."""

    begun_by: int | None
    since: datetime | None
    ending: Ending


def runs_of(
    events: pl.DataFrame, agents: Sequence[AgentLife], excerpts: frozenset[int] = frozenset()
) -> tuple[Run, ...]:
    """Return a session's runs in order, at least one. ``events`` are one session's, sorted by time."""
    launched = launches(events)
    if launched:
        return tuple(_hosted(launched, events, agents, excerpts))
    starts = run_starts(events)
    if not starts:
        return (Run(begun_by=None, since=None, ending=judge_ending(events, agents, excerpts)),)
    ends = events.filter(_is_loose_end())
    told = events.filter(~_is_loose_end())
    bounds = (None, *(s["ts"] for s in starts), None)
    runs = [
        _run(start, _between(told, since, until), agents, excerpts)
        for start, since, until in zip((None, *starts), bounds, bounds[1:], strict=False)
    ]
    if ends.height:
        nth = _whose(runs, ends)
        own = _between(told, bounds[nth], bounds[nth + 1])
        runs[nth] = _run(starts[nth - 1] if nth else None, pl.concat([own, ends]), agents, excerpts)
    return tuple(runs)


def _hosted(
    launched: Sequence[Row], events: pl.DataFrame, agents: Sequence[AgentLife], excerpts: frozenset[int]
) -> Iterator[Run]:
    """Yield the runs that a host's log tells apart: by its lines there, by time in other files.

    A death that names its channel is that of the run in which the channel was opened, also where the host tells of it
    after the next launch.
    """
    nth = pl.lit(0, dtype=pl.Int64)
    for start in launched:
        here = pl.col("file") == start["file"]
        later = pl.lit(value=False) if start["ts"] is None else pl.col("ts") >= start["ts"]
        behind = (
            pl.when(here)
            .then(pl.col("event_id") >= start["event_id"])
            .otherwise(later | pl.col("ts").is_null())
        )
        nth = nth + behind.fill_null(value=False).cast(pl.Int64)
    channel = pl.col("message").str.extract(CHANNEL, 1)
    opened = pl.col("_run").min().over(pl.col("file"), channel)
    told = events.with_columns(_run=nth).with_columns(
        _run=pl.when(is_kind(DEATHS) & channel.is_not_null()).then(opened).otherwise("_run")
    )
    for number, start_of in enumerate((None, *launched)):
        yield _run(start_of, told.filter(pl.col("_run") == number).drop("_run"), agents, excerpts)


def _run(
    start: Row | None, events: pl.DataFrame, agents: Sequence[AgentLife], excerpts: frozenset[int]
) -> Run:
    ids = set(events["event_id"])
    own = [a for a in agents if a.spawn_event in ids or (a.spawn_event is None and a.last_event in ids)]
    return Run(
        begun_by=None if start is None else int(start["event_id"]),
        since=None if start is None else start["ts"],
        ending=judge_ending(events, own, excerpts),
    )


def _between(events: pl.DataFrame, since: datetime | None, until: datetime | None) -> pl.DataFrame:
    """Return the records of one run; what has no time is told of the last."""
    after = pl.lit(value=True) if since is None else pl.col("ts") >= since
    if until is None:
        return events.filter(after | pl.col("ts").is_null())
    return events.filter(after & (pl.col("ts") < until))


def _is_loose_end() -> pl.Expr:
    """Select what a terminal kept of a run's end, without a time: which run's it was stands in none of its lines."""
    printed = is_from((Source.CONSOLE,)) & is_kind((K.RESULT,))
    return (is_kind(DEATHS) | printed) & pl.col("ts").is_null()


def _whose(runs: Sequence[Run], ends: pl.DataFrame) -> int:
    """Return which run an end without a time was.

    That one which ended in the same words; else the last, unless that one ended by itself and one other did not.
    """
    words = ends["message"].drop_nulls().to_list()
    alike = [n for n, run in enumerate(runs) if any(text in run.ending.proof for text in words)]
    if alike:
        return alike[-1]
    unclear = [n for n, run in enumerate(runs) if run.ending.verdict not in ORDERLY]
    return unclear[0] if len(unclear) == 1 else len(runs) - 1
