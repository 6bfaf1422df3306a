"""No output is ever a file that was found, and what changes while it is read is told."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from zipfile import ZipFile

import pytest
from typer.testing import CliRunner

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.cli.app import app
from forensics.evidence import line_index
from forensics.evidence.custody import change_of
from forensics.evidence.discover import discover
from forensics.evidence.file import open_evidence
from forensics.evidence.unpack import Unpacker
from tests.support.places import INCIDENT

IDS = ("aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002")
COMMANDS = {
    "report": ["report"],
    "html": ["report", "--format", "html"],
    "timeline": ["timeline", "--format", "json"],
    "events": ["events", "--format", "jsonl"],
}


def transcript(session: str) -> str:
    common = {"sessionId": session, "version": "2.0.24", "cwd": "/w", "parentUuid": None}
    said = {"role": "user", "content": "hello"}
    return json.dumps({**common, "type": "user", "uuid": f"u-{session}", "timestamp": "2025-10-21T07:00:00.000Z", "message": said}) + "\n"  # fmt: skip


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for session in IDS:
        (folder / f"{session[0]}.jsonl").write_text(transcript(session))
    (folder / "keys.env").write_text("A=1\n")
    (folder / "junk").write_bytes(b"\0\1\2")
    with ZipFile(folder / "one.zip", "w") as bundle:
        bundle.writestr("c.jsonl", transcript(IDS[0].replace("a", "c")))
    (tmp_path / "elsewhere").write_text("not found among the logs, but named there by a link")
    (folder / "out").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "link").symlink_to(folder / "b.jsonl")
    os.link(folder / "b.jsonl", tmp_path / "hard")
    return folder


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    "place", ["in/b.jsonl", "in/one.zip", "in/keys.env", "in/junk", "in/out", "link", "hard", "elsewhere"]
)
def test_what_was_found_is_not_overwritten(logs, name, place):
    output = logs.parent / place
    before = output.read_bytes()
    result = CliRunner().invoke(app, [*COMMANDS[name], str(logs), "--session", "aaaaaaaa", "-o", str(output)])
    assert result.exit_code == 2
    assert "is one of the logs that were found" in result.stderr
    assert result.stdout == ""
    assert output.read_bytes() == before


def test_another_file_is_written(logs):
    output = logs / "report.md"
    assert CliRunner().invoke(app, ["report", str(logs), "-o", str(output)]).exit_code == 0
    assert output.read_text().startswith("#")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda path: None, None),
        (lambda path: path.write_text(path.read_text() + "more\n"), None),
        (lambda path: path.write_text(""), "it has 0 bytes of"),
        (lambda path: path.unlink(), "it cannot be read any more"),
        (lambda path: path.write_text("x" * 1000), "its bytes are others"),
    ],
    ids=["nothing", "appended", "emptied", "removed", "rewritten"],
)
def test_what_changes_meanwhile_is_told(tmp_path, change, says):
    path = tmp_path / "a.jsonl"
    path.write_text(transcript(IDS[0]))
    os.utime(path, (1, 1))
    evidence = open_evidence(path, path.name)
    change(path)
    told = change_of(evidence)
    assert (told is None) if says is None else says in told


@pytest.mark.parametrize("vanishes", [True, False])
def test_a_log_that_goes_before_it_is_cited_costs_its_excerpts_alone(tmp_path, monkeypatch, vanishes):
    for log in INCIDENT.rglob("*"):
        if log.is_file():
            copy = tmp_path / log.relative_to(INCIDENT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(log.read_bytes())
    whole = analyse(Request([tmp_path]))
    cited = whole.findings[0].evidence[0].path
    real = line_index.LineIndex.__init__

    def going(self, evidence):
        if evidence.name == cited and evidence.path.exists():
            evidence.path.unlink() if vanishes else evidence.path.write_text("")
        real(self, evidence)

    monkeypatch.setattr(line_index.LineIndex, "__init__", going)
    after = analyse(Request([tmp_path]))
    assert [f.fingerprint for f in after.findings] == [f.fingerprint for f in whole.findings]
    assert any(f"{cited} changed while it was read" in note.text for note in after.notes)
    gone = [e for f in after.findings for e in f.evidence if e.path == cited]
    assert all("this line is gone" in e.excerpt for e in gone)


def test_a_packed_log_and_its_holder_are_found(logs):
    with ExitStack() as stack:
        found = discover([logs], Unpacker(stack))
    assert {p.name for p in found.custody.files.values()} == {
        "a.jsonl",
        "b.jsonl",
        "keys.env",
        "junk",
        "one.zip",
        "out",
    }
