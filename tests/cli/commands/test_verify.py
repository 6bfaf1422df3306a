"""Whatever is changed of a bundle or of its logs is told, and what is the same is called so."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import shutil
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from typer.testing import CliRunner

from forensics.cli.app import app
from forensics.render.bundle.making import packed
from forensics.schema.bundle import LISTED, MEMBERS, NAMES, sum_line
from tests.cli.commands.test_report_bundle import ONE, TWO, transcript
from tests.support.places import INCIDENT

ANCIENT = "forensics 0.0.1"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a folder of logs and the bundle that was made of them."""
    folder = tmp_path_factory.mktemp("made")
    logs = folder / "in"
    logs.mkdir()
    for session in (ONE, TWO):
        (logs / f"{session}.jsonl").write_text(transcript(session))
    (logs / "wide.jsonl").write_bytes(transcript("d" + ONE[1:]).encode("utf-16"))
    (logs / "keys.env").write_text("A=1\n")
    with ZipFile(logs / "old.zip", "w") as bundle:
        bundle.writestr("c.jsonl", transcript("c" + ONE[1:]))
    done = CliRunner().invoke(app, ["report", str(logs), "--bundle", str(folder / "case.zip")])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def case(made, tmp_path):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def run(*args):
    return CliRunner().invoke(app, ["verify", *map(str, args)])


def told(*args, exit_code):
    """Return what differs, by kind and name."""
    result = run(*args, "--format", "json")
    assert result.exit_code == exit_code, result.output
    said = json.loads(result.stdout)
    assert said["same"] is (exit_code == 0)
    kinds = ("members", "inputs", "lines", "tool", "again")
    return {(k, c["name"]): c["state"] for k in kinds for c in said[k] or () if c["state"] != "same"}


def members(case):
    with ZipFile(case / "case.zip") as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def written(case, held):
    (case / "case.zip").write_bytes(packed(held))
    return case / "case.zip"


def resealed(held):
    """Return members whose list of hashes was made anew, as somebody does who knows of it."""
    rest = {name: data for name, data in held.items() if name != MEMBERS}
    sums = "".join(sum_line(hashlib.sha256(data).hexdigest(), name) for name, data in rest.items())
    return {**rest, MEMBERS: sums.encode()}


KEYS = {("inputs", "keys.env"): "not compared"}


def test_the_same_logs_are_the_same(case):
    assert told(case / "case.zip", exit_code=0) == {}
    assert told(case / "case.zip", case / "in", exit_code=0) == KEYS
    said = run(case / "case.zip", case / "in")
    assert "All that was compared is as the bundle says." in said.stdout
    assert hashlib.sha256((case / "case.zip").read_bytes()).hexdigest() in said.stdout


def test_each_cited_line_is_looked_up_packed_and_in_other_encodings_too(case):
    said = json.loads(run(case / "case.zip", case / "in", "--format", "json").stdout)
    files = {line["name"].rpartition(":")[0] for line in said["lines"]}
    assert files == {f"{ONE}.jsonl", f"{TWO}.jsonl", "c.jsonl", "wide.jsonl"}


def test_logs_that_are_packed_or_named_one_by_one_are_the_same(case):
    with ZipFile(case / "all.zip", "w") as bundle:
        for path in (case / "in").iterdir():
            if path.suffix != ".zip":
                bundle.write(path, path.name)
    assert told(case / "case.zip", case / "all.zip", case / "in" / "old.zip", exit_code=0) == KEYS
    assert "is called" not in run(case / "case.zip", case / "all.zip", case / "in" / "old.zip").stdout
    with ZipFile(case / "all.zip", "a") as bundle:
        bundle.writestr("more.jsonl", "{}\n")
    what = told(case / "case.zip", case / "all.zip", case / "in" / "old.zip", exit_code=1)
    assert what == {**KEYS, ("inputs", "more.jsonl"): "new"}
    assert told(case / "case.zip", *(case / "in").iterdir(), exit_code=0) == KEYS


