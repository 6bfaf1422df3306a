"""``forensics doctor``: how much of some logs is understood."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from forensics.cli.app import app
from forensics.text.numbers import share

RECORD = '{"type":"user","sessionId":"s","timestamp":"2026-11-22T10:00:00Z","message":{"content":"go"}}\n'
NEW = '{"type":"hologram of %s","sessionId":"s"}\n'


def run(*args):
    return CliRunner().invoke(app, ["doctor", *map(str, args)])


@pytest.fixture
def logs(tmp_path):
    (tmp_path / "a.jsonl").write_text(RECORD + NEW % "x" + "{broken\n")
    (tmp_path / "b.jsonl").write_text(RECORD + NEW % "x" + NEW % "y")
    (tmp_path / "notes.md").write_text("no log")
    return tmp_path


def test_the_sources_are_added_up_and_each_first_place_is_named(logs):
    said = json.loads(run(logs, "--format", "json").stdout)
    assert said["sources"] == [
        {
            "source": "transcript",
            "files": 2,
            "lines_total": 6,
            "lines_understood": 5,
            "records": 5,
            "records_unknown": 3,
        }
    ]
    assert said["unknown"] == [
        {"what": "hologram of x", "source": "transcript", "count": 2, "path": "a.jsonl", "line": 2},
        {"what": "hologram of y", "source": "transcript", "count": 1, "path": "b.jsonl", "line": 3},
    ]
    assert said["problems"] == [
        {"what": "not valid JSON", "source": "transcript", "count": 1, "path": "a.jsonl", "line": 3}
    ]
    assert said["unread"] == [{"path": "notes.md", "reason": "not a log of a known kind"}]


def test_the_text_says_the_same(logs):
    text = run(logs).stdout
    assert "83.3 %" in text
    assert "3 (60.0 %)" in text
    assert "2  hologram of x (transcript; first at a.jsonl:2)" in text
    assert "1  not valid JSON (transcript; first at a.jsonl:3)" in text
    assert "notes.md: not a log of a known kind" in text


def test_a_shape_cannot_become_markup_or_terminal_control(tmp_path):
    (tmp_path / "a.jsonl").write_text(RECORD + NEW % "[red]x[/red]\\u001b[2J")
    text = run(tmp_path).stdout
    assert "hologram of [red]x[/red]" in text
    assert "\x1b" not in text


def test_a_key_in_a_shape_is_redacted(tmp_path):
    (tmp_path / "a.jsonl").write_text(RECORD + NEW % ("sk-ant-api03-" + "A" * 40))
    assert "AAAA" not in run(tmp_path).stdout


def test_nothing_to_look_at_is_told_apart_from_nothing_understood(tmp_path):
    assert run(tmp_path).exit_code == 3
    (tmp_path / "notes.md").write_text("no log")
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)))
    result = run(tmp_path)
    assert result.exit_code == 3
    assert "notes.md: not a log of a known kind" in result.stdout
    assert "noise.bin: binary file" in result.stdout
    checked = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert result.stderr == checked.stderr
    assert "nothing readable under" in result.stderr
    (tmp_path / "a.jsonl").write_text(RECORD)
    assert run(tmp_path).exit_code == 0


def test_logs_without_a_session_are_examined(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"type":"summary","summary":"s","leafUuid":"u"}\n')
    assert "transcript" in run(tmp_path).stdout


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 5, "0 %"), (5, 5, "100 %"), (1, 3, "33.3 %"), (1, 10**6, "0.1 %"), (10**6 - 1, 10**6, "99.9 %"), (0, 0, "-")],
)  # fmt: skip
def test_all_and_nothing_are_said_only_where_it_is_so(part, whole, said):
    assert share(part, whole) == said
