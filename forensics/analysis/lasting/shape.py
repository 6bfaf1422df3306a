"""What lasted, as spans; what findings rest on, as marks; and the lanes in which a picture lays them out.

All times of one picture are of one clock: UTC, or the voice server's own, which has no zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from forensics.schema.finding import Finding

MAIN, VOICE = "", "voice"  # lanes that are no subagent's: the main agent's, the voice server's
SEVERAL = 2  # one span says nothing that a sentence does not
FOCUSED = 3  # what is drawn alone is shorter than the whole by this factor
MARGIN = 0.15  # of it, on either side
MICROSECOND = timedelta(microseconds=1)


class Sort(StrEnum):
    """What a span is; of those that a whole session has, what contains another comes before it."""

    SESSION = "session"
    AGENT = "agent"
    TOOL = "tool call"
    VOICE = "voice call"
    SPEECH = "speech request"
    ATTEMPT = "attempt"
    WRITE = "file write"
    ITEM = "todo item"
    SERVICE = "service call"


class State(StrEnum):
    """How what lasted ended."""

    PLAIN = ""  # in no way that a picture tells
    OK = "ok"
    FAILED = "failed"
    STOPPED = "stopped"  # by the user, or with its parent
    OPEN = "no end recorded"
    UNTOLD = "end not told"  # it ended, and the evidence does not show how

    @property
    def recorded(self) -> str:
        """Return what the record says of the end: where it does not show how it was, none is recorded."""
        return State.OPEN.value if self is State.UNTOLD else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What began and, as far as the evidence tells, ended, with the records that show both."""

    sort: Sort
    lane: str  # whose it is: an agent's by its id, MAIN, VOICE, a service's
    name: str  # of the agent, tool, endpoint, item or file
    since: datetime
    until: datetime  # not before its beginning, whatever the clock did
    state: State
    words: str = ""  # how it ended, for people
    status: str | None = None  # the same in a word of the log's, or as the program's other forms have it
    events: tuple[int, ...]
    seen: datetime | None = None  # its last sign, where it may have ended at any time after that

    @property
    def seconds(self) -> float:
        """Return its length."""
        return (self.until - self.since).total_seconds()

    @property
    def micros(self) -> int:
        """Return its length in whole microseconds."""
        return (self.until - self.since) // MICROSECOND

    @property
    def times(self) -> tuple[datetime, ...]:
        """Return when it begins and ends; a file is written at one moment."""
        return (self.since,) if self.sort is Sort.WRITE else (self.since, self.until)


Strip: TypeAlias = tuple[
    Span, ...
]  # one line of a lane: spans of one name, or whose own words say what they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A record with a time, and a finding that rests on it."""

    at: datetime
    event: int
    finding: Finding

    @property
    def code(self) -> str:
        """Return the code of the finding's rule."""
        return self.finding.rule


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


def records(*events: int | None) -> tuple[int, ...]:
    """Return those events that there are, each once."""
    return tuple(dict.fromkeys(e for e in events if e is not None))


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
