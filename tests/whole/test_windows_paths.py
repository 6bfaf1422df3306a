"""Logs that were written on Windows. All content is invented."""

from __future__ import annotations

import json

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.schema import EventKind
from forensics.session.model.files import real_path

SESSION = "3f1c0d52-6f0e-4a39-9a62-0e6f4f8c7a11"
HOME = r"C:\Users\somebody"


@pytest.mark.parametrize(
    ("path", "cwd", "real"),
    [
        (r"C:\w\src\..\a.py", None, "C:/w/a.py"),
        (r"c:\w\a.py", r"C:\other", "C:/w/a.py"),
        ("c:/w/a.py", None, "C:/w/a.py"),
        (r"src\a.py", r"C:\w", "C:/w/src/a.py"),
        (r"\\host\share\a.py", None, "//host/share/a.py"),
        ("/w/a.py", r"C:\w", "/w/a.py"),
        (r"/w/odd\name.py", "/w", r"/w/odd\name.py"),
    ],
)
def test_one_file_has_one_name(path, cwd, real):
    assert real_path(path, cwd) == real


def debug(*lines):
    return "".join(f"2026-03-04T10:00:0{n}.000Z [DEBUG] {line}\n" for n, line in enumerate(lines))


def test_the_clients_own_files_are_no_work(read):
    text = debug(
        rf"Writing to temp file: {HOME}\.claude\todos\{SESSION}.json.tmp.11.1772618400000",
        rf"Writing to temp file: {HOME}\.claude.json.tmp.11.abc123",
        rf"Writing to temp file: {HOME}\project\a.py.tmp.11.1772618400001",
    )
    events = read(f"debug/{SESSION}.txt", text).events
    found = events.filter(events["kind"] != EventKind.LOG_EDGE.value).sort("line")
    assert found.select("line", "kind").rows() == [
        (1, "clock_anchor"),
        (2, "clock_anchor"),
        (3, "disk_write"),
    ]
    assert found["path"].to_list()[2] == rf"{HOME}\project\a.py"


def test_a_log_without_a_name_belongs_to_the_session_in_its_paths(tmp_path):
    text = debug(
        rf"Writing to temp file: {HOME}\.claude\todos\{SESSION}-agent-{SESSION}.json.tmp.11.1772618400000",
        "executePreToolHooks called for tool: Task",
    )
    (tmp_path / "debug.txt").write_text(text)
    (session,) = analyse(Request([tmp_path])).sessions
    assert session.case.session_id == SESSION


def say(uuid, second, role, content, agent=None, **more):
    record = {"type": role, "sessionId": SESSION, "uuid": uuid, "isSidechain": agent is not None, "agentId": agent, "cwd": HOME, "version": "2.1.0", "timestamp": f"2026-03-04T10:00:{second:02d}.000Z", "message": {"role": role, "id": f"m{uuid}", "content": content}, **more}  # fmt: skip
    return json.dumps(record) + "\n"


def use(call, name, **given):
    return {"type": "tool_use", "id": call, "name": name, "input": given}


def result(call, text="ok"):
    return {"type": "tool_result", "tool_use_id": call, "content": text}


def test_two_agents_wrote_one_file(tmp_path):
    spawn = [
        use(f"s{n}", "Task", description=f"agent {n}", prompt=f"write {n}", subagent_type="x") for n in (1, 2)
    ]
    lines = [say("u1", 0, "user", "go"), say("u2", 1, "assistant", spawn)]
    for n, path in ((1, rf"{HOME}\src\a.py"), (2, r"c:/Users/somebody/src/a.py")):
        agent = f"a{n}"
        lines += [
            say(f"{agent}1", 2, "user", f"write {n}", agent),
            say(f"{agent}2", 3 + n, "assistant", [use(f"w{n}", "Write", file_path=path, content="x")], agent),
            say(f"{agent}3", 5 + n, "user", [result(f"w{n}")], agent),
        ]
    lines += [say(f"r{n}", 10 + n, "user", [result(f"s{n}")], toolUseResult={"status": "completed", "agentId": f"a{n}"}) for n in (1, 2)]  # fmt: skip
    (tmp_path / f"{SESSION}.jsonl").write_text("".join(lines))
    (session,) = analyse(Request([tmp_path])).sessions
    (found,) = [f for f in session.findings if f.rule == "CCF104"]
    assert found.facts["path"] == "C:/Users/somebody/src/a.py"
    assert "a.py" in found.message
