"""The errors that the client caught, as a bug report lists them."""

from __future__ import annotations

import json

import polars as pl
import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.formats import parser_for
from forensics.formats.claude.error_report import NO_REPORT, ErrorReport
from forensics.formats.claude.mcp_log import McpLog
from forensics.formats.jsonl import CUT, TORN, UNEXPECTED

SESSION, OTHER = "c4f74656-68ad-4973-8f53-0b862ed16d5d", "22222222-2222-4222-8222-222222222222"
STACK = "\n    at run (/app/cli.js:10:20)\n    at processTicks (native:7:39)"


def caught(words: str, second: int = 0, **more) -> dict:
    return {"error": f"{words}{STACK}", "timestamp": f"2026-03-01T10:00:{second:02d}.000Z"} | more


ERRORS = [
    caught("Error: Request was aborted.", 1),
    caught("Error: NON-FATAL: the lock was taken", 2),
    caught("Error: Stream idle timeout - partial response received", 3),
]


def told(parsed, *columns: str) -> list[tuple]:
    return parsed.events.select("line", "ordinal", "kind", *columns).rows()


def test_on_one_line(read):
    parsed = read("errors.json", json.dumps(ERRORS))
    assert told(parsed, "status", "message") == [
        (1, 0, "api_error", "Request was aborted", "Error: Request was aborted."),
        (1, 1, "client_error", None, "Error: NON-FATAL: the lock was taken"),
        (1, 2, "api_error", "Stream idle timeout", "Error: Stream idle timeout - partial response received"),
    ]
    assert [f"{t:%H:%M:%S}" for t in parsed.events["ts"]] == ["10:00:01", "10:00:02", "10:00:03"]
    assert (parsed.problems, parsed.records) == ((), 3)
    assert [(s.text, s.line, s.count) for s in parsed.unknown] == [("NON-FATAL:", 1, 1)]


def test_pretty_printed_each_stands_at_its_own_line(read):
    parsed = read("errors.json", json.dumps(ERRORS, indent=2) + "\n")
    assert parsed.events["line"].to_list() == [3, 7, 11]
    assert parsed.problems == ()


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Error: Connection error.", "Connection error"),
        ("Error: Request timed out.", "Request timed out"),
        ('Error: 529 {"type":"error"}', "529"),
        ("Error: Error: 401 {}", "401"),
        ("API Error 529 overloaded", "529"),
        ("API Error: 500 {}", "500"),
        ("Error in API request: 401 {}", "401"),
        ("Error streaming, falling back to non-streaming mode: 529 {}", "529"),
        ("TypeError: terminated", "terminated"),
    ],
)
def test_what_failed_at_the_model_api(read, words, status):
    parsed = read("errors.txt", json.dumps([caught(words)]))
    assert told(parsed, "status") == [(1, 0, "api_error", status)]


@pytest.mark.parametrize("words", ["Error: 4010 files were not found", "Error: Connection errors are 5", "TypeError: x is not a function", "Error: Failed: 529"])  # fmt: skip
def test_what_did_not(read, words):
    assert told(read("errors.txt", json.dumps([caught(words)]))) == [(1, 0, "client_error")]


def test_one_that_is_cut_off_gives_what_is_whole(read):
    one_line = read("errors.json", json.dumps(ERRORS)[:-40])
    assert [row[2] for row in told(one_line)] == ["api_error", "client_error"]
    assert [(p.line, p.count, p.reason) for p in one_line.problems] == [(1, 1, TORN)]
    pretty = json.dumps(ERRORS, indent=2)
    lines = read("errors.json", pretty[: pretty.index("Stream idle")] + "\n")
    assert lines.events["line"].to_list() == [3, 7]
    assert [(p.line, p.count, p.reason) for p in lines.problems] == [(10, 2, TORN)]


def test_one_that_is_cut_off_in_its_first_error_is_still_told(read):
    parsed = read("errors.json", json.dumps(ERRORS)[:60])
    assert parsed.events.is_empty()
    assert [(p.line, p.reason) for p in parsed.problems] == [(1, TORN)]


