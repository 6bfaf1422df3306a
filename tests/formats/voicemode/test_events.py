"""What the voice server's event log says."""

from __future__ import annotations

import pytest

from forensics.formats.jsonl import CUT, UNEXPECTED
from tests.support.parsed import told
from tests.support.voice_logs import voice_event as event


class TestEvents:
    def test_kinds_and_ends(self, read):
        parsed = read(
            "voicemode_events_2025-10-21.jsonl",
            event("TOOL_REQUEST_START")
            + event("STT_START")
            + event("STT_COMPLETE", data={"text": "hi", "metrics": {"is_local": False}})
            + event("STT_NO_SPEECH", data=None)
            + event("RECORDING_END", data={"duration": 1.5, "samples": 24000})
            + event("CONCH_ACQUIRE", data={"pid": 4711})
            + event("TOOL_REQUEST_END", data={"success": False}, session_id=None)
            + event("CONCH_DEAD_HOLDER_CLEARED", data={"stale_pid": 4710, "stale_agent": "converse"}),
        )
        assert told(parsed, "status", "duration_ms", "count", "pid", "message_id") == [
            (1, "voice_call_begin", "TOOL_REQUEST_START", None, None, None, "conv_1"),
            (2, "stt_begun", "STT_START", None, None, None, "conv_1"),
            (3, "stt_done", "remote", None, None, None, "conv_1"),
            (4, "stt_done", "STT_NO_SPEECH", None, None, None, "conv_1"),
            (5, "voice_event", "RECORDING_END", 1500.0, 24000, None, "conv_1"),
            (6, "voice_lock_taken", "CONCH_ACQUIRE", None, None, 4711, "conv_1"),
            (7, "voice_call_end", "error", None, None, None, None),
            (8, "voice_event", "CONCH_DEAD_HOLDER_CLEARED", None, None, 4710, "conv_1"),
        ]
        assert set(parsed.events["ts_quality"]) == {"exact"}

    def test_the_words_that_were_said_are_not_taken(self, read):
        parsed = read("e.jsonl", event("TTS_START", data={"message": "my secret plan"}))
        assert "secret plan" not in str(parsed.events.rows())

    @pytest.mark.parametrize(("said", "kept"), [("hello", None), (" <html>" + "x" * 300, "<html>" + "x" * 194), (7, None)])  # fmt: skip
    def test_of_what_was_heard_only_markup_is_kept_and_its_head(self, read, said, kept):
        assert told(read("e.jsonl", event("STT_COMPLETE", data={"text": said})), "text") == [(1, "stt_done", kept)]  # fmt: skip

    def test_damaged_lines(self, read):
        parsed = read("e.jsonl", event("STT_START") + '{"timestamp": "yesterday", "event_type": "STT_START"}\n' + event("STT_START")[:30])  # fmt: skip
        assert [(p.line, p.reason) for p in parsed.problems] == [(2, UNEXPECTED), (3, CUT)]
