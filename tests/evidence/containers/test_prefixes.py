"""Prefixes of job logs, containers and drivers, and the times that they give."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.evidence.containers.prefixes import time_in
from forensics.evidence.file import HEAD_BYTES, open_evidence
from forensics.formats import parser_for
from forensics.formats.claude.stream_json import NOISE
from tests.support.streams import PARALLEL, among_words, indented_array, one_behind_another, records_of

BEGUN = datetime(2026, 11, 30, 18, 0, 0, 123456, UTC)
STEP = timedelta(seconds=7)


def day(moment, digits=7, zone="Z"):
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{'1234567890'[:digits]}{zone}"


PREFIXES = {
    "actions": lambda t: f"{day(t)} ",
    "gh run view": lambda t: f"build and test\tRun the client\t{day(t)} ",
    "gitlab": lambda t: f"{day(t, 6)} 00O ",
    "docker": lambda t: f"{day(t, 9)} ",
    "kubernetes": lambda t: f"{day(t, 9, '+00:00')} stdout F ",
    "compose": lambda t: f"client-1  | {day(t, 9)} ",
    "jenkins": lambda t: f"[{day(t, 3)}] ",
    "driver": lambda t: f"[{day(t, 3)}] [INFO] ",
    "driver with a logger": lambda t: f"{day(t, 3)} INFO driver.run - ",
    "driver in columns": lambda t: f"{t:%Y-%m-%d %H:%M:%S},123 UTC | INFO     | run:{t:%S} | ",
}
UNDATED = {
    "driver of a local clock": lambda t: f"[{t:%Y-%m-%d %H:%M:%S}] [INFO] ",
    "driver of a time of day": lambda t: f"{t:%H:%M:%S} INFO: ",
    "compose": lambda t: "client-1  | ",
    "journal": lambda t: f"{t:%b %d %H:%M:%S} host claude[4711]: ",
}
LAYOUTS = {
    "a line each": lambda records: "".join(json.dumps(r) + "\n" for r in records),
    "over lines": one_behind_another,
    "among words": among_words,
}


def undated(records):
    """Return the records as clients write them that give no times, and a run that took as long as its lines."""
    kept = [{k: v for k, v in r.items() if k != "timestamp"} for r in records]
    return [r | {"duration_ms": 1000} if r["type"] == "result" else r for r in kept]


def led(text, lead, step=STEP):
    return "".join(lead(BEGUN + n * step) + line for n, line in enumerate(text.splitlines(keepends=True)))


def write(folder, text, name="job.txt"):
    path = folder / name
    path.write_bytes(text.encode())
    return path


def parse(path):
    evidence = open_evidence(path, path.name)
    parser = parser_for(evidence.place, evidence.head)
    assert parser is not None, evidence.head[:500]
    return parser.parse(evidence)


def judged(path):
    analysis = analyse(Request([path]))
    (session,) = analysis.sessions
    return session, [n.text for n in analysis.notes]


def told(parsed):
    columns = ("kind", "status", "session_id", "agent_id", "tool", "correlation_id", "message")
    return parsed.events.select(columns).rows()


@pytest.mark.parametrize("how", LAYOUTS)
@pytest.mark.parametrize("name", [*PREFIXES, *(f"undated {n}" for n in UNDATED)])
def test_a_prefix_changes_no_event(tmp_path, name, how):
    lead = PREFIXES.get(name) or UNDATED[name.removeprefix("undated ")]
    text = LAYOUTS[how](undated(records_of(PARALLEL)))
    dressed, plain = parse(write(tmp_path, led(text, lead))), parse(write(tmp_path, text, "plain.txt"))
    assert told(dressed) == told(plain)
    assert dressed.events["line"].to_list() == plain.events["line"].to_list()
    assert dressed.problems == plain.problems
    assert dressed.lines_total == text.count("\n")


@pytest.mark.parametrize("how", LAYOUTS)
@pytest.mark.parametrize("name", PREFIXES)
def test_the_time_of_a_prefix_is_that_of_a_record_without_one(tmp_path, name, how):
    path = write(tmp_path, led(LAYOUTS[how](undated(records_of(PARALLEL))), PREFIXES[name]))
    session, notes = judged(path)
    events = session.case.events
    expected = [BEGUN.replace(microsecond=0) + (line - 1) * STEP for line in events["line"]]
    assert [t.replace(microsecond=0) for t in events["ts"]] == expected
    assert set(events["ts_quality"]) == {"aligned"}
    assert notes == []


@pytest.mark.parametrize("how", LAYOUTS)
@pytest.mark.parametrize(("text", "time"), [("log", "time"), ("message", "@timestamp"), ("MESSAGE", "ts")])
def test_lines_in_the_json_of_a_container_are_the_lines(tmp_path, text, time, how):
    lines = LAYOUTS[how](undated(records_of(PARALLEL))).splitlines(keepends=True)
    path = write(tmp_path, "".join(json.dumps({text: line, "stream": "stdout", time: day(BEGUN + n * STEP)}) + "\n" for n, line in enumerate(lines)))  # fmt: skip
    plain, dressed = write(tmp_path, "".join(lines), "plain.txt"), judged(path)[0].case.events
    assert told(parse(path)) == told(parse(plain))
    assert parse(path).problems == parse(plain).problems
    expected = [BEGUN.replace(microsecond=0) + (line - 1) * STEP for line in dressed["line"]]
    assert [t.replace(microsecond=0) for t in dressed["ts"]] == expected


@pytest.mark.parametrize("name", UNDATED)
def test_a_clock_of_no_zone_gives_no_time(tmp_path, name):
    path = write(tmp_path, led(LAYOUTS["a line each"](undated(records_of(PARALLEL))), UNDATED[name]))
    assert judged(path)[0].case.events["ts"].null_count() == len(judged(path)[0].case.events)


def test_a_records_own_time_is_kept(tmp_path):
    records = undated(records_of(PARALLEL))
    own = BEGUN + timedelta(seconds=1)
    records[1]["timestamp"] = own.isoformat()
    parsed = judged(write(tmp_path, led(LAYOUTS["a line each"](records), PREFIXES["actions"])))[0].case.events
    exact = parsed.filter(pl.col("ts_quality") == "exact")
    assert set(exact["line"]) == {2}
    assert set(exact["ts"]) == {own}


def test_a_log_that_was_printed_when_all_was_over_has_no_times(tmp_path):
    records = undated(records_of(PARALLEL))
    records[-1]["duration_ms"] = 3_600_000
    session, notes = judged(write(tmp_path, led(LAYOUTS["a line each"](records), PREFIXES["actions"])))
    assert session.case.events["ts"].null_count() == len(session.case.events)
    assert any("those of its printing" in note for note in notes)
    records[-1]["duration_ms"], records[1]["timestamp"] = 1000, (BEGUN - timedelta(hours=1)).isoformat()
    assert judged(write(tmp_path, led(indented_array(records), PREFIXES["actions"])))[1]


def test_a_short_run_may_be_printed_at_once(tmp_path):
    records = undated(records_of(PARALLEL))
    records[-1]["duration_ms"] = 8000
    path = write(tmp_path, led(LAYOUTS["a line each"](records), PREFIXES["actions"], timedelta()))
    session, notes = judged(path)
    assert (session.case.events["ts"].null_count(), notes) == (0, [])


OTHER_STEPS = "".join(
    f"{line}\n"
    for n in range(4000)
    for line in (f"npm http fetch GET 200 https://registry.example/package-{n} 12ms", "##[endgroup]")
)


@pytest.mark.parametrize("name", ["actions", "gh run view", "gitlab", "driver"])
@pytest.mark.parametrize("how", LAYOUTS)
def test_a_stream_behind_the_output_of_other_steps_is_found(tmp_path, name, how):
    assert len(OTHER_STEPS) > 2 * HEAD_BYTES
    text = LAYOUTS[how](undated(records_of(PARALLEL)))
    alone = parse(write(tmp_path, text))
    jobs = OTHER_STEPS + text + "##[error]Process completed with exit code 1.\n"
    parsed = parse(write(tmp_path, led(jobs, PREFIXES[name], timedelta(seconds=1)), "whole.txt"))
    assert told(parsed) == told(alone)
    assert {p.reason for p in parsed.problems} == {NOISE}
    assert parsed.lines_total == jobs.count("\n")


def test_a_debug_log_behind_a_jobs_prefix_is_one(tmp_path):
    log = "[DEBUG] executePreToolHooks called for tool: Task\n[DEBUG]   indented\n" * 3
    for lead in (PREFIXES["actions"], PREFIXES["gh run view"], PREFIXES["gitlab"]):
        parsed = parse(write(tmp_path, led(log, lead)))
        assert parsed.events["tool"].drop_nulls().to_list() == ["Task"] * 3


@pytest.mark.parametrize(
    ("lead", "expected"),
    [
        ("2026-11-30T18:00:00.1234567Z ", BEGUN),
        ("a\tb\t2026-11-30T18:00:00.1234567Z ", BEGUN),
        ("[2026-11-30 18:00:00,123456 UTC] ", BEGUN),
        ("2026-11-30T20:00:00.123456+02:00 stdout F ", BEGUN),
        ("2026-11-30 18:00:00 ", None),
        ("2026-13-30T18:00:00Z ", None),
    ],
)
def test_the_time_in_a_prefix(lead, expected):
    found = time_in(lead.encode())
    assert found == expected
