"""Hosts and ports by one name each."""

from __future__ import annotations

import pytest

from forensics.chain.peers import LOOPBACK, host_of, named, peers_in


@pytest.mark.parametrize(
    ("scheme", "port"), [("http", 80), ("https", 443), ("ws", 80), ("wss", 443)], ids=str
)
def test_a_scheme_has_its_port(scheme, port):
    assert host_of(f"{scheme}://H.example/v1") == f"h.example:{port}"
    assert host_of(f"{scheme}://h.example:8443/v1") == "h.example:8443"


@pytest.mark.parametrize(
    "endpoint", [None, "claude-opus", "ftp://h.example", "http://h.example:port", "http://[::1"]
)
def test_what_names_no_host_and_port_has_none(endpoint):
    assert host_of(endpoint) is None


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "0.0.0.0", "::", ""])  # noqa: S104 - a name
def test_this_machine_has_one_name(name):
    assert name in LOOPBACK
    assert named(name, 80) == "127.0.0.1:80"


@pytest.mark.parametrize(
    ("text", "peers"),
    [
        ("connect ECONNREFUSED h.example:80", ["h.example:80"]),
        ("read ECONNRESET", []),
        ("connect ETIMEDOUT 10.0.0.1:443", ["10.0.0.1:443"]),
        ("nothing", []),
    ],
)
def test_a_message_names_its_peer(text, peers):
    assert list(peers_in(text)) == peers
