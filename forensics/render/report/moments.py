"""Times for people: UTC, and local with its offset where the evidence or the user tells the zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from dateutil import tz as dateutil_tz

from forensics.analysis.entries import Moment
from forensics.text.clock_time import format_offset
from forensics.text.zones import zone_of


@dataclass(frozen=True, slots=True)
class LocalClock:
    """The zone of the report's local times, and how it is known."""

    zone: tzinfo | None
    source: str

    def local(self, moment: datetime | None) -> str:
        """Write ``03:54:21 CDT (UTC-05:00)``, or an empty string where the zone is not known."""
        if moment is None or self.zone is None:
            return ""
        there = moment.astimezone(self.zone)
        name = there.tzname() or ""
        offset = f"UTC{format_offset(there.utcoffset() or timedelta())}"
        return (
            f"{there:%H:%M:%S} {name} ({offset})"
            if name and not name.startswith("UTC")
            else f"{there:%H:%M:%S} {offset}"
        )

    def date(self, moment: datetime | None) -> str:
        """Write the local date and minute for a title, or UTC where the zone is not known."""
        if moment is None:
            return "at an unknown time"
        there = moment.astimezone(self.zone) if self.zone else moment
        name = (
            there.tzname()
            if self.zone and there.tzname()
            else f"UTC{format_offset(there.utcoffset() or timedelta())}"
        )
        return f"{there:%Y-%m-%d %H:%M} {name if self.zone else 'UTC'}"


def choose_clock(tz_name: str | None, moments: Iterable[Moment]) -> LocalClock:
    """Take the user's zone, with a warning where the evidence proves another, else the one that it proves."""
    proven = _proven(moments)
    if tz_name is not None:
        zone = zone_of(tz_name)
        return LocalClock(zone, f"--tz {tz_name}{_contradiction(zone, proven)}")
    for _, offset in proven:
        return LocalClock(
            dateutil_tz.tzoffset(f"UTC{format_offset(offset)}", offset),
            "the voice server's local time, aligned to UTC by records that both clocks saw",
        )
    return LocalClock(None, "no record tells the local zone; name it with --tz")


def _proven(moments: Iterable[Moment]) -> Iterator[tuple[datetime, timedelta]]:
    """Yield the moments at which the voice server's clock and UTC are both known, with what lies between them."""
    for moment in moments:
        if moment.ts is not None and moment.local is not None:
            offset = moment.local - moment.ts.replace(tzinfo=None)
            quarter = timedelta(seconds=round(offset.total_seconds() / 900) * 900)
            if abs(offset - quarter) < timedelta(seconds=1):
                yield moment.ts, quarter


def _contradiction(zone: tzinfo | None, proven: Iterable[tuple[datetime, timedelta]]) -> str:
    """Warn where the server's own lines show other hours than the zone that was asked for."""
    for moment, offset in proven:
        if zone is not None and moment.astimezone(zone).utcoffset() != offset:
            return (
                f"; WARNING: the evidence proves UTC{format_offset(offset)} for the voice server's clock, so its own "
                "lines show other hours than the local times here"
            )
    return ""
