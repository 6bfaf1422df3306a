"""What the voice server's log of exchanges says."""

from __future__ import annotations

import json

import pytest

from tests.support.parsed import told


def exchange(**more) -> str:
    return json.dumps({"version": 3, "timestamp": "2025-10-21T02:00:55.290772-05:00", "conversation_id": "conv_20251021_020050_d5yng9", "type": "stt", "text": "hello", "project_path": "/w", "metadata": {"voice_mode_version": "6.0.1"}} | more) + "\n"  # fmt: skip


class TestExchanges:
    def test_both_clocks_and_the_version(self, read):
        parsed = read("exchanges_2025-10-21.jsonl", exchange())
        assert told(parsed, "tool", "status", "path") == [(1, "voice_exchange", "stt", "6.0.1", "/w")]
        assert [str(parsed.events[c][0]) for c in ("ts", "local_ts")] == ["2025-10-21 07:00:55.290772+00:00", "2025-10-21 02:00:55.290772"]  # fmt: skip
        assert "hello" not in str(parsed.events.rows())

    @pytest.mark.parametrize(
        ("said", "kept"),
        [("[no speech detected]", "[no speech detected]"), ("<html>", "<html>"), ("[it was]", None), (7, None), (None, None)],
    )  # fmt: skip
    def test_that_nothing_was_said_is_kept_and_markup(self, read, said, kept):
        assert told(read("x.jsonl", exchange(text=said)), "text") == [(1, "voice_exchange", kept)]

    @pytest.mark.parametrize("metadata", [None, {}, {"voice_mode_version": 6}])
    def test_without_a_version(self, read, metadata):
        assert told(read("x.jsonl", exchange(metadata=metadata)), "status") == [(1, "voice_exchange", None)]

    def test_how_long_the_service_took_and_which_one_spoke(self, read):
        spoke = {"provider_url": "http://127.0.0.1:8880/v1", "time_to_first_audio": 0.25}
        heard = {"provider_url": "http://127.0.0.1:2022/v1", "transcription_time": 30.5, "silence_detection": {"enabled": False}}  # fmt: skip
        lines = exchange(type="tts", metadata=spoke) + exchange(metadata=heard)
        columns = ("tool", "endpoint", "duration_ms", "silence_detection")
        assert told(read("x.jsonl", lines), *columns) == [
            (1, "voice_exchange", "tts", "http://127.0.0.1:8880/v1", 250.0, None),
            # the endpoint of an stt row is the first configured, whoever answered
            (2, "voice_exchange", "stt", "http://127.0.0.1:2022/v1", 30500.0, False),
        ]

    def test_a_time_without_offset_tells_no_utc(self, read):
        parsed = read("x.jsonl", exchange(timestamp="2025-10-21T02:00:55"))
        assert told(parsed, "ts", "ts_quality") == [(1, "voice_exchange", None, "missing")]
