"""Law 4: a text outranks a field that says nothing. What nothing names is still a failure, of the class other."""

from __future__ import annotations

import json

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.evidence.discover import discover
from forensics.formats import parser_for
from forensics.render.answers.console import to_text
from forensics.render.answers.json_report import to_json
from forensics.render.report.markdown import to_markdown
from forensics.schema import Source
from forensics.session.services.api_failures import failures
from forensics.table.notes.contradictions import CONTRADICTION
from tests.support.places import FIXTURES

ID = "5e551011-0000-4000-8000-000000000001"
# what the client or the API says, and the class that the words alone name
TOLD = {
    "API Error: 529 Overloaded": "overloaded",
    "API Error: Repeated 529 Overloaded errors": "overloaded",
    "API Error: 500 Internal server error": "server-error",
    "API Error: Request timed out": "timeout",
    "API Error: Unable to connect to API (ConnectionRefused)": "connection",
    "API Error: Unable to connect to API (FailedToOpenSocket)": "connection",
    "API Error: The socket connection was closed unexpectedly": "connection",
    "API Error: Connection closed mid-response": "connection",
    "You've hit your limit · resets 7pm": "usage-limit",
    "You're out of extra usage": "usage-limit",
    "Credit balance is too low": "credit",
    "Prompt is too long": "too-large",
    "Not logged in · Please run /login": "not-logged-in",
    "Invalid API key · Please run /login": "authentication",
    "Something that nobody has seen before": "other",
}
# fields that say nothing of the class, as clients write them
SILENT = ({}, {"error": "unknown"}, {"error": "unknown", "apiError": None})


def message(text):
    return {
        "id": "m1",
        "role": "assistant",
        "model": "<synthetic>",
        "content": [{"type": "text", "text": text}],
    }


def transcript(text, field):
    base = {"sessionId": ID, "isSidechain": False, "cwd": "/home/dev/project", "version": "2.1.150"}
    asked = {**base, "type": "user", "uuid": "u1", "timestamp": "2026-03-02T10:00:00.000Z"}
    asked["message"] = {"role": "user", "content": "Go on."}
    failed = {**base, "type": "assistant", "uuid": "u2", "timestamp": "2026-03-02T10:00:05.000Z"}
    return [asked, {**failed, "message": message(text), "isApiErrorMessage": True, **field}]


def stream(text, field):
    start = {"type": "system", "subtype": "init", "session_id": ID, "cwd": "/home/dev/project", "tools": []}
    failed = {"type": "assistant", "session_id": ID, "uuid": "u2", "message": message(text)}
    ended = {"type": "result", "subtype": "success", "is_error": True, "session_id": ID, "result": text}
    return [start, {**failed, "is_api_error_message": True, **field}, ended]


DIALECTS = {"projects/-home-dev-project/" + ID + ".jsonl": transcript, "run.jsonl": stream}


@pytest.mark.parametrize("field", SILENT, ids=json.dumps)
@pytest.mark.parametrize("place", DIALECTS)
def test_the_words_name_the_class_where_the_field_does_not(place, field, tmp_path):
    for number, (text, kind) in enumerate(TOLD.items()):
        log = tmp_path / str(number) / place
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("".join(json.dumps(r) + "\n" for r in DIALECTS[place](text, field)), encoding="utf-8")
        (session,) = analyse(Request([log.parents[2] if "/" in place else log])).sessions
        told = {failure.kind.value for failure in failures(session.case)}
        assert told == {kind}, text
        assert session.verdict == "ERROR_RESULT", text


@pytest.mark.parametrize("place", DIALECTS)
def test_a_shutdown_line_proves_no_completion_that_another_record_denies(place, tmp_path):
    log = tmp_path / ".claude" / place
    log.parent.mkdir(parents=True, exist_ok=True)
    records = DIALECTS[place]("Prompt is too long", {})
    log.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    debug = tmp_path / ".claude" / "debug" / f"{ID}.txt"
    debug.parent.mkdir(parents=True)
    debug.write_text(
        "2026-03-02T10:00:06.000Z [DEBUG] LSP server manager shut down successfully\n", encoding="utf-8"
    )
    (session,) = analyse(Request([tmp_path])).sessions
    assert session.verdict == "ERROR_RESULT"


