"""A time of day in words, and how far a clock is from UTC."""

from __future__ import annotations

from datetime import datetime, timedelta


def clock_time(moment: datetime | None) -> str:
    """Write a time of day for a sentence or a table: in UTC with ``Z``, or by the server's clock without."""
    if moment is None:
        return "not known"
    return moment.strftime("%H:%M:%SZ") if moment.tzinfo is not None else moment.strftime("%H:%M:%S local")


def format_offset(offset: timedelta) -> str:
    """Write an offset as ``+05:30`` or ``-05:00``."""
    minutes = int(offset.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def format_utc(moment: datetime) -> str:
    """Write a UTC time as ISO 8601 with milliseconds and ``Z``."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
