"""Which endpoint a record is about: the host and port that an URL or a network error names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

# how Node names the peer of a connection that failed, or the port that is taken
PEER = re.compile(
    r"\b(?:ECONN[A-Z]+|ETIMEDOUT|EHOSTUNREACH|EADDRINUSE)(?:: address already in use)?:? "
    r"(?P<host>\[?[0-9A-Za-z.:-]*?\]?):(?P<port>\d{1,5})\b"
)
LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::", ""}  # noqa: S104 - names, nothing is bound
PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}


def host_of(endpoint: str | None) -> str | None:
    """Return an URL's host and port. A model's name is no endpoint: every request of a session shares it."""
    if endpoint is None or "://" not in endpoint:
        return None
    try:
        parts = urlsplit(endpoint)
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None
    return named(parts.hostname or "", port) if port else None


def named(name: str, port: int) -> str:
    """Name a host and port in one way: this machine has many names."""
    return f"{'127.0.0.1' if name in LOOPBACK else name.casefold()}:{port}"


def peers_in(text: str | None) -> Iterator[str]:
    """Yield the peers that the network errors in a text name."""
    for found in PEER.finditer(text or ""):
        yield named(found["host"].strip("[]"), int(found["port"]))
