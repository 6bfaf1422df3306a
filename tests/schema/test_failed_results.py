"""Which results of tools mean a failure, and of which tool."""

from __future__ import annotations

import pytest

from forensics.schema.failed_results import ANY_SERVER, VOICE, failure_texts

CONVERSE = "mcp__voice-mode__converse"


def starts(tool):
    return [t.start for t in failure_texts(tool)]


def test_the_voice_tool_owns_its_texts_and_those_of_any_server():
    assert len(starts(CONVERSE)) == len(VOICE) + len(ANY_SERVER)
    assert "Error executing tool converse:" in starts(CONVERSE)


def test_another_servers_tool_owns_no_text_of_the_voice_tool():
    assert starts("mcp__db__query") == ["Error executing tool query:", "Error calling tool 'query'"]


@pytest.mark.parametrize("tool", ["Bash", "Read", "converse", ""])
def test_the_clients_own_tools_own_none(tool):
    assert failure_texts(tool) == ()


def test_the_most_particular_text_stands_before_those_that_begin_like_it():
    texts = [t.start for t in VOICE]
    for n, text in enumerate(texts):
        assert not [earlier for earlier in texts[:n] if text.startswith(earlier)], text
