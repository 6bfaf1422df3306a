"""The commands as a user types them: what they print, where, and with which exit code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forensics import __version__
from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.cli.app import app
from forensics.render.answers import session_list
from forensics.render.answers.console import to_text
from forensics.rules import RULES
from forensics.schema.finding import Severity
from tests.support.places import CHECKOUT, INCIDENT, RULE_FIXTURES, matching

CLEAN = matching(RULE_FIXTURES / "CCF901" / "silent", "*/input")


def run(*args):
    return CliRunner().invoke(app, [str(a) for a in args])


def start(*args, **kwargs):
    """Run the program as a process of its own, as a shell does."""
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONWARNINGS": "error", **kwargs.pop("env", {})}
    return subprocess.run(
        [sys.executable, "-m", "forensics", *map(str, args)],
        capture_output=True,
        check=False,
        env=env,
        timeout=120,
        **kwargs,
    )


def test_version():
    assert run("--version").stdout == f"forensics {__version__}\n"


def test_check_fails_on_findings_and_says_what_and_where():
    result = run("check", INCIDENT)
    assert result.exit_code == 1
    assert "TRUNCATED" in result.stdout
    assert ".txt:" in result.stdout or ".jsonl:" in result.stdout


@pytest.mark.parametrize(("level", "code"), [("note", 1), ("medium", 1), ("high", 1), ("critical", 0)])
def test_fail_on(level, code):
    assert run("check", INCIDENT, "--fail-on", level).exit_code == code


def test_exit_zero():
    assert run("check", INCIDENT, "--exit-zero").exit_code == 0


def test_json_is_the_contract():
    result = run("check", INCIDENT, "--format", "json")
    data = json.loads(result.stdout)
    assert data["schema_version"] == "1"
    assert data["tool"] == {"name": "forensics", "version": __version__}
    assert data["rules"] == []
    assert data["settings"] == {"thresholds": {}, "expect": []}
    assert set(data) >= {"inputs", "sessions", "outcomes", "findings", "chains"}
    assert {o["outcome"] for o in data["outcomes"]} <= {"fired", "clear", "not-applicable", "insufficient"}
    keys = {
        "rule", "name", "severity", "confidence", "claim", "nature", "expected", "session_id", "agent_id", "message", "facts",
        "fingerprint", "sentences", "evidence",
    }  # fmt: skip
    for finding in data["findings"]:
        assert set(finding) == keys
        assert finding["evidence"], finding["rule"]
        assert finding["severity"] in list(Severity)
        for ref in finding["evidence"]:
            assert set(ref) >= {"path", "line", "offset", "line_sha256", "ts", "excerpt", "also_at"}


def test_a_session_that_ended_well_passes_the_gate():
    assert CLEAN, "no silent fixture of CCF901"
    assert run("check", CLEAN[0]).exit_code == 0


def test_report_goes_to_standard_output_without_o():
    result = run("report", INCIDENT)
    assert result.exit_code == 0
    assert result.stdout.startswith("# Agent Deployment Forensic Analysis")


def test_report_is_written_and_its_place_is_said(tmp_path):
    result = run("report", INCIDENT, "-o", tmp_path / "incident.md")
    assert result.exit_code == 0
    assert str(tmp_path / "incident.md") in result.stdout
    assert (tmp_path / "incident.md").read_text().startswith("# Agent Deployment Forensic Analysis")


def test_report_to_a_folder_that_is_not_there(tmp_path):
    result = run("report", INCIDENT, "-o", tmp_path / "no" / "incident.md")
    assert result.exit_code == 2
    assert "No such file or directory" in result.stderr


def test_report_of_one_session():
    assert run("report", INCIDENT, "--session", "c4f7").exit_code == 0
    result = run("report", INCIDENT, "--session", "ffff")
    assert result.exit_code == 2
    assert "c4f74656" in result.stderr


def test_demo_analyses_the_packaged_incident(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("demo").exit_code == 0
    assert "CCF201" in (tmp_path / "incident.md").read_text()


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.code)
def test_explain_prints_the_rules_own_documentation(rule):
    for name in (rule.code, rule.code.lower(), rule.name):
        page = run("explain", name).stdout
        assert rule.documentation.splitlines()[0] in page
        for section in ("What it detects", "Why it matters", "How to fix", "Known misses"):
            assert section in page


def test_explain_an_unknown_code():
    result = run("explain", "CCF999")
    assert result.exit_code == 2
    assert "CCF102" in result.stderr


def test_rules_are_listed():
    assert [line.split("\t")[0] for line in run("rules").stdout.splitlines()] == [r.code for r in RULES]
    assert [r["code"] for r in json.loads(run("rules", "--format", "json").stdout)] == [r.code for r in RULES]


BAD = {
    "empty folder": lambda folder: folder,
    "folder without logs": lambda folder: (folder / "a.md").write_text("# hello\n") and folder,
    "empty file": lambda folder: _file(folder / "debug.txt", b""),
    "binary rubbish": lambda folder: _file(folder / "debug.txt", bytes(range(256)) * 64),
    "a log of something else": lambda folder: _file(
        folder / "x.log", b"Jan  1 00:00:00 host sshd[1]: hello\n" * 9
    ),
}


def _file(path, data):
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
@pytest.mark.parametrize("command", ["check", "report"])
def test_an_empty_gate_is_never_green(command, make, tmp_path):
    result = run(command, make(tmp_path))
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.startswith("error: noth")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["check", "report"])
def test_a_path_that_is_not_there(command, tmp_path):
    result = run(command, tmp_path / "missing")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no such file or folder" in result.stderr


def test_an_unknown_zone():
    result = run("check", INCIDENT, "--tz", "Mars/Olympus")
    assert result.exit_code == 2
    assert "America/Chicago" in result.stderr


def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_analysed(tmp_path, monkeypatch):
    log = INCIDENT / ".claude" / "debug" / "c4f74656-68ad-4973-8f53-0b862ed16d5d.txt"
    (tmp_path / log.name).write_bytes(log.read_bytes())
    (tmp_path / "locked.txt").write_bytes(log.read_bytes())
    original = Path.open

    def guarded(self, *args, **kwargs):
        if self.name == "locked.txt":
            raise PermissionError(13, "Permission denied", str(self))
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", guarded)
    result = run("check", tmp_path, "--exit-zero")
    assert result.exit_code == 0
    assert "locked.txt: cannot be read: Permission denied" in result.stdout


def test_a_truncated_last_line_costs_one_line(tmp_path):
    name = "c4f74656-68ad-4973-8f53-0b862ed16d5d.jsonl"
    whole = (INCIDENT / ".claude" / "projects" / "-home-dev-liv-hana" / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:-200])
    data = json.loads(run("check", tmp_path, "--format", "json").stdout)
    (given,) = data["inputs"]
    assert given["lines_total"] - given["lines_understood"] == 1
    assert "cut off" in given["problems"][0]["reason"]


def test_a_template_of_the_users_own_replaces_a_section(tmp_path):
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections" / "learnings.md.j2").write_text("OURS {{ incident.session_id }}\n")
    assert "OURS c4f74656" in run("report", INCIDENT, "--template", tmp_path).stdout


def test_an_undefined_name_in_a_template_names_the_line(tmp_path):
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections" / "learnings.md.j2").write_text("one\n{{ incident.nonsense }}\n")
    result = run("report", INCIDENT, "--template", tmp_path)
    assert result.exit_code == 2
    assert "learnings.md.j2, line 2" in result.stderr
    assert "nonsense" in result.stderr


def test_a_broken_template_names_the_line(tmp_path):
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections" / "learnings.md.j2").write_text("one\n{% if %}\n")
    result = run("report", INCIDENT, "--template", tmp_path)
    assert result.exit_code == 2
    assert "line 2" in result.stderr


def test_a_closed_pipe_is_no_error():
    command = f"{sys.executable} -m forensics report {INCIDENT} | head -n 1"
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, check=False, env=env, timeout=60
    )
    assert done.stdout.startswith(b"# Agent Deployment")
    assert done.stderr == b""


def test_any_character_can_be_printed_under_the_c_locale():
    done = start(
        "check",
        INCIDENT,
        "--exit-zero",
        env={"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""},
    )
    assert done.returncode == 0, done.stderr
    assert "“Create privacy policy document”".encode() in done.stdout


def test_a_voice_log_alone_leaves_nothing_on_standard_error(tmp_path):
    head = "2025-10-21 02:00:0{},000 - voicemode - INFO - "
    said = ["Starting VoiceMode v6.0.1", "STT: Starting speech-to-text conversion"]
    (tmp_path / "stderr.log").write_text("".join(head.format(n) + text + "\n" for n, text in enumerate(said)))
    done = start("check", tmp_path, "--exit-zero")
    assert done.returncode == 0
    assert done.stderr == b""


def test_help_and_version_do_not_load_the_engine():
    code = "import sys, forensics.cli.app; print([m for m in ('polars', 'jinja2', 'rich', 'msgspec') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )
    assert done.stdout == b"[]\n"


def test_a_report_is_never_written_over_a_log(tmp_path):
    log = next((INCIDENT / ".claude" / "debug").glob("c4f*.txt"))
    copy = tmp_path / "debug.txt"
    copy.write_bytes(log.read_bytes())
    for given in (copy, tmp_path):
        result = run("report", given, "-o", copy)
        assert result.exit_code == 2
        assert "is not overwritten" in result.stderr
    assert copy.read_bytes() == log.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="shell redirections")
@pytest.mark.parametrize(("redirection", "code"), [(">&-", 1), (">/dev/full", 2)])
def test_an_output_that_takes_nothing_is_no_traceback(redirection, code):
    if "/dev/full" in redirection and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m forensics check "$1" {redirection}', sys.executable, str(INCIDENT)],
        capture_output=True,
        check=False,
        # buffered, as a user's Python is: the failure then comes when the program ends
        env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"} | {"PYTHONPATH": str(CHECKOUT)},
        timeout=120,
    )
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_one_session_of_several_lists_its_own_files_only():
    folders = [INCIDENT, CLEAN[0]]
    whole = json.loads(run("check", *folders, "--format", "json", "--exit-zero").stdout)
    assert len(whole["sessions"]) > 1
    one = json.loads(
        run("check", *folders, "--session", "c4f74656", "--format", "json", "--exit-zero").stdout
    )
    assert [s["session_id"][:8] for s in one["sessions"]] == ["c4f74656"]
    assert {i["path"] for i in one["inputs"]} < {i["path"] for i in whole["inputs"]}
    cited = {e["path"] for f in one["findings"] for e in f["evidence"]}
    assert cited <= {i["path"] for i in one["inputs"]}


def test_a_narrow_terminal_gets_an_indent_and_whole_places():
    text = to_text(analyse(Request([INCIDENT])), width=60)
    assert "\n                  https://api.openai.com/v1" in text
    places = [line.strip().split(" ")[0] for line in text.splitlines() if ".jsonl:" in line]
    assert places
    assert all(place.rpartition(":")[2].isdigit() for place in places)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of a shell")
def test_a_reader_that_leaves_does_not_make_the_gate_green():
    script = '{ "$0" -m forensics check "$1"; echo "code $?" >&2; } | true'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable, str(INCIDENT)],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        timeout=120,
    )
    assert done.stderr.decode().strip() == "code 1"


def test_a_choice_of_nothing_is_not_green():
    result = run("check", INCIDENT, "--since", "1s")
    assert result.exit_code == 3
    assert (
        "none of 1 sessions is as new as was asked for; the newest was last written to at 2025-10-21"
        in result.stderr
    )


def test_the_list_of_sessions_fits_a_terminal():
    analysis = analyse(Request([INCIDENT]))
    for width, cells in (
        (120, ["c4f74656 ", "liv-hana"]),
        (200, ["c4f74656-68ad-4973-8f53-0b862ed16d5d", "/home/dev/liv-hana", "todo-file"]),
    ):
        text = session_list.as_table(analysis, width, color=False)
        assert max(map(len, text.splitlines())) <= width
        assert all(cell in text for cell in cells)


def test_a_report_is_html_where_it_is_asked_for_or_the_output_says_so(tmp_path):
    asked = run("report", INCIDENT, "--format", "html").stdout
    assert asked.startswith("<!DOCTYPE html>")
    assert 'class="around"' in asked
    assert run("report", INCIDENT, "-o", tmp_path / "report.html").exit_code == 0
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == asked
    assert run("report", INCIDENT, "-o", tmp_path / "x.html", "--format", "markdown").exit_code == 0
    assert (tmp_path / "x.html").read_text(encoding="utf-8").startswith("# ")


def test_rules_that_could_not_judge_for_one_reason_are_told_together(tmp_path):
    """A debug log alone: most rules need a transcript."""
    log = next((INCIDENT / ".claude" / "debug").glob("*.txt"))
    shutil.copy(log, tmp_path)
    told = run("check", str(tmp_path), "--exit-zero").stdout
    said = json.loads(run("check", str(tmp_path), "--exit-zero", "--format", "json").stdout)
    lines = re.findall(r"^ +(CCF\d+(?:, CCF\d+)*) could not judge: (.+)$", told, re.MULTILINE)
    skipped = [o for o in said["outcomes"] if o["outcome"] == "insufficient"]
    assert len({reason for _, reason in lines}) == len(lines) < len(skipped)
    assert sorted(code for codes, _ in lines for code in codes.split(", ")) == [o["rule"] for o in skipped]
