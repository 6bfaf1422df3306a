"""A time of day in words."""

from __future__ import annotations

from datetime import datetime


def clock_time(moment: datetime | None) -> str:
    """Write a time of day for a sentence or a table: in UTC with ``Z``, or by the server's clock without."""
    if moment is None:
        return "not known"
    return moment.strftime("%H:%M:%SZ") if moment.tzinfo is not None else moment.strftime("%H:%M:%S local")
