"""One clock: every event gets UTC where the evidence gives it, with how well it is known.

The voice server writes local time without zone. Its offset is proven by records that both clocks saw (see
``offsets``). Without such a pair the time stays missing unless the user names the zone: it is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Literal

import polars as pl
from dateutil import tz as dateutil_tz

from forensics.errors import UsageError
from forensics.evidence.account import Remark
from forensics.schema import CLOCK_STEP, UTC, EventKind, Source, TsQuality
from forensics.table.offsets import UTC_OF_PAIR, pairs_of
from forensics.table.order import steps_back
from forensics.text.clock_time import format_offset
from forensics.text.zones import zone_of

REACH = timedelta(hours=26)  # how far a pair speaks for its neighbours: longer than any day with a DST step


@dataclass(frozen=True, slots=True)
class Aligned:
    """The events with their times, and what had to be said about the clock."""

    events: pl.DataFrame
    notes: tuple[Remark, ...]


def align(events: pl.DataFrame, tz_name: str | None = None) -> Aligned:
    """Fill ``ts`` and ``ts_quality``. Raises ``UsageError`` for a zone that does not exist."""
    pairs, notes = pairs_of(events, has_zone=tz_name is not None)
    events = _from_pairs(events, pairs)
    if tz_name is not None:
        zone = _zone(tz_name)
        notes += _against_zone(pairs, zone, tz_name)
        events, told = _from_zone(events, zone, tz_name)
        notes += told
    left = events.filter(pl.col("ts").is_null() & pl.col("local_ts").is_not_null()).sort("file", "line")
    if left.height:
        text = (
            f"{left.height} records carry the voice server's local time, and nothing in the evidence tells its "
            "zone: they have no UTC time. Name the zone with --tz (for example --tz America/Chicago)"
        )
        notes.append(Remark(text, (left.select("file", "line").row(0),)))
    notes += steps_back(events)
    return Aligned(_from_neighbours(events), tuple(notes))


def _from_pairs(events: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Give server lines the offset of the nearest pair. Their own milliseconds beat a wrapper's arrival time.

    The pairs around a line in its own file come first: when the clocks go back, an hour's local times happen
    twice, and only the order of lines tells which is which.
    """
    exchanges = pl.col("kind") == EventKind.VOICE_EXCHANGE.value
    local = events.filter(pl.col("local_ts").is_not_null() & ~exchanges)
    if local.is_empty() or pairs.is_empty():
        return events
    wanted = local.select("event_id", "file", "line", "local_ts")
    in_file = _between_pairs(wanted, pairs)
    by_time = (
        wanted.join(in_file, on="event_id", how="anti")
        .sort("local_ts")
        .join_asof(pairs.select("local_ts", "offset_us"), on="local_ts", strategy="nearest", tolerance=REACH)
    )
    columns = ["event_id", "local_ts", "offset_us"]
    moved = pl.concat([in_file.select(columns), by_time.select(columns)]).filter(
        pl.col("offset_us").is_not_null()
    )
    utc = UTC_OF_PAIR.dt.replace_time_zone("UTC")
    return _apply(events, moved.select("event_id", moved=utc), TsQuality.ALIGNED)


def _between_pairs(wanted: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Give each line the offset of the pair above it, or of the one below where only that keeps the order."""
    found = wanted.sort("line")
    sides: tuple[tuple[str, Literal["backward", "forward"]], ...] = (
        ("above", "backward"),
        ("below", "forward"),
    )
    for side, strategy in sides:
        known = pairs.select(
            "file", "line", pl.col("offset_us").alias(side), UTC_OF_PAIR.alias(f"{side}_utc")
        )
        found = found.join_asof(
            known.sort("line"), on="line", by="file", strategy=strategy, check_sortedness=False
        )
    as_above = pl.col("local_ts") - pl.duration(microseconds=pl.col("above"))
    fits = (as_above >= pl.col("above_utc") - CLOCK_STEP) & (
        as_above <= pl.col("below_utc") + CLOCK_STEP
    ).fill_null(value=True)
    below = pl.col("below").is_not_null() & (pl.col("above").is_null() | ~fits)
    offset = pl.when(below).then("below").otherwise("above")
    near = pl.when(below).then("below_utc").otherwise("above_utc")
    far = pl.col("local_ts") - pl.duration(microseconds=offset) - near
    return found.with_columns(offset_us=offset).filter(far.is_between(-REACH, REACH))


def _zone(tz_name: str) -> tzinfo:
    zone = zone_of(tz_name)
    if zone is None:
        msg = f"--tz {tz_name}: no such time zone; use an IANA name such as America/Chicago, or UTC"
        raise UsageError(msg)
    return zone


def _against_zone(pairs: pl.DataFrame, zone: tzinfo, tz_name: str) -> list[Remark]:
    """Say that the evidence contradicts the zone that the user named."""
    for row in pairs.iter_rows(named=True):
        proven = timedelta(microseconds=row["offset_us"])
        named = row["local_ts"].replace(tzinfo=zone)
        if proven not in {named.utcoffset(), named.replace(fold=1).utcoffset()}:
            text = (
                f"--tz {tz_name} contradicts the evidence, which proves UTC{format_offset(proven)} for the voice "
                "server's clock: the evidence is taken"
            )
            return [Remark(text, ((row["file"], row["line"]),))]
    return []


def _from_zone(events: pl.DataFrame, zone: tzinfo, tz_name: str) -> tuple[pl.DataFrame, list[Remark]]:
    local = events.filter(pl.col("ts").is_null() & pl.col("local_ts").is_not_null()).sort(
        "file", "line", "ordinal"
    )
    notes: list[Remark] = []
    moved: list[datetime] = []
    undecided: list[tuple[int, int]] = []
    absent: list[tuple[int, int]] = []
    for _, part in local.group_by("file", maintain_order=True):
        times: list[datetime] = part["local_ts"].to_list()
        places = part.select("file", "line").rows()
        passes = list(_second_pass(times, zone))
        folded = [p for p, t in zip(places, times, strict=True) if dateutil_tz.datetime_ambiguous(t, zone)]
        undecided += [] if any(passes) else folded
        absent += [p for p, t in zip(places, times, strict=True) if not dateutil_tz.datetime_exists(t, zone)]
        moved += [
            t.replace(tzinfo=zone, fold=int(again)).astimezone(dateutil_tz.UTC)
            for t, again in zip(times, passes, strict=True)
        ]
    if undecided:
        text = f"{len(undecided)} local times happened twice in {tz_name} (the clock went back): the first is taken"
        notes.append(Remark(text, (undecided[0],)))
    if absent:
        text = f"{len(absent)} local times did not happen in {tz_name} (the clock went forward): is it another zone?"
        notes.append(Remark(text, (absent[0],)))
    found = pl.DataFrame({"event_id": local["event_id"], "moved": moved}, schema_overrides={"moved": UTC})
    return _apply(events, found, TsQuality.ALIGNED), notes


def _second_pass(times: list[datetime], zone: tzinfo) -> Iterator[bool]:
    """Say of each time of one file whether it is the second of its kind: the lines above went further."""
    again, above = False, None
    for moment in times:
        ambiguous = dateutil_tz.datetime_ambiguous(moment, zone)
        again = ambiguous and (again or (above is not None and moment < above))
        above = moment
        yield again


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
