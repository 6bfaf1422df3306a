"""A bundle is the same for the same input and version, and holds nothing that an output may not hold."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from zipfile import ZipFile

import pytest
from typer.testing import CliRunner

from forensics.cli.app import app
from forensics.evidence import custody
from forensics.render.bundle import making
from forensics.schema.bundle import NAMES
from forensics.text.version import __version__

ONE, TWO = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"


def record(session, n, kind, message):
    common = {"sessionId": session, "version": "2.0.24", "cwd": "/home/zofia/w", "parentUuid": None}
    return json.dumps({**common, "type": kind, "uuid": f"{session[0]}{n}", "timestamp": f"2025-10-21T07:00:0{n}.000Z", "message": message}) + "\n"  # fmt: skip


def transcript(session):
    call = {"type": "tool_use", "id": f"t{session[0]}", "name": "Bash", "input": {"command": "sleep 1"}}
    said = {"id": "m", "role": "assistant", "model": "m", "content": [call]}
    return record(session, 1, "user", {"role": "user", "content": "hello"}) + record(session, 2, "assistant", said)  # fmt: skip


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for session in (ONE, TWO):
        (folder / f"{session}.jsonl").write_text(transcript(session))
    (folder / "wide.txt").write_bytes("no log".encode("utf-16"))
    (folder / "keys.env").write_text("A=1\n")
    with ZipFile(folder / "old.zip", "w") as packed:
        packed.writestr("c.jsonl", transcript("c" + ONE[1:]))
    for n, path in enumerate(sorted(folder.iterdir())):
        os.utime(path, ns=(0, 1_700_000_000_000_000_000 + n))
    return folder


def run(*args, exit_code=0):
    result = CliRunner().invoke(app, ["report", *map(str, args)])
    assert result.exit_code == exit_code, result.output
    return result


def bundled(*args, folder):
    """Return the bytes of a bundle and its members."""
    output = folder / "case.zip"
    run(*args, "--bundle", output)
    data = output.read_bytes()
    output.unlink()
    return data, members(data)


def members(data):
    with ZipFile(io.BytesIO(data)) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def test_it_holds_report_findings_lines_and_manifest(logs, tmp_path):
    _, held = bundled(logs, folder=tmp_path)
    assert tuple(held) == NAMES
    check = CliRunner().invoke(app, ["check", "--exit-zero", "--format", "json", str(logs)])
    assert held["findings.json"].decode() == check.stdout
    assert held["report.md"].decode() == run(logs).stdout
    run(logs, "-o", tmp_path / "r.html")
    assert held["report.html"].decode() == (tmp_path / "r.html").read_text()


def test_members_can_be_unpacked_on_any_system(logs, tmp_path):
    data, held = bundled(logs, folder=tmp_path)
    assert len({name.casefold() for name in held}) == len(held)
    for info in ZipFile(io.BytesIO(data)).infolist():
        assert re.fullmatch(r"[A-Za-z][A-Za-z-]*\.[a-z0-9]+", info.filename)
        assert (info.date_time, info.compress_type, info.extra) == ((1980, 1, 1, 0, 0, 0), 0, b"")
        assert info.external_attr >> 16 == 0o100644


def test_its_lists_of_hashes_are_what_sha256sum_reads(logs, tmp_path):
    _, held = bundled(logs, folder=tmp_path)
    for line in held["MANIFEST.sha256"].decode().splitlines():
        digest, name = line.split("  ")
        assert digest == hashlib.sha256((logs / name).read_bytes()).hexdigest()
    listed = {line.split("  ")[1] for line in held["MANIFEST.sha256"].decode().splitlines()}
    assert listed == {p.name for p in logs.iterdir()} - {"keys.env"}
    sums = dict(reversed(line.split("  ")) for line in held["BUNDLE.sha256"].decode().splitlines())
    assert sums == {n: hashlib.sha256(held[n]).hexdigest() for n in NAMES[:-1]}


def test_the_manifest_says_what_was_given_and_what_it_was_made_with(logs, tmp_path):
    _, held = bundled(logs, "--tz", "America/Chicago", folder=tmp_path)
    manifest = json.loads(held["manifest.json"])
    assert (manifest["tool"]["version"], manifest["zone"]) == (__version__, "America/Chicago")
    assert (manifest["redacted"], manifest["anonymised"]) == (True, False)
    inputs = {i["path"]: i for i in manifest["inputs"]}
    data = (logs / f"{ONE}.jsonl").read_bytes()
    assert inputs[f"{ONE}.jsonl"] == {
        "path": f"{ONE}.jsonl",
        "member_of": None,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "mtime": "2023-11-14T22:13:20.000000000Z",
        "after": "unchanged",
        "read_as": ["transcript"],
        "not_read": None,
    }
    assert inputs["c.jsonl"]["member_of"] == "old.zip"
    assert inputs["c.jsonl"]["mtime"] is None
    assert inputs["keys.env"]["sha256"] is None
    assert "hold keys" in inputs["keys.env"]["not_read"]
    assert inputs["wide.txt"]["not_read"]
    rules = {r["code"]: r for r in manifest["rules"]}
    assert len(rules["CCF102"]["sha256"]) == 64
    assert rules["CCF102"]["thresholds"]["lasting_s"] == 60.0


def test_every_cited_line_is_there_with_its_hash(logs, tmp_path):
    _, held = bundled(logs, folder=tmp_path)
    cited = [json.loads(line) for line in held["cited-lines.jsonl"].decode().splitlines()]
    findings = json.loads(held["findings.json"])["findings"]
    wanted = {(e["path"], e["line"], e["line_sha256"]) for f in findings for e in f["evidence"]}
    assert wanted
    assert wanted <= {(c["path"], c["line"], c["line_sha256"]) for c in cited}
    for line in cited:
        if line["path"] != "c.jsonl":
            whole = (logs / line["path"]).read_bytes().split(b"\n")[line["line"] - 1]
            assert hashlib.sha256(whole).hexdigest() == line["line_sha256"]
            assert line["excerpt"]
    assert any(line["begins"] for line in cited)


def test_the_same_input_gives_the_same_bytes(logs, tmp_path):
    data, _ = bundled(logs, folder=tmp_path)
    assert bundled(logs, folder=tmp_path)[0] == data
    copy = tmp_path / "elsewhere" / "in"
    shutil.copytree(logs, copy)
    assert bundled(copy, folder=tmp_path)[0] == data
    files = sorted(logs.iterdir())
    assert bundled(*files, folder=tmp_path)[0] == bundled(*files[::-1], folder=tmp_path)[0]


def test_another_time_of_a_log_gives_another_manifest_and_nothing_else(logs, tmp_path):
    _, before = bundled(logs, folder=tmp_path)
    os.utime(logs / f"{ONE}.jsonl", ns=(0, 1_600_000_000_000_000_000))
    _, after = bundled(logs, folder=tmp_path)
    assert {name for name in NAMES if before[name] != after[name]} == {"manifest.json", "BUNDLE.sha256"}


def test_locale_zone_and_user_change_no_byte(logs, tmp_path):
    data, _ = bundled(logs, folder=tmp_path)
    other = {**os.environ, "LANG": "C", "LC_ALL": "C", "TZ": "Asia/Kolkata", "USER": "other", "PYTHONHASHSEED": "7"}  # fmt: skip
    output = tmp_path / "other.zip"
    subprocess.run([sys.executable, "-m", "forensics", "report", str(logs), "--bundle", str(output)], env=other, check=True, capture_output=True)  # fmt: skip
    assert output.read_bytes() == data


def test_how_the_report_beside_it_looks_is_no_matter(logs, tmp_path):
    data, _ = bundled(logs, folder=tmp_path)
    page, output = tmp_path / "r.html", tmp_path / "both.zip"
    result = run(logs, "-o", page, "--bundle", output, "--template", tmp_path)
    assert output.read_bytes() == data
    assert page.exists()
    assert f"The bundle is in {output}" in result.stdout
    assert hashlib.sha256(data).hexdigest() in result.stdout
    shown = run(logs, "-o", "-", "--bundle", output)
    assert shown.stdout.startswith("#")


def test_it_names_no_folder_of_this_machine(logs, tmp_path):
    _, held = bundled(logs, folder=tmp_path)
    assert all(str(tmp_path).encode() not in data for data in held.values())


def test_sessions_that_were_not_asked_for_are_in_the_manifest_alone(logs, tmp_path):
    _, held = bundled(logs, "--session", "aaaaaaaa", folder=tmp_path)
    manifest = json.loads(held["manifest.json"])
    assert manifest["sessions"] == [ONE]
    other = next(i for i in manifest["inputs"] if i["path"] == f"{TWO}.jsonl")
    assert (other["read_as"], other["not_read"]) == ([], "holds no record of the sessions that are reported")
    assert all(TWO.encode() not in held[name] for name in ("report.md", "cited-lines.jsonl"))


def changing(monkeypatch, change):
    """Let something happen to the logs between the analysis and the second hash."""
    original = custody.hashed_again
    once = [change]

    def later(held):
        for do in once[:]:
            once.remove(do)
            do()
        return original(held)

    monkeypatch.setattr(making, "hashed_again", later)


@pytest.mark.parametrize(
    "change",
    [
        lambda logs: (logs / f"{ONE}.jsonl").write_text(transcript(ONE).replace("hello", "hullo")),
        lambda logs: (logs / f"{ONE}.jsonl").unlink(),
        lambda logs: (logs / "old.zip").write_bytes((logs / "old.zip").read_bytes() + b"x"),
    ],
    ids=["one-byte", "removed", "archive"],
)
def test_a_log_that_changed_meanwhile_gives_no_bundle(logs, tmp_path, monkeypatch, change):
    changing(monkeypatch, lambda: change(logs))
    output = tmp_path / "case.zip"
    result = run(logs, "-o", tmp_path / "r.md", "--bundle", output, exit_code=2)
    assert "changed since it was hashed and read" in result.stderr
    assert "jsonl" in result.stderr or "old.zip" in result.stderr
    assert not output.exists()
    assert not (tmp_path / "r.md").exists()


def test_a_log_that_grew_is_vouched_for_as_far_as_it_was_read(logs, tmp_path, monkeypatch):
    file = logs / f"{ONE}.jsonl"
    was = file.read_bytes()
    changing(monkeypatch, lambda: file.write_bytes(was + b"more\n"))
    _, held = bundled(logs, folder=tmp_path)
    told = next(i for i in json.loads(held["manifest.json"])["inputs"] if i["path"] == file.name)
    assert (told["after"], told["bytes"]) == ("grown", len(was))
    assert told["sha256"] == hashlib.sha256(was).hexdigest()


@pytest.mark.parametrize("name", [f"{ONE}.jsonl", "old.zip", "keys.env"])
def test_it_is_not_written_over_what_was_found(logs, name):
    before = (logs / name).read_bytes()
    result = run(logs, "--bundle", logs / name, exit_code=2)
    assert "is one of the logs that were found" in result.stderr
    assert (logs / name).read_bytes() == before


def test_it_is_a_file_of_its_own(logs, tmp_path):
    assert "another output" in run(logs, "-o", tmp_path / "x", "--bundle", tmp_path / "x", exit_code=2).stderr  # fmt: skip
    assert "--bundle -" in run(logs, "--bundle", "-", exit_code=2).stderr
    assert not (tmp_path / "x").exists()


def test_a_bundle_among_the_logs_is_no_log(logs, tmp_path):
    before = CliRunner().invoke(app, ["check", "--exit-zero", str(logs)]).stdout
    run(logs, "--bundle", logs / "case.zip")
    after = CliRunner().invoke(app, ["check", "--exit-zero", str(logs)])
    assert "Not read" not in after.stdout
    assert before.partition("not analysed")[0].rpartition("\n")[0] == after.stdout.partition("not analysed")[0].rpartition("\n")[0]  # fmt: skip


def test_names_are_replaced_in_the_manifest_too(logs, tmp_path):
    (logs / "zofia.txt").write_text("milk")
    key = "ghp" + "_" + "Qx3dE5gH" * 4 + "Qx3d"
    (logs / f"{key}.txt").write_text("milk, too")
    _, held = bundled(logs, "--anonymise", folder=tmp_path)
    manifest = json.loads(held["manifest.json"])
    assert manifest["anonymised"] is True
    assert all(b"zofia" not in data and key.encode() not in data for data in held.values())
    told = next(i for i in manifest["inputs"] if i["path"] == "user-1.txt")
    assert told["mtime"] is not None
    assert "user-1.txt" in held["MANIFEST.sha256"].decode()
