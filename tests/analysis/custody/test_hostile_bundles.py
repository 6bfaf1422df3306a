"""A stranger's bundle harms nobody: it is read within limits, written nowhere, and refused in a sentence."""

from __future__ import annotations

import json
import struct
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZipFile

import pytest
from typer.testing import CliRunner

from forensics.analysis.custody import opened
from forensics.cli.app import app
from forensics.render.bundle.making import packed
from forensics.schema.bundle import CITED, INPUTS, MANIFEST, MEMBERS, NAMES

EMPTY = {
    "manifest_version": "1",
    "tool": {"name": "forensics", "version": "0.1.0", "code_sha256": None},
    "zone": None,
    "redacted": True,
    "anonymised": False,
    "sessions": [],
    "rules": [],
    "inputs": [],
    "members": [],
}


def bundle(**changed):
    return dict.fromkeys(NAMES, b"") | {MANIFEST: json.dumps(EMPTY | changed).encode()}


def run(path, *args):
    result = CliRunner().invoke(app, ["verify", str(path), *map(str, args)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "fault of forensics" not in result.stderr
    return result


def refused(path, *args):
    result = run(path, *args)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize(
    "data", [b"", b"no zip", b"PK\x03\x04" + b"\0" * 100, b"PK\x05\x06" + b"\xff" * 18, packed(bundle())[:-5]],
    ids=["empty", "text", "head", "end", "cut"],
)  # fmt: skip
def test_what_is_no_zip_is_refused(tmp_path, data):
    (tmp_path / "x.zip").write_bytes(data)
    assert "bundle" in refused(tmp_path / "x.zip")


def test_a_folder_is_no_bundle(tmp_path):
    assert "no such file" in refused(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        b"{", b"[]", b"[" * 100_000, b"1" * 10_000, b"\xff\xfe", b'"text"', b"null",
        json.dumps(EMPTY | {"manifest_version": "9"}).encode(),
        json.dumps(EMPTY | {"tool": None}).encode(),
        json.dumps(EMPTY | {"inputs": [1]}).encode(),
        json.dumps(EMPTY | {"inputs": {"path": "x"}}).encode(),
        json.dumps(EMPTY | {"inputs": [{"path": "x" * 20_000, "read_as": []}]}).encode(),
        json.dumps(EMPTY | {"members": [{"name": "report.md", "sha256": "abc"}]}).encode(),
        json.dumps(EMPTY | {"redacted": 1}).encode(),
        json.dumps(EMPTY | {"rules": [{"code": "A", "sha256": None, "thresholds": [], "expected": False}]}).encode(),
    ],
    ids=range(15),
)  # fmt: skip
def test_a_manifest_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "x.zip").write_bytes(packed(bundle() | {MANIFEST: text}))
    assert MANIFEST in refused(tmp_path / "x.zip")


def test_many_files_are_refused_before_the_directory_is_read(tmp_path, monkeypatch):
    (tmp_path / "x.zip").write_bytes(packed({f"{n}": b"" for n in range(200)}))
    monkeypatch.setattr(opened.zipfile, "ZipFile", None)
    assert "far more files" in refused(tmp_path / "x.zip")


def test_a_second_end_of_another_kind_is_refused(tmp_path):
    data = packed(bundle())
    other = b"PK\x06\x07" + struct.pack("<LQL", 0, 0, 1)
    (tmp_path / "x.zip").write_bytes(data[:-22] + other + data[-22:])
    assert "another kind" in refused(tmp_path / "x.zip")


@pytest.mark.parametrize("method", [ZIP_BZIP2, ZIP_LZMA], ids=["bzip2", "lzma"])
def test_a_way_of_packing_that_takes_memory_is_refused(tmp_path, method):
    with ZipFile(tmp_path / "x.zip", "w", method) as held:
        held.writestr("report.md", "text" * 100)
    assert "packed in a way" in refused(tmp_path / "x.zip")


def test_a_bomb_is_read_no_further_than_a_bundle_is_long(tmp_path, monkeypatch):
    monkeypatch.setattr(opened, "MOST_BYTES", 3 << 20)
    with ZipFile(tmp_path / "x.zip", "w", ZIP_DEFLATED) as held:
        held.writestr("report.md", b"\0" * (8 << 20))
    assert "more than 3 MiB" in refused(tmp_path / "x.zip")


def test_what_is_held_at_once_is_smaller(tmp_path):
    with ZipFile(tmp_path / "x.zip", "w", ZIP_DEFLATED) as held:
        held.writestr(MANIFEST, b"[" * (33 << 20))
    assert "more than 32 MiB" in refused(tmp_path / "x.zip")


def test_names_that_lead_out_are_told_and_write_nothing(tmp_path):
    held = bundle() | {"../../evil": b"x", "/abs": b"x", "C:\\evil": b"x"}
    (tmp_path / "case").mkdir()
    path = tmp_path / "case" / "x.zip"
    path.write_bytes(packed(held))
    result = run(path)
    assert result.exit_code == 1
    assert "../../evil" in result.stdout
    assert [p.name for p in tmp_path.rglob("*")] == ["case", "x.zip"]


@pytest.mark.parametrize(
    "line",
    [
        b"{", b"[]", b'{"path": 1}',
        b'{"path": "a", "line": -1, "line_sha256": "' + b"0" * 64 + b'"}',
        b'{"path": "a", "line": 1, "line_sha256": 1}',
    ],
    ids=range(5),
)  # fmt: skip
def test_cited_lines_that_are_none_are_refused(tmp_path, line):
    path = tmp_path / "x.zip"
    path.write_bytes(packed(bundle() | {CITED: line + b"\n"}))
    with pytest.raises(opened.BundleError):
        list(opened.open_bundle(path).cited())


def test_a_cited_line_without_an_end_is_refused(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(packed(bundle() | {CITED: b"x" * (opened.LONGEST_LINE + 1)}))
    with pytest.raises(opened.BundleError, match="longer than any"):
        list(opened.open_bundle(path).cited())


def test_lists_of_hashes_that_are_none_are_told(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(packed(bundle() | {MEMBERS: b"\xff\n" * 1000, INPUTS: b"\0"}))
    assert run(path).exit_code == 1


def test_a_place_far_behind_the_end_of_a_log_is_not_there(tmp_path):
    from hashlib import sha256  # noqa: PLC0415 - as the lists need it

    from forensics.schema.bundle import LISTED, sum_line  # noqa: PLC0415

    (tmp_path / "a.jsonl").write_text("{}\n")
    digest = sha256(b"{}\n").hexdigest()
    cited = json.dumps({"path": "a.jsonl", "line": 10**30, "line_sha256": "0" * 64}).encode() + b"\n"
    given = {
        "path": "a.jsonl",
        "member_of": None,
        "sha256": digest,
        "bytes": -5,
        "mtime": "1980",
        "read_as": [],
        "not_read": None,
    }
    held = bundle() | {CITED: cited, INPUTS: sum_line(digest, "a.jsonl").encode()}
    listed = [{"name": n, "sha256": sha256(held[n]).hexdigest()} for n in LISTED]
    held[MANIFEST] = json.dumps(EMPTY | {"inputs": [given], "members": listed}).encode()
    held[MEMBERS] = "".join(sum_line(sha256(held[n]).hexdigest(), n) for n in NAMES[:-1]).encode()
    (tmp_path / "x.zip").write_bytes(packed(held))
    result = run(tmp_path / "x.zip", tmp_path / "a.jsonl")
    assert result.exit_code == 1
    assert "the file has no such line" in result.stdout
