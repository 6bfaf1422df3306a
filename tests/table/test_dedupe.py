"""One happening is one event, and two happenings are never one."""

from __future__ import annotations

import json

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request

ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
SAID = (
    "Starting connection with timeout of 30000ms",
    "Successfully connected to stdio server in 900ms",
    "Calling MCP tool: search",
    "Tool 'search' failed after 60s: MCP error -32001: Request timed out",
)


def put(folder, files: dict[str, str]):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return analyse(Request([folder]))


def debug(start: str) -> str:
    return "".join(
        f'2025-11-{start}:0{n}:00.000Z [DEBUG] MCP server "x": {text}\n' for n, text in enumerate(SAID)
    )


def mcp(start: str, session: str = ONE) -> str:
    rows = [
        {"debug": text, "timestamp": f"2025-11-{start}:0{n}:00.050Z", "sessionId": session, "cwd": "/p"}
        for n, text in enumerate(SAID)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


def place(start: str) -> str:
    return f"mcp-logs-x/2025-11-{start}-00-00-000Z.jsonl"


def findings(analysis) -> set[tuple[str, str, str]]:
    return {
        (s.session_id, f.rule, json.dumps(f.facts, default=str))
        for s in analysis.sessions
        for f in s.findings
    }


def timeouts(analysis) -> list[int]:
    return [f.facts["occurrences"] for s in analysis.sessions for f in s.findings if f.rule == "CCF204"]


def test_two_sessions_with_equal_lines_have_the_findings_of_each(tmp_path):
    files = {f"debug/{ONE}.txt": debug("22T07"), f"debug/{TWO}.txt": debug("22T09")}
    alone = [put(tmp_path / str(n), {name: text}) for n, (name, text) in enumerate(files.items())]
    both = put(tmp_path / "both", files)
    assert findings(both) == findings(alone[0]) | findings(alone[1])
    assert timeouts(both) == [1, 1]
    assert not [e for s in both.sessions for f in s.findings for e in f.evidence if e.also_at]


def test_equal_lines_at_one_moment_in_two_sessions_are_two(tmp_path):
    files = {f"debug/{ONE}.txt": debug("22T07"), f"debug/{TWO}.txt": debug("22T07")}
    assert timeouts(put(tmp_path, files)) == [1, 1]


def test_two_processes_of_one_session_that_say_the_same_count_twice(tmp_path):
    both = put(tmp_path, {place("22T07"): mcp("22T07"), place("23T07"): mcp("23T07")})
    assert timeouts(both) == [2]


def test_two_processes_a_minute_apart_count_twice(tmp_path):
    soon = mcp("22T07").replace("T07:0", "T07:1")
    assert timeouts(put(tmp_path, {place("22T07"): mcp("22T07"), place("22T08"): soon})) == [2]


def test_a_debug_log_and_an_mcp_log_of_one_session_tell_one_call(tmp_path):
    files = {f"debug/{ONE}.txt": debug("22T07"), place("22T07"): mcp("22T07")}
    assert timeouts(put(tmp_path, files)) == [1]


def test_a_debug_log_tells_the_call_of_its_day_only(tmp_path):
    files = {f"debug/{ONE}.txt": debug("23T07"), place("22T07"): mcp("22T07")}
    assert timeouts(put(tmp_path, files)) == [2]


def test_calls_without_an_id_are_not_one_call(tmp_path):
    def call(n: int) -> str:
        use = {"type": "tool_use", "id": "", "name": "Bash", "input": {"command": str(n)}}
        record = {"type": "assistant", "uuid": f"u{n}", "sessionId": ONE, "timestamp": f"2025-11-22T07:0{n}:00.000Z", "version": "2.0.24", "cwd": "/w", "message": {"role": "assistant", "id": f"m{n}", "content": [use]}}  # fmt: skip
        return json.dumps(record) + "\n"

    (session,) = put(tmp_path, {f"{ONE}.jsonl": call(1) + call(2) + call(3)}).sessions
    assert session.case.events.filter(session.case.events["kind"] == "tool_call").height == 3


def said(kind: str, uuid: str, second: int, content: object, session: str = ONE, **more) -> str:
    record = {
        "type": kind,
        "uuid": uuid,
        "sessionId": session,
        "timestamp": f"2026-01-22T07:00:{second:02d}.000Z",
        "message": {"role": kind, "id": "msg_1" if kind == "assistant" else None, "content": content},
    }
    return json.dumps(record | more) + "\n"


def conversation(mark: str, session: str = ONE) -> str:
    call = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {}}
    answer = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "ok"}
    return (
        said("user", f"{mark}1", 1, "go on", session)
        + said("assistant", f"{mark}2", 2, [{"type": "text", "text": "I will"}], session)
        + said("assistant", f"{mark}3", 3, [call], session)
        + said("user", f"{mark}4", 4, [answer], session)
    )


def told(analysis, session: str = ONE) -> list[str]:
    (case,) = (s.case for s in analysis.sessions if s.session_id == session)
    return [k for k in case.events["kind"] if k != "session_meta"]


CONVERSATION = ["user_prompt", "assistant_message", "tool_call", "tool_result"]


def test_what_a_resumed_session_copied_under_new_ids_counts_once(tmp_path):
    # as some releases do on --resume: the same records again, in the same file, with uuids of their own
    more = said("user", "c1", 9, "and then?")
    analysis = put(tmp_path, {f"projects/p/{ONE}.jsonl": conversation("a") + conversation("b") + more})
    assert told(analysis) == [*CONVERSATION, "user_prompt"]


def test_the_same_words_at_another_time_are_said_again(tmp_path):
    lines = said("user", "a1", 1, "go on") + said("user", "a2", 8, "go on")
    assert told(put(tmp_path, {f"projects/p/{ONE}.jsonl": lines})) == ["user_prompt", "user_prompt"]


def test_two_agents_that_are_told_the_same_at_one_moment_are_two(tmp_path):
    agents = {
        f"projects/p/{ONE}/subagents/agent-{name}.jsonl": said(
            "user", name, 1, "go on", agentId=name, isSidechain=True
        )
        for name in ("a1", "a2")
    }
    both = put(tmp_path, {f"projects/p/{ONE}.jsonl": conversation("x"), **agents})
    assert told(both).count("user_prompt") == 3


def test_two_sessions_that_are_told_the_same_at_one_moment_are_two(tmp_path):
    files = {f"projects/p/{s}.jsonl": said("user", s, 1, "go on", s) for s in (ONE, TWO)}
    both = put(tmp_path, files)
    assert told(both, ONE) == told(both, TWO) == ["user_prompt"]
