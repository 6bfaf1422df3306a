"""What a headless stream tells of failures: of requests, of agents, of the run. Shapes of 2.0.76 to 2.1.332."""

from __future__ import annotations

import json

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.evidence.file import open_evidence
from forensics.formats.claude.stream_json import StreamJson
from forensics.schema import EventKind as K

SESSION = "5e551011-0000-4000-8000-000000000001"
KEY = "Invalid API key · Fix external API key"
INIT = {"type": "system", "subtype": "init", "session_id": SESSION, "cwd": "/w", "tools": [], "uuid": "u0"}
SPAWN = {
    "type": "assistant",
    "message": {
        "id": "m1",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": [
            {
                "type": "tool_use",
                "id": "t1",
                "name": "Task",
                "input": {"description": "Count", "prompt": "Count."},
            }
        ],
    },
    "parent_tool_use_id": None,
    "session_id": SESSION,
    "uuid": "m1",
    "timestamp": "2026-03-02T10:00:00.000Z",
}


def said(text, **more):
    message = {
        "id": "f1",
        "role": "assistant",
        "model": "<synthetic>",
        "content": [{"type": "text", "text": text}],
    }
    return {
        "type": "assistant",
        "message": message,
        "parent_tool_use_id": None,
        "session_id": SESSION,
        "uuid": "f1",
    } | more


def result(**more):
    return {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "session_id": SESSION,
        "uuid": "r1",
    } | more


def task(subtype, **more):
    return {"type": "system", "subtype": subtype, "task_id": "a1", "session_id": SESSION} | more


def write(folder, *records, name="run.jsonl"):
    path = folder / name
    path.write_text(
        "".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in records),
        encoding="utf-8",
    )
    return path


def events(folder, *records):
    path = write(folder, INIT, *records)
    parsed = StreamJson().parse(open_evidence(path, path.name))
    assert parsed.problems == ()
    return parsed.events


def of(kind, found):
    return [r for r in found.iter_rows(named=True) if r["kind"] == kind]


@pytest.mark.parametrize(
    ("record", "status"),
    [
        (said(KEY, error="authentication_failed"), "authentication_failed"),
        (
            said(KEY, error="authentication_failed", is_api_error_message=True, api_error_status=401),
            "401",
        ),
        (said("API Error: 529 Overloaded", error="server_error", is_api_error_message=True), "529"),
        (said("API Error: Repeated 529 Overloaded errors"), "529"),
        (
            said("API Error: Unable to connect to API (ConnectionRefused)", error="unknown"),
            "ConnectionRefused",
        ),
        (said("API Error: it broke", error="unknown", is_api_error_message=True), None),
        (
            said("API Error: Connection dropped. Check", error="server_error", api_error="connection_failed"),
            "connection_failed",
        ),
    ],
)
def test_a_failed_request_is_one_in_every_dialect(tmp_path, record, status):
    (failed,) = of(K.API_ERROR, events(tmp_path, record))
    assert (failed["component"], failed["status"], failed["agent_id"]) == ("final", status, None)


def test_what_the_client_says_in_the_models_place_is_no_failure_by_itself(tmp_path):
    assert of(K.API_ERROR, events(tmp_path, said("No response requested."))) == []


def test_a_retry_counts_as_a_try_with_its_limit(tmp_path):
    retry = {"type": "system", "subtype": "api_retry", "attempt": 2, "max_retries": 10, "error_status": 529, "error": "overloaded", "session_id": SESSION}  # fmt: skip
    unknown = retry | {"attempt": 3, "error_status": None, "error": "unknown"}
    found = [
        (r["component"], r["count"], r["total"], r["status"])
        for r in of(K.API_ERROR, events(tmp_path, retry, unknown))
    ]
    assert found == [("attempt", 2, 10, "529"), ("attempt", 3, 10, None)]


