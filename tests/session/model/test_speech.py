"""Chains out of server lines: every shape that 6.0.1 (all lines) and 9.0.1 (failures only) write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.rulekit.speech_table import request_table
from forensics.schema import EVENTS, conform
from forensics.session.model.speech import build_requests, seconds_between

WHISPER, OPENAI, KOKORO = "http://127.0.0.1:2022/v1", "https://api.openai.com/v1", "http://127.0.0.1:8880/v1"
START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
TIMEOUT, REFUSED = (
    "Request timed out.",
    "Error code: 401 - {'error': {'message': 'Incorrect API key provided'}}",
)


def requests(*steps, dated=True):
    """Build chains of (seconds, kind, endpoint, status) steps, each one line."""
    rows = []
    for n, (seconds, kind, *rest) in enumerate(steps, 1):
        endpoint, status = (*rest, None, None)[:2]
        moment = START + timedelta(seconds=seconds)
        row = {"event_id": n, "file": 0, "line": n, "ordinal": 0, "source": "voice-stderr", "kind": kind}
        row |= {"ts": moment if dated else None, "local_ts": moment.replace(tzinfo=None)}
        row |= {"path": endpoint} if kind == "stt_endpoints" else {"endpoint": endpoint}
        row |= {"tool": status} if kind == "voice_event" else {"status": status}
        rows.append(row)
    return build_requests(conform(pl.DataFrame(rows, infer_schema_length=None), EVENTS))


def told(request):
    return [(a.endpoint, a.reason, a.waited_s, a.answered) for a in request.attempts]


CALL = (0, "voice_request")
BOTH = f"['{WHISPER}', '{OPENAI}']"
OPENING = [CALL, (1, "stt_start"), (1, "stt_endpoints", BOTH), (1, "stt_attempt", WHISPER)]


def test_6_0_1_primary_answers():
    (request,) = requests(*OPENING, (2, "stt_ok", WHISPER))
    assert told(request) == [(WHISPER, None, None, True)]
    assert (request.configured, request.served_by, request.answered_event) == ((WHISPER, OPENAI), WHISPER, 5)


def test_6_0_1_timeout_then_fallback_answers():
    (request,) = requests(
        *OPENING, (31, "stt_fail", WHISPER, TIMEOUT), (31, "stt_fallback", OPENAI), (33, "stt_ok", OPENAI)
    )
    assert told(request) == [(WHISPER, TIMEOUT, 30.0, False), (OPENAI, None, None, True)]
    assert request.failures[0].timed_out
    assert request.exhausted_event is None


def test_6_0_1_every_endpoint_fails():
    (request,) = requests(
        *OPENING,
        (31, "stt_fail", WHISPER, TIMEOUT),
        (31, "stt_fallback", OPENAI),
        (32, "auth_error"),
        (33, "stt_fail", OPENAI, REFUSED),
        (33.5, "stt_exhausted"),
    )
    assert [a.endpoint for a in request.failures] == [WHISPER, OPENAI]
    assert (request.exhausted_event, request.duration_s, request.auth_events) == (9, 32.5, [7])
    assert (request.failures[1].http_status, request.failures[1].waited_s) == ("401", 2.0)


def test_a_refusals_own_line_ends_the_try_that_no_line_of_its_own_ends():
    (request,) = requests(
        *OPENING,
        (31, "stt_fail", WHISPER, TIMEOUT),
        (31, "stt_fallback", OPENAI),
        (33, "auth_error", None, REFUSED),
        (33.5, "stt_exhausted"),
    )
    assert told(request) == [(WHISPER, TIMEOUT, 30.0, False), (OPENAI, REFUSED, 2.0, False)]
    assert (request.failures[1].http_status, request.failures[1].end_event) == ("401", 7)


def test_a_refusals_own_line_ends_no_try_that_answered():
    (request,) = requests(*OPENING, (2, "auth_error", None, REFUSED), (3, "stt_ok", WHISPER))
    assert told(request) == [(WHISPER, None, None, True)]


def test_a_refusals_own_line_ends_no_try_of_a_request_before():
    first, second = requests(*OPENING, CALL, (9, "tts_attempt", KOKORO), (9, "auth_error", None, REFUSED))
    assert told(first) == [(WHISPER, None, None, False)]
    assert told(second) == [(KOKORO, REFUSED, 0.0, False)]


def test_6_0_1_empty_answers_are_no_failures():
    (request,) = requests(
        *OPENING,
        (2, "stt_empty", WHISPER),
        (2, "stt_fallback", OPENAI),
        (3, "stt_empty", OPENAI),
        (3, "stt_no_speech"),
    )
    assert not request.failures
    assert [a.empty for a in request.attempts] == [True, True]
    assert request.no_speech


def test_4_4_0_no_speech_after_a_failure_is_no_answer():
    (request,) = requests(
        *OPENING, (31, "stt_fail", WHISPER, TIMEOUT), (32, "stt_done", None, "STT_NO_SPEECH")
    )
    assert request.answered_event is None
    assert request.no_speech


def test_4_4_0_no_speech_after_everything_failed_belongs_to_that_chain():
    (request,) = requests(
        CALL, (1, "stt_begun"), (93, "stt_exhausted"), (93.1, "stt_done", None, "STT_NO_SPEECH")
    )
    assert (request.exhausted_event, request.no_speech_event, request.heard_nothing_s) == (3, 4, 92.1)


def test_4_6_0_calls_empty_answers_a_failure():
    (request,) = requests(
        *OPENING,
        (2, "stt_empty", WHISPER),
        (2, "stt_fallback", OPENAI),
        (3, "stt_empty", OPENAI),
        (3, "stt_exhausted"),
    )
    assert (request.exhausted_event, request.no_speech_event, request.heard_nothing_s) == (None, 8, 2.0)


def test_4_6_0_a_failure_and_an_empty_answer_are_a_failure():
    (request,) = requests(
        *OPENING,
        (2, "stt_fail", WHISPER, TIMEOUT),
        (2, "stt_fallback", OPENAI),
        (3, "stt_empty", OPENAI),
        (3, "stt_exhausted"),
    )
    assert (request.exhausted_event, request.no_speech) == (8, False)


def test_the_event_log_alone_tells_how_long_silence_took():
    silent, answered = requests(
        CALL,
        (1, "stt_begun"),
        (4, "stt_done", None, "STT_NO_SPEECH"),
        CALL,
        (10, "stt_begun"),
        (12, "stt_done", None, "ok"),
    )
    assert (silent.no_speech_event, silent.heard_nothing_s, silent.answered_s) == (3, 3.0, None)
    assert (answered.no_speech_event, answered.heard_nothing_s, answered.answered_s) == (None, None, 2.0)


def test_silence_without_a_request_is_no_request():
    assert requests(CALL, (9, "stt_done", None, "STT_NO_SPEECH")) == ()


def test_6_0_1_the_server_line_and_the_event_log_are_one_start():
    (request,) = requests(
        CALL,
        (1.0, "stt_begun"),
        (1.001, "stt_start"),
        (1.002, "stt_attempt", WHISPER),
        (2, "stt_ok", WHISPER),
    )
    assert len(request.attempts) == 1


def test_6_0_1_text_to_speech_tries_each_endpoint_twice():
    (request,) = requests(
        CALL,
        (1, "tts_start"),
        (1, "tts_attempt", KOKORO),
        (31, "tts_stream_fail", None, TIMEOUT),
        (61, "tts_fail", KOKORO, TIMEOUT),
        (61, "tts_attempt", OPENAI),
        (62, "tts_ok", OPENAI),
    )
    assert [(r.endpoint, r.waited_s) for r in request.retries] == [(KOKORO, 30.0)]
    assert told(request) == [(KOKORO, TIMEOUT, 30.0, False), (OPENAI, None, None, True)]
    assert request.attempts[0].started == START + timedelta(seconds=1)


def test_6_0_1_speech_and_text_chains_of_one_call_are_two():
    both = requests(
        CALL,
        (1, "tts_start"),
        (1, "tts_attempt", KOKORO),
        (2, "tts_ok", KOKORO),
        (5, "stt_start"),
        (5, "stt_attempt", WHISPER),
        (6, "stt_ok", WHISPER),
    )
    assert [c.service for c in both] == ["tts", "stt"]


def test_a_new_call_ends_what_was_open():
    first, second = requests(
        *OPENING,
        (9, "voice_request"),
        (10, "stt_start"),
        (10, "stt_attempt", WHISPER),
        (11, "stt_ok", WHISPER),
    )
    assert told(first) == [(WHISPER, None, None, False)]
    assert second.served_by == WHISPER


def test_9_0_1_a_chain_begins_with_its_first_failure_and_its_start_is_in_the_event_log():
    (request,) = requests(
        CALL,
        (4, "stt_begun"),
        (64, "stt_retry", WHISPER, TIMEOUT),
        (124.5, "stt_retry", WHISPER, TIMEOUT),
        (185.5, "stt_fail", WHISPER, TIMEOUT),
        (185.5, "stt_fallback", OPENAI),
        (185.6, "stt_fail", OPENAI, "Missing credentials. Please pass an `api_key`"),
        (185.6, "stt_exhausted"),
    )
    assert [r.waited_s for r in request.retries] == [60.0, 60.5]
    assert told(request)[0] == (WHISPER, TIMEOUT, 61.0, False)
    assert request.attempts[0].waited_event == 4, (
        "the wait of the last try begins with the end of the one before"
    )
    assert request.duration_s == pytest.approx(181.6)


def test_9_0_1_a_retry_that_then_answers():
    (request,) = requests(
        CALL, (4, "stt_begun"), (64, "stt_retry", WHISPER, TIMEOUT), (65, "stt_done", None, "ok")
    )
    assert request.retries[0].waited_s == 60.0
    assert request.answered_event == 4
    assert not request.failures


def test_9_0_1_streaming_names_no_endpoint_until_the_buffered_try_fails():
    (request,) = requests(
        CALL,
        (1, "tts_begun"),
        (31, "tts_stream_fail", None, TIMEOUT),
        (61, "tts_fail", KOKORO, TIMEOUT),
        (61.1, "tts_begun"),
        (61.4, "tts_stream_fail", None, REFUSED),
        (61.5, "tts_fail", OPENAI, REFUSED),
        (61.5, "tts_exhausted"),
    )
    assert [(r.endpoint, r.waited_s) for r in request.retries] == [(KOKORO, 30.0), (OPENAI, 0.3)]
    assert [(a.endpoint, a.waited_s) for a in request.attempts] == [(KOKORO, 30.0), (OPENAI, 0.1)]


def test_9_0_1_playback_is_the_only_sign_that_text_to_speech_succeeded():
    (request,) = requests(
        CALL,
        (1, "tts_begun"),
        (31, "tts_fail", KOKORO, TIMEOUT),
        (31, "tts_begun"),
        (35, "voice_event", None, "TTS_PLAYBACK_END"),
    )
    assert request.answered_event == 5


def test_a_record_that_begins_inside_a_request_measures_nothing():
    (request,) = requests((31, "stt_fail", WHISPER, TIMEOUT), (32, "stt_exhausted"))
    assert (request.duration_s, request.attempts[0].waited_s) == (None, None)


def test_the_servers_own_clock_measures_as_well_but_not_against_utc():
    (request,) = requests(*OPENING, (31, "stt_fail", WHISPER, TIMEOUT), dated=False)
    assert request.failures[0].waited_s == 30.0
    assert request.failures[0].ended.tzinfo is None
    assert seconds_between(request.failures[0].ended, START) is None


@pytest.mark.parametrize(
    ("reason", "status"),
    [(REFUSED, "401"), ("The page said Error code: 401", None), ("Connection error.", None), ("401", None)],
)
def test_a_status_stands_at_the_head_of_the_failures_text(reason, status):
    (request,) = requests(*OPENING, (2, "stt_fail", WHISPER, reason))
    assert request.failures[0].http_status == status


@pytest.mark.parametrize(("seconds", "lasted"), [(1.0003, 3.0), (1.5, None)])
def test_a_request_that_began_with_its_call_is_of_that_call(seconds, lasted):
    """The event log has the call's begin in microseconds, which is later than the server's line in milliseconds."""
    (request,) = requests(
        CALL,
        (1, "tts_start"),
        (seconds, "voice_call_begin"),
        (2, "tts_fail", KOKORO, "Connection error."),
        (4, "tts_exhausted"),
    )
    assert request.duration_s == lasted


def test_a_time_taken_from_a_neighbour_is_no_duration():
    rows = [
        ("stt_attempt", WHISPER, None, 0),
        ("stt_fail", WHISPER, TIMEOUT, 30),
    ]
    frame = pl.DataFrame(
        [
            {"event_id": n, "file": 0, "line": n, "ordinal": 0, "source": "claude-debug", "kind": kind}
            | {"endpoint": endpoint, "status": status, "ts": START, "ts_quality": "inferred"}
            | {"local_ts": START.replace(tzinfo=None) + timedelta(seconds=seconds)}
            for n, (kind, endpoint, status, seconds) in enumerate(rows, 1)
        ],
        infer_schema_length=None,
    )
    (request,) = build_requests(conform(frame, EVENTS))
    assert [a.waited_s for a in request.attempts] == [30.0]


def starts_and_waits(request):
    return [(start, waited) for _, _, start, _, waited, _ in request_table(1, request).rows]


def test_a_second_try_at_an_endpoint_has_a_start_of_its_own():
    (request,) = requests(
        (0, "tts_attempt", KOKORO), (2, "tts_stream_fail", None, TIMEOUT), (5, "tts_fail", KOKORO, TIMEOUT)
    )
    assert starts_and_waits(request) == [("10:00:00Z", "2.0 s"), ("10:00:02Z", "3.0 s")]


def test_a_second_try_that_answers_has_no_start_that_is_the_firsts():
    (request,) = requests(
        (0, "tts_attempt", KOKORO), (2, "tts_stream_fail", None, TIMEOUT), (5, "tts_ok", KOKORO)
    )
    assert starts_and_waits(request) == [("10:00:00Z", "2.0 s"), ("not known", "")]


def test_an_answer_after_the_last_exhausted_request_of_another_call_is_none_of_its(tmp_path):
    """A later call in which nothing was recorded ends without speech, too: it sends nothing."""
    (tmp_path / "stderr.log").write_text(
        "2026-11-22 01:32:35,417 - mcp.server.lowlevel.server - INFO - Processing request of type CallToolRequest\n"
        "2026-11-22 01:32:37,000 - voicemode - INFO - STT: Starting speech-to-text conversion\n"
        "2026-11-22 01:32:37,100 - voicemode - ERROR - ✗ All STT endpoints failed after 2 attempts\n"
        "2026-11-22 01:32:47,417 - mcp.server.lowlevel.server - INFO - Processing request of type CallToolRequest\n"
        "2026-11-22 01:32:57,100 - voicemode - INFO - STT: No speech detected (successful connection)\n"
    )
    (session,) = analyse(Request([tmp_path])).sessions
    assert [(c.exhausted_event is not None, c.no_speech) for c in session.case.speech_requests] == [
        (True, False),
        (False, True),
    ]
