"""The timeline of failure: the records that findings rest on, and the silences between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from forensics.analysis.entries import Gap, Moment
from forensics.analysis.session_analysis import SessionAnalysis
from forensics.render.report.exhibits import Exhibits
from forensics.render.report.finding_views import FindingViews
from forensics.render.report.moments import LocalClock
from forensics.render.report.views import Story, TimelineRow
from forensics.text.clock_time import format_utc
from forensics.text.lengths import shortened

MOST_MOMENTS, MOST_GAPS = 48, 12  # rows of a table that a reader goes through; the appendix has the rest
TEXT_LENGTH = 120
NO_TIME = "no UTC time"


def story_of(session: SessionAnalysis, clock: LocalClock, exhibits: Exhibits, views: FindingViews) -> Story:
    """Return the last rows before the end, with the longest silences, and how many records were left out."""
    cited = [m for m in session.timeline if m.cited_by]
    told = cited[-MOST_MOMENTS:]
    first = next((m.ts for m in told if m.ts is not None), None)
    within = [g for g in session.gaps if len(told) == len(cited) or first is None or g.until >= first]
    longest = sorted(within, key=lambda g: g.seconds, reverse=True)[:MOST_GAPS]
    before, after = gaps_before(told, [g for g in within if g in longest])
    rows: list[TimelineRow] = []
    for moment, silences in zip(told, before, strict=True):
        rows += [_silence(g, clock) for g in silences]
        rows.append(_row(moment, clock, exhibits, views))
    rows += [_silence(g, clock) for g in after] if told else []
    date, zone = _shared_date(rows), _shared_zone(rows)
    kept = (
        replace(r, utc=r.utc.removeprefix(f"{date}T"), local=r.local.removesuffix(f" {zone}")) for r in rows
    )
    return Story(date=date, zone=zone, rows=tuple(kept), omitted=len(cited) - len(told))


def _shared_date(rows: Sequence[TimelineRow]) -> str:
    dates = {r.utc.partition("T")[0] for r in rows if r.utc != NO_TIME}
    silent = {f"{r.gap.until:%Y-%m-%d}" for r in rows if r.gap}
    return dates.pop() if len(dates | silent) == 1 else ""


def _shared_zone(rows: Sequence[TimelineRow]) -> str:
    zones = {r.local.partition(" ")[2] for r in rows if r.local}
    return zones.pop() if len(zones) == 1 else ""


def gaps_before(
    moments: Sequence[Moment], gaps: Sequence[Gap]
) -> tuple[list[tuple[Gap, ...]], tuple[Gap, ...]]:
    """Return the silences that ended before each moment, each one once, and those after the last moment."""
    left, before = list(gaps), []
    for moment in moments:
        over = [g for g in left if moment.ts is not None and g.until <= moment.ts]
        before.append(tuple(over))
        left = left[len(over) :]
    return before, tuple(left)


def _row(moment: Moment, clock: LocalClock, exhibits: Exhibits, views: FindingViews) -> TimelineRow:
    is_dated = moment.ts is not None
    quality = moment.ref.ts_quality
    return TimelineRow(
        utc=format_utc(moment.ts) if moment.ts else NO_TIME,
        local=clock.local(moment.ts)
        or (f"{moment.local:%H:%M:%S} by the server's clock" if moment.local else ""),
        quality=quality if is_dated and quality != "exact" else "",
        what=shortened(moment.text, TEXT_LENGTH),
        codes=moment.cited_by,
        anchors=views.anchors_on(moment.ref.event_id),
        exhibit=exhibits.known(moment.ref),
        gap=None,
    )


def _silence(gap: Gap, clock: LocalClock) -> TimelineRow:
    return TimelineRow(
        utc=format_utc(gap.since),
        local=clock.local(gap.since),
        quality="",
        what="",
        codes=(),
        anchors={},
        exhibit=None,
        gap=gap,
    )
