"""How long answers took, out of each log that tells it: what is measured, what is left out, whose failure it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.session.services.latency import failing_series
from forensics.session.services.probes import unprobed
from tests.support.places import RULE_FIXTURES

SESSION = "5e551011-0000-4000-8000-000000000001"
START = datetime(2026, 11, 22, 8, tzinfo=UTC)
OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-4-5"
WHISPER, OPENAI = "http://127.0.0.1:2022/v1", "https://api.openai.com/v1"


def stamp(seconds):
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def series_of(folder):
    (session,) = analyse(Request([folder])).sessions
    return session.case, list(failing_series(session.case))


class Transcript:
    """Records of one session, at seconds after its start."""

    def __init__(self):
        self.lines = []

    def add(self, seconds, kind, message, **more):
        number = len(self.lines)
        base = {"type": kind, "uuid": f"u{number}", "sessionId": SESSION, "timestamp": stamp(seconds)}
        base |= {"cwd": "/home/dev/project", "version": "2.0.24", "isSidechain": False, "message": message}
        self.lines.append(json.dumps(base | more))
        return self

    def asks(self, seconds, **more):
        return self.add(seconds, "user", {"role": "user", "content": f"question {seconds}"}, **more)

    def result(self, seconds, call):
        block = {"type": "tool_result", "tool_use_id": call, "content": "done"}
        return self.add(seconds, "user", {"role": "user", "content": [block]})

    def says(self, seconds, message_id, model=OPUS, tokens=100, **more):
        block = {"type": "text", "text": f"at {seconds}"}
        usage = {"input_tokens": tokens, "output_tokens": 1}
        message = {"role": "assistant", "id": message_id, "model": model, "content": [block], "usage": usage}
        return self.add(seconds, "assistant", message, **more)

    def fails(self, seconds, text="API Error: 529 overloaded"):
        block = {"type": "text", "text": text}
        message = {"role": "assistant", "id": "x", "model": "<synthetic>", "content": [block]}
        return self.add(seconds, "assistant", message, isApiErrorMessage=True)

    def retries(self, seconds):
        error = {"status": 529, "message": "529 overloaded"}
        return self.add(seconds, "system", None, subtype="api_error", error=error)

    def read(self, folder):
        place = folder / ".claude" / "projects" / "-home-dev-project" / f"{SESSION}.jsonl"
        place.parent.mkdir(parents=True)
        place.write_text("\n".join(self.lines) + "\n")
        return series_of(folder)[1]


def told(series):
    return (series.endpoint, [(x.seconds, x.size) for x in series.latencies], len(series.failures))


def test_a_message_is_measured_from_what_it_answers_to_its_first_record(tmp_path):
    log = Transcript().asks(0).says(2, "m1").says(5, "m1", tokens=120)  # two records of one message
    log.asks(10).says(13.5, "m2").asks(20).fails(25)
    assert [told(s) for s in log.read(tmp_path)] == [(OPUS, [(2.0, 121.0), (3.5, 101.0)], 1)]


def test_what_was_tried_again_or_continued_is_no_measurement(tmp_path):
    log = Transcript().asks(0).says(2, "m1").says(30, "m2")  # goes on without being asked
    log.asks(40).retries(42).says(60, "m3").asks(70).says(71, "m4").asks(80).fails(85)
    (found,) = log.read(tmp_path)
    assert [x.seconds for x in found.latencies] == [2.0, 1.0]


def test_a_failure_is_that_of_the_model_that_its_agent_used_last(tmp_path):
    log = Transcript().asks(0).says(2, "m1", model=HAIKU).asks(10).says(11, "m2").asks(20).fails(25)
    assert [told(s) for s in log.read(tmp_path)] == [(OPUS, [(1.0, 101.0)], 1)]


def test_refusals_are_no_failures_of_the_service(tmp_path):
    log = Transcript().asks(0).says(2, "m1").asks(10).fails(11, "API Error: 401 invalid x-api-key")
    assert log.read(tmp_path) == []


def test_a_first_byte_has_the_model_of_its_own_request(tmp_path):
    lines = [
        (0.000, "DEBUG", f"[API:timing] dispatching to firstParty model={OPUS}"),
        (0.300, "DEBUG", f"[API:timing] dispatching to firstParty model={HAIKU}"),
        (1.305, "DEBUG", "[API:timing] first byte after 1001ms"),
        (4.005, "DEBUG", "[API:timing] first byte after 4003ms"),
        (5.000, "DEBUG", f"[API:timing] dispatching to firstParty model={OPUS}"),
        (9.000, "ERROR", 'API error (attempt 1/3): 529 529 {"type":"error"}'),
    ]
    place = tmp_path / ".claude" / "debug" / f"{SESSION}.txt"
    place.parent.mkdir(parents=True)
    place.write_text("".join(f"{stamp(at)} [{level}] {said}\n" for at, level, said in lines))
    _, found = series_of(tmp_path)
    assert [told(s) for s in found] == [(OPUS, [(4.003, None)], 1)]


def voice(seconds, said, level="INFO"):
    local = (START + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S,%f")[:-3]
    return f"{local} - voicemode - {level} - {said}\n"


FAILED = voice(60, f"STT failed for {WHISPER} (whisper): Request timed out.", "WARNING") + voice(
    60, f"STT: Primary failed, attempting fallback #1: {OPENAI} (openai)", "WARNING"
)


def events(*steps):
    records = (
        {
            "timestamp": stamp(at).replace("Z", "+00:00"),
            "event_type": kind,
            "session_id": "conv_1",
            "data": data,
        }
        for at, kind, data in steps
    )
    return "".join(json.dumps(r) + "\n" for r in records)


def test_an_answer_without_a_name_is_that_of_the_endpoint_tried_first(tmp_path):
    """From 6.0.2 on a request that went well leaves no line: only the event log tells it."""
    (tmp_path / "stderr.log").write_text(FAILED)
    heard = {"text": "x"}
    log = events(
        (0, "RECORDING_END", {"duration": 4.2, "samples": 96_000}),
        (1, "STT_START", {}),
        (3, "STT_COMPLETE", heard),
        (30, "STT_START", {}),
        (62, "STT_COMPLETE", heard),
    )
    (tmp_path / "voicemode_events_2026-11-22.jsonl").write_text(log)
    (session,) = analyse(Request([tmp_path], zone="UTC")).sessions
    (found,) = [s for s in failing_series(session.case) if s.endpoint == WHISPER]
    assert [(x.seconds, x.size) for x in found.latencies] == [(2.0, 4.0)]
    assert unprobed(session.case, found) is None  # it had answered before


def test_a_first_request_that_fails_was_not_probed(tmp_path):
    (tmp_path / "stderr.log").write_text(FAILED)
    case, (found,) = series_of(tmp_path)
    assert unprobed(case, found) == found.failures[0]


def test_any_answer_of_the_host_shows_that_it_was_alive(tmp_path):
    probe = 'HTTP Request: GET http://127.0.0.1:2022/health "HTTP/1.1 404 Not Found"'
    (tmp_path / "stderr.log").write_text(voice(1, probe) + FAILED)
    case, (found,) = series_of(tmp_path)
    assert unprobed(case, found) is None


def test_tools_come_in_the_order_of_their_first_records():
    _, found = series_of(RULE_FIXTURES / "CCF204/fires/two-tools-of-one-server/input")
    assert [series.endpoint for series in found] == ["files/find", "files/list"]