def test_a_log_under_another_name_is_found_by_its_bytes(case):
    (case / "in" / f"{ONE}.jsonl").rename(case / "in" / "renamed.jsonl")
    assert told(case / "case.zip", case / "in", exit_code=0) == KEYS
    assert "is called renamed.jsonl here" in run(case / "case.zip", case / "in").stdout


def test_the_bundle_among_its_logs_is_no_new_log(case):
    inside = shutil.copy(case / "case.zip", case / "in" / "case.zip")
    assert told(inside, case / "in", exit_code=0) == KEYS


def test_one_byte_of_a_log(case):
    file = case / "in" / f"{ONE}.jsonl"
    file.write_text(file.read_text().replace("hello", "hullo"))
    what = told(case / "case.zip", case / "in", exit_code=1)
    assert what["inputs", file.name] == "differs"
    assert what["lines", f"{file.name}:1"] == "differs"
    assert ("lines", f"{file.name}:2") not in what
    assert "The logs are not those that the bundle was made of." in run(case / "case.zip", case / "in").stdout


def test_one_byte_in_an_archive(case):
    with ZipFile(case / "in" / "old.zip", "w") as bundle:
        bundle.writestr("c.jsonl", transcript("c" + ONE[1:]).replace("hello", "hullo"))
    what = told(case / "case.zip", case / "in", exit_code=1)
    assert (what["inputs", "old.zip"], what["inputs", "c.jsonl"]) == ("differs", "differs")


def test_a_removed_an_added_and_a_grown_log(case):
    (case / "in" / f"{ONE}.jsonl").unlink()
    (case / "in" / "more.jsonl").write_text("{}\n")
    with (case / "in" / f"{TWO}.jsonl").open("a") as log:
        log.write("{}\n")
    what = told(case / "case.zip", case / "in", exit_code=1)
    assert what["inputs", f"{ONE}.jsonl"] == "missing"
    assert what["lines", f"{ONE}.jsonl:1"] == "missing"
    assert what["inputs", "more.jsonl"] == "new"
    assert what["inputs", f"{TWO}.jsonl"] == "grown"
    assert not any(kind == "lines" and name.startswith(TWO) for kind, name in what)


def test_one_of_two_copies_that_was_removed_is_missing(case):
    copy = shutil.copy(case / "in" / f"{ONE}.jsonl", case / "in" / "copy.jsonl")
    done = CliRunner().invoke(app, ["report", str(case / "in"), "--bundle", str(case / "case.zip")])
    assert done.exit_code == 0
    assert told(case / "case.zip", case / "in", exit_code=0) == KEYS
    copy.unlink()
    assert told(case / "case.zip", case / "in", exit_code=1) == {**KEYS, ("inputs", "copy.jsonl"): "missing"}


@pytest.mark.parametrize("name", NAMES)
def test_one_byte_of_a_member(case, name):
    held = members(case)
    at = held[name].index(b"e")
    changed = {**held, name: held[name][:at] + b"E" + held[name][at + 1 :]}
    result = run(written(case, changed))
    assert result.exit_code in ({1, 2} if name == "manifest.json" else {1}), result.output
    assert name in result.output


@pytest.mark.parametrize("name", LISTED)
def test_a_member_that_was_changed_with_its_hash_is_told_by_the_manifest(case, name):
    held = members(case)
    bundle = written(case, resealed({**held, name: held[name] + b"\n"}))
    assert told(bundle, exit_code=1) == {("members", name): "differs"}


def test_a_manifest_that_was_changed_with_all_hashes_is_told_by_the_logs(case):
    held = members(case)
    digest = hashlib.sha256((case / "in" / f"{ONE}.jsonl").read_bytes()).hexdigest().encode()
    for name in ("manifest.json", "MANIFEST.sha256"):
        held[name] = held[name].replace(digest, b"0" * 64)
    manifest = json.loads(held["manifest.json"])
    for member in manifest["members"]:
        member["sha256"] = hashlib.sha256(held[member["name"]]).hexdigest()
    bundle = written(case, resealed({**held, "manifest.json": json.dumps(manifest).encode()}))
    assert told(bundle, exit_code=0) == {}
    assert told(bundle, case / "in", exit_code=1)["inputs", f"{ONE}.jsonl"] == "differs"


