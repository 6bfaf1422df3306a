"""What the API was asked and what it answered, in order: the only witness of a recording's truth."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the client reports of one tool call."""

    call_id: str
    is_error: bool
    head: str


@dataclass(frozen=True, slots=True)
class IssuedCall:
    """One tool call as it went out: with its id, by the name that the client has for it."""

    call_id: str
    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request arrived."""

    at: float
    agent: str
    turn: int
    text: str = ""  # the last text, of requests that no script knows
    results: tuple[ToolResult, ...] = ()
    earlier: tuple[str, ...] = ()  # the other scripts whose prompts the conversation contains


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer went out to its last byte."""

    at: float
    agent: str
    turn: int
    calls: tuple[IssuedCall, ...] = ()
    final: bool = False  # it ends the agent's turn
    lacking: tuple[str, ...] = ()  # tools that the script needs and the client does not have


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A scripted fault was delivered instead of an answer."""

    at: float
    agent: str
    turn: int
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HungUp:
    """The client closed the connection before the answer was through."""

    at: float
    agent: str
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The client asked for something that is not the Messages API."""

    at: float
    request: str


Entry: TypeAlias = Asked | Answered | Failed | HungUp | Elsewhere


@dataclass(slots=True)
class RequestLog:
    """The entries of one recording; requests of several agents arrive at once."""

    entries: list[Entry] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, entry: Entry) -> None:
        """Append an entry."""
        with self._lock:
            self.entries.append(entry)

    def snapshot(self) -> tuple[Entry, ...]:
        """Return what was logged until now."""
        with self._lock:
            return tuple(self.entries)

    def save(self, path: Path) -> None:
        """Write the entries to a file, one a line."""
        rows = ({"entry": type(e).__name__, **asdict(e)} for e in self.snapshot())
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        path.write_text(text, encoding="utf-8")


def now() -> float:
    """Return the time, in seconds since 1970."""
    return round(time.time(), 4)
