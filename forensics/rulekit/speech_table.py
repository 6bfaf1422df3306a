"""A request of speech as a table for people: what was tried when, and how each try ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from forensics.schema.finding import Table
from forensics.session.model.speech import Attempt, Chain
from forensics.session.speech.tables import SERVICES, short
from forensics.text.clock_time import clock_time
from forensics.text.durations import duration

COLUMNS = ("#", "endpoint", "start", "end", "waited", "outcome")


def chain_table(number: int, chain: Chain) -> Table:
    """Return one row for each try of a chain, in order of its end."""
    rows = [
        (
            str(n),
            a.endpoint,
            clock_time(_own_start(chain, a)),
            clock_time(a.ended),
            duration(a.waited_s) if a.waited_s is not None else "",
            _outcome(a),
        )
        for n, a in enumerate(chain.tries, 1)
    ]
    return Table(f"Chain {number} ({SERVICES[chain.service]})", COLUMNS, tuple(rows))


def _own_start(chain: Chain, attempt: Attempt) -> datetime | None:
    """Return when this try began; null where only the start of its endpoint's first try is known."""
    follows = any(attempt is not r and r.endpoint == attempt.endpoint for r in chain.retries)
    return attempt.waited_from or (None if follows else attempt.started)


def _outcome(attempt: Attempt) -> str:
    if attempt.reason is not None:
        return short(attempt.reason)
    return "answered" if attempt.answered else "empty answer" if attempt.empty else "no outcome logged"


def what_failed_said(chains: Sequence[Chain]) -> str:
    """Return what the failed attempts said, each once; empty where none failed."""
    return "; ".join(dict.fromkeys(short(a.reason) for c in chains for a in c.failures))
