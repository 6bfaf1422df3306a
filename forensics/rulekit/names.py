"""What agents, times, paths and sources are called in sentences."""

from __future__ import annotations

from forensics.session.model.case import Case
from forensics.session.model.names import agent_name, log_of, place
from forensics.text.clock_time import clock_time

__all__ = ["agent_name", "clock_time", "log_of", "place", "sources_of"]


def sources_of(case: Case) -> str:
    """Name the sources that were supplied, for what is said not to be among them."""
    return ", ".join(sorted(s.value for s in case.sources))
