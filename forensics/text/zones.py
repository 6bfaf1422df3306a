"""Time zones by name."""

from __future__ import annotations

from datetime import tzinfo

from dateutil.tz import gettz


def zone_of(name: str) -> tzinfo | None:
    """Return the zone of an IANA name; null where there is none. An empty name is none: it would mean the machine's."""
    return gettz(name) if name else None
