"""Whose an endpoint of speech is."""

from __future__ import annotations

import pytest

from forensics.session.speech.endpoints import is_local


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        ("http://127.0.0.1:2022/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:2022/v1", True),
        ("http://192.168.1.7:9000/v1", True),
        ("http://172.20.0.3/v1", True),
        ("http://whisper.example:2022/v1", True),
        ("http://whisper/v1", True),
        ("http://nas.local/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://api.openai.com/v1", False),
        ("http://172.40.0.3/v1", False),
        ("https://localhost.example.com/v1", False),
        ("?", False),
        (None, False),
    ],
)
def test_which_endpoint_is_the_users_own(endpoint, local):
    assert is_local(endpoint) is local
