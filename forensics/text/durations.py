"""How long something took, in words that people read: 6 min 55 s and not 415 s."""

from __future__ import annotations

LONG = 90  # seconds: from here on minutes are easier to read
HOUR, MINUTE = 3600, 60


def duration(seconds: float, *, digits: int = 1) -> str:
    """Write what was measured: ``30.0 s``, ``6 min 55 s``, ``2 h 1 min 45 s``; ``digits`` are those of a short one."""
    if round(seconds, digits) < LONG:
        return f"{seconds:.{digits}f} s"
    return span_text(seconds)


def span_text(seconds: float | None) -> str:
    """Write a length of time in whole seconds, of which nothing may be known: ``1 min 15 s``."""
    if seconds is None:
        return "not known"
    whole = int(seconds + 0.5)  # halves up: what was rounded before gives the same words
    parts = ((whole // HOUR, "h"), (whole % HOUR // MINUTE, "min"), (whole % MINUTE, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"
