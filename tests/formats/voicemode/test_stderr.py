"""What the voice server says on its standard error."""

from __future__ import annotations

import pytest

from forensics.formats import parser_for
from forensics.schema import EventKind as K
from tests.support.parsed import told
from tests.support.voice_logs import STDERR


class TestStderr:
    def test_a_chain_from_start_to_end(self, read):
        parsed = read("stderr.log", STDERR)
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
        edges = read("stderr.log", STDERR).events
        assert edges.filter(edges["kind"] == K.LOG_EDGE.value)["line"].to_list() == [4, 15]

    @pytest.mark.parametrize("batch_bytes", [1, 80, 300])
    def test_in_small_batches(self, read, batch_bytes):
        assert told(read("stderr.log", STDERR, batch_bytes)) == told(read("stderr.log", STDERR))

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
        assert told(read("stderr.log", STDERR + said + "\n"))[-1] == (17, "resource_exhausted")

    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            ("<html><body>502 Bad Gateway</body></html>", "<html><body>502 Bad Gateway</body></html>"),
            ('{"error": "busy"}', '{"error": "busy"}'),
        ],
    )
    def test_what_was_heard_is_kept_where_it_is_no_speech(self, read, said, kept):
        line = f"2025-10-21 03:55:01,000 - voicemode - INFO -   Transcribed: {said}\n"
        assert told(read("stderr.log", STDERR + line), "text")[-1] == (17, "stt_text", kept)

    @pytest.mark.parametrize(
        ("error", "kind"), [("None", "stt_no_speech"), ("Connection error.", "stt_exhausted")]
    )
    def test_4_4_0_has_one_line_for_silence_and_for_failure(self, read, error, kind):
        line = (
            f"2025-10-21 03:55:01,000 - voice-mode - ERROR - All STT endpoints failed. Last error: {error}\n"
        )
        assert told(read("stderr.log", STDERR + line))[-1] == (17, kind)

    def test_a_persons_words_are_not_kept(self, read):
        line = "2025-10-21 03:55:01,000 - voicemode - INFO -   Transcribed: my secret plan\n"
        assert "secret plan" not in str(told(read("stderr.log", STDERR + line), "text"))

    def test_a_voice_of_the_clouds_and_a_recording_without_silence_detection(self, read):
        said = (
            "2025-10-21 03:55:01,000 - voicemode - INFO - Mapped voice af_sky to nova for OpenAI\n"
            "2025-10-21 03:55:02,000 - voicemode - WARNING - webrtcvad not available, falling back to fixed duration recording\n"
        )
        assert told(read("stderr.log", STDERR + said), "tool", "status")[-2:] == [
            (17, "tts_mapped", "af_sky", "nova"),
            (18, "silence_not_detected", None, "webrtcvad not available"),
        ]

    def test_unknown_lines_before_the_first_record_are_not_understood(self, read):
        parsed = read("stderr.log", "zsh: command not found\n" + STDERR)
        assert [(p.line, p.count) for p in parsed.problems] == [(1, 1)]

    def test_impossible_local_times(self, read):
        parsed = read("stderr.log", STDERR.replace("2025-10-21 03:54:21,768", "2025-13-41 99:54:21,768"))
        assert parsed.events.filter(parsed.events["line"] == 4)["local_ts"].to_list() == [None, None]

    def test_a_note_that_quotes_a_record_in_a_json_file_is_none(self):
        assert parser_for("notes.json", STDERR.encode()) is None
        assert parser_for("notes.md", b"it said: 2025-10-21 03:54:21,768 - voicemode - INFO - x") is None
