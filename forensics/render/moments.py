"""Times for people: UTC, and local with its offset where the evidence or the user tells the zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from dateutil import tz as dateutil_tz

from forensics.analysis import Moment
from forensics.durations import duration
from forensics.offsets import format_offset


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
    """Take the user's zone, else the offset that the voice server's own lines prove."""
    if tz_name is not None:
        return LocalClock(dateutil_tz.gettz(tz_name), f"--tz {tz_name}")
    for moment in moments:
        if moment.ts is not None and moment.local is not None:
            offset = moment.local - moment.ts.replace(tzinfo=None)
            quarter = timedelta(seconds=round(offset.total_seconds() / 900) * 900)
            if abs(offset - quarter) < timedelta(seconds=1):
                name = f"UTC{format_offset(quarter)}"
                return LocalClock(
                    dateutil_tz.tzoffset(name, quarter),
                    "the voice server's local time, aligned to UTC by records that both clocks saw",
                )
    return LocalClock(None, "no record tells the local zone; name it with --tz")


def span_text(seconds: float | None) -> str:
    """Write a duration, of which nothing may be known."""
    if seconds is None:
        return "not known"
    return duration(seconds, digits=0)
