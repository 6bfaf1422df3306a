"""What a run's result counts of its agents: no rule about agents is clear of an end that only the count tells."""

from __future__ import annotations

import json

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.rules import RULES
from forensics.session.agents.counted import untold_ends
from tests.support.analyses import analysis_of
from tests.support.places import RULE_FIXTURES

ID = "5e551011-0000-4000-8000-000000000001"
START = {"type": "system", "subtype": "init", "session_id": ID, "cwd": "/home/dev/project", "tools": []}
BRIEF = {"description": "Count files", "subagent_type": "general-purpose", "prompt": "Count the files."}


def call(number, agent):
    asked = {"type": "tool_use", "id": f"t{number}", "name": "Agent", "input": BRIEF | {"description": agent}}
    said = {"id": f"m{number}", "role": "assistant", "model": "claude-sonnet-4-5", "content": [asked]}
    return {
        "type": "assistant",
        "message": said,
        "parent_tool_use_id": None,
        "session_id": ID,
        "uuid": f"m{number}",
    }


def answer(number, *, failed=False):
    told = {"type": "tool_result", "tool_use_id": f"t{number}", "content": "12 files.", "is_error": failed}
    said = {"role": "user", "content": [told]}
    return {
        "type": "user",
        "message": said,
        "parent_tool_use_id": None,
        "session_id": ID,
        "uuid": f"a{number}",
    }


def ended(number, status):
    about = {"task_id": f"agent{number}", "tool_use_id": f"t{number}", "status": status, "session_id": ID}
    return {"type": "system", "subtype": "task_notification", "uuid": f"n{number}", "summary": "", **about}


def result(uuid="r9", **stats):
    base = {"type": "result", "subtype": "success", "is_error": False, "num_turns": 2, "result": "Done."}
    return {**base, "session_id": ID, "uuid": uuid, "terminal_reason": "completed", "subagent_stats": stats}


def session_of(tmp_path, *records):
    log = tmp_path / "run.jsonl"
    log.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    (session,) = analyse(Request([log])).sessions
    return session


@pytest.mark.parametrize("by", ["user", "system", "ceiling", "parent", "something_new"])
def test_no_rule_about_agents_is_clear_of_a_killed_agent_that_only_the_count_tells(by, tmp_path):
    session = session_of(
        tmp_path, START, call(1, "Count"), answer(1), result(spawned=2, completed=1, failed=0, killed={by: 1})
    )
    about = {r.code for r in RULES if "agents" in r.reads and not r.reads_findings}
    told = {o.rule: o for o in session.outcomes if o.rule in about}
    assert {o.outcome.value for o in told.values()} <= {"insufficient", "fired"}
    assert f"1 killed by the {by} (run.jsonl:4)" in told["CCF403"].reason


@pytest.mark.parametrize(
    ("stats", "records"),
    [
        ({"spawned": 1, "completed": 1, "failed": 0, "killed": {"user": 0}}, [answer(1)]),
        ({"spawned": 1, "completed": 0, "failed": 1, "killed": {}}, [answer(1, failed=True)]),
        ({"spawned": 1, "completed": 0, "failed": 0, "killed": {"parent": 1}}, [ended(1, "killed")]),
    ],
    ids=["completed", "failed", "killed"],
)
def test_an_end_that_a_record_tells_is_told(stats, records, tmp_path):
    session = session_of(tmp_path, START, call(1, "Count"), *records, result(**stats))
    assert untold_ends(session.case) is None


def test_a_process_counts_on_from_turn_to_turn(tmp_path):
    first = result("r1", spawned=1, completed=0, failed=1)
    session = session_of(
        tmp_path, START, call(1, "Count"), first, result("r2", spawned=2, completed=1, failed=1)
    )
    untold = untold_ends(session.case)
    assert (untold.agents, untold.words) == (1, "1 failed")


def test_counts_that_are_no_counts_are_none(tmp_path):
    session = session_of(
        tmp_path, START, call(1, "Count"), answer(1), result(spawned="many", killed=["user"])
    )
    assert untold_ends(session.case) is None


def test_the_finding_cites_the_line_that_counts_the_killed_agent():
    (session,) = analysis_of(RULE_FIXTURES / "CCF403/fires/stream-counts-a-killed-agent/input").sessions
    (finding,) = [f for f in session.findings if f.rule == "CCF403"]
    (said,) = [s for s in finding.statements if "counts agents" in s.text]
    assert said.text == "The run's result counts agents that did not complete: 1 killed by the system"
    assert [session.case.event(e)["line"] for e in said.cites] == [7]
