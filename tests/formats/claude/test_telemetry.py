"""The client's telemetry in each of its layouts: the same events, each at the line that says most of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from forensics.evidence.account import Damage
from forensics.formats import parser_for
from forensics.formats.claude.shown_objects import value_of
from forensics.schema import EventKind as K
from forensics.schema import Source
from tests.support.places import FIXTURES

SESSION = "5e551011-0000-4000-8000-000000000001"
START = 1_770_335_478_000


def attributes(values):
    def plain(value):
        kind = {str: "stringValue", int: "intValue", bool: "boolValue"}[type(value)]
        return {kind: value}

    return [{"key": key, "value": plain(value)} for key, value in values.items()]


def record(number, name, **values):
    told = {"session.id": SESSION, "event.name": name, "event.sequence": number, **values}
    moment = (START + number * 1000) * 1_000_000
    body = {"stringValue": f"claude_code.{name}"}
    return {"timeUnixNano": str(moment), "body": body, "attributes": attributes(told)}


def batch(*records):
    resource = {"attributes": attributes({"service.name": "claude-code", "service.version": "2.1.332"})}
    return {
        "resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": {}, "logRecords": list(records)}]}]
    }


EVENTS = [
    record(1, "user_prompt", prompt_length="9"),
    record(2, "api_request", model="m", duration_ms=1200, query_source="sdk"),
    record(3, "tool_decision", tool_name="Bash", tool_use_id="toolu_1", decision="accept", source="config"),
    record(
        4,
        "tool_result",
        tool_name="Bash",
        tool_use_id="toolu_1",
        success="false",
        duration_ms="40",
        error="exit 1",
    ),
    record(
        5,
        "hook_execution_complete",
        hook_name="PreToolUse:Bash",
        num_non_blocking_error=1,
        total_duration_ms=7,
    ),
    record(6, "mcp_server_connection", server_name="shop", status="disconnected"),
    record(7, "subagent_completed", agent_type="Explore", duration_ms=900),
    record(8, "api_error", error="Connection error.", duration_ms=10, attempt=11, query_source="sdk"),
    record(9, "api_retries_exhausted", error="Connection error.", total_attempts=11),
]
TOLD = [
    K.TURN_START, K.SESSION_META, K.API_FIRST_BYTE, K.TOOL_DISPATCH, K.TOOL_DONE, K.HOOK_RAN, K.MCP_CONNECTION,
    K.AGENT_STOP, K.API_ERROR, K.OTHER,
]  # fmt: skip


def lines(text):
    return text.split("\n")


LAYOUTS = {
    "one batch on a line": json.dumps(batch(*EVENTS)),
    "a batch for each": "\n".join(json.dumps(batch(e)) for e in EVENTS),
    "printed": json.dumps(batch(*EVENTS), indent=2),
    "an array": json.dumps([batch(e) for e in EVENTS], indent=2),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_events_of_every_layout(read, layout):
    parsed = read("export.json", LAYOUTS[layout])
    events = parsed.events
    assert events["kind"].to_list() == [k.value for k in TOLD]
    assert set(events["session_id"]) == {SESSION}
    assert set(events["source"]) == {"otel"}
    assert events["ts"][0] == datetime.fromtimestamp(START / 1000 + 1, UTC)
    assert parsed.problems == ()
    assert parsed.lines_understood == parsed.lines_total
    failed = events.filter(events["kind"] == "api_error").row(0, named=True)
    assert (failed["component"], failed["status"], failed["count"]) == ("final", None, 11)
    assert "Connection error." in lines(LAYOUTS[layout])[failed["line"] - 1]
    done = events.filter(events["kind"] == "tool_done").row(0, named=True)
    assert (done["status"], done["correlation_id"], done["duration_ms"]) == ("error", "toolu_1", 40)


def test_a_failure_told_once_more_without_the_first_is_a_failure(read):
    parsed = read("export.json", json.dumps(batch(EVENTS[0], EVENTS[8])))
    assert K.API_ERROR.value in parsed.events["kind"].to_list()


def test_a_request_of_the_clients_own_ends_no_turn(read):
    failed = record(
        1, "api_error", error="Overloaded", status_code=529, query_source="generate_session_title"
    )
    parsed = read("export.json", json.dumps(batch(failed)))
    assert parsed.events["component"][0] == "own"


def test_metrics_and_spans_are_understood_as_such(read):
    point = {
        "attributes": attributes({"session.id": SESSION}),
        "asDouble": 0.1,
        "timeUnixNano": f"{START}000000",
    }
    metric = {"name": "claude_code.cost.usage", "sum": {"dataPoints": [point]}}
    span = {"name": "claude_code.interaction", "attributes": attributes({"session.id": SESSION})}
    data = [
        {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]},
        {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]},
    ]
    parsed = read("export.jsonl", "\n".join(map(json.dumps, data)))
    assert parsed.events["kind"].to_list() == ["other", "other"]
    assert parsed.events["session_id"].to_list() == [SESSION, SESSION]
    assert parsed.problems == ()


def test_an_event_that_is_not_known_is_counted_and_named(read):
    parsed = read("export.jsonl", json.dumps(batch(record(1, "api_flood"))))
    assert [shape.text for shape in parsed.unknown] == ["api_flood"]


def test_what_stands_between_is_something_elses_and_what_is_cut_is_damage(read):
    text = "hello\n" + json.dumps(batch(EVENTS[0])) + "\n" + json.dumps(batch(EVENTS[1]), indent=1)[:200]
    parsed = read("export.txt", text)
    assert parsed.problems[0].line == 1
    assert parsed.problems[-1].reason.damage is Damage.CUT_OFF
    assert parsed.lines_understood + sum(p.count for p in parsed.problems) == parsed.lines_total


def test_the_recording_is_read_by_this_format():
    data = (FIXTURES / "otel" / "otlp-logs.jsonl").read_bytes()
    parser = parser_for("otlp-logs.jsonl", data)
    assert parser is not None
    assert parser.source is Source.OTEL


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            "{ a: 1, 'b.c': [ 1770335478, 974000000 ], d: undefined }",
            {"a": 1, "b.c": [1770335478, 974000000], "d": None},
        ),
        ("{ e: 'it\\'s', f: \"it's\", g: `a\nb` }", {"e": "it's", "f": "it's", "g": "a\nb"}),
        ("{ h: 'one\\n' +\n    'two', i: [Object], j: -1.5 }", {"h": "one\ntwo", "i": ["Object"], "j": -1.5}),
        ("{ k: {}, l: [] }", {"k": {}, "l": []}),
        ('{"m": "{n"}', {"m": "{n"}),
    ],
)
def test_what_node_shows(text, value):
    assert value_of(text) == value