# a field that says one thing and a text that says another, of one failed request: what is judged, and by which of them
CONTRADICTED = (
    ({"error": "rate_limit"}, "API Error: 401 invalid x-api-key", "authentication", "its text"),
    ({"error": "rate_limit"}, "API Error: Overloaded", "overloaded", "its text"),
    ({"error": "authentication_failed"}, "Prompt is too long", "too-large", "its text"),
    ({"error": "unknown", "apiError": "connection_failed"}, "API Error: 529 Overloaded", "overloaded", "its text"),
    ({"apiErrorStatus": 401}, "API Error: Overloaded", "authentication", "its field"),
    ({"apiErrorStatus": 529}, "API Error: 401 invalid x-api-key", "authentication", "its text"),
    ({"apiErrorStatus": 200}, "API Error: 529 Overloaded", "overloaded", "its text"),
)  # fmt: skip
# fields that are wider or narrower than their text, as genuine clients write them
AGREED = (
    ({"error": "rate_limit"}, "You've hit your limit · resets 7pm"),
    ({"error": "server_error"}, "API Error: Connection dropped (ECONNRESET)"),
    ({"error": "server_error", "apiErrorStatus": 529}, "API Error: 529 Overloaded"),
    ({"error": "invalid_request"}, "Prompt is too long"),
    ({"error": "invalid_request", "apiErrorStatus": 400}, "Credit balance is too low"),
    ({"error": "authentication_failed"}, "Not logged in · Please run /login"),
    ({"error": "rate_limit"}, "Something that nobody has seen before"),
)  # fmt: skip
SNAKE = {"apiErrorStatus": "api_error_status", "apiError": "api_error"}


def remarks(analysis):
    return [n for n in analysis.notes if CONTRADICTION in n.text]


def judged(tmp_path, place, records):
    log = tmp_path / place
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return analyse(Request([tmp_path]))


def dialect(place, text, field):
    return DIALECTS[place](text, field if place.endswith(".jsonl") and "/" in place else in_snake_case(field))


def in_snake_case(field):
    return {SNAKE.get(k, k): v for k, v in field.items()}


@pytest.mark.parametrize(("field", "text", "kind", "by"), CONTRADICTED, ids=lambda v: str(v)[:40])
@pytest.mark.parametrize("place", DIALECTS)
def test_a_contradiction_of_field_and_text_is_a_remark_with_both(place, field, text, kind, by, tmp_path):
    analysis = judged(tmp_path, place, dialect(place, text, field))
    (remark,) = remarks(analysis)
    name, value = list(in_snake_case(field).items())[-1]
    said = remark.text.replace("apiErrorStatus", "api_error_status").replace("apiError", "api_error")
    assert f"“{name}: {value}”" in said
    assert f"“{text}”" in said
    assert f"judged by {by}" in said
    assert [place.rpartition("/")[2] for place in remark.places] == [f"{place.rpartition('/')[2]}:2"]
    (session,) = analysis.sessions
    assert {failure.kind.value for failure in failures(session.case)} == {kind}


@pytest.mark.parametrize(("field", "text"), AGREED, ids=lambda v: str(v)[:40])
@pytest.mark.parametrize("place", DIALECTS)
def test_a_field_that_is_wider_or_narrower_than_its_text_contradicts_nothing(place, field, text, tmp_path):
    assert remarks(judged(tmp_path, place, dialect(place, text, field))) == []


def test_a_try_that_names_two_classes_is_a_remark(tmp_path):
    start, *_ = transcript("", {})
    error = {"status": 529, "message": '429 {"type":"error","error":{"type":"rate_limit_error"}}'}
    tried = {
        "type": "system",
        "subtype": "api_error",
        "sessionId": ID,
        "uuid": "u9",
        "error": error,
        "retryAttempt": 1,
    }
    (remark,) = remarks(judged(tmp_path, f"{ID}.jsonl", [start, tried]))
    assert "“error.status: 529”" in remark.text


WORDS_OF_THE_CLIENT = (
    "API Error: 529 Overloaded",
    "Claude AI usage limit reached|1796140800",
    "Credit balance is too low",
)


@pytest.mark.parametrize("text", WORDS_OF_THE_CLIENT)
@pytest.mark.parametrize("form", ["stream", "object", "array"])
def test_a_result_that_says_success_over_a_failure_is_a_remark_and_no_success(form, text, tmp_path):
    ended = {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "num_turns": 1,
        "session_id": ID,
        "result": text,
    }
    start = {"type": "system", "subtype": "init", "session_id": ID, "cwd": "/home/dev/project", "tools": []}
    log = tmp_path / ("run.jsonl" if form == "stream" else "run.json")
    records = [start, ended]
    lines = "".join(json.dumps(r) + "\n" for r in records)
    log.write_text(
        {"stream": lines, "object": json.dumps(ended), "array": json.dumps(records)}[form], encoding="utf-8"
    )
    analysis = analyse(Request([tmp_path]))
    (remark,) = remarks(analysis)
    assert "“is_error: false”" in remark.text
    assert f"“{text}”" in remark.text
    (session,) = analysis.sessions
    assert session.verdict == "ERROR_RESULT"


@pytest.mark.parametrize(
    "text",
    [
        "API Error handling is in place now.",
        "API Error: 529 Overloaded is what the test expects.\n\nAll is done.",
    ],
)
def test_a_model_that_speaks_of_failures_contradicts_nothing(text, tmp_path):
    start, _, ended = stream(text, {})
    said = {
        "id": "m2",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": text}],
    }
    answered = {"type": "assistant", "session_id": ID, "uuid": "u2", "message": said}
    analysis = judged(tmp_path, "run.jsonl", [start, answered, {**ended, "is_error": False, "num_turns": 1}])
    assert remarks(analysis) == []
    assert analysis.sessions[0].verdict == "CLEAN"


