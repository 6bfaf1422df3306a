"""The SDK's request log in a headless run. All content is invented; the words are the SDK's (0.60)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.evidence.account import Problem
from forensics.evidence.file import count_lines
from forensics.formats.claude.sdk_log import SdkLog
from forensics.formats.claude.stream_json import NOISE, StreamJson
from forensics.formats.shapes import Tally
from forensics.schema import EventKind, Source

URL = "https://api.example/v1/messages?beta=true"
SENDING = f"""\
[log_0000a1] sending request {{
  method: 'post',
  url: '{URL}',
  options: {{
    body: {{ model: 'a-model', messages: [Array] }}
  }}
}}
"""
FAILED = f"""\
[log_0000a1] post {URL} failed with status 429 in 120ms - retrying, 2 attempts remaining
[log_0000a1] response error (retrying, 2 attempts remaining) {{
  url: '{URL}',
  status: 429,
  durationMs: 121
}}
"""
LOST = f"""\
[log_0000a2, retryOf: log_0000a1] connection timed out - error; no more retries left
[log_0000a2, retryOf: log_0000a1] connection timed out (error; no more retries left) {{
  url: '{URL}',
  durationMs: 600000,
  message: 'timeout'
}}
"""
SERVED = f"""\
[log_0000a3] post {URL} succeeded with status 200 in 900ms
[log_0000a3] response start {{
  status: 200
}}
response 200 {URL} Headers {{
  date: 'Wed, 04 Mar 2026 10:00:00 GMT'
}} ReadableStream {{ locked: false }}
"""
INIT = json.dumps({"type": "system", "subtype": "init", "session_id": "s1", "uuid": "u0", "cwd": "/w"}).replace(", ", ",").replace(": ", ":") + "\n"  # fmt: skip
DONE = '{"type":"result","subtype":"success","is_error":false,"num_turns":1,"duration_ms":5,"session_id":"s1","uuid":"u9"}\n'
CONSOLE = f"$ claude -p go\n{SENDING}{INIT}{FAILED}{LOST}{SERVED}{DONE}"


def of_sdk(parsed):
    return parsed.events.filter(parsed.events["source"] == Source.STREAM_JSON.value).sort("line")


def line_of(words):
    return next(n for n, line in enumerate(CONSOLE.splitlines(), 1) if words in line)


def test_blocks_are_understood_and_counted_as_records(read):
    parsed = read("run.txt", CONSOLE)
    assert parsed.problems == (Problem(1, NOISE),)
    assert parsed.lines_total == count_lines(CONSOLE.encode())
    assert parsed.records == 2 + 8
    assert parsed.unknown == ()


def test_each_failure_is_one_event_with_what_its_block_adds(read):
    events = of_sdk(read("run.txt", CONSOLE))
    columns = ("line", "kind", "status", "component", "endpoint", "duration_ms", "session_id")
    assert events.select(columns).rows() == [
        (line_of("failed with status"), "api_error", "429", "attempt", URL, 120.0, "s1"),
        (line_of("connection timed out -"), "api_error", "Request timed out", "request", URL, 600000.0, "s1"),
        (line_of("succeeded with"), "http_response", "200", "request", URL, 900.0, "s1"),
    ]


def test_a_request_before_the_first_record_is_that_sessions(read):
    events = of_sdk(read("run.txt", FAILED + INIT + DONE))
    assert events.select("line", "session_id").rows() == [(1, "s1")]


def test_a_failed_request_is_no_answer_of_the_sessions(tmp_path):
    call = '{"type":"assistant","message":{"role":"assistant","id":"m1","content":[{"type":"tool_use","id":"t1","name":"Bash","input":{}}]},"parent_tool_use_id":null,"session_id":"s1","uuid":"u1"}\n'
    path = tmp_path / "run.txt"
    path.write_text(INIT + call + LOST)
    (session,) = analyse(Request([path])).sessions
    assert session.case.ending.verdict == "TRUNCATED"
    assert len(session.case.ending.open_calls) == 1
    (timeout,) = [f for f in session.findings if f.rule == "CCF204"]
    assert timeout.facts["occurrences"] == 1
    assert [e.line for e in timeout.evidence] == [3]


def test_colours_redraws_and_carriage_returns_change_nothing(read):
    dressed = CONSOLE.replace("'post'", "\x1b[32m'post'\x1b[39m").replace("[log_", "\x1b[?25l10%\r20%\r[log_").replace("\n", "\r\n")  # fmt: skip
    plain, other = (of_sdk(read("run.txt", text)).drop("file") for text in (CONSOLE, dressed))
    assert other.equals(plain)
    assert read("run.txt", dressed).problems == (Problem(1, NOISE),)


def test_a_block_that_is_cut_off_takes_no_lines_of_others(read):
    text = SENDING.partition("    body")[0] + "make: nothing to be done\n  indented output\n" + INIT + DONE
    assert read("run.txt", text).problems == (Problem(5, NOISE, 2),)


def test_a_block_ends_with_its_brace(read):
    for block in (SENDING, SERVED):
        text = INIT + block + "  indented output of something else\n" + DONE
        assert read("run.txt", text).problems == (Problem(2 + block.count("\n"), NOISE),)


def test_words_that_were_never_seen_are_counted(read):
    parsed = read("run.txt", INIT + "[log_0000a9] something quite new\n" + DONE)
    assert parsed.problems == ()
    assert [(s.text, s.line, s.count) for s in parsed.unknown] == [("SDK something quite new", 2, 1)]


@pytest.mark.parametrize(
    "line",
    ["log_0000a1 sending request {", "  [log_0000a1] sending request {", "response 200 OK", "[log_xyz] post"],
)
def test_what_is_not_the_sdks(line):
    assert not SdkLog(Tally()).take(1, line, None)


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_every_line_of_a_mutant_is_accounted_for(write, data):
    raw = CONSOLE.encode()
    for _ in range(data.draw(st.integers(1, 5))):
        at, length = data.draw(st.integers(0, len(raw))), data.draw(st.integers(0, 40))
        piece = data.draw(
            st.binary(max_size=8) | st.sampled_from([b"\n", b"\r", b"}", b" {\n", b"[log_0000a1] "])
        )
        raw = raw[:at] + piece + raw[at + length :]
    parsed = StreamJson().parse(write("run.txt", raw))
    assert parsed.lines_total == count_lines(raw)
    assert parsed.lines_understood + sum(p.count for p in parsed.problems) == parsed.lines_total
    kinds = set(of_sdk(parsed)["kind"])
    assert kinds <= {EventKind.API_ERROR, EventKind.HTTP_RESPONSE}
