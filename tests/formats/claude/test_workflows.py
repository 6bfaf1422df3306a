"""A workflow's journal and its state: which agents it started, and how they ended."""

from __future__ import annotations

import json

import pytest

SESSION = "5e551011-0000-4000-8000-000000000001"
FOLDER = f"projects/-home-dev-project/{SESSION}"
JOURNAL = f"{FOLDER}/subagents/workflows/wf_28a8a533-3eb/journal.jsonl"
STATE = f"{FOLDER}/workflows/wf_28a8a533-3eb.json"
TOLD = ("line", "kind", "session_id", "target_agent_id", "message_id", "component", "status")


def journal(*entries):
    return "".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in entries)


def started(agent, **more):
    return {"type": "started", "key": "v2:c5e868aac40", "agentId": agent, **more}


def result(agent, said="done"):
    return {"type": "result", "key": "v2:c5e868aac40", "agentId": agent, "result": said}


def test_the_journal_names_the_agents_and_those_that_returned(read):
    text = journal(
        {"type": "launched"}, started("af2511c", label="one"), started("adae752"), result("af2511c")
    )
    parsed = read(JOURNAL, text)
    told = parsed.events.filter(parsed.events["kind"] != "other").select(TOLD).rows()
    run = "wf_28a8a533-3eb"
    assert told == [
        (2, "agent_started", SESSION, "af2511c", run, "one", None),
        (3, "agent_started", SESSION, "adae752", run, None, None),
        (4, "agent_notification", SESSION, "af2511c", run, None, "completed"),
    ]
    assert parsed.lines_understood == parsed.lines_total == 4


def test_a_journal_that_was_copied_out_is_known_by_its_entries(read):
    parsed = read("copied.txt", journal(started("af2511c"), result("af2511c", {"any": ["shape", 1]})))
    assert parsed.events["kind"].to_list() == ["agent_started", "agent_notification"]
    assert parsed.events["session_id"].to_list() == [None, None]


def test_an_entry_of_another_type_is_of_an_unknown_shape(read):
    parsed = read(JOURNAL, journal(started("af2511c"), {"type": "paused", "agentId": "af2511c"}))
    assert [shape.text for shape in parsed.unknown] == ["paused"]


@pytest.mark.parametrize(
    ("state", "kind", "status", "second"),
    [
        ("done", "agent_notification", "completed", 5),
        ("error", "agent_notification", "failed", 5),
        ("running", "agent_started", None, 1),
    ],
)
def test_the_state_says_when_an_agent_ended(read, state, kind, status, second):
    agent = {"type": "workflow_agent", "label": "one", "agentId": "af2511c", "state": state}
    agent |= {"startedAt": 1796062601000, "durationMs": 4000}
    phase = {"type": "workflow_phase", "index": 1}
    text = json.dumps({"runId": "wf_28a8a533-3eb", "workflowProgress": [phase, agent]})
    (event,) = read(STATE, text).events.rows(named=True)
    assert (event["kind"], event["status"], event["session_id"]) == (kind, status, SESSION)
    assert (event["target_agent_id"], event["message_id"]) == ("af2511c", "wf_28a8a533-3eb")
    assert event["ts"].second == (1796062601 - 1 + second) % 60


def test_what_is_no_state_is_accounted_for(read):
    parsed = read(STATE, '{"runId": 3,')
    assert (parsed.lines_total, parsed.lines_understood) == (1, 0)
