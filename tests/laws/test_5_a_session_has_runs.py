"""Law 5: each life of the client's process is a run with its own ending; the session's verdict is the last run's."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.session.model.ending import DIED, Verdict
from forensics.session.model.runs import runs_of
from tests.support.rule_cases import CASES, by_size, copied, plain

STOPPED = ("CCF305", "CCF403", "CCF405", "CCF901")  # rules that are about records that stop
LATER = timedelta(hours=1)


def is_cut_off(session):
    """Say whether a session of one transcript stops in the middle of its work."""
    kinds = {source.value for source in session.case.sources}
    return kinds == {"transcript"} and session.verdict in DIED and session.span[1] is not None


def taken_up(session, after):
    """Return what the client and its user write where a session is taken up again, and ends its turn."""
    times = [(after + LATER + timedelta(seconds=n)).isoformat() for n in range(3)]
    base = {"sessionId": session.session_id, "isSidechain": False, "version": session.client_version}

    def record(n, kind, content, **more):
        message = {"role": kind, "content": content}
        if kind == "assistant":
            message |= {"id": "msg_after", "model": "claude-opus-4-8"}
        return json.dumps(
            {**base, "type": kind, "uuid": f"after-{n}", "timestamp": times[n], "message": message, **more}
        )

    text = [{"type": "text", "text": "Continue from where you left off."}]
    return (
        record(0, "user", text, isMeta=True),
        record(1, "user", "Go on, please."),
        record(2, "assistant", [{"type": "text", "text": "Nothing is left to do."}]),
    )


def test_a_resume_covers_up_no_death(tmp_path):
    tried = 0
    for logs in (logs for code in STOPPED for logs in by_size(code)):
        sessions = plain(logs).sessions
        if (
            len(sessions) == 1
            and is_cut_off(sessions[0])
            and any(logs.rglob(f"{sessions[0].session_id}.jsonl"))
        ):
            assert_told(sessions[0], copied(logs, tmp_path / logs.parent.name))
            tried += 1
    assert tried >= 4


def assert_told(alone, folder):
    """Resume the session of a folder, and see that its first run is told to have died as it did alone."""
    main = next(folder.rglob(f"{alone.session_id}.jsonl"))
    with main.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in taken_up(alone, alone.span[1]))
    session = analyse(Request([folder])).sessions[0]
    assert [run.ending.verdict for run in session.runs] == [alone.verdict, Verdict.UNKNOWN]
    assert session.verdict is Verdict.UNKNOWN
    assert [f.facts["verdict"] for f in session.findings if f.rule == "CCF903"] == [alone.verdict]


@pytest.mark.parametrize("code", CASES)
def test_the_verdict_is_the_last_runs(code):
    for session in plain(CASES[code]).sessions:
        assert session.runs[-1].ending == session.case.ending
        assert session.verdict is session.runs[-1].ending.verdict
        assert [run.begun_by is None for run in session.runs] == [n == 0 for n in range(len(session.runs))]


def test_a_session_without_records_has_one_run():
    case = plain(next(iter(CASES.values()))).sessions[0].case
    assert len(runs_of(case.events.clear(), ())) == 1
