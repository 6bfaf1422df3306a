"""A track as a chart of Mermaid's: of its chosen rows those that its window shows."""

from __future__ import annotations

from collections.abc import Sequence

from forensics.analysis.lasting.lanes import Track
from forensics.analysis.lasting.spans import State
from forensics.render.pictures.mermaid import LABEL, GanttBar, Section, gantt
from forensics.render.pictures.rows import Row
from forensics.text.lengths import shortened

TAGS: dict[State, tuple[str, ...]] = {
    State.PLAIN: (),
    State.UNTOLD: (),
    State.OK: ("done",),
    State.OPEN: ("active",),
    State.FAILED: ("crit",),
    State.STOPPED: ("crit",),
}
MOST_CODES, FEW_CODES = 6, 3  # in one label


def chart_of(track: Track, rows: Sequence[Row], title: str) -> str:
    """Return the chart, a section for each lane."""
    since, until = track.window
    drawn = [r for r in rows if r.until >= since and r.since <= until]
    sections = tuple(
        Section(lane.short, tuple(_bar(track, r) for r in drawn if r.lane == n))
        for n, lane in enumerate(track.lanes)
        if any(r.lane == n for r in drawn)
    )
    clock = "UTC" if track.is_utc else "voice server's clock"
    return gantt(f"{title} ({clock})", sections)


def _bar(track: Track, row: Row) -> GanttBar:
    since, until = (min(max(t, track.window[0]), track.window[1]) for t in (row.since, row.until))
    if row.is_finding:
        return GanttBar(_codes(row, MOST_CODES), ("crit",), since, until)
    codes = f" {_codes(row, FEW_CODES)}" if row.codes else ""
    return GanttBar(f"{shortened(row.words, LABEL - len(codes))}{codes}", TAGS[row.state], since, until)


def _codes(row: Row, most: int) -> str:
    more = f" +{len(row.codes) - most}" if len(row.codes) > most else ""
    return " ".join(row.codes[:most]) + more