def test_what_it_was_pasted_with_is_accounted_for(read):
    parsed = read("report.txt", f"**Errors**\n\n```json\n{json.dumps(ERRORS)}\n```\n")
    assert parsed.events["line"].to_list() == [4, 4, 4]
    assert [(p.line, p.reason) for p in parsed.problems] == [(1, NO_REPORT), (3, NO_REPORT), (5, NO_REPORT)]


def test_an_item_of_another_shape_costs_its_lines(read):
    text = json.dumps([ERRORS[0], {"error": 5}, ERRORS[1]], indent=1)
    parsed = read("errors.json", text)
    assert parsed.events["line"].to_list() == [3, 10]
    assert [(p.line, p.count, p.reason) for p in parsed.problems] == [(7, 2, UNEXPECTED)]


def test_the_clients_own_files(read):
    name = ".cache/claude-cli-nodejs/-w/errors/2026-03-01T10-00-00-000Z.{}"
    array = read(name.format("txt"), json.dumps(ERRORS, indent=2))
    records = [e | {"sessionId": SESSION, "cwd": "/w"} for e in ERRORS]
    lines = read(name.format("jsonl"), "".join(json.dumps(e) + "\n" for e in records) + '{"error": "x')
    assert [row[2] for row in told(array)] == [row[2] for row in told(lines)]
    assert lines.events["line"].to_list() == [1, 2, 3]
    assert set(lines.events["session_id"]) == {SESSION}
    assert [(p.line, p.reason) for p in lines.problems] == [(4, CUT)]


def test_an_mcp_log_is_none_and_a_report_is_no_mcp_log():
    items = [{"error": f"Connection failed{STACK}", "timestamp": "2026-03-01T10:00:00.000Z", "sessionId": SESSION, "cwd": "/w"}]  # fmt: skip
    for text in (json.dumps(items, indent=2), json.dumps(items), json.dumps(items[0]) + "\n"):
        assert isinstance(parser_for("mcp-logs-x/1.txt", text.encode()), McpLog)
        assert not isinstance(parser_for("some.txt", text.encode()), ErrorReport)
    for text in (json.dumps(ERRORS), json.dumps(ERRORS, indent=2), json.dumps(ERRORS[0]) + "\n"):
        assert isinstance(parser_for("some.txt", text.encode()), ErrorReport)
        assert not McpLog().sniff("some.txt", text.encode())


@pytest.mark.parametrize("text", ['[{"error": "not found", "code": 5}]', '{"errors": []}', "[]", '[{"error": "bad"}]'])  # fmt: skip
def test_other_lists_of_errors_are_left_alone(text):
    assert parser_for("api.json", text.encode()) is None


def say(session: str, second: int) -> str:
    return json.dumps({"type": "user", "uuid": f"{session[:4]}-{second}", "sessionId": session, "timestamp": f"2026-03-01T10:00:{second:02d}.000Z", "version": "2.1.71", "cwd": "/w", "message": {"role": "user", "content": "hello"}}) + "\n"  # fmt: skip


def test_alone_it_is_a_session_and_a_timeout_is_found(tmp_path):
    (tmp_path / "report.json").write_text(json.dumps(ERRORS))
    (session,) = analyse(Request([tmp_path])).sessions
    assert session.session_id.startswith("log:")
    (found,) = [f for f in session.findings if f.rule == "CCF204"]
    assert [(e.path, e.line) for e in found.evidence] == [("report.json", 1)]


def test_alone_it_does_not_show_that_nothing_timed_out(tmp_path):
    (tmp_path / "report.json").write_text(json.dumps(ERRORS[:1]))
    (session,) = analyse(Request([tmp_path])).sessions
    assert {o.rule: o.outcome.value for o in session.outcomes}["CCF204"] == "insufficient"


