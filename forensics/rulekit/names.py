"""What agents, times, paths and sources are called in sentences."""

from __future__ import annotations

from forensics.session.model.case import Case
from forensics.session.model.names import agent_name, log_of, place
from forensics.text.clock_time import clock_time

__all__ = ["agent_name", "capital", "clock_time", "log_of", "place", "sources_of", "time_of"]


def time_of(case: Case, event: int) -> str:
    """Write the time of day of a record."""
    return clock_time(case.event(event)["ts"])


def capital(name: str) -> str:
    """Write a name as the beginning of a sentence."""
    return f"{name[:1].upper()}{name[1:]}"


def sources_of(case: Case) -> str:
    """Name the sources that were supplied, for what is said not to be among them."""
    return ", ".join(sorted(s.value for s in case.sources))
