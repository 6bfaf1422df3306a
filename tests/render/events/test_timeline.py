"""``forensics timeline``: rows with their lines, a document, a picture, and a trace that viewers take."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from forensics.analysis.engine import analyse
from forensics.analysis.lasting.course import course_of
from forensics.analysis.lasting.spans import Sort, State
from forensics.analysis.places import places_of
from forensics.analysis.request import Request
from forensics.cli.app import app
from forensics.render.events import timeline_list
from forensics.render.events.timeline_gantt import to_gantt
from forensics.render.events.trace import to_trace
from forensics.render.pictures import mermaid
from forensics.render.pictures.mermaid import MOST_BARS, MOST_CHARACTERS
from forensics.text.lengths import MOST_ROWS
from tests.support.analyses import analysis_of
from tests.support.mermaid_grammar import TASK, grammar_faults, needs_parser, parser_says
from tests.support.places import RULE_FIXTURES, matching

CASES = matching(RULE_FIXTURES, "CCF[149]0[1-9]/fires/*/input")
HOSTILE = [
    "a: b",
    "x; y",
    "%%{init: {'theme':'dark'}}%%",
    "%% comment",
    "#35; #quot;",
    "section x",
    "</style><script>alert(1)</script>",
    "click b0 call f()",
    "a\n    b :crit, 2025-01-01, 1d",
    "\x1b[2J\x9b1m\u202e",
    "::error::x ##[group]",
    '`code` "q" [l](u) {x}',
]


def run(*args):
    return CliRunner().invoke(app, ["timeline", *map(str, args)])


@pytest.fixture(scope="module")
def analysis(incident):
    return analyse(Request([incident], most_rows=None))


def with_names(analysis, name):
    """Return the analysis with its agents, calls and endpoints called so."""
    (session,) = analysis.sessions
    agents = tuple(replace(a, description=name) for a in session.case.agents)
    events = session.case.events.with_columns(tool=session.case.events["tool"].replace("Write", name))
    return replace(
        analysis, sessions=(replace(session, case=replace(session.case, agents=agents, events=events)),)
    )


def test_rows_stand_at_their_lines(incident, analysis):
    result = run(incident)
    head, _, names, _, *rows = result.stdout.splitlines()
    assert head == "Session c4f74656-68ad-4973-8f53-0b862ed16d5d: TRUNCATED"
    assert names.split("  ")[0] == "time (UTC)"
    assert len(rows) == len(analysis.sessions[0].timeline) == 44
    for row, moment in zip(rows, analysis.sessions[0].timeline, strict=True):
        file, _, line = row.rpartition("  ")[2].rpartition(":")
        assert (file, int(line)) == (moment.ref.path, moment.ref.line)
        assert int(line) <= len((incident / file).read_bytes().split(b"\n"))
    spawn = next(row for row in rows if "Create privacy policy document" in row)
    assert spawn.startswith("2025-10-21 08:51:24 ")
    assert re.search(r"CCF101 .*CCF403.*c4f74656-68ad-4973-8f53-0b862ed16d5d\.jsonl:34$", spawn)


def test_so_many_rows_as_are_asked_for(incident):
    result = run(incident, "--most", 5)
    assert result.stdout.endswith("39 rows left out\n")
    document = json.loads(run(incident, "--most", 5, "--format", "json").stdout)
    assert len(document["sessions"][0]["rows"]) == 5
    assert document["sessions"][0]["rows_omitted"] == 39


def test_a_report_keeps_its_rows_and_the_timeline_shows_all(tmp_path):
    record = {"type": "user", "parentUuid": None, "sessionId": "c4f74656-68ad-4973-8f53-0b862ed16d5d", "version": "2.0.24", "cwd": "/w"}  # fmt: skip
    lines = [json.dumps({**record, "uuid": f"u{n}", "timestamp": f"2025-10-21T07:{n // 60:02}:{n % 60:02}.000Z", "message": {"role": "user", "content": f"prompt {n}"}}) for n in range(200)]  # fmt: skip
    (tmp_path / "c4f74656-68ad-4973-8f53-0b862ed16d5d.jsonl").write_text("\n".join(lines) + "\n")
    (session,) = analyse(Request([tmp_path])).sessions
    assert (len(session.timeline), session.timeline_omitted) == (MOST_ROWS, 200 - MOST_ROWS)
    assert len(json.loads(run(tmp_path, "--format", "json").stdout)["sessions"][0]["rows"]) == 200


def test_on_a_terminal_nothing_is_wider_than_it_but_places(analysis):
    text = timeline_list.as_table(analysis, width=60, color=True)
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert plain.splitlines()[1] == "2025-10-21"
    assert all(len(line) <= 60 or re.fullmatch(r" {9}\S+:\d+", line) for line in plain.splitlines()[1:])
    assert "\x1b[" not in timeline_list.as_table(analysis, width=60)


def test_the_document_says_what_the_rows_say(incident, analysis):
    document = json.loads(run(incident, "--format", "json").stdout)
    assert (document["schema_version"], document["redacted"], document["anonymised"]) == ("1", True, False)
    (session,) = document["sessions"]
    assert (session["verdict"], session["rows_omitted"], len(session["gaps"])) == ("TRUNCATED", 0, 4)
    assert [a["outcome"] for a in session["agents"]] == ["unfinished", "unfinished", "completed"]
    assert {r["agent_id"] for r in session["rows"]} - {None} <= {a["agent_id"] for a in session["agents"]}
    keys = ["ts", "ts_quality", "local_ts", "agent_id", "kind", "text", "findings", "path", "line", "also_at"]
    assert all(list(row) == keys for row in session["rows"])
    assert [row["line"] for row in session["rows"]] == [m.ref.line for m in analysis.sessions[0].timeline]


def test_the_spans_of_the_incident(analysis):
    spans = course_of(analysis.sessions[0]).spans
    agents = {s.name: (s.state, s.status) for s in spans if s.sort is Sort.AGENT}
    assert agents["Create production-ready MCP server"] == (State.OK, "completed")
    assert agents["Create privacy policy document"] == (State.OPEN, "unfinished")
    calls = [s for s in spans if s.sort is Sort.TOOL]
    assert len(calls) == 14
    assert [s.name for s in calls if s.state is State.OPEN] == ["Task", "Task"]
    read = next(s for s in calls if s.name == "Read")
    assert read.micros == 37_000
    assert [place.rpartition(":")[2] for place in places_of(analysis.sessions[0], read.events)] == ["6", "7"]
    (failed,) = [s for s in spans if s.sort is Sort.SPEECH and s.state is State.FAILED]
    assert failed.status == "every endpoint failed"
    attempts = [(s.name, s.status) for s in spans if s.sort is Sort.ATTEMPT and s.state is State.FAILED]
    assert [name for name, _ in attempts] == ["http://127.0.0.1:2022/v1", "https://api.openai.com/v1"]
    assert "timed out" in attempts[0][1]


def is_valid_trace(text):
    """Judge a trace by the format's documentation, and by what a viewer needs to draw it."""
    document = json.loads(text)
    entries = document["traceEvents"]
    named, threads, times, open_on = set(), set(), [], {}
    for e in entries:
        assert {"ph", "name", "pid", "tid", "args"} <= set(e)
        assert isinstance(e["pid"], int)
        assert isinstance(e["tid"], int)
        assert e["ph"] in {"M", "X", "i"}
        if e["ph"] == "M":
            assert not times, "names come first"
            if e["name"] == "process_name":
                named.add(e["pid"])
            if e["name"] == "thread_name":
                threads.add((e["pid"], e["tid"]))
            continue
        assert e["pid"] in named
        assert (e["pid"], e["tid"]) in threads
        assert isinstance(e["ts"], int)
        times.append(e["ts"])
        assert e["args"]["lines"] or e["cat"] == "session"
        if e["ph"] == "i":
            assert e["s"] == "t"
            continue
        assert isinstance(e["dur"], int)
        assert e["dur"] >= 0
        stack = open_on.setdefault((e["pid"], e["tid"]), [])
        while stack and stack[-1] <= e["ts"]:
            stack.pop()
        assert not stack or e["ts"] + e["dur"] <= stack[-1], "spans of a thread nest"
        stack.append(e["ts"] + e["dur"])
    assert times == sorted(times)
    return entries


