"""What the voice server's own logs say: its stderr, its event log and its exchanges."""

from __future__ import annotations

import json

import pytest

from forensics.jsonl import CUT, UNEXPECTED
from forensics.parsers import parser_for
from forensics.schema import EventKind as K

ALL = """\
/x/pydub/utils.py:300: DeprecationWarning: invalid escape
╭─ FastMCP ─╮
[11/22/26 01:30:15] INFO     Starting MCP server
2025-10-21 03:54:21,768 - voicemode - INFO - STT: Starting speech-to-text conversion
2025-10-21 03:54:21,769 - voicemode - INFO -   Available endpoints: ['http://127.0.0.1:2022/v1', 'https://api.openai.com/v1']
2025-10-21 03:54:21,770 - voicemode - INFO - STT: Attempting primary endpoint: http://127.0.0.1:2022/v1 (whisper)
2025-10-21 03:54:51,800 - voicemode - WARNING - STT failed for http://127.0.0.1:2022/v1 (whisper): Request timed out.
2025-10-21 03:54:51,801 - voicemode - WARNING - STT: Primary failed, attempting fallback #1: https://api.openai.com/v1 (openai)
2025-10-21 03:54:52,000 - voicemode - ERROR -   🔐 OpenAI Authentication Failed: Check your key
2025-10-21 03:54:52,001 - voicemode - ERROR - STT failed for final endpoint https://api.openai.com/v1 (openai): Error code: 401 - {'error': {}}
2025-10-21 03:54:52,100 - voicemode - ERROR - ✗ All STT endpoints failed after 2 attempts
2025-10-21 03:54:52,110 - voice-mode - ERROR - STT service connection failed:
  - http://127.0.0.1:2022/v1/audio/transcriptions: Request timed out.

2025-10-21 03:55:00,000 - asyncio - ERROR - Unclosed client session
client_session: <aiohttp.client.ClientSession object at 0x7f00>
"""


def told(parsed, *columns: str) -> list[tuple]:
    rows = parsed.events.sort("line", "ordinal").iter_rows(named=True)
    return [(r["line"], r["kind"], *(r[c] for c in columns)) for r in rows if r["kind"] != K.LOG_EDGE.value]


class TestStderr:
    def test_a_chain_from_start_to_end(self, read):
        parsed = read("stderr.log", ALL)
        assert told(parsed, "endpoint", "status", "count") == [
            (4, "stt_start", None, None, None),
            (5, "stt_endpoints", None, None, None),
            (6, "stt_attempt", "http://127.0.0.1:2022/v1", None, None),
            (7, "stt_fail", "http://127.0.0.1:2022/v1", "Request timed out.", None),
            (8, "stt_fallback", "https://api.openai.com/v1", None, 1),
            (9, "auth_error", None, "Check your key", None),
            (10, "stt_fail", "https://api.openai.com/v1", "Error code: 401 - {'error': {}}", None),
            (11, "stt_exhausted", None, None, 2),
            (12, "voice_failure", None, "STT service connection failed", None),
            (15, "resource_warning", None, "Unclosed client session", None),
            (16, "resource_object", None, None, None),
        ]
        assert parsed.problems == ()
        assert parsed.events["ts"].is_null().all()

    def test_the_stream_begins_and_ends_where_its_records_do(self, read):
        edges = read("stderr.log", ALL).events
        assert edges.filter(edges["kind"] == K.LOG_EDGE.value)["line"].to_list() == [4, 15]

    @pytest.mark.parametrize("batch_bytes", [1, 80, 300])
    def test_in_small_batches(self, read, batch_bytes):
        assert told(read("stderr.log", ALL, batch_bytes)) == told(read("stderr.log", ALL))

    @pytest.mark.parametrize(
        "said",
        [
            "2025-10-21 03:55:01,000 - voicemode - ERROR - Failed: OSError: [Errno 24] Too many open files",
            "2025-10-21 03:55:01,000 - asyncio - ERROR - socket.accept() out of system resource: Too many open files",
            "OSError: [Errno 24] Too many open files: '/tmp/x'",
            "httpx.PoolTimeout",
            "MemoryError",
        ],
    )
    def test_a_resource_that_ran_out(self, read, said):
        assert told(read("stderr.log", ALL + said + "\n"))[-1] == (17, "resource_exhausted")

    def test_unknown_lines_before_the_first_record_are_not_understood(self, read):
        parsed = read("stderr.log", "zsh: command not found\n" + ALL)
        assert [(p.line, p.count) for p in parsed.problems] == [(1, 1)]

    def test_impossible_local_times(self, read):
        parsed = read("stderr.log", ALL.replace("2025-10-21 03:54:21,768", "2025-13-41 99:54:21,768"))
        assert parsed.events.filter(parsed.events["line"] == 4)["local_ts"].to_list() == [None, None]

    def test_a_note_that_quotes_a_record_in_a_json_file_is_none(self):
        assert parser_for("notes.json", ALL.encode()) is None
        assert parser_for("notes.md", b"it said: 2025-10-21 03:54:21,768 - voicemode - INFO - x") is None


