"""One clock: every event gets UTC where the evidence gives it, with how well it is known.

The voice server writes local time without zone. Its offset is proven by records that both clocks saw:
an MCP log item or a dated debug record that wraps the line, an exchange with its offset, the server's
``STT: Starting`` against the event log's STT_START (within 1 ms on 6.0.1), or the dated temp-file names
around a wrapped line in an undated debug log. Without such a pair the time stays missing unless the user
names the zone: it is never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl
from dateutil import tz as dateutil_tz

from forensics.errors import UsageError
from forensics.schema import EventKind, Source, TsQuality

STEP_US = 15 * 60 * 1_000_000  # every zone's offset is a multiple of a quarter of an hour
WRAP_LAG_US = 5_000_000  # a wrapped line is logged at most this long after the server wrote it
SAME_MOMENT_US = 50_000  # two programs' records of one moment
FARTHEST = timedelta(hours=15)  # no zone is farther from UTC
HOUR_US = 3_600_000_000
# what a zone's clocks show: whole hours, and these
ODD_HOURS = (-9.5, -3.5, -2.5, 3.5, 4.5, 5.5, 5.75, 6.5, 8.75, 9.5, 10.5, 12.75, 13.75)
OFFSETS_US = [int(hours * HOUR_US) for hours in sorted((*range(-12, 15), *ODD_HOURS))]
AGREEING = 2  # one event may fall on a line's second by chance, two do not
REACH = timedelta(hours=26)  # how far a pair speaks for its neighbours: longer than any day with a DST step
TWINS = (
    (EventKind.STT_START, EventKind.STT_BEGUN),
    (EventKind.TTS_START, EventKind.VOICE_CALL_BEGIN),
    (EventKind.VOICE_FAILURE, EventKind.VOICE_CALL_END),
    (EventKind.STT_OK, EventKind.STT_DONE),
    (EventKind.VOICE_LOCK_LEFT, EventKind.VOICE_LOCK_TAKEN),
)


@dataclass(frozen=True, slots=True)
class Aligned:
    """The events with their times, and what had to be said about the clock."""

    events: pl.DataFrame
    notes: tuple[str, ...]


def align(events: pl.DataFrame, tz_name: str | None = None) -> Aligned:
    """Fill ``ts`` and ``ts_quality``. Raises ``UsageError`` for a zone that does not exist."""
    pairs, notes = _pairs(events, has_zone=tz_name is not None)
    notes += _contradictions(pairs)
    events = _from_pairs(events, pairs)
    if tz_name is not None:
        events, folds = _from_zone(events, tz_name)
        notes += folds
    left = events.filter(pl.col("ts").is_null() & pl.col("local_ts").is_not_null()).height
    if left:
        notes.append(
            f"{left} records carry the voice server's local time, and nothing in the evidence tells its zone: "
            "they have no UTC time. Name the zone with --tz (for example --tz America/Chicago)."
        )
    return Aligned(_from_neighbours(events), tuple(notes))


def _pairs(events: pl.DataFrame, *, has_zone: bool) -> tuple[pl.DataFrame, list[str]]:
    """Return ``local_ts`` and ``offset_us`` (local minus UTC) of every moment that both clocks saw.

    A single moment shared with the event log is weak: it is said, and a zone that the user names beats it.
    """
    wrapped = events.filter(
        pl.col("ts").is_not_null()
        & pl.col("local_ts").is_not_null()
        & (pl.col("ts_quality") == TsQuality.EXACT.value)
    ).select("local_ts", lag=pl.col("ts").dt.replace_time_zone(None) - pl.col("local_ts"))
    found = [_quarter_hours(wrapped, -SAME_MOMENT_US, WRAP_LAG_US)]
    notes: list[str] = []
    if found[0].is_empty():
        twins, brackets = _twin_pairs(events), _bracket_pairs(events)
        if _is_weak(twins) and (has_zone or not brackets.is_empty()):
            twins = twins.clear()
        found = [twins, brackets]
        if _is_weak(twins):
            offset = format_offset(timedelta(microseconds=twins["offset_us"][0]))
            notes.append(
                f"that the voice server's clock is UTC{offset} rests on one moment that its lines share with the "
                "event log: if its zone was another, name it with --tz"
            )
    return pl.concat(found).unique().sort("local_ts", "offset_us"), notes


def _is_weak(twins: pl.DataFrame) -> bool:
    return 0 < twins["local_ts"].dt.truncate("1s").n_unique() < AGREEING


def _quarter_hours(lags: pl.DataFrame, least: int, most: int) -> pl.DataFrame:
    """Keep the lags that are a whole offset plus a plausible delay."""
    lag = pl.col("lag").dt.total_microseconds()
    steps = ((lag - least) // STEP_US) * STEP_US
    return (
        lags.with_columns(offset_us=-steps, rest=lag - steps)
        .filter(pl.col("rest").is_between(least, most) & pl.col("offset_us").is_in(OFFSETS_US))
        .select("local_ts", "offset_us")
    )


def _twin_pairs(events: pl.DataFrame) -> pl.DataFrame:
    """Match the server's lines against the event log: the offset that most moments agree on.

    Fewer than two moments count only where no other offset is possible.
    """
    matches: list[pl.DataFrame] = []
    for line_kind, event_kind in TWINS:
        lines = events.filter((pl.col("kind") == line_kind.value) & pl.col("ts").is_null()).select("local_ts")
        moments = events.filter(pl.col("kind") == event_kind.value).select(
            utc=pl.col("ts").dt.replace_time_zone(None)
        )
        near = lines.join_where(
            moments,
            pl.col("utc") >= pl.col("local_ts") - FARTHEST,
            pl.col("utc") <= pl.col("local_ts") + FARTHEST,
        )
        lags = near.select("local_ts", lag=pl.col("utc") - pl.col("local_ts"))
        matches.append(_quarter_hours(lags, -SAME_MOMENT_US, SAME_MOMENT_US))
    agreed = pl.concat(matches)
    if agreed.is_empty():
        return agreed
    seconds = pl.col("local_ts").dt.truncate("1s").n_unique()
    votes = agreed.group_by("offset_us").agg(votes=pl.len(), seconds=seconds)
    best = votes.filter(pl.col("votes") == pl.col("votes").max())
    if votes.height > 1:
        best = best.filter(pl.col("seconds") >= AGREEING)
    return agreed.join(best.filter(pl.len() == 1), on="offset_us", how="semi")  # a tie proves nothing


def _bracket_pairs(events: pl.DataFrame) -> pl.DataFrame:
    """In a debug log without times: the one offset that puts each wrapped line between its dated neighbours."""
    rows = events.filter(pl.col("source") == Source.CLAUDE_DEBUG.value).sort("file", "line", "ordinal")
    local = pl.col("local_ts")
    bounded = rows.with_columns(utc=pl.col("ts").dt.replace_time_zone(None)).with_columns(
        before=pl.col("utc").forward_fill().over("file"), after=pl.col("utc").backward_fill().over("file")
    )
    limits = (
        bounded.filter(local.is_not_null())
        .group_by("file", maintain_order=True)
        .agg(
            low=(local - pl.col("after")).dt.total_microseconds().max() - SAME_MOMENT_US,
            high=(local - pl.col("before")).dt.total_microseconds().min() + WRAP_LAG_US,
        )
    )
    only = limits.with_columns(
        first=-(-pl.col("low") // STEP_US) * STEP_US, last=pl.col("high") // STEP_US * STEP_US
    ).filter(pl.col("first") == pl.col("last"))
    moments = rows.filter(local.is_not_null()).select("file", "local_ts")
    return moments.join(only.select("file", offset_us="first"), on="file").select("local_ts", "offset_us")


def _contradictions(pairs: pl.DataFrame) -> list[str]:
    offsets = pairs["offset_us"].unique().sort().to_list()
    if len(offsets) < 2:  # noqa: PLR2004 - two offsets contradict each other
        return []
    shown = ", ".join(format_offset(timedelta(microseconds=o)) for o in offsets)
    return [
        f"the voice server's clock has several offsets from UTC in this evidence: {shown}; each line takes the nearest"
    ]


def _from_pairs(events: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Give server lines the offset of the nearest pair. Their own milliseconds beat a wrapper's arrival time."""
    exchanges = pl.col("kind") == EventKind.VOICE_EXCHANGE.value
    local = events.filter(pl.col("local_ts").is_not_null() & ~exchanges)
    if local.is_empty() or pairs.is_empty():
        return events
    moved = (
        local.select("event_id", "local_ts")
        .sort("local_ts")
        .join_asof(pairs.sort("local_ts"), on="local_ts", strategy="nearest", tolerance=REACH)
        .filter(pl.col("offset_us").is_not_null())
        .select(
            "event_id",
            moved=(pl.col("local_ts") - pl.duration(microseconds=pl.col("offset_us"))).dt.replace_time_zone(
                "UTC"
            ),
        )
    )
    return _apply(events, moved, TsQuality.ALIGNED)