def test_the_trace_of_the_incident(incident, analysis):
    text = run(incident, "--format", "trace").stdout
    entries = is_valid_trace(text)
    assert [e["args"]["name"] for e in entries if e["name"] == "process_name"] == ["c4f74656 TRUNCATED"]
    threads = {e["tid"]: e["args"]["name"] for e in entries if e["name"] == "thread_name"}
    assert {"main agent", "voice", "agent Create privacy policy document"} <= set(threads.values())
    spans = [e for e in entries if e["ph"] == "X"]
    assert len(spans) == len(course_of(analysis.sessions[0]).spans)
    life = next(e for e in spans if e["cat"] == "agent" and "MCP server" in e["name"])
    assert threads[life["tid"]] == "agent Create production-ready MCP server"
    assert life["dur"] == 135_525_000
    assert life["args"]["lines"][0].endswith(".jsonl:33")
    assert len([e for e in entries if e["ph"] == "i"]) == len(analysis.findings)


def test_calls_that_overlap_get_lanes_of_their_own(analysis):
    entries = is_valid_trace(to_trace(analysis))
    threads = {e["tid"]: e["args"]["name"] for e in entries if e["name"] == "thread_name"}
    tasks = [e for e in entries if e["ph"] == "X" and e["name"] == "Task"]
    assert {threads[e["tid"]] for e in tasks} > {"main agent"}


