"""Version numbers of the client."""

from __future__ import annotations

import re

NUMBER = re.compile(r"\d+\.\d+\.\d+(?:-[\w.]+)?\Z")


def is_number(version: str) -> bool:
    """Say whether this is a version, and no tag such as ``latest``."""
    return NUMBER.match(version) is not None


def order(version: str) -> tuple[int, ...]:
    """Return what versions are ordered by; as texts 2.1.19 would come before 2.1.2."""
    return tuple(int(part) for part in version.partition("-")[0].split("."))
