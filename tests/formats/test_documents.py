"""Files that are one document: todo lists, tasks, agents' metadata, and what a process leaves behind."""

from __future__ import annotations

import json

import pytest

from forensics.formats import parser_for

SESSION, AGENT = "c4f74656-68ad-4973-8f53-0b862ed16d5d", "d242a562-5f75-4e33-a828-f36f2e067cc0"
TODOS = [
    {"content": "a", "status": "in_progress", "activeForm": "Doing a"},
    {"content": "b", "status": "pending"},
]
DOCUMENTS = {
    f"todos/{SESSION}-agent-{SESSION}.json": json.dumps(TODOS, indent=2),
    f"tasks/{SESSION}/7.json": '{"id":"7","subject":"Write it","status":"completed","owner":"a1","blocks":[]}',
    f"{SESSION}/subagents/agent-a1b2c3.meta.json": '{"agentType":"Explore","toolUseId":"toolu_1","description":"Look","finished":true}',
    "sessions/4711.json": json.dumps({"pid": 4711, "sessionId": SESSION, "status": "busy"}),
    ".voicemode/conch": json.dumps(
        {
            "pid": 4711,
            "agent": "converse",
            "session_id": None,
            "project_path": "/w",
            "acquired": "2026-11-22T01:43:31.318017",
            "held": False,
        },
        indent=2,
    ),
    "shell-snapshots/snapshot-zsh-1761030003495-q7m2xk.sh": "# Snapshot file\nexport PATH=/bin\n",
}


def one(parsed) -> dict:
    (event,) = parsed.events.iter_rows(named=True)
    return event


@pytest.mark.parametrize("agent", [SESSION, AGENT], ids=["main", "subagent"])
def test_a_todo_list(read, agent):
    parsed = read(f"todos/{SESSION}-agent-{agent}.json", json.dumps(TODOS, indent=2))
    event = one(parsed)
    assert (event["session_id"], event["agent_id"]) == (SESSION, None if agent == SESSION else agent)
    assert (event["kind"], event["count"], event["ts"]) == ("todo_snapshot", 2, None)
    assert parsed.todos.select("position", "content", "active_form", "status").rows() == [(0, "a", "Doing a", "in_progress"), (1, "b", None, "pending")]  # fmt: skip


def test_a_list_of_the_first_releases_is_the_main_agents(read):
    old = [{**item, "id": str(n), "priority": "high"} for n, item in enumerate(TODOS)]
    event = one(read(f"todos/{SESSION}.json", json.dumps(old)))
    assert (event["session_id"], event["agent_id"], event["count"]) == (SESSION, None, 2)


def test_a_document_over_several_lines_is_cited_where_it_says_something(read):
    listed = read(f"todos/{SESSION}-agent-{SESSION}.json", json.dumps(TODOS[::-1], indent=2))
    assert one(listed)["line"] == 7
    assert set(listed.todos["line"]) == {7}
    quoted = [{"content": 'the "content": key', "status": "in_progress"}, *TODOS]
    assert one(read(f"todos/{SESSION}-agent-{SESSION}.json", json.dumps(quoted, indent=2)))["line"] == 3
    task = json.dumps(json.loads(DOCUMENTS[f"tasks/{SESSION}/7.json"]), indent=2)
    assert one(read(f"tasks/{SESSION}/7.json", task))["line"] == 4


def test_an_empty_todo_list_has_no_items(read):
    parsed = read(f"{SESSION}-agent-{SESSION}.json", "[]")
    assert one(parsed)["count"] == 0
    assert parsed.todos.is_empty()


def test_a_task(read):
    parsed = read(f"tasks/{SESSION}/7.json", DOCUMENTS[f"tasks/{SESSION}/7.json"])
    assert (one(parsed)["session_id"], one(parsed)["status"]) == (SESSION, "completed")
    assert parsed.todos.select("item_id", "content", "owner").rows() == [("7", "Write it", "a1")]


def test_a_task_that_waits_for_another(read):
    task = {"id": "2", "subject": "Deploy it", "status": "pending", "blocks": ["3"], "blockedBy": ["1"]}
    parsed = read(f"tasks/{SESSION}/2.json", json.dumps(task))
    assert parsed.todos.select("blocked_by", "blocks").rows() == [(["1"], ["3"])]


