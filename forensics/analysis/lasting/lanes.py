"""Tracks: what one picture shows, as lanes of spans and marks, and the window of time that is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from forensics.analysis.lasting.spans import Mark, Sort, Span

SEVERAL = 2  # one span says nothing that a sentence does not
FOCUSED = 3  # what is drawn alone is shorter than the whole by this factor
MARGIN = 0.15  # of it, on either side
Strip: TypeAlias = tuple[
    Span, ...
]  # one line of a lane: spans of one name, or whose own words say what they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """An agent, a list, or a service with all that belongs to it."""

    title: str
    short: str  # the title for a diagram, where it has little room
    about: str = ""  # what is to be known of it beside its title
    depth: int = 0  # how far below the main agent it was spawned
    strips: tuple[Strip, ...]
    marks: tuple[Mark, ...] = ()  # in order of time

    @property
    def lasting(self) -> list[Span]:
        """Return what has a length in it: all but the files that were written."""
        return [s for strip in self.strips for s in strip if s.sort is not Sort.WRITE]

    @property
    def times(self) -> list[datetime]:
        """Return the times at which anything of it begins or ends."""
        return [t for strip in self.strips for s in strip for t in s.times] + [m.at for m in self.marks]


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
    marks: Iterable[Mark] = (),
    *,
    short: str = "",
    about: str = "",
    depth: int = 0,
) -> Lane | None:
    """Return a lane, or nothing where nothing of it has a time."""
    told, marked = tuple(strip for strip in strips if strip), tuple(marks)
    if not told and not marked:
        return None
    return Lane(title=title, short=short or title, about=about, depth=depth, strips=told, marks=marked)
