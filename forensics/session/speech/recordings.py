"""How long recordings lasted, and how long they were meant to last at most."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from forensics.schema import CONVERSE, NO_SILENCE_DETECTION, Row
from forensics.schema import EventKind as K
from forensics.session.model.case import Case
from forensics.session.speech.results import uses_voice

ENDED = "RECORDING_END"
SAMPLES_PER_S = 24_000  # of every recording (6.0.1 and 9.0.1, recorded and by their source)
TOLD = re.compile(r"\brecord (\d+(?:\.\d+)?)s\b")  # in the timing at the end of the tool's result
# a call begins this long before its recording ends, at most, and is told as late after it
CALL_AT_MOST = "15m"


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording: where it is told, how many seconds it lasted, and what it was meant to last at most."""

    event: int
    length_s: float
    limit_s: float | None
    ends_at_silence: bool | None  # whether it was meant to; null where nothing says


@dataclass(frozen=True, slots=True)
class Recordings:
    """The recordings that are told of, and those ``meant`` to end at silence: all of which no log denies it."""

    told: tuple[Recording, ...]
    meant: tuple[Recording, ...]

    @property
    def events(self) -> tuple[int, ...]:
        """Return the records that tell of them."""
        return tuple(r.event for r in self.meant)

    @property
    def total_s(self) -> float:
        """Return how long they lasted together."""
        return sum(r.length_s for r in self.meant)

    @property
    def longest_s(self) -> float:
        """Return how long the longest lasted."""
        return max(r.length_s for r in self.meant)

    @property
    def limits(self) -> list[float]:
        """Return the limits that their calls set, each once."""
        return sorted({r.limit_s for r in self.meant if r.limit_s is not None})

    @property
    def has_all_limits(self) -> bool:
        """Say whether the limit of each is known."""
        return all(r.limit_s is not None for r in self.meant)

    @property
    def was_silence_asked(self) -> bool:
        """Say whether a log tells of one of them that it was to end at silence."""
        return any(r.ends_at_silence for r in self.meant)

    def are_at_limit(self, tolerance: float) -> bool:
        """Say whether each lasted as long as its call allows; one without a known limit did."""
        return all(r.length_s >= (r.limit_s or 0) * (1 - tolerance) for r in self.meant)

    def are_equal(self, within_s: float) -> bool:
        """Say whether all lasted equally long."""
        return self.longest_s - min(r.length_s for r in self.meant) <= within_s


def recordings_of(case: Case) -> Recordings:
    """Return the session's recordings."""
    found = tuple(_recordings(case))
    return Recordings(found, tuple(r for r in found if r.ends_at_silence is not False))


def _recordings(case: Case) -> list[Recording]:
    """Return the recordings by the event log, or by the tool's results where there is no such log."""
    if case.of(K.VOICE_EVENT).is_empty() and not uses_voice(case):
        return []
    ended = case.of(K.VOICE_EVENT).filter((pl.col("tool") == ENDED) & pl.col("ts").is_not_null())
    calls = case.of(K.TOOL_CALL).filter(pl.col("tool").str.ends_with(CONVERSE))
    if ended.is_empty():
        return [r for row in _answered(case, calls) if (r := _from_result(row)) is not None]
    asked = (
        calls.filter(pl.col("ts").is_not_null())
        .select("ts", limit="duration_ms", silence="status")
        .sort("ts")
    )
    told = case.of(K.VOICE_EXCHANGE).select("ts", "silence_detection").drop_nulls().sort("ts")
    rows = ended.select("event_id", "ts", "duration_ms", "count").sort("ts")
    rows = rows.join_asof(asked, on="ts", strategy="backward", tolerance=CALL_AT_MOST)
    rows = rows.join_asof(told, on="ts", strategy="forward", tolerance=CALL_AT_MOST)
    return [_from_event(row) for row in rows.iter_rows(named=True) if row["duration_ms"] or row["count"]]


def _answered(case: Case, calls: pl.DataFrame) -> Iterator[Row]:
    asked = calls.select("correlation_id", limit="duration_ms", silence="status")
    results = case.of(K.TOOL_RESULT).select("event_id", "correlation_id", "message")
    yield from results.join(asked, on="correlation_id", maintain_order="left").iter_rows(named=True)


def _from_event(row: Row) -> Recording:
    seconds = row["count"] / SAMPLES_PER_S if row["count"] else row["duration_ms"] / 1000
    meant = False if row["silence"] == NO_SILENCE_DETECTION else row["silence_detection"]
    return Recording(row["event_id"], seconds, _seconds(row["limit"]), meant)


def _from_result(row: Row) -> Recording | None:
    told = TOLD.search(row["message"] or "")
    if told is None:
        return None
    meant = False if row["silence"] == NO_SILENCE_DETECTION else None
    return Recording(row["event_id"], float(told[1]), _seconds(row["limit"]), meant)


def _seconds(limit_ms: float | None) -> float | None:
    return None if limit_ms is None else limit_ms / 1000