def event(kind: str, **more) -> str:
    return json.dumps({"timestamp": "2025-10-21T07:00:50.707105+00:00", "event_type": kind, "session_id": "conv_1", "data": {}} | more) + "\n"  # fmt: skip


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
            + event("TOOL_REQUEST_END", data={"success": False}, session_id=None),
        )
        assert told(parsed, "status", "duration_ms", "pid", "message_id") == [
            (1, "voice_call_begin", "TOOL_REQUEST_START", None, None, "conv_1"),
            (2, "stt_begun", "STT_START", None, None, "conv_1"),
            (3, "stt_done", "remote", None, None, "conv_1"),
            (4, "stt_done", "STT_NO_SPEECH", None, None, "conv_1"),
            (5, "voice_event", "RECORDING_END", 1500.0, None, "conv_1"),
            (6, "voice_event", "CONCH_ACQUIRE", None, 4711, "conv_1"),
            (7, "voice_call_end", "error", None, None, None),
        ]
        assert set(parsed.events["ts_quality"]) == {"exact"}

    def test_the_words_that_were_said_are_not_taken(self, read):
        parsed = read("e.jsonl", event("TTS_START", data={"message": "my secret plan"}))
        assert "secret plan" not in str(parsed.events.rows())

    def test_damaged_lines(self, read):
        parsed = read("e.jsonl", event("STT_START") + '{"timestamp": "yesterday", "event_type": "STT_START"}\n' + event("STT_START")[:30])  # fmt: skip
        assert [(p.line, p.reason) for p in parsed.problems] == [(2, UNEXPECTED), (3, CUT)]


def exchange(**more) -> str:
    return json.dumps({"version": 3, "timestamp": "2025-10-21T02:00:55.290772-05:00", "conversation_id": "conv_20251021_020050_d5yng9", "type": "stt", "text": "hello", "project_path": "/w", "metadata": {"voice_mode_version": "6.0.1"}} | more) + "\n"  # fmt: skip


class TestExchanges:
    def test_both_clocks_and_the_version(self, read):
        parsed = read("exchanges_2025-10-21.jsonl", exchange())
        assert told(parsed, "tool", "status", "path") == [(1, "voice_exchange", "stt", "6.0.1", "/w")]
        assert [str(parsed.events[c][0]) for c in ("ts", "local_ts")] == ["2025-10-21 07:00:55.290772+00:00", "2025-10-21 02:00:55.290772"]  # fmt: skip
        assert "hello" not in str(parsed.events.rows())

    @pytest.mark.parametrize("metadata", [None, {}, {"voice_mode_version": 6}])
    def test_without_a_version(self, read, metadata):
        assert told(read("x.jsonl", exchange(metadata=metadata)), "status") == [(1, "voice_exchange", None)]

    def test_a_time_without_offset_tells_no_utc(self, read):
        parsed = read("x.jsonl", exchange(timestamp="2025-10-21T02:00:55"))
        assert told(parsed, "ts", "ts_quality") == [(1, "voice_exchange", None, "missing")]
