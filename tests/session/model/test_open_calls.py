"""Calls inside which an agent's record stops, of agents that may outlive the record of the main one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request

ID = "5e551011-0000-4000-8000-000000000001"
BEGIN = datetime(2026, 3, 2, 10, 0, 0, tzinfo=UTC)
LAUNCHED = "Async agent launched successfully.\nagentId: a1b2c3d (internal ID)"


def at(seconds):
    return (BEGIN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def record(kind, seconds, content, **beside):
    base = {
        "sessionId": ID,
        "isSidechain": "agentId" in beside,
        "cwd": "/home/dev/project",
        "version": "2.1.150",
    }
    said = {"role": kind, "content": content} | (
        {"id": f"m{seconds}{beside.get('agentId', '')}"} if kind == "assistant" else {}
    )
    return {
        **base,
        "type": kind,
        "uuid": f"u{seconds}{beside.get('agentId', '')}",
        "timestamp": at(seconds),
        "message": said,
        **beside,
    }


def call(number, tool, **asked):
    return [{"type": "tool_use", "id": f"t{number}", "name": tool, "input": asked}]


def session_of(tmp_path, tool, *behind):
    """Return a session whose agent, launched in the background, stops 10 s later inside a call."""
    brief = {"description": "Write notes", "prompt": "Write the notes.", "run_in_background": True}
    launch = {"toolUseResult": {"status": "async_launched", "agentId": "a1b2c3d"}}
    main = [
        record("user", 0, "Go on."),
        record("assistant", 1, call(1, "Agent", **brief)),
        record("user", 2, [{"type": "tool_result", "tool_use_id": "t1", "content": LAUNCHED}], **launch),
        record("assistant", 3, [{"type": "text", "text": "It runs."}]),
        *behind,
    ]
    agent = [
        record("user", 2.5, "Write the notes.", agentId="a1b2c3d"),
        record(
            "assistant",
            12,
            call(2, tool, file_path="/home/dev/project/notes.md", command="make"),
            agentId="a1b2c3d",
        ),
    ]
    folder = tmp_path / ".claude/projects/-home-dev-project"
    for file, records in ((f"{ID}.jsonl", main), (f"{ID}/subagents/agent-a1b2c3d.jsonl", agent)):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    (session,) = analyse(Request([tmp_path])).sessions
    return session


def asked_again(seconds):
    return record("user", seconds, "How far is it?")


@pytest.mark.parametrize("tool", ["Write", "Edit"])
def test_a_record_that_stops_inside_an_agents_write_is_cut_off(tool, tmp_path):
    session = session_of(tmp_path, tool)
    assert session.verdict == "TRUNCATED"
    assert {f.rule: f.severity.value for f in session.findings}["CCF403"] == "high"


@pytest.mark.parametrize(("seconds", "verdict"), [(13.9, "TRUNCATED"), (14.1, "UNKNOWN")])
def test_a_main_agent_that_went_on_for_two_seconds_lived_on(seconds, verdict, tmp_path):
    assert session_of(tmp_path, "Write", asked_again(seconds)).verdict == verdict


def test_a_command_may_take_long(tmp_path):
    assert session_of(tmp_path, "Bash").verdict == "UNKNOWN"
