"""A request of speech as a table for people: what was tried when, and how each try ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from forensics.schema import SERVICES
from forensics.schema.finding import Table
from forensics.session.model.speech import Attempt, SpeechRequest
from forensics.session.speech.tables import short
from forensics.text.clock_time import clock_time
from forensics.text.durations import duration

COLUMNS = ("#", "endpoint", "start", "end", "waited", "outcome")


def request_table(number: int, request: SpeechRequest) -> Table:
    """Return one row for each try of a request, in order of its end."""
    rows = [
        (
            str(n),
            a.endpoint,
            clock_time(_own_start(request, a)),
            clock_time(a.ended),
            duration(a.waited_s) if a.waited_s is not None else "",
            _outcome(a),
        )
        for n, a in enumerate(request.tries, 1)
    ]
    return Table(f"Chain {number} ({SERVICES[request.service]})", COLUMNS, tuple(rows))


def _own_start(request: SpeechRequest, attempt: Attempt) -> datetime | None:
    """Return when this try began; null where only the start of its endpoint's first try is known."""
    follows = any(attempt is not r and r.endpoint == attempt.endpoint for r in request.retries)
    return attempt.waited_from or (None if follows else attempt.started)


def _outcome(attempt: Attempt) -> str:
    if attempt.reason is not None:
        return short(attempt.reason)
    return "answered" if attempt.answered else "empty answer" if attempt.empty else "no outcome logged"


def what_failed_said(requests: Sequence[SpeechRequest]) -> str:
    """Return what the failed attempts said, each once; empty where none failed."""
    return "; ".join(dict.fromkeys(short(a.reason) for c in requests for a in c.failures))
