"""Speech requests as a reader counts them: each once, however many logs tell of it."""

from __future__ import annotations

from collections.abc import Sequence

from forensics.voice_chains import Chain, seconds_between

ONE_REQUEST_S = 0.05  # between what two loggers of one server say of the end of one request


def distinct(chains: Sequence[Chain]) -> list[Chain]:
    """Return the requests of one service; of two that failed at the same moment the one that says more."""
    found: list[Chain] = []
    for chain in chains:
        apart = seconds_between(found[-1].exhausted_at, chain.exhausted_at) if found else None
        if apart is None or apart > ONE_REQUEST_S:
            found.append(chain)
        elif found[-1].started is None and chain.started is not None:
            found[-1] = chain
    return found
