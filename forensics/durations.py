"""Lengths of time in words that people read."""

from __future__ import annotations

MINUTE = 60  # seconds


def span_text(seconds: float | None) -> str:
    """Write a duration: ``2 h 1 min 45 s``."""
    if seconds is None:
        return "not known"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // MINUTE, whole % MINUTE
    parts = [
        f"{hours} h" if hours else "",
        f"{minutes} min" if minutes else "",
        f"{rest} s" if rest or whole < MINUTE else "",
    ]
    return " ".join(p for p in parts if p)
