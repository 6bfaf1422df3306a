"""Speech endpoints at which attempts timed out, by the server's lines, and how long they waited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from forensics.session.model.case import Case
from forensics.session.model.speech import Attempt, walk_attempts


@dataclass(frozen=True, slots=True)
class EndpointTimeouts:
    """The attempts at one endpoint that timed out."""

    service: str
    endpoint: str
    attempts: tuple[Attempt, ...]

    @property
    def at(self) -> datetime | None:
        """Return when the first one had timed out."""
        return self.attempts[0].ended

    @property
    def ends(self) -> tuple[int, ...]:
        """Return the records that say so."""
        return tuple(a.end_event for a in self.attempts if a.end_event is not None)

    @property
    def events(self) -> tuple[int, ...]:
        """Return for each attempt the sign from which it waited, and its end."""
        return _waits(self.attempts)

    @property
    def measured(self) -> tuple[Attempt, ...]:
        """Return the attempts of which it is known how long they waited."""
        return tuple(a for a in self.attempts if a.waited_s is not None)

    @property
    def waited_s(self) -> float | None:
        """Return how long the first of these waited."""
        return next((a.waited_s for a in self.measured), None)

    @property
    def first_wait(self) -> tuple[int, ...]:
        """Return the records between which that one waited."""
        return _waits(self.measured[:1])

    @property
    def all_waits(self) -> tuple[int, ...]:
        """Return the records between which all of these waited."""
        return _waits(self.measured)

    def limit(self, known_s: Sequence[float], slack_s: float) -> float | None:
        """Return which of the known limits the first wait had reached, within some slack."""
        waited = self.waited_s
        return next((x for x in known_s if waited is not None and abs(round(waited, 1) - x) <= slack_s), None)

    @property
    def waiting_s(self) -> float:
        """Return how long all of these waited together."""
        return sum(a.waited_s or 0.0 for a in self.measured)


def _waits(attempts: Sequence[Attempt]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(event for a in attempts for event in a.waited_events))


def endpoint_timeouts(case: Case) -> list[EndpointTimeouts]:
    """Return the endpoints at which an attempt timed out, retries inside an attempt included."""
    found: dict[tuple[str, str], list[Attempt]] = {}
    for request, attempt in walk_attempts(case.speech_requests):
        if attempt.timed_out:
            found.setdefault((request.service, attempt.endpoint), []).append(attempt)
    return [EndpointTimeouts(*which, tuple(attempts)) for which, attempts in found.items()]
