"""Law: unread evidence is never green. What looks like ours and was not read is told first, and in the exit code."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

from forensics.cli.app import app
from tests.support.places import RULE_FIXTURES, matching

SESSION = "5e551011-0000-4000-8000-000000000001"
CLEAN_RUN = (
    f'{{"type":"system","subtype":"init","session_id":"{SESSION}","cwd":"/home/dev","tools":[]}}\n'
    f'{{"type":"assistant","session_id":"{SESSION}","message":{{"id":"m1","role":"assistant",'
    '"content":[{"type":"text","text":"Done."}]}}\n'
    f'{{"type":"result","subtype":"success","is_error":false,"session_id":"{SESSION}","result":"Done."}}\n'
)
UNREAD = {
    "other.json": f'{{"kind": "dump",\n "session_id": "{SESSION}"}}',
    "panic.txt": "some header\npanic(main thread): Segmentation fault at address 0x18\n",
    "worker.log": f"ResultMessage(subtype='error_during_execution', is_error=True, session_id='{SESSION}')\n",
    "run.yaml": f"type: result\nsubtype: error_during_execution\nsession_id: {SESSION}\n",
    "rows.csv": "Body,LogAttributes\nclaude_code.api_error,\"{'session.id':'" + SESSION + "'}\"\n",
    "windows.txt": "\ufeff" + "dump of Claude Code v2.1.330\n",
}
FOREIGN = {
    "README.md": "Claude Code v2.1.330 logs",
    "notes.txt": "nothing of ours",
    "photo.png": "\x89PNG\x00",
}


def run(*args):
    return CliRunner().invoke(app, [str(a) for a in args])


@pytest.fixture
def logs(tmp_path):
    (tmp_path / "run.jsonl").write_text(CLEAN_RUN, encoding="utf-8")
    for name, text in FOREIGN.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_foreign_files_beside_a_clean_session_are_no_matter(logs):
    result = run("check", logs)
    assert result.exit_code == 0, result.output
    assert "Not read" not in result.output
    assert json.loads(run("check", "--format", "json", logs).stdout)["blind"] == []


def test_exit_zero_stands_for_what_was_found_and_for_what_was_not_read(logs):
    (logs / "other.json").write_text(UNREAD["other.json"], encoding="utf-8")
    assert run("check", logs).exit_code == 3
    shown = run("check", "--exit-zero", logs)
    assert shown.exit_code == 0
    assert "Not read" in shown.output or "not read" in shown.output
    assert "not read" in " ".join(run("check", "--help").output.split())


def test_exit_zero_shows_nothing_green_where_nothing_was_read(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing of ours", encoding="utf-8")
    assert run("check", "--exit-zero", tmp_path).exit_code == 3


@pytest.mark.parametrize("name", UNREAD)
def test_an_unread_file_that_looks_like_ours_makes_the_gate_exit_with_3(logs, name):
    encoding = "utf-16-le" if name == "windows.txt" else "utf-8"
    (logs / name).write_text(UNREAD[name], encoding=encoding)
    result = run("check", logs)
    if result.exit_code != 3:  # a format reads it by now: then it is no longer unread
        read = [i["path"] for i in json.loads(run("check", "--format", "json", logs).stdout)["inputs"]]
        assert name in read
        return
    first = result.stdout.split("\n", 1)[0]
    assert first.startswith("Not read: 1 file")
    assert name in first
    assert run("check", "--allow-unread", logs).exit_code == 0
    assert run("check", "--exit-zero", logs).exit_code == 0
    assert [b["path"] for b in json.loads(run("check", "--format", "json", logs).stdout)["blind"]] == [name]
    summary = run("report", "--format", "markdown", logs).stdout.partition("EXECUTIVE SUMMARY")[2]
    assert "Not read: 1 file" in summary[:400]


def test_a_log_of_which_most_lines_are_damaged_is_named_with_its_lines(logs):
    (logs / "torn.jsonl").write_text(
        CLEAN_RUN.split("\n", maxsplit=1)[0] + "\n" + '{"type":"assis\n' * 3, encoding="utf-8"
    )
    result = run("check", logs, "--fail-on", "critical")
    assert result.exit_code == 3
    assert "torn.jsonl:2 (3 of 4 lines)" in result.stdout.split("\n", 1)[0]


def test_lines_beside_the_records_that_tell_of_a_panic_are_missed_and_talk_is_not(logs):
    talk = logs / "talk.log"
    talk.write_text("npm warn deprecated\n" * 9 + CLEAN_RUN, encoding="utf-8")
    assert run("check", logs).exit_code == 0
    shutil.copy(talk, logs / "panic.log")
    with (logs / "panic.log").open("a", encoding="utf-8") as log:
        log.write("panic(main thread): Segmentation fault\noh no: Bun has crashed\n")
    blind = json.loads(run("check", "--format", "json", logs).stdout)["blind"]
    verdicts = json.loads(run("check", "--format", "json", logs).stdout)["sessions"]
    assert blind or any(s["verdict"] == "CRASHED" for s in verdicts)


def test_a_finding_outranks_what_was_not_read(tmp_path):
    source = matching(RULE_FIXTURES / "CCF102" / "fires", "*/input")[0]
    shutil.copytree(source, tmp_path / "input")
    before = run("check", tmp_path).exit_code
    (tmp_path / "other.json").write_text(UNREAD["other.json"], encoding="utf-8")
    assert run("check", tmp_path).exit_code == (before or 3)
