"""Time zones by name."""

from __future__ import annotations

import re
from datetime import tzinfo

from dateutil.tz import gettz

# dateutil takes paths of files, too, and fails on those that are no zone's
NAME = re.compile(r"[A-Za-z][\w+-]*(?:/[A-Za-z][\w+-]*)*", re.ASCII)


def zone_of(name: str) -> tzinfo | None:
    """Return the zone of an IANA name; null where there is none. An empty name is none: it would mean the machine's."""
    return gettz(name) if NAME.fullmatch(name) else None