@pytest.mark.parametrize(
    ("finished", "status"), [(True, "finished"), (False, "unfinished"), (None, "unfinished")]
)
def test_an_agents_metadata(read, finished, status):
    meta = {"agentType": "Explore", "toolUseId": "toolu_1", "requestShape": "background"}
    meta |= {} if finished is None else {"finished": finished}
    event = one(read(f"{SESSION}/subagents/agent-a1b2c3.meta.json", json.dumps(meta)))
    assert (event["session_id"], event["target_agent_id"], event["correlation_id"]) == (
        SESSION,
        "a1b2c3",
        "toolu_1",
    )
    assert (event["status"], event["tool"]) == (status, "background")


def test_a_process_file(read):
    event = one(read("sessions/4711.json", DOCUMENTS["sessions/4711.json"]))
    assert (event["session_id"], event["pid"], event["status"]) == (SESSION, 4711, "process file (busy)")


def test_a_shell_snapshot_is_dated_by_its_name_and_not_read(read):
    event = one(read("shell-snapshots/snapshot-zsh-1761030003495-q7m2xk.sh", "export KEY=x\n"))
    assert f"{event['ts']:%Y-%m-%d %H:%M:%S.%f}" == "2025-10-21 07:00:03.495000"
    assert "KEY" not in str(event)


@pytest.mark.parametrize(
    ("held", "status", "says"),
    [
        (False, "in a call", "not removed"),
        (None, "in a call", "not removed"),
        (True, "floor kept", "after a call"),
    ],
)
def test_a_voice_lock_says_no_more_than_it_knows(read, held, status, says):
    lock = json.loads(DOCUMENTS[".voicemode/conch"])
    lock |= {} if held is None else {"held": held}
    if held is None:  # as 8.0.0 writes it
        lock = {k: lock[k] for k in ("pid", "agent", "acquired")}
    event = one(read(".voicemode/conch", json.dumps(lock, indent=2)))
    assert (event["kind"], event["pid"], event["status"]) == ("voice_lock_left", 4711, status)
    assert says in event["message"]
    assert str(event["local_ts"]) == "2026-11-22 01:43:31.318017"
    assert (event["ts"], event["ts_quality"]) == (None, "missing")
    assert event["line"] == (4 if held is None else 6)


@pytest.mark.parametrize("given", [SESSION, "my session", None])
def test_a_voice_lock_names_a_client_session_only_by_its_id(read, given):
    lock = json.loads(DOCUMENTS[".voicemode/conch"]) | {"session_id": given}
    assert one(read("conch", json.dumps(lock)))["session_id"] == (SESSION if given == SESSION else None)


@pytest.mark.parametrize("name", ["conch.json", "conches", "notes/conch.txt"])
def test_a_voice_lock_is_known_by_its_name(name):
    assert parser_for(name, DOCUMENTS[".voicemode/conch"].encode()) is None
    assert parser_for("bin/conch", b"#!/bin/sh\n") is None


@pytest.mark.parametrize("name", [n for n in DOCUMENTS if n.endswith((".json", "conch"))])
@pytest.mark.parametrize("damage", ["cut", "wrong", "list"])
def test_a_damaged_document_tells_nothing_and_every_line_of_it_is_a_problem(write, name, damage):
    text = {"cut": DOCUMENTS[name][:-9], "wrong": '{\n"id": 5\n}', "list": "[\n5\n]"}[damage]
    if name.startswith("sessions") and damage == "cut":
        text = text[:10]
    parser = parser_for(name, DOCUMENTS[name].encode())
    parsed = parser.parse(write(name, text))
    told = set(parsed.events["kind"])
    if told <= {"other"} and name.startswith(("todos", "tasks")):
        assert parsed.events["session_id"].to_list() == [SESSION]  # which has not seen everything
    if told <= {"other"} and (parsed.events.is_empty() or name.startswith(("todos", "tasks"))):
        assert parsed.lines_understood == 0
        assert [(p.line, p.count) for p in parsed.problems] == [(1, parsed.lines_total)]
    else:  # agents' metadata: every key may be missing
        assert parsed.problems == ()
        assert damage == "wrong"


@pytest.mark.parametrize(
    "name",
    ["todos.json", "package.json", f"{SESSION}.json", "tasks/x/1.json", "agent-1.json", "snapshot-bash.sh"],
)
def test_other_files_of_the_kind_are_left_alone(name):
    assert parser_for(name, b'[{"content":"a","status":"pending"}]') is None
