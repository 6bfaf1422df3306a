"""What makes parallel agents more than parallel, in small sessions."""

from __future__ import annotations

import json

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request

SESSION = "11111111-1111-4111-8111-111111111111"


def record(kind: str, second: int, content: list, **more) -> str:
    told = {
        "type": kind,
        "uuid": f"{kind}{second}",
        "sessionId": SESSION,
        "timestamp": f"2026-01-22T07:00:{second:02d}.000Z",
        "message": {"role": kind, "id": "msg_1", "content": content},
    }
    return json.dumps(told | more) + "\n"


def spawn(name: str) -> dict:
    asked = {"description": name, "prompt": f"Do {name}", "subagent_type": "general-purpose"}
    return {
        "type": "tool_use",
        "id": f"toolu_{name}",
        "name": "Task",
        "input": asked | {"run_in_background": True},
    }


def launched(name: str, second: int) -> str:
    answer = {"type": "tool_result", "tool_use_id": f"toolu_{name}", "content": "Async agent launched"}
    more = {"status": "async_launched", "agentId": f"a{name}"}
    return record("user", second, [answer], toolUseResult=more)


def own(name: str, second: int) -> str:
    text = [{"type": "tool_use", "id": f"own_{name}", "name": "Bash", "input": {}}]
    return record("assistant", second, text, agentId=f"a{name}", isSidechain=True)


@pytest.mark.parametrize(("seen", "hazards"), [(False, []), (True, ["missing result"])])
def test_agents_of_which_only_the_launch_is_known_miss_no_result(tmp_path, seen, hazards):
    # 2.0.60 with -p: launched, and gone with the main turn; whether they returned, their transcripts would tell
    names = ("notes", "tests")
    story = record("assistant", 1, [spawn(n) for n in names]) + "".join(launched(n, 2) for n in names)
    (tmp_path / f"{SESSION}.jsonl").write_text(
        story + record("assistant", 9, [{"type": "text", "text": "Done."}])
    )
    (tmp_path / "debug").mkdir()
    shutdown = "2026-01-22T07:00:10.000Z [DEBUG] BigQuery metrics exporter shutdown complete\n"
    (tmp_path / "debug" / f"{SESSION}.txt").write_text(shutdown)
    if seen:
        for name in names:
            (tmp_path / f"agent-a{name}.jsonl").write_text(own(name, 3))
    (session,) = analyse(Request([tmp_path])).sessions
    (finding,) = (f for f in session.findings if f.rule == "CCF101")
    assert finding.facts["hazards"] == hazards
