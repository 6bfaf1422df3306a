"""Numbers in words."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return ``1 file``, ``2 files``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def share(part: int, whole: int) -> str:
    """Return a share in per cent; all and nothing only where it is exactly that."""
    if not whole:
        return "-"
    if part in {0, whole}:
        return "100 %" if part else "0 %"
    return f"{min(max(100 * part / whole, 0.1), 99.9):.1f} %"
