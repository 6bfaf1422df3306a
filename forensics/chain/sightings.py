"""One record at which something shows, and which of two records came first, as far as that is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from forensics.schema import CLOCK_STEP, Row, TsQuality
from forensics.schema import EventKind as K
from forensics.table.order import ONE_WRITER

PLACE = "place"
AT_END = 2**62  # the place of the record's end: after everything that it holds
MOST_SIGHTINGS = 50  # moments of one happening that are compared: the hundredth repetition proves nothing new
# printed when the garbage is collected: their time is not the time of what they report
UNTIMED = (K.RESOURCE_WARNING, K.RESOURCE_OBJECT)
OWN_TIME = (TsQuality.EXACT.value, TsQuality.ALIGNED.value)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One record at which a happening shows."""

    event_id: int
    place: int  # among all the records looked at, in the case's order
    kind: str
    file: int
    source: str
    ts: datetime | None
    is_own: bool  # the record's own time, by a clock that is known
    local: datetime | None
    call: str | None  # the id of the call that it names
    said: str

    @property
    def moment(self) -> datetime | None:
        """Return its time, by the server's own clock where UTC is not known."""
        return self.ts or self.local

    def seconds_to(self, other: Sighting) -> float | None:
        """Return the seconds until ``other``; null where it is not known that this one came first.

        In a log of one writer the lines tell the order. Over two logs only times of the records' own do.
        """
        if other.place == AT_END:
            return max((other.ts - self.ts).total_seconds(), 0.0) if self.ts and other.ts else None
        one_log = self.file == other.file and self.source in ONE_WRITER
        if one_log and self.event_id >= other.event_id:
            return None
        utc = self.ts and other.ts and (one_log or (self.is_own and other.is_own))
        here, there = (self.ts, other.ts) if utc else (self.local, other.local)
        if here is None or there is None:
            return None
        seconds = (there - here).total_seconds()
        if one_log:
            return max(seconds, 0.0) if seconds >= -CLOCK_STEP.total_seconds() else None
        in_order = seconds > 0 or (
            seconds == 0 and self.file == other.file and self.event_id < other.event_id
        )
        return seconds if in_order else None


def sightings_of(rows: Iterable[Row]) -> tuple[Sighting, ...]:
    """Return the records that have a usable time, in the case's order. A row carries its place there."""
    found = [
        Sighting(
            event_id=row["event_id"],
            place=row[PLACE],
            kind=row["kind"],
            file=row["file"],
            source=row["source"],
            ts=row["ts"],
            is_own=row["ts_quality"] in OWN_TIME,
            local=row["local_ts"],
            call=row["correlation_id"],
            said=" ".join(str(row["message"] or row["kind"]).split()),
        )
        for row in rows
        if K(row["kind"]) not in UNTIMED and (row["ts"] is not None or row["local_ts"] is not None)
    ]
    return tuple(sorted(found, key=lambda m: m.place)[:MOST_SIGHTINGS])
