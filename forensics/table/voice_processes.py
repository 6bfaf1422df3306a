"""Which server process a voice record is of: what joins no client is a session of its own (``voice:<start>``)."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from forensics.schema import (
    MOMENT,
    EventKind,
    Source,
)

MARGIN = timedelta(seconds=60)
TWICE = timedelta(seconds=1)
# silent for longer, a session was left and resumed: what happened between is not its own
IDLE = timedelta(hours=6)
START = pl.when(pl.col("source") == Source.VOICE_STDERR.value).then("local_ts")


def stretch_of(column: str) -> pl.Expr:
    """Count, along a sorted time, the silences that were long: what lies between two is one stretch."""
    return (pl.col(column).diff() > IDLE).fill_null(value=False).cum_sum()


def voice_sessions(left: pl.DataFrame, loose: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """Make a session of each server process that joined no client, and give it what was logged meanwhile."""
    processes = _server_processes(loose).with_columns(moment=MOMENT)
    taken = processes.join(owners, on="event_id", how="semi")
    # the server of a client session: its other lines are start-up, and no session
    own = processes.join(taken, on="process", how="anti")
    starts = own.group_by("process").agg(
        is_utc=pl.col("ts").is_not_null().any(),
        first=pl.col("moment").min() - MARGIN,
        last=pl.col("moment").max() + MARGIN,
        # the server's own time where it has one: it is the same with and without a known zone
        owner=pl.format("voice:{}", pl.coalesce(START, "moment").min().dt.strftime("%Y-%m-%dT%H:%M:%S")),
    )
    named = own.join(starts.filter(pl.col("owner").is_not_null()), on="process").select("event_id", "owner")
    others = left.join(processes, on="event_id", how="anti").select(
        "event_id", at=MOMENT, at_is_utc=pl.col("ts").is_not_null()
    )
    # a local time says nothing of records that are dated by another clock
    joined = others.join_where(
        starts,
        pl.col("at_is_utc") == pl.col("is_utc"),
        pl.col("at") >= pl.col("first"),
        pl.col("at") <= pl.col("last"),
    )
    single = joined.filter(pl.len().over("event_id") == 1).select("event_id", "owner")
    return pl.concat([named, single])


def _server_processes(loose: pl.DataFrame) -> pl.DataFrame:
    """Return the records that make processes: the server's lines, or else its events, or else the exchanges."""
    lines = loose.filter(pl.col("source") == Source.VOICE_STDERR.value)
    logged = loose.filter(pl.col("source") == Source.VOICE_EVENTS.value)
    if not lines.is_empty():
        printed = _split_at_starts(lines.join(_processes(lines), on="file"))
        return pl.concat([printed, _stretches(_uncovered(logged, printed))], how="diagonal")
    return _stretches(loose if logged.is_empty() else logged)


def _uncovered(logged: pl.DataFrame, printed: pl.DataFrame) -> pl.DataFrame:
    """Return the events that no process printed anything around: another one's, if the times can be compared."""
    spans = printed.group_by("process").agg(
        first=pl.col("ts").min() - MARGIN, last=pl.col("ts").max() + MARGIN, undated=pl.col("ts").null_count()
    )
    if spans["undated"].sum():
        return logged.clear()
    covered = logged.select("event_id", "ts").join_where(
        spans, pl.col("ts") >= pl.col("first"), pl.col("ts") <= pl.col("last")
    )
    return logged.join(covered.select("event_id"), on="event_id", how="anti")


def _stretches(events: pl.DataFrame) -> pl.DataFrame:
    """Make processes of events that name none: a long silence lies between two."""
    return (
        events.with_columns(moment=MOMENT)
        .sort("moment")
        .with_columns(process=pl.format("events/{}", stretch_of("moment")))
        .drop("moment")
    )


def _processes(lines: pl.DataFrame) -> pl.DataFrame:
    """Tell server processes apart: two captures that share lines (stderr and a debug log) are of one."""
    printed = lines.filter(pl.col("local_ts").is_not_null() & pl.col("message").is_not_null())
    shared = printed.with_columns(first=pl.col("file").min().over("local_ts", "component", "message"))
    linked = shared.group_by("file").agg(process=pl.col("first").min())
    files = lines.select("file").unique().join(linked, on="file", how="left")
    return files.select("file", process=pl.coalesce("process", "file"))


def _split_at_starts(lines: pl.DataFrame) -> pl.DataFrame:
    """Begin a process at each start line of a capture; what stands before the first belongs to the first."""
    starts = (
        lines.filter(pl.col("kind") == EventKind.VOICE_START.value)
        .select("process", begun="local_ts")
        .sort("process", "begun")
        # a server may print its start twice, to each of its handlers
        .filter((pl.col("begun").diff().over("process") > TWICE).fill_null(value=True))
        .with_columns(nth=pl.int_range(pl.len()).over("process"))
    )
    local = pl.col("local_ts")
    near = pl.coalesce(local.forward_fill().over("file"), local.backward_fill().over("file"))
    return (
        lines.sort("file", "line", "ordinal")
        .with_columns(near=near)
        .sort("near")
        .join_asof(
            starts.sort("begun"),
            left_on="near",
            right_on="begun",
            by="process",
            strategy="backward",
            check_sortedness=False,  # both were sorted here; with groups polars cannot see it
        )
        .with_columns(process=pl.format("{}/{}", "process", pl.col("nth").fill_null(0)))
        .drop("near", "begun", "nth", strict=False)
    )
