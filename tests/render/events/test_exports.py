"""The table of events in every form: which rows, which lines, and nothing that a reader's program would obey."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from datetime import datetime

import polars as pl
import pytest
from typer.testing import CliRunner

from forensics.cli.app import app
from forensics.render.events import exports
from forensics.render.events.tables import EVENT_COLUMNS, TABLES, events_of, tables_of
from forensics.schema import EVENTS
from tests.support.analyses import analysis_of
from tests.support.places import CHECKOUT

SESSION = "c4f74656-68ad-4973-8f53-0b862ed16d5d"
HOSTILE = "=1+1\n::error::no\x1b[31m \x9b2J \u202egnp ##[group]x"


def run(*args):
    return CliRunner().invoke(app, ["events", *map(str, args)])


def rows_of(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def analysis(incident):
    return analysis_of(incident)


@pytest.fixture(scope="module")
def table(analysis):
    return events_of(analysis)


@pytest.fixture
def hostile(tmp_path):
    """A session whose every text is meant to do harm where it is shown."""
    folder = tmp_path / "in"
    folder.mkdir()
    call = {"type": "tool_use", "id": "toolu_1", "name": HOSTILE, "input": {"command": HOSTILE, "file_path": HOSTILE}}  # fmt: skip
    spawn = {"type": "tool_use", "id": "toolu_2", "name": "Task", "input": {"description": HOSTILE, "prompt": HOSTILE, "subagent_type": HOSTILE}}  # fmt: skip
    common = {
        "type": "assistant",
        "parentUuid": None,
        "sessionId": SESSION,
        "version": "2.0.24",
        "cwd": HOSTILE,
    }
    lines = []
    for n, part in enumerate((call, spawn)):
        message = {"id": f"m{n}", "role": "assistant", "model": HOSTILE, "content": [part]}
        when = f"2025-10-21T07:00:0{n}.000Z"
        lines.append({**common, "uuid": f"a{n}", "timestamp": when, "message": message})
    (folder / f"{SESSION}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_the_columns_are_those_of_the_schema_and_of_the_documentation(analysis):
    assert {c.name for c in EVENT_COLUMNS} - {"cited_by"} == set(EVENTS.names())
    for name, frame in tables_of(analysis).items():
        assert frame.schema == pl.Schema({c.name: c.dtype for c in TABLES[name]}), name


def test_every_event_of_the_session_is_a_row_at_its_line(analysis, table, incident):
    events = analysis.sessions[0].case.events
    assert table["event_id"].to_list() == events["event_id"].to_list()
    call = table.filter(tool="Task", kind="agent_spawn")
    assert call["line"].to_list() == [33, 34, 35]
    for row in call.iter_rows(named=True):
        line = (incident / row["file"]).read_text().split("\n")[row["line"] - 1]
        assert row["correlation_id"] in line
        assert row["message"].removeprefix("Task: ") in line


def test_an_event_names_the_findings_that_cite_it(analysis, table):
    cited = dict(table.filter(pl.col("cited_by").is_not_null()).select("event_id", "cited_by").iter_rows())
    for finding in analysis.findings:
        for ref in finding.evidence:
            assert finding.rule in cited[ref.event_id].split()
    assert sum(map(len, map(str.split, cited.values()))) == len(
        {(f.rule, r.event_id) for f in analysis.findings for r in f.evidence}
    )


def test_parquet_holds_the_same_table(table, incident, tmp_path):
    file = tmp_path / "events.parquet"
    assert run(incident, "-o", file).exit_code == 0
    assert pl.read_parquet(file).equals(table)
    assert pl.read_parquet(file).schema == table.schema
    assert pl.read_parquet_metadata(file)["forensics_schema_version"] == exports.SCHEMA_VERSION
    assert run(incident, "--format", "parquet").stdout_bytes == file.read_bytes()


def test_csv_and_json_lines_hold_the_same_rows(table, incident):
    told = rows_of(run(incident).stdout)
    cells = list(csv.DictReader(io.StringIO(run(incident, "--format", "csv").stdout)))
    assert len(told) == len(cells) == table.height
    assert list(told[0]) == list(cells[0]) == table.columns
    for row, flat, one in zip(told, cells, table.iter_rows(named=True), strict=True):
        assert (row["file"], row["line"], row["event_id"]) == (one["file"], one["line"], one["event_id"])
        assert (flat["file"], flat["line"]) == (one["file"], str(one["line"]))
        assert row["ts"] == flat["ts"] or row["ts"] is None
        if one["ts"]:
            assert datetime.fromisoformat(row["ts"]) == one["ts"]


def test_timesketch_gets_what_it_asks_for(table, incident):
    result = run(incident, "--format", "timesketch")
    told = rows_of(result.stdout)
    assert len(told) == table["ts"].count()
    assert "7 events without a time left out" in result.stderr
    for row in told:
        assert row["message"]
        assert row["timestamp_desc"].startswith("Time ")
        when = datetime.fromisoformat(row["datetime"])
        assert when.utcoffset().total_seconds() == 0
        assert row["timestamp"] == int(when.timestamp()) * 1_000_000 + when.microsecond
        assert isinstance(row["tag"], list)
    assert ["CCF101", "CCF102"] in [row["tag"] for row in told]
    inferred = [row["timestamp_desc"] for row in told if row["ts_quality"] == "inferred"]
    assert set(inferred) == {"Time of a Neighbouring Record"}


@pytest.mark.parametrize("form", ["csv", "jsonl", "timesketch", "parquet"])
def test_the_same_logs_give_the_same_bytes(form, incident):
    one, other = run(incident, "--format", form), run(incident, "--format", form)
    assert one.stdout_bytes == other.stdout_bytes
    assert one.stdout_bytes


@pytest.mark.parametrize("name", ["a.csv", "a.JSONL", "a.ndjson", "a.parquet", "a.txt"])
def test_the_end_of_the_name_says_the_form(name, incident, tmp_path):
    assert run(incident, "-o", tmp_path / name).exit_code == 0
    head = (tmp_path / name).read_bytes()[:4]
    assert head == {"csv": b"ts,t", "parquet": b"PAR1"}.get(name.rpartition(".")[2], b'{"ts')


def test_a_log_is_not_overwritten(incident):
    log = next(incident.rglob("*.jsonl"))
    before = log.read_bytes()
    assert run(log, "-o", log).exit_code == 2
    assert log.read_bytes() == before


def test_a_folder_without_logs(tmp_path):
    result = run(tmp_path)
    assert (result.exit_code, result.stdout) == (3, "")


def test_hostile_text_is_harmless_in_csv(hostile):
    text = run(hostile, "--format", "csv").stdout
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == len(text.splitlines()), "a row is a line"
    shown = [cell for row in rows for cell in row if "1+1" in cell]
    assert shown
    for cell in shown:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert "##[" not in cell
    assert any(cell.startswith("'=1+1") for cell in shown)
    assert not [c for c in text if (ord(c) < 32 and c != "\n") or c in "\x9b\u202e"]


def test_hostile_text_is_harmless_in_json_lines(hostile):
    for form in ("jsonl", "timesketch"):
        text = run(hostile, "--format", form).stdout
        assert not [c for c in text if (ord(c) < 32 and c != "\n") or c in "\x9b\u202e"]
        assert "##[" not in text
        assert any("##[group]" in str(row["tool"]) for row in rows_of(text)), "the value is whole"


@pytest.mark.parametrize(
    "text", ["=cmd()", "+1", "-1", "@a", "  =1", "\t=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"]
)
def test_a_formula_becomes_a_text(text):
    frame = pl.DataFrame({"n": [1], "text": [text]})
    (_, cells) = csv.reader(io.StringIO(b"".join(exports.to_csv(frame)).decode()))
    assert cells[1].startswith("'")
    assert cells[0] == "1"


@pytest.mark.parametrize("text", ["a=1", "", "1-1", "a@b", None])
def test_any_other_text_stays(text):
    frame = pl.DataFrame({"n": [-1], "text": [text]}, schema={"n": pl.Int64, "text": pl.String})
    (_, cells) = csv.reader(io.StringIO(b"".join(exports.to_csv(frame)).decode()))
    assert cells == ["-1", text or ""]


def test_a_long_table_is_written_piece_by_piece(monkeypatch, table):
    whole = {form: b"".join(form(table)) for form in (exports.to_csv, exports.to_jsonl, exports.to_json)}
    monkeypatch.setattr(exports, "PIECE", 10)
    for form, text in whole.items():
        pieces = list(form(table))
        assert len(pieces) > table.height // 10
        assert b"".join(pieces) == text
    assert len(json.loads(whole[exports.to_json])) == table.height


def test_a_reader_that_leaves_early_is_no_error(incident):
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONWARNINGS": "error"}
    for form in ("jsonl", "parquet"):
        program = f"{sys.executable} -m forensics events {incident} --format {form}"
        done = subprocess.run(
            ["bash", "-c", f"{program} | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}"],
            capture_output=True,
            text=True,
            env=env,
            check=False,
        )
        assert (done.stdout, done.stderr) == ("0\n", "")
