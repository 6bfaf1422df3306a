"""Outputs are written whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forensics.evidence import outputs
from forensics.evidence.outputs import write_files


@pytest.fixture(params=["unnamed", "named"])
def drafts(request, monkeypatch):
    """Write as on a file system that knows files without a name, and as on one that does not."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)


def failing():
    yield b"half"
    raise OSError(errno.ENOSPC, "No space left on device")


def test_files_are_written(drafts, tmp_path):
    new = tmp_path / "new" / "folder"
    write_files({tmp_path / "a": "text ä", new / "b": [b"1", b"2"]}, new)
    assert (tmp_path / "a").read_text("utf-8") == "text ä"
    assert (tmp_path / "new" / "folder" / "b").read_bytes() == b"12"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "new"]


def test_where_one_fails_all_stay_as_they_were(drafts, tmp_path):
    (tmp_path / "a").write_text("old a")
    (tmp_path / "b").write_text("old b")
    new = tmp_path / "new" / "folder"
    with pytest.raises(OSError, match="No space left") as failed:
        write_files({tmp_path / "a": "new", new / "c": "new", tmp_path / "b": failing()}, new)
    assert failed.value.filename == str(tmp_path / "b")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a": "old a", "b": "old b"}


def test_a_folder_is_no_output(drafts, tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_files({tmp_path / "b": "new", tmp_path / "a": "new"})
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_link_stays_one_and_the_mode_is_kept(drafts, tmp_path):
    old = tmp_path / "old"
    old.write_text("old")
    old.chmod(0o640)
    (tmp_path / "link").symlink_to(old)
    write_files({tmp_path / "link": "new"})
    assert (tmp_path / "link").is_symlink()
    assert old.read_text() == "new"
    assert old.stat().st_mode & 0o777 == 0o640


def test_a_new_file_has_the_users_mode(drafts, tmp_path):
    before = os.umask(0o027)
    try:
        write_files({tmp_path / "a": "new"})
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_a_device_is_written_to_and_stays(tmp_path):
    write_files({Path(os.devnull): "gone"})
    assert Path(os.devnull).is_char_device()


def test_a_move_that_fails_leaves_nothing_else(drafts, tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old")
    monkeypatch.setattr(
        outputs.Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "broken"))
    )
    with pytest.raises(OSError, match="broken"):
        write_files({tmp_path / "a": "new"})
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a": "old"}


SLOW = """
import sys, time
from pathlib import Path
from forensics.evidence.outputs import write_files
def pieces():
    yield b"new" * 100_000
    print("writing", flush=True)
    time.sleep(60)
write_files({Path(sys.argv[1]): pieces()})
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="this system knows no files without a name")
def test_a_killed_process_leaves_the_old_file_and_no_other(tmp_path):
    (tmp_path / "a").write_text("old")
    with subprocess.Popen([sys.executable, "-c", SLOW, tmp_path / "a"], stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"writing\n"
        writer.send_signal(signal.SIGKILL)
        writer.wait(timeout=10)
    time.sleep(0.1)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a": "old"}
