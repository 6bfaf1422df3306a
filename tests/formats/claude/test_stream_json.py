"""Headless streams, as Claude Code 2.1.19 printed them, alone and among the noise of a console."""

from __future__ import annotations

import polars as pl
import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.evidence.account import Problem
from forensics.evidence.file import open_evidence
from forensics.formats import parser_for
from forensics.formats.claude.stream_json import CUT, NOISE, StreamJson
from tests.support.analyses import analysis_of
from tests.support.places import FIXTURES

RUNS = FIXTURES / "stream-json"
PARALLEL, KILLED = (RUNS / name / "run.jsonl" for name in ("parallel", "killed"))
TRAILER = [
    "node:events:502",
    "      throw er; // Unhandled 'error' event",
    "      ^",
    "",
    "Error: spawn ps ENOENT",
    "Node.js v22.11.0",
]


def parse(path):
    evidence = open_evidence(path, path.name)
    assert isinstance(parser_for(evidence.place, evidence.head), StreamJson)
    return StreamJson().parse(evidence)


def ending(path):
    (session,) = analyse(Request([path])).sessions
    return session.case.ending


def write(folder, lines, name="console.txt"):
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_whole_stream_is_understood_and_ended_cleanly():
    parsed = parse(PARALLEL)
    assert parsed.problems == ()
    assert parsed.lines_understood == parsed.lines_total == len(PARALLEL.read_bytes().splitlines())
    assert ending(PARALLEL).verdict == "CLEAN"
    assert "success" in ending(PARALLEL).proof


def test_a_killed_stream_stops_inside_its_spawns():
    end = ending(KILLED)
    assert end.verdict == "TRUNCATED"
    lines = KILLED.read_text().splitlines()
    (session,) = analysis_of(KILLED).sessions
    cited = {lines[ref.line - 1] for ref in session.ending_refs}
    assert sum('"name":"Task"' in line for line in cited) == 3


def test_the_three_spawns_of_one_turn_ran_at_once_though_the_stream_has_no_times():
    (session,) = analysis_of(PARALLEL).sessions
    (found,) = [f for f in session.findings if f.rule == "CCF101"]
    assert found.facts["max_overlap"] == 3
    outcomes = {o.rule: o for o in session.outcomes}
    assert outcomes["CCF104"].outcome == "insufficient"
    assert "no times" in outcomes["CCF104"].reason


def test_the_main_agents_list_is_judged(tmp_path):
    (session,) = analysis_of(PARALLEL).sessions
    (found,) = [f for f in session.findings if f.rule == "CCF102"]
    assert found.facts["in_progress"] == 5


def test_noise_between_the_records_changes_nothing_and_is_accounted_for(tmp_path):
    records = PARALLEL.read_text().splitlines()
    noisy = ["$ claude -p 'go' --output-format stream-json"]
    for record in records:
        noisy += [
            "[log_e1f06a] sending request {",
            "  method: \x1b[32m'post'\x1b[39m,\r",
            "}",
            f"\x1b[?25h{record}\r",
        ]
    path = write(tmp_path, noisy)
    parsed = parse(path)
    assert parsed.problems == (Problem(1, NOISE),)  # the prompt: the rest are records, and the requests' log
    assert parsed.lines_total == len(noisy)
    clean = parse(PARALLEL).events
    assert parsed.events["kind"].to_list() == clean["kind"].to_list()
    assert parsed.events["line"].to_list() == [4 * line + 1 for line in clean["line"]]


def test_a_record_broken_by_output_costs_one_line(tmp_path):
    records = PARALLEL.read_text().splitlines()
    records[3] = records[3][:80]
    assert parse(write(tmp_path, records)).problems == (Problem(4, CUT),)


def test_nodes_trailer_proves_a_crash_and_only_outside_of_records(tmp_path):
    records = KILLED.read_text().splitlines()
    assert ending(write(tmp_path, records + TRAILER)).verdict == "CRASHED"
    quoted = [r.replace("Starting everything", "throw er; // Unhandled 'error' event") for r in records]
    assert quoted != records
    assert ending(write(tmp_path, quoted)).verdict == "TRUNCATED"