@pytest.mark.parametrize("case", CASES, ids=lambda p: "/".join(p.parts[-4:-1]))
def test_every_case_has_a_valid_trace_and_picture(case):
    analysis = analysis_of(case)
    is_valid_trace(to_trace(analysis))
    is_valid_gantt(to_gantt(analysis).text)


@pytest.mark.corpus
@pytest.mark.whole
@pytest.mark.parametrize("folder", ["claude-code/1.0.128", "claude-code/2.0.24", "claude-code/2.1.330", "voicemode/9.0.1"])  # fmt: skip
def test_recordings_of_the_genuine_programs_are_drawn_and_traced(folder, corpus):
    analysis = analyse(Request([corpus / folder]))
    entries = is_valid_trace(to_trace(analysis))
    assert len([e for e in entries if e["name"] == "process_name"]) == len(analysis.sessions)
    lives = [a for s in analysis.sessions for a in s.case.agents if a.start and a.outcome != "refused"]
    assert len([e for e in entries if e.get("cat") == "agent"]) == len(lives)
    assert len(is_valid_gantt(to_gantt(analysis).text)) == MOST_BARS
    for session in analysis.sessions:
        is_valid_gantt(to_gantt(analysis.only([session])).text)


def is_valid_gantt(text):
    """Return its bars and milestones."""
    bars = [line for line in text.splitlines() if TASK.fullmatch(line)]
    assert grammar_faults(text.removesuffix("\n")) == [] or not bars
    assert len(text) <= MOST_CHARACTERS
    assert len(bars) <= MOST_BARS
    return bars


@needs_parser
@pytest.mark.parametrize("name", ["a: b; c", "%%{init: {}}%%", "section x"])
def test_mermaids_own_parser_takes_the_picture(analysis, name):
    assert parser_says([to_gantt(analysis).text, to_gantt(with_names(analysis, name)).text]) == [None, None]


