"""Law 3 for a terminal: a request that failed is the same fact on a screen, in a job's log and as plain output."""

from __future__ import annotations

import json

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.schema.finding import OutcomeKind

JUDGES = {"CCF206", "CCF207", "CCF214", "CCF215"}
# what the client says, the rule that judges it, the class and the status
SAID = [
    ("API Error: 529 Overloaded. This is a server-side issue, usually temporary.", "CCF206", "overloaded", "529"),
    ('API Error: 500 {"type":"error","error":{"type":"api_error"}}', "CCF206", "server-error", "500"),
    ("API Error: Request rejected (429) · This request would exceed your account's rate limit.", "CCF206", "rate-limit", "429"),
    ("API Error: Repeated 529 Overloaded errors · check status.claude.com", "CCF206", "overloaded", "529"),
    ("API Error: Unable to connect to API (ConnectionRefused)", "CCF206", "connection", "ConnectionRefused"),
    ("API Error: Connection error.", "CCF206", "connection", "Connection error"),
    ("API Error: The socket connection was closed unexpectedly.", "CCF206", "connection", None),
    ("Request timed out. If the API is slow to answer, set API_TIMEOUT_MS above 2500.", "CCF206", "timeout", "Request timed out"),
    ("API Error: 401 Invalid authentication credentials", "CCF207", "authentication", "401"),
    ("Please run /login · API Error: 401 OAuth token has expired", "CCF207", "authentication", "401"),
    ("Failed to authenticate. API Error: 403 Request not allowed", "CCF207", "forbidden", "403"),
    ("Invalid API key · Fix external API key", "CCF207", "authentication", None),
    ("You've hit your limit · resets 7pm (Europe/Madrid)", "CCF214", "usage-limit", None),
    ("5-hour limit reached ∙ resets 3pm", "CCF214", "usage-limit", None),
    ("Claude AI usage limit reached|1772445600", "CCF214", "usage-limit", None),
    ("API Error: Request rejected (429) · Claude AI usage limit reached|1796140800", "CCF214", "usage-limit", "429"),
    ("Credit balance is too low", "CCF214", "credit", None),
    ("Prompt is too long", "CCF215", "too-large", None),
    ("Request too large (max 32MB). Accumulated images pushed the request over the limit.", "CCF215", "too-large", None),
    ("API Error: Claude's response exceeded the 32000 output token maximum.", "CCF215", "too-large", None),
]  # fmt: skip
BANNER = " ▐▛███▜▌   Claude Code v2.1.150\n\n❯ Go on\n\n● Bash(ls)\n  ⎿  a\n\n"
JOB = (
    "Running with gitlab-runner 17.5.0\n$ claude -p 'go on'\n{said}\n"
    "Cleaning up project directory\nERROR: Job failed: exit code 1\n"
)
PLACES = {
    "plain": "{said}\n",
    "shell": "$ claude -p 'go on'\n{said}\n$ echo $?\n1\n",
    "screen": BANNER + "  ⎿  {said}\n",
    "screen-2": BANNER + "● {said}\n",
    "job": JOB,
    "stamped-job": "".join(f"2026-03-04T10:00:00.123456Z 01O {line}\n" for line in JOB.splitlines()),
}


def judged(tmp_path, text, name="run.stdout.txt"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    (session,) = analyse(Request([tmp_path])).sessions
    return session


def outcomes(session):
    return {o.rule: o.outcome for o in session.outcomes if o.rule in JUDGES}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("said", "rule", "kind", "status"), SAID, ids=[s[0][:40] for s in SAID])
def test_a_failure_is_judged_wherever_it_is_shown(tmp_path, place, said, rule, kind, status):
    session = judged(tmp_path, PLACES[place].format(said=said))
    assert session.case.ending.verdict == "ERROR_RESULT"
    (found,) = [f for f in session.findings if f.rule in JUDGES]
    assert (found.rule, found.facts["class"], found.facts["status"]) == (rule, kind, status)
    assert (found.facts["agent"], found.facts["occurrences"]) == ("main", 1)
    assert set(outcomes(session).values()) == {OutcomeKind.FIRED, OutcomeKind.INSUFFICIENT}
    (failed,) = session.case.events.filter(session.case.events["kind"] == "api_error").to_dicts()
    assert (failed["component"], failed["message"]) == ("final", said)


CRASH = "Error: write EPIPE\n    at file:///opt/node_modules/@anthropic-ai/claude-code/cli.js:1:2\n\nNode.js v22.1.0\n"


@pytest.mark.parametrize("shown", [BANNER, CRASH])
def test_what_shows_no_failure_is_not_clear(tmp_path, shown):
    assert set(outcomes(judged(tmp_path, shown)).values()) == {OutcomeKind.INSUFFICIENT}


def test_a_failure_that_was_printed_beside_the_runs_record_is_told(tmp_path):
    """Law 8: where the record tells of another one, both are."""
    session_id = "5e551011-0000-4000-8000-000000000001"
    start = {"type": "system", "subtype": "init", "session_id": session_id, "cwd": "/home/dev", "tools": []}
    (tmp_path / "run.jsonl").write_text(json.dumps(start) + "\n", encoding="utf-8")
    session = judged(tmp_path, "Credit balance is too low\n")
    assert [f.rule for f in session.findings if f.rule in JUDGES] == ["CCF214"]
    assert session.session_id == session_id


def test_tries_are_counted_and_an_answer_below_is_one(tmp_path):
    tries = "".join(
        f"  ⎿  API Error (529 overloaded) · Retrying in 1 seconds… (attempt {n}/10)\n" for n in (1, 2, 3)
    )
    session = judged(tmp_path, BANNER + tries + "  ⎿  API Error: 529 Overloaded\n\n❯ again\n\n● I go on.\n")
    (found,) = [f for f in session.findings if f.rule == "CCF206"]
    assert (found.facts["attempts"], found.severity.value) == (3, "medium")


def test_a_turn_that_a_large_prompt_ended_is_one(tmp_path):
    text = BANNER + "  ⎿  Prompt is too long\n\n❯ /compact\n\n● I go on.\n"
    (found,) = [f for f in judged(tmp_path, text).findings if f.rule == "CCF215"]
    assert found.facts["ended_a_turn"] is True


@pytest.mark.parametrize(
    "text",
    [
        "● The API Error: 529 in your log means an overload.\n",
        "● Credit balance is too low for the transfer, says the test.\n",
        "● Bash(grep x log)\n  ⎿  10:00 INFO API Error: 500 in the log\n",
    ],
)
def test_talk_of_failures_is_none(tmp_path, text):
    session = judged(tmp_path, BANNER + text)
    assert [f.rule for f in session.findings if f.rule in JUDGES] == []