def test_it_joins_the_only_session_that_was_at_work_at_all_of_its_errors(tmp_path):
    (tmp_path / "report.json").write_text(json.dumps(ERRORS))
    (tmp_path / f"{SESSION}.jsonl").write_text(say(SESSION, 0) + say(SESSION, 9))
    (session,) = analyse(Request([tmp_path])).sessions
    assert session.case.events.filter(pl.col("source") == "error-report").height == 3
    (tmp_path / f"{OTHER}.jsonl").write_text(say(OTHER, 0) + say(OTHER, 9))
    analysis = analyse(Request([tmp_path]))
    named = [s.session_id for s in analysis.sessions if not s.session_id.startswith("log:")]
    assert (len(analysis.sessions), sorted(named)) == (3, sorted([SESSION, OTHER]))
    assert not [s for s in analysis.sessions if s.session_id in named and "error-report" in s.case.sources]


def test_it_does_not_join_a_session_of_another_day(tmp_path):
    (tmp_path / "report.json").write_text(json.dumps(ERRORS).replace("2026-03-01", "2026-03-05"))
    (tmp_path / f"{SESSION}.jsonl").write_text(say(SESSION, 0) + say(SESSION, 9))
    by_name = {s.session_id[:4]: s.case.sources for s in analyse(Request([tmp_path])).sessions}
    assert by_name == {SESSION[:4]: {"transcript"}, "log:": {"error-report"}}


BUG = """\
**Bug Description**
It stops with this:

{said}

**Environment Info**
- Platform: linux
- Version: 1.0.72

**Errors**
```json
{errors}
```
"""
AUTH = (
    'Error: 401 {"type":"error","error":{"type":"authentication_error","message":"OAuth token has expired"}}'
)
LARGE = 'Error: 400 {"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 207000 tokens"}}'
CREDIT = 'Error: 400 {"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low"}}'
BUSY = 'Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'


def reported(tmp_path, said, *errors):
    (tmp_path / "bug.txt").write_text(BUG.format(said=said, errors=json.dumps(errors)), encoding="utf-8")
    (session,) = analyse(Request([tmp_path])).sessions
    return session


@pytest.mark.parametrize(
    ("words", "rule", "kind"),
    [
        (AUTH, "CCF207", "authentication"),
        (LARGE, "CCF215", "too-large"),
        (CREDIT, "CCF214", "credit"),
        ("Error: Claude AI usage limit reached|1772445600", "CCF214", "usage-limit"),
    ],
)
def test_what_no_retry_cures_is_judged_with_its_time(tmp_path, words, rule, kind):
    session = reported(tmp_path, "see below", caught(words, 5))
    (found,) = [f for f in session.findings if f.rule in ("CCF206", "CCF207", "CCF214", "CCF215")]
    assert (found.rule, found.facts["class"], found.severity.value) == (rule, kind, "medium")
    assert [(e.line, e.ts[11:19]) for e in found.evidence] == [(12, "10:00:05")]


def test_of_what_a_retry_may_have_cured_is_said_that_it_is_not_told(tmp_path):
    session = reported(tmp_path, "see below", *(caught(BUSY, n) for n in range(4)))
    (outcome,) = [o for o in session.outcomes if o.rule == "CCF206"]
    assert (outcome.outcome.value, "whether a retry cured them" in outcome.reason) == ("insufficient", True)


def test_as_many_as_a_client_tries_are_a_request_that_it_gave_up(tmp_path):
    session = reported(tmp_path, "see below", *(caught(BUSY, n) for n in range(11)))
    (found,) = [f for f in session.findings if f.rule == "CCF206"]
    assert (found.severity.value, found.facts["occurrences"]) == ("medium", 1)


@pytest.mark.parametrize("said", ["API Error: 529 Overloaded", "  ⎿  API Error: 529 Overloaded"])
def test_what_was_copied_from_the_screen_is_judged(tmp_path, said):
    session = reported(tmp_path, said)
    (found,) = [f for f in session.findings if f.rule == "CCF206"]
    assert [e.line for e in found.evidence] == [4]


def test_a_report_says_nothing_of_the_end_and_nothing_is_clear_in_it(tmp_path):
    session = reported(tmp_path, "see below", caught(AUTH))
    assert "an excerpt" in session.case.ending.proof
    assert "clear" not in {o.outcome.value for o in session.outcomes}
