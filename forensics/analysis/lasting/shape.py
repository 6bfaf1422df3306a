"""Tracks: lanes of what lasted (bars) and of what happened at one moment (marks), each with its records.

All times of a track are of one clock: UTC, or the voice server's own, which has no zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

SEVERAL = 2  # one bar says nothing that a sentence does not
FOCUSED = 3  # what is drawn alone is shorter than the whole by this factor
MARGIN = 0.15  # of it, on either side


class Tone(StrEnum):
    """How what lasted ended. ``open``: nothing in the record ends it."""

    PLAIN = "plain"
    DONE = "done"
    OPEN = "open"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What lasted, with the records that show its beginning and its end."""

    since: datetime
    until: datetime
    words: str
    tone: Tone
    events: tuple[int, ...]
    seen: datetime | None = None  # its last sign, where it may have ended at any time after that

    @property
    def seconds(self) -> float:
        """Return its length."""
        return (self.until - self.since).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What happened at one moment, and the record that shows it."""

    at: datetime
    event: int
    code: str = ""  # of the rule of which a finding rests on that record


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One line of a lane: bars that say what they are, or marks that have their words in common."""

    words: str
    bars: tuple[Bar, ...] = ()
    marks: tuple[Mark, ...] = ()  # in order of time


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """An agent, a list, or a service with all that belongs to it."""

    title: str
    short: str  # the title for a diagram, where it has little room
    about: str = ""  # what is to be known of it beside its title
    depth: int = 0  # how far below the main agent it was spawned
    strips: tuple[Strip, ...]
    findings: tuple[Mark, ...] = ()  # in order of time

    @property
    def times(self) -> list[datetime]:
        """Return the times at which anything of it begins or ends."""
        bars = [t for s in self.strips for b in s.bars for t in (b.since, b.until)]
        marks = [m for s in self.strips for m in s.marks]
        return bars + [m.at for m in (*marks, *self.findings)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """What one picture shows. It has a lane at least, and each lane has a time."""

    name: str  # agents | todos | latency
    lanes: tuple[Lane, ...]
    window: tuple[datetime, datetime]  # what is to be drawn: the rest is little, and far away
    is_utc: bool = True

    @property
    def is_whole(self) -> bool:
        """Say whether nothing lies outside the window."""
        times = [t for lane in self.lanes for t in lane.times]
        return self.window[0] <= min(times) and max(times) <= self.window[1]


def track(
    name: str, lanes: Iterable[Lane | None], *, focus: Sequence[datetime] = (), is_utc: bool = True
) -> Track:
    """Return a track of some lanes, one at least.

    Where ``focus`` is short beside the whole, and most of it lies there, that alone is drawn.
    """
    told = tuple(one for one in lanes if one is not None)
    times = [t for one in told for t in one.times]
    first, last = min(times), max(times)
    if focus:
        margin = (max(focus) - min(focus)) * MARGIN
        since, until = max(first, min(focus) - margin), min(last, max(focus) + margin)
        held = sum(since <= t <= until for t in times)
        if (until - since) * FOCUSED < last - first and held * 2 >= len(times):
            first, last = since, until
    return Track(name=name, lanes=told, window=(first, last), is_utc=is_utc)


def lane(
    title: str,
    strips: Iterable[Strip],
    findings: Iterable[Mark] = (),
    *,
    short: str = "",
    about: str = "",
    depth: int = 0,
) -> Lane | None:
    """Return a lane, or nothing where nothing of it has a time."""
    told, marks = tuple(s for s in strips if s.bars or s.marks), tuple(findings)
    if not told and not marks:
        return None
    return Lane(title=title, short=short or title, about=about, depth=depth, strips=told, findings=marks)
