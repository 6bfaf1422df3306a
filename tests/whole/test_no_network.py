"""The guard against the network holds, and lets through what stays on this machine."""

from __future__ import annotations

import socket

import pytest

from tests.support.no_network import NetworkError, stays_here


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "h.example", b"bytes.example", "10.0.0.1"])
def test_other_machines_are_out_of_reach(host):
    assert not stays_here(host)
    with pytest.raises(NetworkError):
        socket.create_connection((host, 443), timeout=1)


@pytest.mark.parametrize("send", ["connect", "sendto"])
def test_no_packet_leaves(send):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door, pytest.raises(NetworkError):
        door.connect(("192.0.2.1", 53)) if send == "connect" else door.sendto(b"a", ("192.0.2.1", 53))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_reached(host):
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection((host, server.getsockname()[1]), timeout=5).close()


def test_a_door_within_the_machine_is_open():
    one, other = socket.socketpair()
    with one, other:
        one.sendall(b"a")
        assert other.recv(1) == b"a"
