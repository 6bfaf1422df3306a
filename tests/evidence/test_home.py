"""Without a path: the sessions of this user, found by name and time."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forensics.cli.app import app
from forensics.evidence.home import files_of, homes_of, locate
from tests.support.places import INCIDENT

OLD = "c4f74656-68ad-4973-8f53-0b862ed16d5d"
NEW = "ffffffff-68ad-4973-8f53-0b862ed16d5d"
PROJECT = "-home-dev-liv-hana"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with the incident, last written in October, and a newer session that holds one prompt."""
    shutil.copytree(INCIDENT, tmp_path / "home")
    home = tmp_path / "home"
    for path in home.rglob("*"):
        os.utime(path, (1761037308, 1761037308))
    prompt = {
        "type": "user", "sessionId": NEW, "timestamp": "2025-11-01T10:00:00.000Z", "uuid": "u1", "version": "2.0.24",
        "cwd": "/home/dev/liv-hana", "message": {"role": "user", "content": "hello"},
    }  # fmt: skip
    newer = home / ".claude" / "projects" / PROJECT / f"{NEW}.jsonl"
    newer.write_text(json.dumps(prompt) + "\n", encoding="utf-8")
    for name in ("CLAUDE_CONFIG_DIR", "XDG_CACHE_HOME", "XDG_STATE_HOME", "VOICEMODE_BASE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    return home


def run(*args):
    return CliRunner().invoke(app, list(args))


def found(home):
    homes = homes_of({}, home)
    return {s.session_id: {p.relative_to(home).as_posix() for p in files_of(s, homes)} for s in locate(homes)}


def test_a_session_is_the_sum_of_its_files(home):
    files = found(home)
    everything = {p.relative_to(INCIDENT).as_posix() for p in INCIDENT.rglob("*") if p.is_file()}
    assert files[OLD] == everything
    assert files[NEW] == {f".claude/projects/{PROJECT}/{NEW}.jsonl"}


@pytest.mark.parametrize(
    ("taken", "is_its_own"), [(1761037300, True), (1760900000, False), (1761900000, False)]
)
def test_what_the_voice_server_heard_and_its_lock_are_of_their_day(home, taken, is_its_own):
    logs = home / ".voicemode" / "logs" / "conversations"
    for day in ("2025-10-21", "2025-10-28"):
        (logs / f"heard_{day}.jsonl").write_text("")
    lock = home / ".voicemode" / "conch"
    lock.write_text("{}")
    os.utime(lock, (taken, taken))
    voice = {name.removeprefix(".voicemode/") for name in found(home)[OLD] if name.startswith(".voicemode/")}
    assert "logs/conversations/heard_2025-10-21.jsonl" in voice
    assert "logs/conversations/heard_2025-10-28.jsonl" not in voice
    assert ("conch" in voice) == is_its_own


@pytest.mark.parametrize(
    ("name", "written", "is_its_own"),
    [
        (".claude/sessions/4242.json", 1761037300, True),
        (".claude/sessions/4242.json", 1760000000, False),
        (".claude/debug/99999999-9999-4999-8999-999999999999.txt", 1761030010, True),
        (".claude/debug/99999999-9999-4999-8999-999999999999.txt", 1761900000, False),
        (".claude/shell-snapshots/snapshot-bash-1761030003000-abc123.sh", 1761900000, True),
        (".claude/shell-snapshots/snapshot-bash-1761900003000-abc123.sh", 1761030010, False),
        (f".local/state/claude-cli-nodejs/{PROJECT}/debug-logs/debug.txt", 1761037300, True),
        (f".cache/claude-cli-nodejs/{PROJECT}/errors/2025-10-21.txt", 1761037300, True),
        ("voicemode_debug.log", 1761037300, True),
        ("voicemode_debug.log", 1760000000, False),
        (".voicemode/logs/debug/voicemode_debug_2025-10-21.log", 1761037300, True),
        (".voicemode/logs/debug/voicemode_debug_2025-09-01.log", 1761037300, False),
        (".voicemode/voicemode.env", 1761037300, False),
    ],
)
def test_what_names_no_session_is_taken_by_its_time(home, name, written, is_its_own):
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    os.utime(path, (written, written))
    assert (name in found(home)[OLD]) == is_its_own


def test_a_large_log_of_another_session_is_not_read_for_this_one(home):
    other = home / ".claude" / "debug" / "99999999-9999-4999-8999-999999999999.txt"
    other.write_text("x" * 300_000)
    os.utime(other, (1761037300, 1761037300))
    assert other.relative_to(home).as_posix() not in found(home)[OLD]


def test_the_environment_moves_the_folders(tmp_path):
    homes = homes_of(
        {"CLAUDE_CONFIG_DIR": "/c", "XDG_CACHE_HOME": "/x", "VOICEMODE_BASE_DIR": "/v"}, tmp_path
    )
    assert (homes.claude, homes.caches[0], homes.voice) == (
        Path("/c"),
        Path("/x/claude-cli-nodejs"),
        Path("/v"),
    )


def test_without_a_path_the_newest_session_is_judged(home):
    result = run("check", "--format", "json", "--exit-zero")
    assert [s["session_id"] for s in json.loads(result.stdout)["sessions"]] == [NEW]


def test_a_session_by_the_beginning_of_its_id_has_the_findings_of_its_folder(home):
    data = json.loads(run("check", "--session", "c4f7", "--format", "json", "--exit-zero").stdout)
    assert [s["session_id"] for s in data["sessions"]] == [OLD]
    assert {f["rule"] for f in data["findings"]} >= {
        "CCF101",
        "CCF102",
        "CCF201",
        "CCF202",
        "CCF203",
        "CCF204",
        "CCF403",
    }
    assert all(
        e["path"].startswith(".") for f in data["findings"] for e in f["evidence"]
    )  # relative to the home


def test_all_and_last_and_since(home):
    def ids(*args):
        return [s["session_id"] for s in json.loads(run("sessions", "--format", "json", *args).stdout)]

    assert ids("--all") == ids() == [NEW, OLD]
    assert ids("--last", "1") == [NEW]
    assert ids("--since", "100w") == [NEW, OLD] or ids("--since", "100w") == [NEW]


def test_sessions_say_what_is_there_and_what_is_missing(home):
    newest, oldest = json.loads(run("sessions", "--format", "json").stdout)
    assert (oldest["verdict"], oldest["agents"], oldest["version"]) == ("TRUNCATED", 3, "2.0.24")
    assert oldest["findings"]["high"] == 7
    assert oldest["missing"] == []
    assert (newest["verdict"], newest["missing"]) == ("UNKNOWN", ["claude-debug"])
    table = run("sessions").stdout.splitlines()
    assert [line.split("\t")[0] for line in table] == [NEW, OLD]


def test_no_session_at_all_is_not_clean(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    result = run("check")
    assert result.exit_code == 3
    assert str(tmp_path / ".claude") in result.stderr


def test_an_id_that_several_begin_with_is_an_error(home):
    (home / ".claude" / "projects" / PROJECT / f"{NEW[:-1]}0.jsonl").write_text("{}\n")
    result = run("check", "--session", "ffff")
    assert result.exit_code == 2
    assert "several sessions begin so" in result.stderr


def test_a_workflows_files_and_those_of_a_team_belong_to_its_session(home):
    claude = home / ".claude"
    project, team = claude / "projects" / PROJECT, claude / "teams" / "core"
    own = [
        project / NEW / "subagents" / "workflows" / "wf_1" / "journal.jsonl",
        project / NEW / "workflows" / "wf_1.json",
        team / "config.json",
        team / "inboxes" / "team-lead.json",
        project / "eeeeeeee-68ad-4973-8f53-0b862ed16d5d.jsonl",
    ]
    tag = json.dumps({"type": "user", "teamName": "core", "agentName": "docs"}) + "\n"
    texts = ["{}\n", "{}", json.dumps({"leadSessionId": NEW}), "[]", tag]
    for path, text in zip(own, texts, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    other = claude / "teams" / "other" / "config.json"
    other.parent.mkdir()
    other.write_text(json.dumps({"leadSessionId": OLD}), encoding="utf-8")
    files = found(home)[NEW]
    assert {p.relative_to(home).as_posix() for p in own} <= files
    assert other.relative_to(home).as_posix() not in files
