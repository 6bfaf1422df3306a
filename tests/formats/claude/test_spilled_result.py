"""A result that was spilled to a file of its own: named, joined to its call, and no damage."""

from __future__ import annotations

import json

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request

SESSION = "5e551011-0000-4000-8000-000000000001"


def record(number, kind, content):
    return {
        "type": kind, "sessionId": SESSION, "uuid": f"u{number}", "version": "2.1.6", "cwd": "/w",
        "timestamp": f"2026-01-17T01:19:{number:02d}.000Z", "message": {"role": kind, "content": content},
    }  # fmt: skip


def write(folder, name, place=f"{SESSION}/tool-results"):
    project = folder / ".claude" / "projects" / "-w"
    (project / place).mkdir(parents=True)
    saved = (
        f"Output too large (178.2KB). Full output saved to: C:\\Users\\x\\{place}\\{name}\n\nPreview:\nabc"
    )
    told = [
        record(1, "user", "go"),
        record(
            2,
            "assistant",
            [{"type": "tool_use", "id": "toolu_01", "name": "Bash", "input": {"command": "ls"}}],
        ),
        record(
            3,
            "user",
            [{"type": "tool_result", "tool_use_id": "toolu_01", "content": f"<persisted-output>\n{saved}"}],
        ),
    ]
    (project / f"{SESSION}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in told), encoding="utf-8")
    (project / place / name).write_text('{"type":"user"}\nabc\nlast', encoding="utf-8")
    return project


@pytest.mark.parametrize("name", ["toolu_01.txt", "b12ab3c.txt", "mcp-shop-list-1770000000000.json"])
@pytest.mark.parametrize("place", [f"{SESSION}/tool-results", "tool-results"])
def test_a_spilled_result_joins_its_call(tmp_path, name, place):
    analysis = analyse(Request([write(tmp_path, name, place)]))
    (session,) = analysis.sessions
    spilled = session.case.events.filter(session.case.events["kind"] == "result_spilled")
    assert spilled.select("session_id", "correlation_id", "path", "count").rows() == [
        (SESSION, "toolu_01", name, 3)
    ]
    assert [i.lines_understood for i in analysis.inputs if i.source.value == "spilled-result"] == [3]
    assert analysis.unread == ()


def test_a_file_that_no_record_names_keeps_the_session_of_its_folder(tmp_path):
    project = write(tmp_path, "b1.txt")
    (project / SESSION / "tool-results" / "other.txt").write_text("x\n", encoding="utf-8")
    (session,) = analyse(Request([project])).sessions
    spilled = session.case.events.filter(session.case.events["kind"] == "result_spilled")
    assert set(spilled["correlation_id"]) == {"toolu_01", None}
