"""No test reaches out: whoever connects to another machine, or asks for its address, fails.

Processes of their own that a test starts are not seen from here; `make test-everywhere` takes the network
from those, too.
"""

from __future__ import annotations

import ipaddress
import sys

ASKING = frozenset(
    {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
)
SENDING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


class NetworkError(AssertionError):
    """Something tried to leave this machine."""


def stays_here(host: object) -> bool:
    """Say whether an address is this machine's own."""
    if host in {None, "", b"", "localhost", b"localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False


def refuse_the_network() -> None:
    """From here on, for as long as the process lives: an audit hook sees C code's sockets, and cannot be removed."""
    sys.addaudithook(_hook)


def _hook(event: str, args: tuple[object, ...]) -> None:
    if event in SENDING:
        address = args[1]
        if isinstance(address, tuple) and not stays_here(address[0]):
            raise NetworkError(event, address)
    elif event in ASKING:
        host = args[0][0] if isinstance(args[0], tuple) else args[0]
        if not stays_here(host):
            raise NetworkError(event, host)
