"""What the results of voice calls say was heard."""

from __future__ import annotations

import pytest

from forensics.session.speech.results import HEARD, STT_TIME


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
