"""A speech chain as evidence and as a table: what was tried when, and how each try ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from forensics.aspects.conflicts import clock_time
from forensics.durations import duration
from forensics.finding import Table
from forensics.voice_chains import Attempt, Chain

SERVICES = {"stt": "speech-to-text", "tts": "text-to-speech"}
COLUMNS = ("#", "endpoint", "start", "end", "waited", "outcome")


def chain_endpoints(chain: Chain) -> tuple[str, ...]:
    """Return the endpoints that were tried, in order."""
    return tuple(dict.fromkeys(a.endpoint for a in chain.attempts))


def chain_events(chain: Chain) -> list[int]:
    """Return the records of a chain in order: its start, its endpoints, each attempt, its end."""
    ids = [chain.start_event, chain.configured_event]
    for attempt in chain.attempts:
        ids += [attempt.start_event, attempt.end_event]
    return list(dict.fromkeys(e for e in (*ids, chain.exhausted_event) if e is not None))


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


def what_failures_said(chains: Sequence[Chain]) -> str:
    """Return a sentence with what the failed attempts said, each once; empty where none failed."""
    reasons = dict.fromkeys(short(a.reason) for c in chains for a in c.failures)
    return f"The failed attempts said: {'; '.join(reasons)}" if reasons else ""


def short(reason: str | None, limit: int = 90) -> str:
    """Return the first line of a failure's text, cut to fit a table."""
    text = (reason or "").partition("\n")[0]
    return text if len(text) <= limit else text[: limit - 1] + "…"
