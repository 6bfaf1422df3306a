"""What lasted, as spans, and the records that findings rest on, as marks: the model that all pictures draw from.

All times of one picture are of one clock: UTC, or the voice server's own, which has no zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from forensics.schema.finding import Finding

MAIN, VOICE = "", "voice"  # lanes that are no subagent's: the main agent's, the voice server's
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


def records(*events: int | None) -> tuple[int, ...]:
    """Return those events that there are, each once."""
    return tuple(dict.fromkeys(e for e in events if e is not None))
