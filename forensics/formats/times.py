"""Times as formats write them, to UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def parse_time(text: str | None) -> datetime | None:
    """Read an ISO 8601 time with its zone; ``None`` for anything else (redacted, local, broken)."""
    try:
        return to_utc(datetime.fromisoformat(text)) if text else None
    except ValueError:
        return None


def to_utc(moment: datetime) -> datetime | None:
    """Move a time with a zone to UTC; ``None`` for one without, or at the ends of the calendar."""
    if moment.tzinfo is None:
        return None
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None
