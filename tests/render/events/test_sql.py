"""Questions in SQL: what they answer, what is refused, and how it is said."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime

import polars as pl
import pytest
from typer.testing import CliRunner

from forensics.cli.app import app
from forensics.errors import UsageError
from forensics.render.events import exports, sql
from forensics.render.events.sql import answer
from forensics.render.events.tables import TABLES, tables_of
from tests.support.analyses import analysis_of

FRAMES = {"events": pl.DataFrame({"a": [1, 2], "t": ["x", "read"]})}


def run(sql, *args):
    return CliRunner().invoke(app, ["query", sql, *map(str, args)])


@pytest.fixture(scope="module")
def tables(incident):
    return tables_of(analysis_of(incident))


def test_findings_are_found_with_their_lines(incident):
    sql = "SELECT rule, file, line FROM findings WHERE severity_rank >= 3 AND rule LIKE 'CCF4%' ORDER BY line"
    result = run(sql, incident, "--format", "json")
    assert [(row["rule"], row["line"]) for row in json.loads(result.stdout)] == [
        ("CCF403", 34),
        ("CCF403", 35),
    ]


def test_each_cited_line_is_a_row_of_the_evidence(tables, incident):
    analysis = analysis_of(incident)
    assert tables["evidence"].height == sum(len(f.evidence) for f in analysis.findings)
    assert tables["findings"]["cited"].sum() == tables["evidence"].height
    joined = answer("SELECT e.kind FROM evidence v JOIN events e ON v.event_id = e.event_id", tables)
    assert joined.height == tables["evidence"].height


def test_the_tables_tell_what_the_analysis_tells(tables):
    session = tables["sessions"].row(0, named=True)
    assert (session["verdict"], session["events"], session["findings"]) == (
        "TRUNCATED",
        tables["events"].height,
        19,
    )
    assert tables["agents"]["outcome"].to_list() == ["unfinished", "unfinished", "completed"]
    assert [round(s) for s in tables["gaps"]["seconds"]] == [1747, 2441, 2324, 415]


@pytest.mark.parametrize("form", ["table", "csv", "json", "jsonl"])
def test_every_form_holds_the_same(form, incident):
    text = run("SELECT kind, COUNT(*) AS n FROM events GROUP BY kind ORDER BY n DESC, kind LIMIT 2", incident, "--format", form).stdout  # fmt: skip
    rows = {
        "table": lambda: [line.split() for line in text.splitlines()[2:]],
        "csv": lambda: list(csv.reader(io.StringIO(text)))[1:],
        "json": lambda: [list(map(str, row.values())) for row in json.loads(text)],
        "jsonl": lambda: [list(map(str, json.loads(line).values())) for line in text.splitlines()],
    }[form]()
    assert rows == [["voice_event", "30"], ["api_first_byte", "25"]]


def test_no_rows_are_a_table_too(incident):
    sql = "SELECT rule FROM findings WHERE rule = 'none'"
    assert run(sql, incident).stdout == "rule\n----\n"
    assert json.loads(run(sql, incident, "--format", "json").stdout) == []
    assert run(sql, incident, "--format", "jsonl").stdout == ""
    assert run(sql, incident, "--format", "csv").stdout == "rule\n"


def test_a_long_table_is_cut_and_that_is_said(incident):
    result = run("SELECT line FROM events", incident, "--most", 3)
    assert len(result.stdout.splitlines()) == 5
    assert "note: the first 3 of 256 rows" in result.stderr
    assert len(run("SELECT line FROM events", incident, "--format", "csv").stdout.splitlines()) == 257


def test_nested_values_and_durations_are_values(tables):
    sql = "SELECT ARRAY_AGG(line) AS lines, MAX(ts) - MIN(ts) AS took FROM events WHERE kind = 'agent_spawn'"
    table = answer(sql, tables)
    row = json.loads(b"".join(exports.to_jsonl(table)))
    assert row["lines"] == [33, 34, 35]
    assert row["took"] == pytest.approx(0.734)
    (_, cells) = csv.reader(io.StringIO(b"".join(exports.to_csv(table)).decode()))
    assert cells == ["[33, 34, 35]", "0.734"]


def test_times_in_lists_and_fractions_are_values_too(tables):
    sql = "SELECT 1.5 AS n, ARRAY_AGG(ts) AS times FROM events WHERE kind = 'compaction' OR line = 34"
    table = answer(sql, tables)
    row = json.loads(b"".join(exports.to_jsonl(table)))
    assert row["n"] == 1.5
    (_, cells) = csv.reader(io.StringIO(b"".join(exports.to_csv(table)).decode()))
    assert cells[0] == "1.5"
    assert [datetime.fromisoformat(t) for t in json.loads(cells[1])] == table["times"][0].to_list()
    assert [datetime.fromisoformat(t) for t in row["times"]] == table["times"][0].to_list()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM \"read_csv\"('{file}')",
        "SELECT * FROM Read_CSV /* x */ ('{file}')",
        "SELECT * FROM events WHERE a IN (SELECT 1 FROM read_csv('{file}'))",
        "WITH x AS (SELECT * FROM read_csv('{file}')) SELECT * FROM x",
        "SELECT * FROM read_parquet('{file}')",
        "SELECT * FROM read_ipc('{file}')",
        "SELECT * FROM read_json('{file}')",
        "EXPLAIN SELECT * FROM read_csv('{file}')",
        "SELECT * FROM '{file}'",
        'SELECT * FROM "{file}"',
    ],
)
def test_a_query_reads_no_files(sql, tmp_path):
    file = tmp_path / "secret.csv"
    file.write_text("a\nhunter2\n")
    with pytest.raises(UsageError) as said:
        answer(sql.format(file=file), FRAMES)
    assert "hunter2" not in str(said.value)


def test_what_polars_would_read_is_refused_though_its_name_is_new(tmp_path, monkeypatch):
    file = tmp_path / "secret.csv"
    file.write_text("a\nhunter2\n")
    monkeypatch.setattr("forensics.render.events.sql.READERS", re.compile("(?!)"))
    with pytest.raises(UsageError, match="reads no files"):
        answer(f"SELECT * FROM read_csv('{file}')", FRAMES)  # noqa: S608 - no such injection


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE events",
        "CREATE TABLE x AS SELECT * FROM events",
        "COPY events TO '{file}'",
        "INSERT INTO events VALUES (1, 'a')",
        "DELETE FROM events",
        "TRUNCATE TABLE events",
        "-- SELECT\nDROP TABLE events",
        "SELECT 1; DROP TABLE events",
        "SELECT nope FROM events",
        "SELECT * FROM nope",
        "SELECT t + 1 FROM events",
        "SELECT CAST(t AS INT) FROM events",
        "SELECT",
        "",
    ],
)
def test_anything_else_is_one_sentence_and_writes_nothing(sql, tmp_path):
    file = tmp_path / "out.csv"
    with pytest.raises(UsageError) as said:
        answer(sql.format(file=file), FRAMES)
    assert "\n" not in str(said.value)
    assert len(str(said.value)) < 400
    assert not file.exists()


@pytest.mark.parametrize("sql", ["SELECT a FROM events", " (SELECT a FROM events)", "-- why\n/* x */ select a from events", "WITH x AS (SELECT a FROM events) SELECT * FROM x", "SELECT a FROM events WHERE t = 'read' OR a = 1"])  # fmt: skip
def test_what_asks_is_answered(sql):
    assert answer(sql, FRAMES)["a"].to_list() == [1, 2]


def test_show_tables_lists_them(incident):
    assert run("SHOW TABLES", incident).stdout.split()[2:] == sorted(TABLES)


def test_wrong_sql_is_told_on_stderr_with_exit_code_2(incident):
    result = run("SELECT nope FROM events", incident)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: the query cannot be answered: ")
    assert "nope" in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_error_that_quotes_a_value_gives_no_orders():
    with pytest.raises(UsageError, match="cannot be answered") as said:
        answer("SELECT CAST(t AS INT) FROM events", {"events": pl.DataFrame({"t": ["##[group]x"]})})
    assert "group]x" in str(said.value), "the test would prove nothing"
    assert "##[" not in str(said.value)


def test_a_folder_without_logs(tmp_path):
    assert run("SELECT 1", tmp_path).exit_code == 3


def test_a_question_that_might_have_no_end_is_refused(incident):
    endless = "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t"
    result = run(endless, incident)
    assert result.exit_code == 2
    assert result.stderr == "error: a query may not be RECURSIVE: it might have no end\n"


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (f"SELECT 1{' + 1' * 20_000}", "nests too deeply"),
        ("SELECT * FROM generate_series(1, 10000000000)", "memory"),
        ("SELECT rpad('x', 2000000000) FROM events", "memory"),
        ("SELECT lpad(t, 2000000000) AS x FROM events", "memory"),
        ("SELECT a FROM events WHERE " + "a = 1 OR " * 12_000 + "a = 1", "at most 100000 characters"),
        ("SELECT * FROM " + ", ".join(f"events e{n}" for n in range(40)), None),  # noqa: S608
        ("SELECT ##vso[task.setvariable] FROM events", None),
    ],
    ids=lambda value: value and value[:30],
)
def test_what_no_machine_can_answer_is_a_sentence(sql, says):
    with pytest.raises(UsageError, match=says) as refused:
        answer(sql, {"events": pl.DataFrame({"a": range(1000), "t": ["x"] * 1000})})
    assert len(str(refused.value)) < 400
    assert "##vso[" not in str(refused.value)


def test_an_answer_without_end_is_cut_short_in_time(monkeypatch):
    monkeypatch.setattr(sql, "MOST_SECONDS", 1)
    many = {"events": pl.DataFrame({"a": range(200_000)})}
    with pytest.raises(UsageError, match=r"it takes longer than|memory"):
        answer("SELECT COUNT(*) FROM events x JOIN events y ON x.a < y.a JOIN events z ON y.a < z.a", many)


def test_a_fault_of_the_process_is_no_answer(monkeypatch):
    monkeypatch.setattr(sql, "APART", "raise SystemExit(1)")
    with pytest.raises(RuntimeError):
        answer("SELECT a FROM events", FRAMES)


def test_the_largest_answer(monkeypatch):
    monkeypatch.setattr(sql, "MOST_ROWS", 1)
    assert answer("SELECT a FROM events LIMIT 1", FRAMES).height == 1
    with pytest.raises(UsageError, match="more than 1 rows"):
        answer("SELECT a FROM events", FRAMES)
