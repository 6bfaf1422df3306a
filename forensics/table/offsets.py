"""What proves how far the voice server's clock was from UTC: moments that both clocks saw.

A pair is such a moment: a wrapped line and the dated item that wraps it, an exchange with its offset, the server's
line and the event log's record of the same thing (within 1 ms on 6.0.1), or the dated temp-file names around a
wrapped line in an undated debug log.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from forensics.evidence.account import Remark
from forensics.schema import EventKind, Row, Source, TsQuality
from forensics.text.clock_time import format_offset

STEP_US = 15 * 60 * 1_000_000  # every zone's offset is a multiple of a quarter of an hour
WRAP_LAG_US = 5_000_000  # a wrapped line is logged at most this long after the server wrote it
SAME_MOMENT_US = 50_000  # two programs' records of one moment
HOUR_US = 3_600_000_000
# what a zone's clocks show: whole hours, and these
ODD_HOURS = (-9.5, -3.5, -2.5, 3.5, 4.5, 5.5, 5.75, 6.5, 8.75, 9.5, 10.5, 12.75, 13.75)
OFFSETS_US = [int(hours * HOUR_US) for hours in sorted((*range(-12, 15), *ODD_HOURS))]
AGREEING = 2  # one event may fall on a line's second by chance, two do not
BOTH = 2  # before and after a change of the clocks
TWINS = (
    (EventKind.STT_START, EventKind.STT_BEGUN),
    (EventKind.TTS_START, EventKind.VOICE_CALL_BEGIN),
    (EventKind.VOICE_FAILURE, EventKind.VOICE_CALL_END),
    (EventKind.STT_OK, EventKind.STT_DONE),
    (EventKind.VOICE_LOCK_LEFT, EventKind.VOICE_LOCK_TAKEN),
)
PAIR = ("file", "line", "local_ts", "offset_us")
UTC_OF_PAIR = pl.col("local_ts") - pl.duration(microseconds=pl.col("offset_us"))


def pairs_of(events: pl.DataFrame, *, has_zone: bool) -> tuple[pl.DataFrame, list[Remark]]:
    """Return the pairs (``file``, ``line``, ``local_ts``, ``offset_us``: local minus UTC), and what they leave open.

    A single moment shared with the event log is weak: it is said, and a zone that the user names beats it.
    """
    wrapped = events.filter(
        pl.col("ts").is_not_null()
        & pl.col("local_ts").is_not_null()
        & (pl.col("ts_quality") == TsQuality.EXACT.value)
    ).select("file", "line", "local_ts", lag=pl.col("ts").dt.replace_time_zone(None) - pl.col("local_ts"))
    found = [_quarter_hours(wrapped, -SAME_MOMENT_US, WRAP_LAG_US)]
    notes: list[Remark] = []
    if found[0].is_empty():
        (twins, notes), brackets = _twin_pairs(events), _bracket_pairs(events)
        if _is_weak(twins) and (has_zone or not brackets.is_empty()):
            twins = twins.clear()
        found = [twins, brackets]
        if _is_weak(twins):
            notes.append(_weak(twins.row(0, named=True)))
    pairs = pl.concat(found).unique(["local_ts", "offset_us", "file"], keep="first", maintain_order=True)
    return pairs.sort("local_ts", "offset_us", "file", "line"), notes + _changes(pairs)


def _shown(offset_us: int) -> str:
    return f"UTC{format_offset(timedelta(microseconds=offset_us))}"


def _weak(pair: Row) -> Remark:
    return Remark(
        f"that the voice server's clock is {_shown(pair['offset_us'])} rests on one moment that its lines share "
        "with the event log: if its zone was another, name it with --tz",
        ((pair["file"], pair["line"]),),
    )


def _is_weak(twins: pl.DataFrame) -> bool:
    return 0 < twins["local_ts"].dt.truncate("1s").n_unique() < AGREEING


def _quarter_hours(lags: pl.DataFrame, least: int, most: int) -> pl.DataFrame:
    """Keep the lags that are a whole offset plus a plausible delay."""
    lag = pl.col("lag").dt.total_microseconds()
    steps = ((lag - least) // STEP_US) * STEP_US
    return (
        lags.with_columns(offset_us=-steps, rest=lag - steps)
        .filter(pl.col("rest").is_between(least, most) & pl.col("offset_us").is_in(OFFSETS_US))
        .select(PAIR)
    )


def _twin_pairs(events: pl.DataFrame) -> tuple[pl.DataFrame, list[Remark]]:
    """Match the server's lines against the event log: the offset that most moments agree on.

    Fewer than two moments count only where no other offset is possible.
    """
    matches: list[pl.DataFrame] = []
    for line_kind, event_kind in TWINS:
        lines = events.filter((pl.col("kind") == line_kind.value) & pl.col("ts").is_null()).select(
            "file", "line", "local_ts"
        )
        moments = events.filter(pl.col("kind") == event_kind.value).select(
            utc=pl.col("ts").dt.replace_time_zone(None)
        )
        lags = _near(lines, moments)
        matches.append(_quarter_hours(lags, -SAME_MOMENT_US, SAME_MOMENT_US))
    agreed = pl.concat(matches).sort("file", "line")
    votes = (
        agreed.with_columns(utc=UTC_OF_PAIR)
        .group_by("offset_us")
        .agg(
            votes=pl.len(),
            seconds=pl.col("local_ts").dt.truncate("1s").n_unique(),
            first=pl.col("utc").min(),
            last=pl.col("utc").max(),
            places=pl.concat_list("file", "line"),
        )
        .sort("votes", "offset_us", descending=[True, False])
        .rows(named=True)
    )
    chosen, notes = _elected(votes)
    return agreed.filter(pl.col("offset_us").is_in(chosen)), notes


def _near(lines: pl.DataFrame, moments: pl.DataFrame) -> pl.DataFrame:
    """Return, for each offset that a zone may have, the lines that meet a moment, and by how much they miss it."""
    if lines.is_empty() or moments.is_empty():
        return lines.clear().with_columns(lag=pl.lit(None, dtype=pl.Duration("us")))
    same = timedelta(microseconds=SAME_MOMENT_US)
    dated = moments.select(at="utc", utc="utc").sort("at")
    met = [
        lines.with_columns(at=pl.col("local_ts") - timedelta(microseconds=offset))
        .sort("at")
        .join_asof(dated, on="at", strategy="nearest", tolerance=same)
        .drop_nulls("utc")
        .select("file", "line", "local_ts", lag=pl.col("utc") - pl.col("local_ts"))
        for offset in OFFSETS_US
    ]
    return pl.concat(met)


def _elected(votes: list[Row]) -> tuple[list[int], list[Remark]]:
    """Choose the offset of most moments, and a second one where the clocks were changed in between."""
    strong = [v for v in votes if v["seconds"] >= AGREEING] if len(votes) > 1 else votes
    if len(strong) < BOTH:
        # one that is strong is chosen only if no weaker one has as many votes: a tie proves nothing
        tied = len(votes) > 1 and votes[1]["votes"] == votes[0]["votes"]
        return ([] if tied else [v["offset_us"] for v in strong]), []
    best, rival = strong[0], strong[1]
    early, late = sorted((best, rival), key=lambda v: v["first"])
    told_apart = not {*map(tuple, best["places"])} & {*map(tuple, rival["places"])}
    if (
        len(strong) == BOTH
        and told_apart
        and early["last"] < late["first"]
        and _is_dst(best["offset_us"], rival["offset_us"])
    ):
        return [best["offset_us"], rival["offset_us"]], []
    places = tuple((v["places"][0][0], v["places"][0][1]) for v in strong)
    told = " and ".join(f"{_shown(v['offset_us'])} ({v['votes']} moments)" for v in strong)
    if best["votes"] == rival["votes"]:
        return [], [Remark(f"the event log fits the voice server's lines equally well at {told}", places)]
    return [best["offset_us"]], [
        Remark(f"the event log fits the voice server's lines at {told}: the first is taken", places)
    ]


def _is_dst(one_us: int, other_us: int) -> bool:
    return abs(one_us - other_us) in {HOUR_US, HOUR_US // 2}


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
    moments = rows.filter(local.is_not_null()).select("file", "line", "local_ts")
    return moments.join(only.select("file", offset_us="first"), on="file").select(PAIR)


def _changes(pairs: pl.DataFrame) -> list[Remark]:
    """Say where the pairs disagree: the clocks were changed, or they contradict each other."""
    ordered = pairs.with_columns(utc=UTC_OF_PAIR).sort("utc", "file", "line")
    changed = pl.col("offset_us") != pl.col("offset_us").shift(1)
    turns = ordered.with_columns(
        old=pl.col("offset_us").shift(1), before=pl.col("utc").shift(1), since=pl.col("file").shift(1),
        at=pl.col("line").shift(1),
    ).filter(changed.fill_null(value=False))  # fmt: skip
    if turns.is_empty():
        return []
    turn = turns.row(0, named=True)
    places = ((turn["since"], turn["at"]), (turn["file"], turn["line"]))
    if turns.height == 1 and _is_dst(turn["offset_us"], turn["old"]):
        text = (
            f"the voice server's clock was changed from {_shown(turn['old'])} to {_shown(turn['offset_us'])} "
            f"between {turn['before']:%Y-%m-%d %H:%M:%S}Z and {turn['utc']:%Y-%m-%d %H:%M:%S}Z"
        )
        if turn["offset_us"] < turn["old"]:
            text += ": local times of that change happened twice, and each line takes the offset of its neighbours"
        return [Remark(text, places)]
    shown = ", ".join(_shown(o) for o in ordered["offset_us"].unique().sort().to_list())
    return [
        Remark(
            f"the voice server's clock has contradicting offsets from UTC in this evidence: {shown}; "
            "each line takes that of the nearest pair",
            places,
        )
    ]
