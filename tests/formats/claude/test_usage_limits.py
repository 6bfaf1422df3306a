"""Records of a headless stream that say how the account stands with its limits."""

from __future__ import annotations

import json

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.session.services.api_failures import failures

ID = "5e551011-0000-4000-8000-000000000001"
START = {"type": "system", "subtype": "init", "session_id": ID, "cwd": "/home/dev/project", "tools": []}
WINDOW = {
    "resetsAt": 1772463600,
    "rateLimitType": "five_hour",
    "overageStatus": "rejected",
    "isUsingOverage": False,
}
WORDS = "You've hit your limit · resets 3pm"


def limit(**info):
    return {"type": "rate_limit_event", "rate_limit_info": info, "uuid": "q1", "session_id": ID}


def failed(text=WORDS):
    message = {
        "id": "m1",
        "role": "assistant",
        "model": "<synthetic>",
        "content": [{"type": "text", "text": text}],
    }
    return {"type": "assistant", "session_id": ID, "uuid": "u2", "message": message, "error": "rate_limit"}


def ended(**beside):
    return {
        "type": "result",
        "subtype": "success",
        "is_error": True,
        "session_id": ID,
        "num_turns": 1,
        **beside,
    }


def session_of(tmp_path, *records, layout="lines"):
    lines = "".join(json.dumps(r) + "\n" for r in records)
    log = tmp_path / ("run.jsonl" if layout == "lines" else "run.json")
    log.write_text(lines if layout == "lines" else json.dumps(records), encoding="utf-8")
    (session,) = analyse(Request([tmp_path])).sessions
    return session


def told(session):
    return [(f.kind.value, f.count, session.case.event(f.first)["line"]) for f in failures(session.case)]


def outcome(session, code):
    return next(o for o in session.outcomes if o.rule == code)


@pytest.mark.parametrize("layout", ["lines", "array"])
def test_a_refusal_is_the_failure_where_nothing_else_tells_it(layout, tmp_path):
    session = session_of(tmp_path, START, limit(status="rejected", **WINDOW), ended(result=""), layout=layout)
    ((kind, count, _),) = told(session)
    assert (kind, count) == ("usage-limit", 1)
    (finding,) = [f for f in session.findings if f.rule == "CCF214"]
    assert "status rejected" in finding.evidence[0].excerpt or '"rejected"' in finding.evidence[0].excerpt


@pytest.mark.parametrize("order", ["before", "behind"])
def test_a_refusal_that_an_answer_tells_is_one_failure(order, tmp_path):
    pair = [limit(status="rejected", **WINDOW), failed()]
    said = pair if order == "before" else pair[::-1]
    session = session_of(tmp_path, START, *said, ended(result=WORDS))
    assert told(session) == [("usage-limit", 1, 3 if order == "before" else 2)]
    assert session.verdict == "ERROR_RESULT"


def test_a_second_run_that_is_refused_is_told_though_the_first_one_said_so(tmp_path):
    again = [
        {**START, "uuid": "r2"},
        {**limit(status="rejected", **WINDOW), "uuid": "q2"},
        ended(result="", uuid="r3"),
    ]
    session = session_of(tmp_path, START, failed(), ended(result=WORDS, uuid="r1"), *again)
    assert told(session) == [("usage-limit", 2, 2)]


@pytest.mark.parametrize(
    "info",
    [
        {"status": "allowed", **WINDOW},
        {"status": "allowed_warning", "utilization": 0.97, **WINDOW},
        {"status": "rejected", **WINDOW, "overageStatus": "allowed", "isUsingOverage": True},
        {"status": "rejected", **WINDOW, "overageStatus": "allowed_warning"},
    ],
    ids=["allowed", "warned", "paid for", "paid for, nearly used up"],
)
def test_what_refuses_nothing_is_no_failure(info, tmp_path):
    session = session_of(tmp_path, START, limit(**info), ended(is_error=False, result="Done."))
    assert told(session) == []
    assert session.verdict == "CLEAN"


@pytest.mark.parametrize("info", [{"status": "throttled"}, {}, {"state": "rejected"}], ids=json.dumps)
def test_a_status_that_is_not_known_is_never_clear(info, tmp_path):
    said = {
        "id": "m2",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": "Done."}],
    }
    answer = {"type": "assistant", "session_id": ID, "uuid": "u2", "message": said}
    session = session_of(tmp_path, START, limit(**info), answer, ended(is_error=False, result="Done."))
    for code in ("CCF206", "CCF214"):
        said = outcome(session, code)
        assert (said.outcome, "run.jsonl:2" in said.reason) == ("insufficient", True)


def test_the_moment_of_the_reset_is_told_in_words(tmp_path):
    session = session_of(tmp_path, START, limit(status="rejected", **WINDOW), ended(result=""))
    (finding,) = [f for f in session.findings if f.rule == "CCF214"]
    assert any("2026-03-02 15:00 UTC" in s.text for s in finding.statements)


@pytest.mark.parametrize("resets", [10**30, -1, "soon", None], ids=str)
def test_a_moment_that_cannot_be_meant_costs_nothing_but_itself(resets, tmp_path):
    session = session_of(
        tmp_path, START, limit(status="rejected", **{**WINDOW, "resetsAt": resets}), ended(result="")
    )
    assert outcome(session, "CCF214").outcome != "clear"