def test_a_changed_byte_under_the_checksum_of_the_zip_is_told(case):
    data = bytearray((case / "case.zip").read_bytes())
    at = data.index(b"# Incident" if b"# Incident" in data else b"report.md") + 20
    data[at] ^= 1
    (case / "case.zip").write_bytes(data)
    assert told(case / "case.zip", exit_code=1) == {("members", "report.md"): "differs"}


def test_a_member_that_is_missing_added_or_there_twice(case):
    held = members(case)
    bundle = written(case, {n: d for n, d in held.items() if n != "report.md"})
    assert told(bundle, exit_code=1) == {("members", "report.md"): "missing"}
    assert told(written(case, {**held, "x.txt": b""}), exit_code=1) == {("members", "x.txt"): "new"}
    written(case, held)
    with pytest.warns(UserWarning, match="Duplicate name"), ZipFile(case / "case.zip", "a") as twice:
        twice.writestr("report.md", "another")
    assert told(case / "case.zip", exit_code=1) == {("members", "report.md"): "new"}


def test_a_bundle_that_was_packed_anew_is_the_same(case):
    held = members(case)
    with ZipFile(case / "case.zip", "w", ZIP_DEFLATED) as bundle:
        for name in reversed(held):
            bundle.writestr(name, held[name])
    assert told(case / "case.zip", case / "in", exit_code=0) == KEYS


def test_another_program_and_other_rules_are_not_compared(case):
    held = members(case)
    manifest = json.loads(held["manifest.json"])
    manifest["tool"]["version"] = "0.0.1"
    manifest["rules"][0]["sha256"] = "0" * 64
    manifest["rules"][1]["thresholds"]["lasting_s"] = 1.0
    manifest["rules"][3]["expected"] = True
    codes = [r["code"] for r in manifest["rules"][:4]]
    manifest["rules"][2]["code"] = "OUR101"
    bundle = written(case, resealed({**held, "manifest.json": json.dumps(manifest).encode()}))
    assert told(bundle, exit_code=0) == {
        ("tool", name): "not compared" for name in (ANCIENT, "OUR101", *codes)
    }
    again = run(bundle, case / "in", "--again")
    assert again.exit_code == 2
    assert f"{ANCIENT}: this is forensics" in again.stderr


def test_a_second_analysis_needs_the_same_thresholds(case):
    config = case / "forensics.toml"
    config.write_text("[thresholds.CCF102]\nlasting_s = 1.0\n")
    bundle = case / "strict.zip"
    options = ["--config", str(config)]
    done = CliRunner().invoke(app, ["report", str(case / "in"), *options, "--bundle", str(bundle)])
    assert done.exit_code == 0, done.output
    assert told(bundle, case / "in", "--again", *options, exit_code=0) == KEYS
    refused = run(bundle, case / "in", "--again")
    assert refused.exit_code == 2
    assert "CCF102: its thresholds are others here" in refused.stderr


def test_logs_that_differ_are_not_analysed_again(case):
    (case / "in" / "more.txt").write_text("more")
    result = run(case / "case.zip", case / "in", "--again")
    assert result.exit_code == 1
    assert "were not analysed again" in result.stdout


def test_a_file_that_is_called_stdin_is_a_file(case):
    shutil.copy(case / "in" / f"{ONE}.jsonl", case / "in" / "stdin")
    done = CliRunner().invoke(app, ["report", str(case / "in"), "--bundle", str(case / "std.zip")])
    assert done.exit_code == 0, done.output
    assert told(case / "std.zip", case / "in", exit_code=0) == KEYS


@pytest.mark.parametrize("options", [[], ["--anonymise", "--tz", "Asia/Tokyo"], ["--session", "aaaaaaaa"]], ids=str)  # fmt: skip
def test_a_second_analysis_gives_the_same(case, options):
    bundle = case / "other.zip"
    done = CliRunner().invoke(app, ["report", str(case / "in"), *options, "--bundle", str(bundle)])
    assert done.exit_code == 0, done.output
    assert told(bundle, case / "in", "--again", exit_code=0) == KEYS


