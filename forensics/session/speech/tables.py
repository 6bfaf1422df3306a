"""A speech chain as evidence and as a table: what was tried when, and how each try ended."""

from __future__ import annotations

from forensics.schema import SERVICES
from forensics.session.model.speech import Chain

__all__ = ["SERVICES", "chain_endpoints", "chain_events", "short"]


def chain_endpoints(chain: Chain) -> tuple[str, ...]:
    """Return the endpoints that were tried, in order."""
    return tuple(dict.fromkeys(a.endpoint for a in chain.attempts))


def chain_events(chain: Chain) -> list[int]:
    """Return the records of a chain in order: its start, its endpoints, each attempt, its end."""
    ids = [chain.start_event, chain.configured_event]
    for attempt in chain.attempts:
        ids += [attempt.start_event, attempt.end_event]
    return list(dict.fromkeys(e for e in (*ids, chain.exhausted_event) if e is not None))


def short(reason: str | None, limit: int = 90) -> str:
    """Return the first line of a failure's text, cut to fit a table."""
    text = (reason or "").partition("\n")[0]
    return text if len(text) <= limit else text[: limit - 1] + "…"
