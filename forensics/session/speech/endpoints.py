"""Whose a speech endpoint is: the user's own, or somebody's on the internet."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

LOCAL_PORTS = frozenset({2022, 8880, 8890})  # whisper, kokoro, mlx-audio
LOCAL_NAMES = (".local", ".lan", ".internal", ".home.arpa", "localhost")


def is_local(endpoint: str | None) -> bool:
    """Say whether an endpoint is on the machine or its network; one whose host cannot be read is not."""
    try:
        parts = urlsplit(endpoint or "")
        host, port = (parts.hostname or "").casefold(), parts.port
    except ValueError:
        return False
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return port in LOCAL_PORTS or host.endswith(LOCAL_NAMES) or (host != "" and "." not in host)
