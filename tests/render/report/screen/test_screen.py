"""The report on a terminal: what it says, in which width and colours, and that a pipe gets Markdown."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from forensics.analysis.engine import analyse
from forensics.analysis.model import RuleError
from forensics.analysis.request import Request
from forensics.analysis.review.shape import Exclusion, Figure, Review, Told
from forensics.cli.app import app
from forensics.render.answers.console import to_text
from forensics.render.events.timeline_list import as_table
from forensics.render.references import ShortNames
from forensics.render.report.incident import lay_out_all
from forensics.render.report.screen.brief import levels_of
from forensics.render.report.screen.report import to_screen
from forensics.schema.finding import Claim

if sys.platform == "win32":
    pytest.skip("pseudo-terminals", allow_module_level=True)

from tests.support.analyses import analysis_of
from tests.support.places import INCIDENT, RULE_FIXTURES, matching
from tests.support.ptys import COLOUR, SEQUENCE, on_terminal

CLEAN = min((RULE_FIXTURES / "CCF901" / "silent").glob("*/input"))
SESSION = "c4f74656-68ad-4973-8f53-0b862ed16d5d"
PLACE = re.compile(r"\S+\.(?:jsonl|txt|json):\d+\b")


@pytest.fixture(scope="module")
def analysis():
    return analysis_of(INCIDENT)


@pytest.fixture(scope="module")
def page(analysis):
    return to_screen(analysis, width=100)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal_but_for_what_is_copied_whole(analysis, columns):
    lines = to_screen(analysis, width=columns).splitlines()
    assert "TRUNCATED" in lines[0]
    wide = [line for line in lines if cell_len(line) > min(columns, 112)]
    assert all(re.fullmatch(rf"  (claude --resume )?\S{{{columns - 4},}}", line) for line in wide), wide


def test_the_page_is_as_wide_as_the_terminal(analysis):
    shown = on_terminal("report", INCIDENT, columns=70)
    assert shown.code == 0
    assert shown.lines == to_screen(analysis, width=70).split("\n")


@pytest.mark.parametrize("width", [20, 40, 80, 112, 500])
def test_no_place_is_broken(analysis, width):
    text = to_screen(analysis, width=width)
    found = PLACE.findall(text)
    (incident,) = lay_out_all(analysis, None)
    assert len(found) > 20
    for place in found:
        name, _, line = place.rpartition(":")
        files = [i for i in analysis.inputs if i.evidence.name.endswith(name)]
        assert len(files) == 1, place
        assert 0 < int(line) <= files[0].lines_total
    assert incident.session_id in text


@pytest.mark.parametrize("folder", matching(RULE_FIXTURES, "*/fires"), ids=lambda f: f.parent.name)
def test_every_finding_that_is_told_has_its_first_line_whole(folder):
    several = analysis_of(min(folder.glob("*/input")))
    one = several.only(
        [next(s for s in several.sessions if any(f.rule == folder.parent.name for f in s.findings))]
    )
    names = ShortNames(i.evidence.name for i in one.inputs)
    (incident,) = lay_out_all(one, None)
    told = [view for level in levels_of(incident) for view in level.told]
    assert told
    for width in (40, 90):
        text = to_screen(one, width=width)
        for view in told:
            ref = view.finding.evidence[0]
            assert re.search(rf"(^|  ){re.escape(names.of(ref.path))}:{ref.line}($|  )", text, re.MULTILINE)


def test_the_whole_name_of_each_file_that_is_cited_stands_on_the_page(analysis, page):
    for name in {p.rpartition(":")[0] for p in PLACE.findall(page)}:
        (whole,) = [i.evidence.name for i in analysis.inputs if i.evidence.name.endswith(name)]
        assert f"  {whole}\n" in page


def test_it_says_what_the_report_says_in_short(analysis, page):
    (incident,) = lay_out_all(analysis, None)
    words = " ".join(page.replace("│", " ").split())
    assert incident.headline in words
    assert "2 calls open, without a shutdown line" in words
    for told in incident.worst:
        assert told.heading[1:] in words
        assert f"[{told.finding.claim.value}]" in words
    for code in {f.rule for f in analysis.findings}:
        assert code in words
    assert all(step in words for step in ("What to do first", "Open questions", "Timeline", "-o report.html"))
    assert "no dated record from any source for 6 min 55 s" in words
    assert len(page.splitlines()) <= 132


def test_findings_stand_worst_first(page):
    marks = [page.index(mark) for mark in (" HIGH ", " MEDIUM ", "  low ", "  note ", "Timeline")]
    assert marks == sorted(marks)


def test_colour_is_for_terminals():
    plain = {"NO_COLOR": "1"}, {"TERM": "dumb"}
    assert COLOUR.search(on_terminal("report", INCIDENT).out)
    for env in plain:
        shown = on_terminal("report", INCIDENT, env=env)
        assert "\x1b" not in shown.out
        assert "What to do first" in shown.out


def test_a_pipe_and_a_file_get_markdown(tmp_path):
    shown = on_terminal("report", INCIDENT, out=False)
    assert shown.out.startswith("# Agent Deployment Forensic Analysis")
    shown = on_terminal("report", INCIDENT, "-o", tmp_path / "report.md")
    assert "The report is in" in shown.out
    assert (tmp_path / "report.md").read_text().startswith("# Agent Deployment Forensic Analysis")
    assert on_terminal("report", INCIDENT, "-o", "-").out.startswith("# Agent")
    assert on_terminal("report", INCIDENT, "--format", "markdown").out.startswith("# Agent")


def test_a_template_of_the_users_own_is_used_on_a_terminal_too(tmp_path):
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections" / "learnings.md.j2").write_text("OURS {{ incident.session_id }}\n")
    assert "OURS c4f74656" in on_terminal("report", INCIDENT, "--template", tmp_path).out
    refused = CliRunner().invoke(
        app, ["report", str(INCIDENT), "--format", "terminal", "--template", str(tmp_path)]
    )
    assert refused.exit_code == 2
    assert "--format terminal has no templates" in refused.stderr


@pytest.mark.parametrize(("env", "width"), [({}, 80), ({"COLUMNS": "60"}, 60), ({"COLUMNS": "x"}, 80)])
def test_in_a_pipe_it_is_plain_and_as_wide_as_columns_says(env, width):
    shown = on_terminal("report", INCIDENT, "--format", "terminal", out=False, env=env)
    assert "\x1b" not in shown.out
    assert cell_len(shown.lines[0]) == width
    assert shown.lines[0].startswith("╭─ TRUNCATED")


def test_colour_can_be_forced_into_a_pager():
    forced = {"FORCE_COLOR": "1"}
    assert COLOUR.search(on_terminal("report", INCIDENT, "--format", "terminal", out=False, env=forced).out)
    both = {**forced, "NO_COLOR": "1"}
    assert "\x1b" not in on_terminal("report", INCIDENT, "--format", "terminal", out=False, env=both).out


def test_in_the_c_locale_frames_and_marks_are_ascii():
    for env in ({"LANG": "C"}, {"LC_ALL": "C"}):
        shown = on_terminal("report", INCIDENT, env=env)
        assert COLOUR.sub("", shown.out).isascii()
        assert shown.lines[0].startswith("+- TRUNCATED")


def test_a_clean_session_gets_a_short_page():
    text = to_screen(analysis_of(CLEAN), width=80)
    assert "─ CLEAN ─" in text
    assert "No rule found anything to report [derived]" in text
    assert re.search(r"\d+ rules found nothing", text)
    assert "What to do first" not in text
    assert "Timeline" not in text
    assert len(text.splitlines()) < 30


def test_several_sessions_begin_with_a_table():
    several = analysis_of(INCIDENT, CLEAN)
    text = to_screen(several, width=100)
    lines = text.splitlines()
    assert lines[0].endswith("sessions, 1 with findings")
    assert [
        line
        for line in lines
        if re.match(r"S\d+ +c4f74656 .* TRUNCATED +7 high, 5 medium, 3 low, 4 note", line)
    ]
    assert [line for line in lines if re.match(r"S\d+ +\S{8} .* CLEAN +none", line)]
    assert re.search(r"─ S\d+ TRUNCATED ─", text)
    assert "and 16 more" in text
    narrow = to_screen(several, width=40)
    assert re.search(r"^S\d+ +c4f74656  TRUNCATED\n +7 high, 5 medium, 3 low, 4 note$", narrow, re.MULTILINE)


def test_what_is_ruled_out_is_said_with_what_contradicts_it(analysis):
    (session,) = analysis.sessions
    told = Told(
        "the log shows free memory one minute before the end", Claim.OBSERVED, session.ending_refs[:1]
    )
    review = Review(excluded=(Exclusion("want of memory", told),))
    text = to_screen(replace(analysis, sessions=(replace(session, review=review),)), width=112)
    assert "Ruled out\n" in text
    assert "Want of memory: the log shows free memory one minute before the end [observed]\n    c4f7" in text
    bare = replace(analysis, sessions=(replace(session, review=Review()),))
    assert "Ruled out" not in to_screen(bare, width=112)


def test_figures_are_told_with_their_lines(analysis):
    (session,) = analysis.sessions
    figures = tuple(Figure(f"cost {n}", f"{n} USD", Claim.DERIVED, session.ending_refs[:1]) for n in range(8))
    text = to_screen(
        replace(analysis, sessions=(replace(session, review=Review(figures=figures)),)), width=112
    )
    assert "Impact in numbers  4 more in the whole report" in text
    assert re.search(r"  cost 0: 0 USD \[derived\]  c4f7\S+:\d+\n", text)
    assert "cost 7" not in text


def test_local_times_stand_beside_utc_where_a_zone_was_asked_for(analysis):
    assert "\n  08:51:10  (03:51:10) TodoWrite" in to_screen(analysis, tz="America/Chicago", width=112)
    assert "\n  08:51:10  TodoWrite" in to_screen(analysis, width=112)


def test_what_has_no_utc_time_is_told_by_the_clock_it_has():
    folder = RULE_FIXTURES / "CCF902" / "fires" / "timeout-fallback-401-exhausted" / "input"
    text = to_screen(analysis_of(folder), width=112)
    assert re.search(r"Timeline  \* by the server's clock\n  \d\d:\d\d:\d\d\* \w", text)
    assert "transcript is in" not in text


def test_what_is_not_redacted_and_what_failed_is_said(analysis):
    (session,) = analysis.sessions
    errors = (RuleError("CCF101", session.session_id, "ValueError: x"),)
    text = to_screen(replace(analysis, redacted=False, anonymised=True, errors=errors), width=112)
    assert "Nothing is redacted here" in text
    assert "replaced by pseudonyms" in text
    assert "CCF101 failed on 1 session" in text


def test_into_a_file_it_is_written_without_colours(tmp_path):
    shown = on_terminal("report", INCIDENT, "--format", "terminal", "-o", tmp_path / "x.txt", columns=90)
    assert "The report is in" in shown.out
    text = (tmp_path / "x.txt").read_text()
    assert "\x1b" not in text
    assert "What to do first" in text


def test_of_many_findings_the_worst_are_told_and_all_are_counted(analysis):
    (session,) = analysis.sessions
    worst = session.findings[0]
    many = tuple(replace(worst, fingerprint=f"{n:032x}") for n in range(40))
    crowded = replace(session, findings=(*many, *session.findings[1:]))
    text = to_screen(replace(analysis, sessions=(crowded,)), width=112)
    assert re.search(r"HIGH +46 findings", text)
    assert "CCF101 uncoordinated-parallel-agents (38 times)" in text
    assert len(text.splitlines()) < 132


HOSTILE = (
    "\x1b]0;owned\x07 [bold red]x[/] [link=https://evil.example]y[/link] \x1b[2J\x1b[31m\u202e\u2066 "
    "\x9b31m\x90 :skull: [/] ::error::z ##[error]w \r\n\ttail"
)


@pytest.fixture
def hostile(tmp_path):
    folder = tmp_path / "in" / "projects" / "-work"
    folder.mkdir(parents=True)
    common = {"parentUuid": None, "sessionId": SESSION, "version": HOSTILE, "cwd": f"/w/{HOSTILE}"}
    todos = [{"content": HOSTILE, "status": "in_progress", "activeForm": HOSTILE}] * 3
    uses = [
        {"type": "tool_use", "id": "t1", "name": "TodoWrite", "input": {"todos": todos}},
        *({"type": "tool_use", "id": f"a{n}", "name": "Task", "input": {"description": f"{HOSTILE} {n}", "prompt": "x", "subagent_type": HOSTILE}} for n in range(2)),
        {"type": "tool_use", "id": "b1", "name": HOSTILE, "input": {"command": HOSTILE}},
    ]  # fmt: skip
    lines = [
        {**common, "type": "user", "uuid": "u1", "timestamp": "2025-10-21T07:00:00.000Z", "message": {"role": "user", "content": HOSTILE}},
        {**common, "type": "assistant", "uuid": "a1", "timestamp": "2025-10-21T07:00:01.000Z", "message": {"id": "m1", "role": "assistant", "model": "m", "content": uses}},
    ]  # fmt: skip
    (folder / f"{SESSION}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "in" / "\x1b]0;t\x07[bold]n.txt").write_text("milk\n")
    return tmp_path / "in"


@pytest.mark.parametrize("columns", [40, 100])
def test_no_text_of_a_log_is_obeyed(hostile, columns):
    shown = on_terminal("report", hostile, columns=columns)
    assert shown.code == 0
    assert {s[-1] for s in SEQUENCE.findall(shown.out)} == {"m"}
    text = "\n".join(shown.lines)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "[bold red]x[/]" in text
    assert ":skull:" in text
    assert "##[error]" not in text


def test_no_line_begins_with_an_order_to_a_builds_runner(hostile):
    analysis = analyse(Request([hostile]))
    for width in range(20, 100):
        text = to_screen(analysis, width=width)
        assert not re.search(r"^\s*::", text, re.MULTILINE)
        assert not re.search(r"##\w*\[", text)


def test_no_wrapped_line_of_any_table_is_an_order(tmp_path):
    agent = "a\u2028::error::b\u2029c " * 3
    (session,) = analysis_of(INCIDENT).sessions
    moments = tuple(replace(m, text=agent) for m in session.timeline)
    findings = tuple(replace(f, message=agent) for f in session.findings)
    analysis = replace(
        analysis_of(INCIDENT), sessions=(replace(session, timeline=moments, findings=findings),)
    )
    for width in (20, 24, 30, 31, 32, 40, 80, 100, 120):
        for text in (as_table(analysis, width=width), to_text(analysis, width=width)):
            assert not re.search(r"^\s*::error", text, re.MULTILINE), (width, text)
