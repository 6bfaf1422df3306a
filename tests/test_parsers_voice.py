"""What the voice server's own logs say: its stderr, its event log and its exchanges."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.formats import parser_for
from forensics.formats.jsonl import CUT, UNEXPECTED
from forensics.schema import EventKind as K

KILLED = Path(__file__).parents[1] / "fixtures" / "voice-killed"
CLIENT = "c4f74656-68ad-4973-8f53-0b862ed16d5d"
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

    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            ("<html><body>502 Bad Gateway</body></html>", "<html><body>502 Bad Gateway</body></html>"),
            ('{"error": "busy"}', '{"error": "busy"}'),
        ],
    )
    def test_what_was_heard_is_kept_where_it_is_no_speech(self, read, said, kept):
        line = f"2025-10-21 03:55:01,000 - voicemode - INFO -   Transcribed: {said}\n"
        assert told(read("stderr.log", ALL + line), "text")[-1] == (17, "stt_text", kept)

    @pytest.mark.parametrize(
        ("error", "kind"), [("None", "stt_no_speech"), ("Connection error.", "stt_exhausted")]
    )
    def test_4_4_0_has_one_line_for_silence_and_for_failure(self, read, error, kind):
        line = (
            f"2025-10-21 03:55:01,000 - voice-mode - ERROR - All STT endpoints failed. Last error: {error}\n"
        )
        assert told(read("stderr.log", ALL + line))[-1] == (17, kind)

    def test_a_persons_words_are_not_kept(self, read):
        line = "2025-10-21 03:55:01,000 - voicemode - INFO -   Transcribed: my secret plan\n"
        assert "secret plan" not in str(told(read("stderr.log", ALL + line), "text"))

    def test_a_voice_of_the_clouds_and_a_recording_without_silence_detection(self, read):
        said = (
            "2025-10-21 03:55:01,000 - voicemode - INFO - Mapped voice af_sky to nova for OpenAI\n"
            "2025-10-21 03:55:02,000 - voicemode - WARNING - webrtcvad not available, falling back to fixed duration recording\n"
        )
        assert told(read("stderr.log", ALL + said), "tool", "status")[-2:] == [
            (17, "tts_mapped", "af_sky", "nova"),
            (18, "silence_not_detected", None, "webrtcvad not available"),
        ]

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


def heard(**more) -> str:
    return json.dumps({"ts": "2026-11-22T01:43:30.769-06:00", "seq": 1, "kind": "turn", "text": "check the log", "source": "mic", "final": True, "detector": "vad", "via": "converse", "v": 1} | more) + "\n"  # fmt: skip


class TestHeard:
    def test_both_clocks_and_what_was_heard(self, read):
        parsed = read("heard_2026-11-22.jsonl", heard() + heard(seq=2, text="again"))
        assert told(parsed, "tool", "status", "message") == [
            (1, "voice_exchange", "heard turn", "vad", "heard turn: check the log"),
            (2, "voice_exchange", "heard turn", "vad", "heard turn: again"),
        ]
        assert [str(parsed.events[c][0]) for c in ("ts", "local_ts", "ts_quality")] == ["2026-11-22 07:43:30.769000+00:00", "2026-11-22 01:43:30.769000", "exact"]  # fmt: skip
        assert (parsed.records, parsed.unknown) == (2, ())

    def test_markup_is_kept_for_rules(self, read):
        parsed = read("heard_1.jsonl", heard() + heard(text="<html>"))
        assert told(parsed, "text") == [(1, "voice_exchange", None), (2, "voice_exchange", "<html>")]

    def test_a_record_of_another_kind_is_read_and_counted_as_new(self, read):
        parsed = read("heard_2026-11-22.jsonl", heard() + heard(kind="event", event="barge-in", text=None))
        assert told(parsed, "message")[1] == (2, "voice_exchange", "heard event: barge-in")
        assert [(s.text, s.line, s.count) for s in parsed.unknown] == [("event version 1", 2, 1)]

    def test_damaged_lines(self, read):
        parsed = read("heard_1.jsonl", heard() + heard(ts="yesterday") + heard()[:30])
        assert [(p.line, p.reason) for p in parsed.problems] == [(2, UNEXPECTED), (3, CUT)]

    def test_a_secret_that_was_said_is_not_shown(self, tmp_path):
        (tmp_path / "heard_2026-11-22.jsonl").write_text(heard(text="the key is sk-ant-REDACTED"))
        analysis = analyse(Request([tmp_path]))
        (session,) = analysis.sessions
        assert "sk-ant" not in str(session.case.events["message"].to_list())

    def test_alone_it_tells_the_zone_of_the_servers_lines(self, tmp_path):
        (tmp_path / "heard_2025-10-21.jsonl").write_text(heard(ts="2025-10-21T03:54:50.000-05:00"))
        (tmp_path / "stderr.log").write_text(ALL)
        (session,) = analyse(Request([tmp_path])).sessions
        start = session.case.events.row(by_predicate=pl.col("kind") == K.STT_START.value, named=True)
        assert (f"{start['ts']:%H:%M:%S}", start["ts_quality"]) == ("08:54:21", "aligned")
        assert "voice-heard" in session.case.events["source"].to_list()


class TestKilledServer:
    """voicemode 9.0.1, killed inside its second call."""

    def test_the_lock_is_the_servers_and_proves_that_the_call_did_not_end(self):
        (session,) = analyse(Request([KILLED])).sessions
        assert session.case.ending.verdict == "TRUNCATED"
        assert "the lock that the call's end removes is still there" in session.case.ending.proof
        assert [(r.path.rpartition("/")[2], r.line) for r in session.ending_refs] == [("voicemode_events_2026-11-22.jsonl", 17), ("conch", 9)]  # fmt: skip

    @pytest.mark.parametrize("beside", ["conversations", "events"])
    def test_the_lock_is_dated_by_what_else_the_server_wrote(self, tmp_path, beside):
        shutil.copytree(KILLED / ".voicemode" / "logs" / beside, tmp_path / beside)
        shutil.copy(KILLED / ".voicemode" / "conch", tmp_path / "conch")
        events = pl.concat([s.case.events for s in analyse(Request([tmp_path])).sessions])
        lock = events.row(by_predicate=pl.col("kind") == K.VOICE_LOCK_LEFT.value, named=True)
        assert (f"{lock['ts']:%H:%M:%S.%f}", lock["ts_quality"]) == ("07:43:31.318017", "aligned")

    def test_a_lock_of_another_call_is_no_proof(self, tmp_path):
        shutil.copytree(KILLED / ".voicemode", tmp_path, dirs_exist_ok=True)
        lock = tmp_path / "conch"
        lock.write_text(lock.read_text().replace("T01:43:31", "T01:43:01"))
        (session,) = analyse(Request([tmp_path])).sessions
        assert "the lock" not in session.case.ending.proof
        lock.write_text(lock.read_text().replace("T01:43:01", "T01:43:31").replace("false", "true"))
        (session,) = analyse(Request([tmp_path])).sessions
        assert "the lock" not in session.case.ending.proof

    def test_the_servers_lock_says_nothing_of_the_clients_end(self, tmp_path):
        say = {"type": "user", "uuid": "u1", "sessionId": CLIENT, "timestamp": "2026-11-22T07:43:00.000Z", "version": "2.0.24", "cwd": "/home/dev/liv-hana", "message": {"role": "user", "content": "hello"}}  # fmt: skip
        later = say | {"uuid": "u2", "timestamp": "2026-11-22T07:44:00.000Z"}
        (tmp_path / f"{CLIENT}.jsonl").write_text(json.dumps(say) + "\n" + json.dumps(later) + "\n")
        alone = analyse(Request([tmp_path])).sessions[0].case.ending
        shutil.copytree(KILLED / ".voicemode", tmp_path, dirs_exist_ok=True)
        client = next(s for s in analyse(Request([tmp_path])).sessions if s.session_id == CLIENT)
        assert "voice-lock" in client.case.events["source"].to_list()
        assert (client.case.ending.verdict, client.case.ending.proof) == (alone.verdict, alone.proof)

    def test_a_lock_in_local_time_is_not_compared_with_utc(self, tmp_path):
        (tmp_path / "voicemode_events_1.jsonl").write_text(event("STT_START") + event("STT_COMPLETE"))
        lock = json.loads((KILLED / ".voicemode" / "conch").read_text())
        (tmp_path / "conch").write_text(json.dumps(lock | {"acquired": "2025-10-21T07:00:50.700000"}))
        analysis = analyse(Request([tmp_path]))
        assert dict(analysis.unattached) == {"conch": 1}


TRACE = (
    "2026-11-22 01:00:00,000 - Called /opt/voice_mode/server.py:12 main\n"
    "2026-11-22 01:00:00,001 - Exception: (<class 'ValueError'>, ValueError('a\n"
    "b'), <traceback object at 0x7f00>)\n"
    "2026-11-22 01:00:09,500 - Called /opt/voice_mode/tools/converse.py:99 converse\n"
)


def test_a_trace_proves_when_the_server_was_alive(read):
    parsed = read("voicemode_trace.log", TRACE)
    assert (parsed.lines_total, parsed.lines_understood, parsed.records) == (4, 4, 3)
    told = parsed.events.select("line", "kind", "source", pl.col("local_ts").cast(pl.String)).rows()
    assert told == [
        (1, "log_edge", "voice-trace", "2026-11-22 01:00:00.000000"),
        (4, "log_edge", "voice-trace", "2026-11-22 01:00:09.500000"),
    ]


def test_a_trace_that_begins_in_the_middle_says_which_line_is_none(read):
    parsed = read("voicemode_trace.log", "b'), <traceback object at 0x7f00>)\n" + TRACE)
    assert [(p.line, p.count) for p in parsed.problems] == [(1, 1)]
