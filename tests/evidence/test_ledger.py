"""Every file that was found is held by its bytes on the disk, and hashed again before anything is said of it."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from contextlib import ExitStack
from pathlib import Path
from zipfile import ZipFile

import pytest

from forensics.evidence.custody import After, hashed_again
from forensics.evidence.discover import discover
from forensics.evidence.unpack import Unpacker

LINE = '{"type":"user","sessionId":"s","message":{"role":"user","content":"hello"}}\n'


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jsonl").write_text(LINE)
    (folder / "wide.txt").write_bytes(LINE.encode("utf-16"))
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(LINE.replace("hello", "packed").encode(), mtime=0))
    (folder / "keys.env").write_text("A=1\n")
    with ZipFile(folder / "two.zip", "w") as bundle:
        bundle.writestr("c.jsonl", LINE.replace("hello", "zipped"))
        bundle.writestr("../d.jsonl", "outside")
    os.utime(folder / "a.jsonl", ns=(0, 1_234_567_891_000_000_789))
    return folder


def ledger(folder, stdin=None):
    with ExitStack() as run:
        paths = [folder] if stdin is None else [folder, Path("-")]
        found = discover(paths, Unpacker(run), stdin)
        return {h.name: h for h in found.custody.ledger}


def sha(data):
    return hashlib.sha256(data).hexdigest()


def test_each_file_is_held_as_it_lies_on_the_disk(logs):
    held = ledger(logs)
    for name in ("a.jsonl", "wide.txt", "b.jsonl.gz", "two.zip"):
        data = (logs / name).read_bytes()
        assert (held[name].sha256, held[name].size) == (sha(data), len(data)), name
        assert held[name].modified_ns == (logs / name).stat().st_mtime_ns
        assert held[name].holder is None
    assert held["a.jsonl"].modified_ns == 1_234_567_891_000_000_789


def test_what_is_packed_is_held_with_its_archive(logs):
    held = ledger(logs)
    assert held["c.jsonl"].sha256 == sha(LINE.replace("hello", "zipped").encode())
    assert (held["c.jsonl"].holder, held["c.jsonl"].modified_ns) == ("two.zip", None)
    assert held["b.jsonl"].holder == "b.jsonl.gz"
    assert [h.is_packed for h in (held["two.zip"], held["c.jsonl"])] == [True, False]


def test_what_was_not_opened_has_no_hash_and_a_reason(logs):
    held = ledger(logs)
    assert held["keys.env"].sha256 is None
    assert "hold keys" in held["keys.env"].reason
    outside = next(h for h in held.values() if h.name.endswith("d.jsonl"))
    assert (outside.sha256, outside.holder) == (None, "two.zip")


def test_standard_input_is_held_and_has_no_time(logs):
    held = ledger(logs, io.BytesIO(b"text\n"))
    assert (held["stdin"].sha256, held["stdin"].modified_ns) == (sha(b"text\n"), None)
    assert hashed_again(held["stdin"]) is After.GONE


@pytest.mark.parametrize(
    ("name", "change", "after"),
    [
        ("a.jsonl", lambda data: data, After.UNCHANGED),
        ("a.jsonl", lambda data: data + b"more\n", After.GROWN),
        ("a.jsonl", lambda data: data[:-1], After.CHANGED),
        ("a.jsonl", lambda data: data.replace(b"hello", b"hullo"), After.CHANGED),
        ("two.zip", lambda data: data, After.UNCHANGED),
        ("two.zip", lambda data: data + b"more", After.CHANGED),
        ("wide.txt", lambda data: data[:-2] + b"x\0", After.CHANGED),
    ],
    ids=["same", "grown", "cut", "one-byte", "archive", "archive-grown", "utf-16"],
)
def test_a_change_is_seen_whatever_size_and_time_say(logs, name, change, after):
    held = ledger(logs)[name]
    was = (logs / name).stat()
    (logs / name).write_bytes(change((logs / name).read_bytes()))
    os.utime(logs / name, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert hashed_again(held) is after


def test_a_file_that_is_gone_has_changed(logs):
    held = ledger(logs)
    (logs / "a.jsonl").unlink()
    assert hashed_again(held["a.jsonl"]) is After.CHANGED
    assert hashed_again(held["keys.env"]) is After.UNOPENED
    assert hashed_again(held["c.jsonl"]) is After.PACKED


def test_a_packed_file_changes_no_name_of_another(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.jsonl").write_text(LINE)
    with ZipFile(tmp_path / "x" / "b.zip", "w") as bundle:
        bundle.writestr("b.zip", "a member that is called as its archive is")
    with ExitStack() as run:
        found = discover([tmp_path / "x"], Unpacker(run))
    assert [f.name for f in found.files] == ["a.jsonl", "b.zip"]
    assert min(h.name for h in found.custody.ledger if h.holder is None) == "a.jsonl"
    assert len({(h.holder, h.name) for h in found.custody.ledger}) == 3


def test_an_archive_that_cannot_be_unpacked_is_held_once_by_its_own_name(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"no zip")
    (tmp_path / "y.jsonl.gz").write_bytes(b"no gzip")
    held = ledger(tmp_path)
    assert held["x.zip"].sha256 == sha(b"no zip")
    assert "cannot be unpacked" in held["x.zip"].reason
    assert held["y.jsonl.gz"].sha256 == sha(b"no gzip")
    assert len(held) == 2