def test_findings_that_were_changed_with_all_hashes_are_told_by_a_second_analysis(case):
    held = members(case)
    held["findings.json"] = held["findings.json"].replace(b'"high"', b'"low"')
    manifest = json.loads(held["manifest.json"])
    for member in manifest["members"]:
        member["sha256"] = hashlib.sha256(held[member["name"]]).hexdigest()
    bundle = written(case, resealed({**held, "manifest.json": json.dumps(manifest).encode()}))
    assert told(bundle, case / "in", exit_code=0) == KEYS
    what = told(bundle, case / "in", "--again", exit_code=1)
    assert what == {**KEYS, ("again", "findings.json"): "differs"}


def test_nothing_that_could_be_compared_is_no_success(case):
    (case / "empty").mkdir()
    result = run(case / "case.zip", case / "empty")
    assert result.exit_code == 3
    assert "Nothing of the logs could be compared." in result.stdout


def test_what_is_wrong_with_the_arguments_is_said(case):
    assert run(case / "case.zip", case / "nowhere").exit_code == 2
    assert "no such file" in run(case / "nowhere.zip").stderr
    assert "name the logs" in run(case / "case.zip", "--again").stderr


def test_names_in_a_bundle_move_no_terminal(case):
    held = members(case)
    evil = "::error::x\x1b[2J\n::error::y"
    manifest = json.loads(held["manifest.json"])
    manifest["inputs"][0]["path"] = evil
    bundle = written(case, resealed({**held, "manifest.json": json.dumps(manifest).encode(), evil: b"x"}))
    for form in ("text", "json"):
        result = run(bundle, case / "in", "--format", form)
        assert result.exit_code == 1
        assert "\x1b" not in result.output
        assert not re.search(r"(?m)^\s*::", result.output)
        assert "error::x" in result.stdout


def test_keys_in_names_are_not_shown(case):
    key = "ghp" + "_" + "Qx3dE5gH" * 4 + "Qx3d"
    (case / "in" / f"{key}.txt").write_text("here only")
    held = members(case)
    manifest = json.loads(held["manifest.json"])
    manifest["inputs"].append({**manifest["inputs"][0], "path": f"/w/{key}", "sha256": "0" * 64})
    bundle = written(case, resealed({**held, "manifest.json": json.dumps(manifest).encode(), f"x{key}": b""}))
    for form in ("text", "json"):
        result = run(bundle, case / "in", "--format", form)
        assert result.exit_code == 1
        assert key not in result.output
        assert "[redacted: " in result.stdout


def test_a_log_behind_gzip_is_compared(case, tmp_path):
    folder = tmp_path / "gz"
    folder.mkdir()
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(transcript(ONE).encode()))
    done = CliRunner().invoke(app, ["report", str(folder), "--bundle", str(case / "gz.zip")])
    assert done.exit_code == 0, done.output
    assert told(case / "gz.zip", folder, exit_code=0) == {}
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(transcript(ONE).encode(), 1) + b"")
    same = told(case / "gz.zip", folder, exit_code=1)
    assert same == {("inputs", "a.jsonl.gz"): "differs"}, "what is in it is the same, the archive is not"


def test_standard_input_is_in_a_bundle_and_compares_as_a_file(case):
    log = next((INCIDENT / ".claude" / "debug").glob("c4f7*.txt"))
    done = CliRunner().invoke(app, ["report", "-", "--bundle", str(case / "std.zip")], input=log.read_bytes())
    assert done.exit_code == 0, done.output
    with ZipFile(io.BytesIO((case / "std.zip").read_bytes())) as bundle:
        assert bundle.read("MANIFEST.sha256") == b""
        assert json.loads(bundle.read("manifest.json"))["inputs"][0]["after"] == "read once"
    assert told(case / "std.zip", log, exit_code=0) == {}
