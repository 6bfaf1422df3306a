"""Where a chain begins in time: its first record tells that a try failed, and the try had begun before that."""

from __future__ import annotations

from dataclasses import dataclass

from forensics.chain.graph import Path
from forensics.session.model.case import Case
from forensics.session.model.speech import Attempt, seconds_between, walk_attempts


@dataclass(frozen=True, slots=True)
class Course:
    """How long a chain took, from the start of its first try where that is known: ``begin`` is its record."""

    begin: int | None
    seconds: float

    @property
    def lasts(self) -> bool:
        """Say whether it took any time that can be told."""
        return round(self.seconds, 1) > 0


def course_of(case: Case, path: Path) -> Course:
    """Return where a chain begins, and how long it took from there."""
    seconds, first = sum(e.seconds for e in path.edges), _first_try(case, path)
    if first is None:
        return Course(None, seconds)
    failed = next(
        t.ended for _, t in walk_attempts(case.speech_requests) if t.end_event == path.edges[0].first
    )
    repeated = seconds_between(first.ended, failed)
    return Course(first.waited_event, seconds + (first.waited_s or 0.0) + (repeated or 0.0))


def _first_try(case: Case, path: Path) -> Attempt | None:
    """Return the first try at the endpoint that the chain begins with; null where its own start is not known."""
    failed = path.edges[0].first
    for request in case.speech_requests:
        last = next((t for t in request.tries if t.end_event == failed), None)
        if last is not None:
            first = next(t for t in request.tries if t.endpoint == last.endpoint)
            return first if first.waited_s is not None else None
    return None