def test_the_picture_of_the_incident(incident):
    result = run(incident, "--format", "mermaid")
    bars = is_valid_gantt(result.stdout)
    agent = "    agent Create production-ready MCP server :done, t4, 2025-10-21T08:51:24.962, 2025-10-21T08:53:40.487"
    assert agent in bars
    assert sum(bar.startswith("    CCF") for bar in bars) == 19
    assert "crit, milestone" in next(bar for bar in bars if "CCF201" in bar)
    assert result.stderr == ""


def test_a_picture_holds_so_many_bars_and_the_rest_is_told(monkeypatch, incident):
    monkeypatch.setattr(mermaid, "MOST_BARS", 8)
    result = run(incident, "--format", "mermaid")
    bars = is_valid_gantt(result.stdout)
    assert len(bars) == 8
    assert [bar.split(" :")[0].split()[0] for bar in bars][:4] == ["all", "agent", "agent", "agent"]
    assert sum("crit, milestone" in bar for bar in bars) == 4, "the worst findings stay"
    assert "note: 27 bars left out" in result.stderr


@pytest.mark.parametrize("name", HOSTILE)
def test_words_of_a_log_break_no_picture_and_no_trace(analysis, name):
    hostile = with_names(analysis, name)
    bars = is_valid_gantt(to_gantt(hostile).text)
    assert len(bars) == len(is_valid_gantt(to_gantt(analysis).text))
    trace = to_trace(hostile)
    assert len(is_valid_trace(trace)) == len(is_valid_trace(to_trace(analysis)))
    for text in (
        trace,
        timeline_list.as_table(hostile),
        timeline_list.as_json(hostile),
        to_gantt(hostile).text,
    ):
        assert not [c for c in text if (ord(c) < 32 and c != "\n") or c in "\x9b\u202e"]
        assert not re.search(r"##\[|^\s*::", text, re.MULTILINE)


@pytest.mark.parametrize("form", ["table", "json", "mermaid", "trace"])
def test_the_same_logs_give_the_same_bytes(form, incident, tmp_path):
    once = run(incident, "--format", form).stdout
    run(incident, "--format", form, "-o", tmp_path / "out")
    assert (tmp_path / "out").read_text() == once


def test_a_log_is_not_overwritten(incident):
    log = next(incident.rglob("*.jsonl"))
    before = log.read_bytes()
    assert run(log, "-o", log).exit_code == 2
    assert log.read_bytes() == before


def test_a_folder_without_logs(tmp_path):
    for form in ("table", "json", "mermaid", "trace"):
        result = run(tmp_path, "--format", form)
        assert (result.exit_code, result.stdout) == (3, "")


def test_a_session_without_any_time_is_left_out_of_pictures_and_that_is_said(tmp_path):
    record = {"type": "user", "parentUuid": None, "sessionId": "c4f74656-68ad-4973-8f53-0b862ed16d5d", "version": "2.0.24", "cwd": "/w", "uuid": "u1", "message": {"role": "user", "content": "hello"}}  # fmt: skip
    (tmp_path / "c4f74656-68ad-4973-8f53-0b862ed16d5d.jsonl").write_text(json.dumps(record) + "\n")
    for form in ("mermaid", "trace"):
        result = run(tmp_path, "--format", form)
        assert result.exit_code == 0
        assert result.stderr == "note: 1 session left out: nothing in the logs tells a time\n"
    assert is_valid_trace(result.stdout)[0]["args"]["name"].startswith("c4f74656 ")


def test_a_voice_log_without_utc_is_drawn_by_its_own_clock():
    case = RULE_FIXTURES / "CCF201"
    undated = [a for p in matching(case, "*/*/input") for a in [analysis_of(p)] if a.sessions[0].case.span[0] is None]  # fmt: skip
    assert undated, "no such fixture"
    for analysis in undated:
        entries = is_valid_trace(to_trace(analysis))
        assert [e for e in entries if e["ph"] == "X" and e["cat"] == "speech request"]
        labels = [e["args"]["labels"] for e in entries if e["name"] == "process_labels"]
        assert labels == ["the voice server's local time"]
        assert "local time" in to_gantt(analysis).text
