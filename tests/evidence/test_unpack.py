"""Packed inputs: the same session, packed in any way, gives the same findings."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.errors import NothingReadableError
from forensics.evidence import unpack
from forensics.evidence.unpack import zstd
from forensics.render.answers.json_report import to_dict
from tests.support.places import CHECKOUT, FIXTURES, INCIDENT

FILES = sorted(p for p in INCIDENT.rglob("*") if p.is_file())


def findings(*paths, **kwargs):
    return json.dumps(to_dict(analyse(Request(list(paths), **kwargs)))["findings"], ensure_ascii=False)


@pytest.fixture(scope="module")
def plain():
    return findings(INCIDENT)


def zipped(target):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path in FILES:
            bundle.write(path, path.relative_to(INCIDENT).as_posix())
    return target


def tarred(target):
    with tarfile.open(target, f"w:{target.suffix[1:]}") as bundle:
        bundle.add(INCIDENT, ".")
    return target


def tar_zst(target):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as bundle:
        bundle.add(INCIDENT, ".")
    target.write_bytes(zstd.compress(data.getvalue()))
    return target


def each(folder, suffix, pack):
    for path in FILES:
        target = folder / f"{path.relative_to(INCIDENT).as_posix()}{suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(pack(path.read_bytes()))
    return folder


PACKINGS = {
    "zip": lambda folder: zipped(folder / "logs.zip"),
    "tar.gz": lambda folder: tarred(folder / "logs.tar.gz"),
    "tar.xz": lambda folder: tarred(folder / "logs.tar.xz"),
    "tar.zst": lambda folder: tar_zst(folder / "logs.tar.zst"),
    "each .gz": lambda folder: each(folder, ".gz", gzip.compress),
    "each .xz": lambda folder: each(folder, ".xz", lzma.compress),
    "each .zst": lambda folder: each(folder, ".zst", zstd.compress),
    "a folder that holds a zip": lambda folder: zipped(folder / "logs.zip").parent,
}


@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
def test_the_same_session_gives_the_same_findings_however_it_is_packed(pack, plain, tmp_path):
    assert findings(pack(tmp_path)) == plain


def test_standard_input(tmp_path):
    log = INCIDENT / ".claude" / "debug" / "c4f74656-68ad-4973-8f53-0b862ed16d5d.txt"
    (session,) = analyse(Request([Path("-")], stdin=io.BytesIO(log.read_bytes()))).sessions
    assert {f.rule for f in session.findings} >= {"CCF101", "CCF201", "CCF202"}
    assert {e.path for f in session.findings for e in f.evidence} == {"stdin"}


def test_standard_input_through_the_command():
    log = FIXTURES / "stream-json" / "killed" / "run.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "forensics", "check", "-"],
        input=log.read_bytes(),
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        timeout=60,
    )
    assert done.returncode == 1
    assert b"TRUNCATED" in done.stdout


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    bundle = zipped(tmp_path / "logs.zip")
    before = bundle.read_bytes()
    findings(bundle)
    assert list(tmp_path.iterdir()) == [bundle]
    assert bundle.read_bytes() == before


def test_a_path_that_leads_out_of_the_bundle_is_refused_and_said(tmp_path):
    bundle = zipped(tmp_path / "logs.zip")
    with zipfile.ZipFile(bundle, "a") as archive:
        for name in ("../evil.txt", "/etc/evil.txt", "a/../../evil.txt"):
            archive.writestr(name, "[DEBUG] x\n")
    unread = {u.name: u.reason for u in analyse(Request([bundle])).unread}
    assert {r for n, r in unread.items() if "evil" in n} == {"not unpacked: its path leads out of the bundle"}
    assert sum("evil" in n for n in unread) == 3
    assert not (tmp_path.parent / "evil.txt").exists()


def test_links_and_devices_in_a_bundle_are_passed_over(tmp_path):
    target = tmp_path / "logs.tar.gz"
    with tarfile.open(target, "w:gz") as bundle:
        bundle.add(INCIDENT, ".")
        link = tarfile.TarInfo("passwd.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        bundle.addfile(link)
    assert "passwd.txt" not in {i.evidence.name for i in analyse(Request([target])).inputs}


def test_files_that_hold_keys_are_not_read_from_a_bundle_either(tmp_path):
    bundle = zipped(tmp_path / "logs.zip")
    with zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr(".voicemode/voicemode.env", "OPENAI_API_KEY=abc\n")
    reasons = {u.name: u.reason for u in analyse(Request([bundle])).unread}
    assert reasons[".voicemode/voicemode.env"].startswith("not opened")


def test_a_bomb_is_stopped_at_its_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "SMALL", 1024 * 1024)
    monkeypatch.setattr(unpack, "MOST_GROWTH", 100)
    (tmp_path / "debug.txt.gz").write_bytes(gzip.compress(bytes(50 * 1024 * 1024)))
    with pytest.raises(NothingReadableError, match="grows beyond 100 times"):
        analyse(Request([tmp_path]))


def test_the_limit_on_all_inputs_together(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "MOST_BYTES", 40_000)
    unread = analyse(Request([zipped(tmp_path / "logs.zip")])).unread
    assert any("not unpacked" in u.reason for u in unread)


@pytest.mark.parametrize(
    "name", ["logs.zip", "logs.tar.gz", "debug.txt.gz", "debug.txt.zst", "debug.txt.xz", "logs.tar.zst"]
)
@pytest.mark.parametrize("data", [b"", b"no archive at all", b"\x1f\x8b\x08" + bytes(40), bytes(range(256))])
def test_a_damaged_archive_is_one_clear_sentence(name, data, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(NothingReadableError, match=r"nothing readable|no files"):
        analyse(Request([tmp_path]))


def test_a_truncated_archive_gives_what_was_whole(tmp_path):
    whole = tarred(tmp_path / "logs.tar.gz").read_bytes()
    (tmp_path / "logs.tar.gz").write_bytes(whole[: len(whole) // 2])
    result = analyse(Request([tmp_path]))
    assert result.sessions
    assert any("cannot be unpacked" in u.reason for u in result.unread)


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(b"{}"), lzma.compress(b"{}"), bz2.compress(b"{}"), b"PK\x03\x04rest"],
    ids=["gzip", "xz", "bzip2", "zip"],
)
def test_a_packed_stream_is_to_be_given_as_a_file(packed):
    with pytest.raises(NothingReadableError, match="packed; give it as a file"):
        analyse(Request([Path("-")], stdin=io.BytesIO(packed)))
