"""A network of its own for the client, with nothing in it but the loopback interface."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Sequence

from tools.recorder.errors import RecorderError

# Addresses that documentation uses (RFC 5737, RFC 3849). To connect a datagram socket sends nothing; it asks
# whether there is a way.
OUTSIDE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
ANY_PORT = 9
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40  # linux/sockios.h, linux/if.h
REFUSAL = (
    "the client cannot be given a network of its own, and is not run with that of this machine; run as root, or "
    "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)"
)


def isolated(command: Sequence[str]) -> list[str]:
    """Return a command that runs another one without a network. Raises ``RecorderError`` if that is impossible."""
    unshare = shutil.which("unshare")
    if unshare is None:
        msg = "unshare (util-linux) is not to be found; without it the client could talk to the world"
        raise RecorderError(msg)
    owner = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    prefix = [unshare, *owner, "--net", "--"]
    probe = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    if probe.returncode:
        raise RecorderError(REFUSAL)
    return [*prefix, *command]


def enter() -> None:
    """Check that nothing outside can be reached, and bring the loopback interface up."""
    if any(_has_way_to(family, address) for family, address in OUTSIDE):
        raise RecorderError(REFUSAL)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        flags = struct.pack("16sh14x", b"lo", IFF_UP | IFF_RUNNING)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, flags)


def _has_way_to(family: socket.AddressFamily, address: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, ANY_PORT))
    except OSError:
        return False
    return True