def test_an_error_result_is_an_error(tmp_path):
    records = [
        r.replace('"subtype":"success","is_error":false', '"subtype":"error_max_turns","is_error":true')
        for r in PARALLEL.read_text().splitlines()
    ]
    end = ending(write(tmp_path, records))
    assert (end.verdict, "error_max_turns" in end.proof) == ("ERROR_RESULT", True)


def test_a_result_whose_type_stands_late_is_a_result(tmp_path):
    records = PARALLEL.read_text().splitlines()
    late = (
        '{"duration_api_ms":214,"session_id":"5e551011-0000-4000-8000-000000000001","is_error":true,"num_turns":3,'
        '"subtype":"error_max_turns","errors":["Reached maximum number of turns (2)"],"type":"result",'
        '"usage":{"input_tokens":8,"cache_read_input_tokens":92,"output_tokens":66},"uuid":"r1"}'
    )
    parsed = parse(write(tmp_path, [*records[:-1], late]))
    assert parsed.problems == ()
    (event,) = parsed.events.filter(pl.col("kind") == "result").iter_rows(named=True)
    assert (event["line"], event["status"], event["count"], event["tokens"]) == (len(records), "error_max_turns", 3, 166)  # fmt: skip
    assert event["message"].endswith(": Reached maximum number of turns (2)")


def test_how_the_run_stands_with_its_mcp_servers(tmp_path):
    records = PARALLEL.read_text().splitlines()
    servers = '"mcp_servers":[{"name":"tickets","status":"failed"},{"name":"voicemode","status":"connected"}]'
    changed = records[0].replace('"mcp_servers":[]', servers)
    assert changed != records[0]
    parsed = parse(write(tmp_path, [changed, *records[1:]]))
    found = parsed.events.filter(pl.col("kind") == "mcp_connection")
    assert found.select("line", "component", "status").rows() == [
        (1, "tickets", "failed"),
        (1, "voicemode", "connected"),
    ]


def test_a_lone_carriage_return_does_not_shift_line_numbers(tmp_path):
    records = PARALLEL.read_text().splitlines()
    path = write(tmp_path, ["10%\r20%\r30%", *records])
    assert parse(path).events["line"].min() == 2


@pytest.mark.parametrize("name", ["run.jsonl", "console.txt", "out.log", "stdout"])
def test_a_stream_is_known_by_its_content_under_any_name(name, tmp_path):
    path = write(tmp_path, PARALLEL.read_text().splitlines(), name)
    assert isinstance(parser_for(path.as_posix(), path.read_bytes()[:65536]), StreamJson)


def test_a_transcript_is_no_stream():
    head = b'{"parentUuid":null,"isSidechain":false,"sessionId":"s","type":"user","message":{"content":"\\"type\\":\\"system\\""}}'
    assert not StreamJson().sniff("s.jsonl", head)


def test_events_say_that_they_have_no_time():
    events = parse(PARALLEL).events
    assert events["ts"].null_count() == events.height
    assert events.select(pl.col("ts_quality").unique()).to_series().to_list() == ["missing"]


def test_a_fatal_text_that_the_run_outlives_was_another_programs(tmp_path):
    init = '{"type":"system","subtype":"init","session_id":"s1","cwd":"/w","tools":[]}\n'
    said = '{"type":"assistant","message":{"id":"m1","role":"assistant","content":[{"type":"text","text":"x"}]},"parent_tool_use_id":null,"session_id":"s1"}\n'
    fatal = "      throw er; // Unhandled 'error' event\n"
    (tmp_path / "run.txt").write_text(init + said + fatal + said)
    assert analyse(Request([tmp_path])).sessions[0].case.ending.verdict != "CRASHED"
    (tmp_path / "run.txt").write_text(init + said + fatal)
    assert analyse(Request([tmp_path])).sessions[0].case.ending.verdict == "CRASHED"