@pytest.mark.parametrize(
    ("record", "status", "words"),
    [
        (result(result="Done.", terminal_reason="completed"), "success", "success"),
        (
            result(is_error=True, api_error_status=400, result="Credit balance is too low"),
            "error",
            "error: Credit balance is too low (HTTP 400)",
        ),
        (
            result(subtype="error_max_turns", is_error=True, errors=["Reached maximum number of turns (3)"]),
            "error_max_turns",
            "error_max_turns: Reached maximum number of turns (3)",
        ),
        (
            result(subtype="error_max_budget_usd", is_error=True, terminal_reason="max_budget"),
            "error_max_budget_usd",
            "error_max_budget_usd: max_budget",
        ),
        (
            result(terminal_reason="max_turns", result="Half of it."),
            "max_turns",
            "max_turns: Half of it.",
        ),
        (result(terminal_reason="hook_stopped"), "success", "success"),
    ],
)
def test_a_result_says_in_its_own_words_why_it_is_none(tmp_path, record, status, words):
    (told,) = of(K.RESULT, events(tmp_path, record))
    assert (told["status"], told["message"]) == (status, f"the run's result: {words}")


def test_a_task_that_is_an_agent_begins_and_ends_and_a_shell_is_none(tmp_path):
    found = events(
        tmp_path,
        SPAWN,
        task("task_started", tool_use_id="t1"),
        task("task_progress", tool_use_id="t1", description="Counting"),
        task("task_updated", patch={"status": "failed", "error": "it broke"}),
        task("task_started", task_id="b1", tool_use_id="t9", task_type="local_bash"),
        task("task_notification", task_id="b1", status="failed", summary="exit code 1"),
    )
    (began,) = of(K.AGENT_STARTED, found)
    (ended,) = of(K.AGENT_NOTIFICATION, found)
    assert (began["target_agent_id"], began["correlation_id"]) == ("a1", "t1")
    assert (ended["status"], ended["message"]) == ("failed", "agent a1 failed: it broke")


def test_an_agent_that_only_the_notice_tells_of_did_not_return(tmp_path):
    why = (
        "Agent terminated early due to an API error: " + KEY + " (error type authentication_failed, HTTP 401)"
    )
    write(
        tmp_path,
        INIT,
        SPAWN,
        task("task_started", tool_use_id="t1"),
        task("task_notification", status="failed", summary=why),
        result(),
    )
    (session,) = analyse(Request([tmp_path])).sessions
    (agent,) = session.case.agents
    assert (agent.agent_id, agent.outcome) == ("a1", "failed")
    (found,) = [f for f in session.findings if f.rule == "CCF207"]
    assert found.facts["agent"] == "a1"
    assert any("success all the same" in s.text for s in found.statements)


def in_transcript(record):
    """Tell a record of a stream in the words of a transcript."""
    names = {"session_id": "sessionId", "is_api_error_message": "isApiErrorMessage", "api_error_status": "apiErrorStatus"}  # fmt: skip
    told = {names.get(k, k): v for k, v in record.items() if k != "parent_tool_use_id"}
    return told | {"timestamp": "2026-03-02T10:00:01.000Z", "isSidechain": False, "version": "2.1.183"}


@pytest.mark.parametrize(
    "record",
    [
        said(KEY, error="authentication_failed", is_api_error_message=True, api_error_status=401),
        said("API Error: 529 Overloaded", error="server_error", is_api_error_message=True),
        said(
            "API Error: Unable to connect to API (FailedToOpenSocket)",
            error="unknown",
            is_api_error_message=True,
        ),
        said("API Error: something new", error="unknown", is_api_error_message=True),
        said("Prompt is too long", error="invalid_request", is_api_error_message=True),
    ],
)
def test_a_stream_and_a_transcript_of_one_failure_give_equal_findings(tmp_path, record):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    write(tmp_path / "a", INIT, record)
    write(tmp_path / "b", in_transcript(record), name=f"{SESSION}.jsonl")
    told = []
    for folder in ("a", "b"):
        (session,) = analyse(Request([tmp_path / folder])).sessions
        told.append(
            [
                (f.rule, f.severity, f.message)
                for f in session.findings
                if f.rule in ("CCF206", "CCF207", "CCF901")
            ]
        )
    assert told[0] == told[1]
    assert told[0]


def test_a_result_counts_the_agents_of_its_run(tmp_path):
    stats = {"spawned": 3, "completed": 1, "failed": 2, "killed": {"user": 0}}
    tally, failed = of(K.AGENT_TALLY, events(tmp_path, result(subagent_stats=stats)))
    assert (tally["count"], tally["total"]) == (3, 1)
    assert (failed["status"], failed["count"], failed["total"]) == ("failed", 2, 3)
    assert of(K.AGENT_TALLY, events(tmp_path, result(subagent_stats={"spawned": 0}))) == []