def called(tool, result, beside):
    """Return a session that calls one tool, and the answer with what the client adds to it."""
    base = {"sessionId": ID, "isSidechain": False, "cwd": "/home/dev/project", "version": "2.1.150"}
    asked = {"description": "Count", "prompt": "Count the files."} if tool == "Task" else {}
    call = {"type": "tool_use", "id": "t1", "name": tool, "input": asked}
    answer = {"type": "tool_result", "tool_use_id": "t1", **result}
    spoken = {"id": "m1", "role": "assistant", "model": "claude-sonnet-4-5", "content": [call]}
    return [
        {**base, "type": "user", "uuid": "u0", "timestamp": "2026-03-02T10:00:00.000Z", "message": {"role": "user", "content": "Go on."}},
        {**base, "type": "assistant", "uuid": "u1", "timestamp": "2026-03-02T10:00:01.000Z", "message": spoken},
        {**base, "type": "user", "uuid": "u2", "timestamp": "2026-03-02T10:00:02.000Z",
         "message": {"role": "user", "content": [answer]}, **beside},
    ]  # fmt: skip


LAUNCHED = "Async agent launched successfully.\nagentId: a1b2c3d (internal ID)"


def test_a_launch_that_calls_itself_completed_is_a_remark_and_no_end(tmp_path):
    records = called(
        "Task", {"content": LAUNCHED}, {"toolUseResult": {"status": "completed", "agentId": "a1b2c3d"}}
    )
    analysis = judged(tmp_path, f"{ID}.jsonl", records)
    (remark,) = remarks(analysis)
    assert "“toolUseResult.status: completed”" in remark.text
    assert "“Async agent launched successfully." in remark.text
    (agent,) = analysis.sessions[0].case.agents
    assert agent.end_event is None


def test_an_answer_with_its_measures_is_an_answer_whatever_it_begins_with(tmp_path):
    took = {"status": "completed", "agentId": "a1b2c3d", "totalDurationMs": 5000, "totalTokens": 900}
    analysis = judged(tmp_path, f"{ID}.jsonl", called("Task", {"content": LAUNCHED}, {"toolUseResult": took}))
    (remark,) = remarks(analysis)
    assert "judged by its field" in remark.text
    (agent,) = analysis.sessions[0].case.agents
    assert agent.end_event is not None


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        ("mcp__voicemode__converse", "STT service connection failed: all endpoints refused"),
        ("WebFetch", "Request failed with status code 503"),
        ("Bash", "<tool_use_error>Cancelled: parallel tool call Read errored</tool_use_error>"),
    ],
)
def test_a_result_that_is_flagged_as_no_error_over_a_known_failure_is_a_remark(tool, text, tmp_path):
    records = called(tool, {"content": text, "is_error": False}, {})
    (remark,) = remarks(judged(tmp_path / "said", f"{ID}.jsonl", records))
    assert "“is_error: false”" in remark.text
    assert f"“{text}”" in remark.text
    silent = called(tool, {"content": text}, {})
    assert (
        remarks(judged(tmp_path / "silent", f"{ID}.jsonl", silent)) == []
    )  # a field that is not there says nothing


def test_what_is_quoted_holds_no_secret(tmp_path):
    key = "sk-ant-api03-" + "a1B2" * 20
    analysis = judged(
        tmp_path,
        f"{ID}.jsonl",
        transcript(f"API Error: 401 invalid x-api-key {key}", {"error": "rate_limit"}),
    )
    (remark,) = remarks(analysis)
    assert key not in remark.text


def test_a_remark_stands_in_every_output(tmp_path):
    analysis = judged(tmp_path, f"{ID}.jsonl", transcript("API Error: Overloaded", {"error": "rate_limit"}))
    for text in (to_text(analysis), to_json(analysis), to_markdown(analysis)):
        assert "rate_limit" in text
        assert f"{ID}.jsonl:2" in text


# fixtures whose field and text are made to contradict each other
MADE_FOR_IT: frozenset[str] = frozenset()


def contradicting(folder):
    """Return the places where a field and a text contradict each other in one record of a folder's logs."""
    found = set()
    for evidence in discover([folder]).files:
        parser = parser_for(evidence.place, evidence.head)
        tells = parser is not None and parser.source in (Source.TRANSCRIPT, Source.STREAM_JSON)
        told = parser.parse(evidence).contradictions if tells else ()
        found |= {f"{evidence.name}:{c.line}" for c in told}
    return found


def test_no_fixture_contradicts_itself_but_those_that_are_made_for_it():
    assert contradicting(FIXTURES) == MADE_FOR_IT


@pytest.mark.corpus
@pytest.mark.whole
@pytest.mark.parametrize("folder", ["claude-code", "claude-code-new", "public", "issues", "hooks"])
def test_no_genuine_log_contradicts_itself(corpus, folder):
    if not (corpus / folder).is_dir():
        pytest.skip("not among the recordings at hand")
    assert contradicting(corpus / folder) == set()
