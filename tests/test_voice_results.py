"""What the results of tools say: which texts mean a failure, and of which tool."""

from __future__ import annotations

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.schema.failed_results import ANY_SERVER, VOICE, failure_texts
from forensics.session.speech.endpoints import is_local
from forensics.session.speech.results import HEARD, STT_TIME

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


@pytest.mark.parametrize(
    ("result", "text", "provider", "seconds"),
    [
        ("Voice response: go on (STT: openai) | Timing: ttfa 0.5s, record 2.1s, stt 0.3s, total 3.6s", "go on", "openai", "0.3"),  # 6.0.1
        ("Voice response: a | b (STT: whisper) | Timing: record 2.1s, stt 12.0s, audio 9KB", "a | b", "whisper", "12.0"),
        ("Voice response: go\non", "go\non", None, None),  # 9.0.1, metrics_level minimal
        ("Voice response: go on (STT: openai) | Timing: stt 1.0s | STT local: False", "go on", "openai", "1.0"),  # verbose
        ("No speech detected | Timing: record 3.0s, stt 0.2s, total 4.1s", None, None, "0.2"),
        ("No speech detected", None, None, None),
    ],
)  # fmt: skip
def test_what_a_result_says_was_heard(result, text, provider, seconds):
    found = HEARD.match(result)
    took = STT_TIME.search(found["rest"] or "")
    assert (found["text"], found["provider"], took and took.group(1)) == (text, provider, seconds)


@pytest.mark.parametrize("result", ["STT service connection failed:", "She said: Voice response: x"])
def test_what_is_no_result_of_hearing(result):
    assert HEARD.match(result) is None


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


def test_an_answer_after_the_last_exhausted_chain_of_another_call_is_none_of_its(tmp_path):
    """A later call in which nothing was recorded ends without speech, too: it sends nothing."""
    (tmp_path / "stderr.log").write_text(
        "2026-11-22 01:32:35,417 - mcp.server.lowlevel.server - INFO - Processing request of type CallToolRequest\n"
        "2026-11-22 01:32:37,000 - voicemode - INFO - STT: Starting speech-to-text conversion\n"
        "2026-11-22 01:32:37,100 - voicemode - ERROR - ✗ All STT endpoints failed after 2 attempts\n"
        "2026-11-22 01:32:47,417 - mcp.server.lowlevel.server - INFO - Processing request of type CallToolRequest\n"
        "2026-11-22 01:32:57,100 - voicemode - INFO - STT: No speech detected (successful connection)\n"
    )
    (session,) = analyse(Request([tmp_path])).sessions
    assert [(c.exhausted_event is not None, c.no_speech) for c in session.case.chains] == [
        (True, False),
        (False, True),
    ]