def _from_zone(events: pl.DataFrame, tz_name: str) -> tuple[pl.DataFrame, list[str]]:
    zone = dateutil_tz.gettz(tz_name) if tz_name else None  # an empty name would mean the machine's zone
    if zone is None:
        msg = f"--tz {tz_name}: no such time zone; use an IANA name such as America/Chicago, or UTC"
        raise UsageError(msg)
    local = events.filter(pl.col("ts").is_null() & pl.col("local_ts").is_not_null())
    times: list[datetime] = local["local_ts"].to_list()
    folds = sum(dateutil_tz.datetime_ambiguous(t, zone) for t in times)
    utc = [t.replace(tzinfo=zone).astimezone(dateutil_tz.UTC) for t in times]
    moved = pl.DataFrame(
        {"event_id": local["event_id"], "moved": utc}, schema_overrides={"moved": events.schema["ts"]}
    )
    notes = (
        [f"{folds} local times happened twice in {tz_name} (the clock went back): the first was taken"]
        if folds
        else []
    )
    return _apply(events, moved, TsQuality.ALIGNED), notes


def _apply(events: pl.DataFrame, moved: pl.DataFrame, quality: TsQuality) -> pl.DataFrame:
    got = pl.col("moved").is_not_null()
    return (
        events.join(moved, on="event_id", how="left", maintain_order="left")
        .with_columns(
            ts=pl.coalesce("moved", "ts"),
            ts_quality=pl.when(got)
            .then(pl.lit(quality.value, dtype=events.schema["ts_quality"]))
            .otherwise("ts_quality"),
        )
        .drop("moved")
    )


def _from_neighbours(events: pl.DataFrame) -> pl.DataFrame:
    """Date an undated debug record by the dated record before it (or, at the beginning, after it)."""
    debug = events.filter(pl.col("source") == Source.CLAUDE_DEBUG.value).sort("file", "line", "ordinal")
    near = pl.coalesce(pl.col("ts").forward_fill().over("file"), pl.col("ts").backward_fill().over("file"))
    undated = debug.with_columns(moved=near).filter(pl.col("ts").is_null() & pl.col("moved").is_not_null())
    return _apply(events, undated.select("event_id", "moved"), TsQuality.INFERRED)


def format_offset(offset: timedelta) -> str:
    """Write an offset as ``+05:30`` or ``-05:00``."""
    minutes = int(offset.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
