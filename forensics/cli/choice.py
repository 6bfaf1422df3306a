"""Which of the sessions at hand are meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from forensics.errors import NothingReadableError, UsageError

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LONGEST_SPAN = timedelta(days=36_500)  # a hundred years


class Dated(Protocol):
    """Anything that is a session and ended at some time."""

    @property
    def session_id(self) -> str:
        """Return its id."""
        ...

    @property
    def modified(self) -> datetime | None:
        """Return when its last record was written, if that is known."""
        ...


S = TypeVar("S", bound=Dated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the user asked for. Nothing at all means: ``default`` newest ones, or all."""

    session: str | None = None
    since: timedelta | None = None
    last: int | None = None
    everything: bool = False
    ids: frozenset[str] | None = None

    def among(self, sessions: Sequence[S], now: datetime, default: int | None = None) -> list[S]:
        """Return the sessions that are meant, newest first.

        Raises ``UsageError`` for an id that none or several begin with.
        """
        newest = sorted(
            sessions, key=lambda s: (s.modified is not None, s.modified, s.session_id), reverse=True
        )
        if self.ids is not None:
            newest = [s for s in newest if s.session_id in self.ids]
        if self.session is not None:
            return [_by_prefix(newest, self.session)]
        if self.since is not None:
            newest = [s for s in newest if s.modified is not None and now - s.modified <= self.since]
        most = self.last if self.last is not None or self.everything or self.since else default
        return newest if most is None else newest[:most]


def _by_prefix(sessions: Sequence[S], prefix: str) -> S:
    chosen = [s for s in sessions if s.session_id.startswith(prefix)]
    exact = [s for s in chosen if s.session_id == prefix]
    if len(exact or chosen) == 1:
        return (exact or chosen)[0]
    known = ", ".join(s.session_id for s in (chosen or sessions)[:5]) or "none"
    msg = f"--session {prefix}: {'several sessions begin so' if chosen else 'no session begins so'}; found: {known}"
    raise UsageError(msg)


def no_choice(sessions: Sequence[Dated]) -> NothingReadableError:
    """Return the error for a choice of nothing: an empty gate is never green."""
    newest = max((s.modified for s in sessions if s.modified is not None), default=None)
    when = f"; the newest was last written to at {newest:%Y-%m-%d %H:%M:%S}Z" if newest else ""
    return NothingReadableError(f"none of {len(sessions)} sessions is as new as was asked for{when}")


def parse_span(text: str) -> timedelta:
    """Read ``90m``, ``2h``, ``3d``. Raises ``UsageError`` for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", text.strip().casefold())
    if found is None:
        msg = f"--since {text}: give a number and a unit, such as 90m, 2h or 3d"
        raise UsageError(msg)
    try:
        span = timedelta(**{UNITS[found.group(2)]: float(found.group(1))})
    except OverflowError:
        span = timedelta.max
    if span > LONGEST_SPAN:
        msg = f"--since {text}: no log goes back so far; give a number and a unit, such as 90m, 2h or 3d"
        raise UsageError(msg)
    return span
