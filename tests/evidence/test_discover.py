"""Which files are read, which are not, and what is said of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.errors import NothingReadableError, UsageError
from forensics.evidence.discover import discover
from forensics.table.ingest import ingest

LINE = "[DEBUG] executePreToolHooks called for tool: Task\n"
SESSION = "c4f74656-68ad-4973-8f53-0b862ed16d5d"


def names(found):
    return [f.name for f in found.files]


def unread(found):
    return {u.name: u.reason for u in found.unread}


def test_names_are_relative_to_the_argument_and_sorted(tmp_path):
    for name in ("b.txt", "a/c.txt", "a/b.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert names(discover([tmp_path])) == ["a/b.txt", "a/c.txt", "b.txt"]
    assert names(discover([tmp_path / "a" / "c.txt"])) == ["c.txt"]


def test_a_path_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="no such file or folder"):
        discover([tmp_path, tmp_path / "gone"])


def test_an_empty_folder_holds_nothing(tmp_path):
    assert discover([tmp_path]) == discover([])
    with pytest.raises(NothingReadableError, match="no files under"):
        analyse(Request([tmp_path]))


def test_files_that_hold_keys_are_not_opened(tmp_path, monkeypatch):
    secrets = [
        "voicemode.env",
        ".env",
        ".env.local",
        ".credentials.json",
        "id_ed25519",
        "server.pem",
        ".netrc",
        "prod.env",
        ".env~",
        ".git-credentials",
        ".npmrc",
        "store.kdbx",
    ]
    for name in [*secrets, "environment.txt"]:
        (tmp_path / name).write_text("x")
    opened = []
    genuine = Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, *a, **k: opened.append(self.name) or genuine(self, *a, **k)
    )
    found = discover([tmp_path, tmp_path / "voicemode.env"])
    assert opened == ["environment.txt"]
    assert sorted(unread(found)) == sorted(secrets)
    assert set(unread(found).values()) == {"not opened: files of this name hold keys"}


def test_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "debug.txt")
    assert unread(discover([tmp_path])) == {"debug.txt": "not a regular file"}
    assert unread(discover([tmp_path / "debug.txt"])) == {"debug.txt": "not a regular file"}


def test_an_unreadable_file_is_listed(tmp_path, monkeypatch):
    (tmp_path / "debug.txt").write_text(LINE)

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert unread(discover([tmp_path])) == {"debug.txt": "cannot be read: Permission denied"}


def test_an_unreadable_folder_is_listed(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    (tmp_path / "debug.txt").write_text(LINE)
    genuine = os.scandir

    def scan(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return genuine(path)

    monkeypatch.setattr(os, "scandir", scan)
    found = discover([tmp_path])
    assert names(found) == ["debug.txt"]
    assert unread(found) == {"closed": "cannot be read: Permission denied"}


def test_a_file_that_vanishes_before_it_is_looked_at(tmp_path, monkeypatch):
    (tmp_path / "debug.txt").write_text(LINE)
    monkeypatch.setattr("os.walk", lambda root, **_: iter([(str(root), [], ["debug.txt", "gone.txt"])]))
    found = discover([tmp_path])
    assert names(found) == ["debug.txt"]
    assert unread(found) == {"gone.txt": "cannot be read: No such file or directory"}


def test_a_file_that_vanishes_before_it_is_parsed(tmp_path):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(LINE + name)
    found = discover([tmp_path])
    (tmp_path / "a.txt").unlink()
    ingested = ingest(found)
    assert [i.evidence.name for i in ingested.inputs] == ["b.txt"]
    assert [(u.name, u.reason) for u in ingested.unread] == [
        ("a.txt", "cannot be read: No such file or directory")
    ]


def test_links_are_not_followed_and_those_that_lead_out_are_listed(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / f"{SESSION}.txt").write_text(LINE)
    (outside / "debug.txt").write_text(LINE)
    (inside / "latest").symlink_to(inside / f"{SESSION}.txt")
    (inside / "dangling").symlink_to(inside / "nothing")
    (inside / "loop").symlink_to(inside / "loop")
    (inside / "around").symlink_to(inside)
    (inside / "away").symlink_to(outside)
    found = discover([inside])
    assert names(found) == [f"{SESSION}.txt"]
    assert list(unread(found)) == ["away"]


def test_an_argument_may_be_a_link_and_keeps_its_meaning(tmp_path):
    (tmp_path / f"{SESSION}.txt").write_text(LINE)
    (tmp_path / "latest").symlink_to(tmp_path / f"{SESSION}.txt")
    (session,) = analyse(Request([tmp_path / "latest"])).sessions
    assert session.session_id == SESSION


def test_the_same_file_is_read_once(tmp_path):
    (tmp_path / "debug.txt").write_text(LINE)
    found = discover([tmp_path, tmp_path / "debug.txt", tmp_path])
    assert names(found) == ["debug.txt"]
    assert found.unread == ()


def test_a_copy_is_read_once_and_listed(tmp_path):
    for root in ("home", "backup"):
        (tmp_path / root).mkdir()
        (tmp_path / root / f"{SESSION}.txt").write_text(LINE)
    found = discover([tmp_path / "home", tmp_path / "backup"])
    assert names(found) == [f"backup/{SESSION}.txt"]
    assert unread(found) == {f"home/{SESSION}.txt": f"a copy of backup/{SESSION}.txt"}


def test_equal_files_of_different_sessions_are_no_copies(tmp_path):
    for session in ("1" * 8, "2" * 8):
        folder = tmp_path / "tasks" / session
        folder.mkdir(parents=True)
        (folder / "1.json").write_text("{}")
        (tmp_path / f"{session}-agent-{session}.json").write_text("[]")
    assert len(discover([tmp_path]).files) == 4


def test_three_roots_may_hold_the_same_names(tmp_path):
    for n, root in enumerate(("a/x", "b/x", "c/x")):
        (tmp_path / root / "debug").mkdir(parents=True)
        (tmp_path / root / "debug" / "debug.txt").write_text(LINE * (n + 1))
    found = discover([tmp_path / "a" / "x", tmp_path / "b" / "x", tmp_path / "c" / "x"])
    assert names(found) == [f"{root}/debug/debug.txt" for root in ("a/x", "b/x", "c/x")]
    assert ingest(found).events["event_id"].is_unique().all()


def test_a_file_named_alone_is_recognised_by_its_folder(tmp_path):
    path = tmp_path / "tasks" / SESSION / "1.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"id":"1","subject":"Write it","status":"in_progress"}')
    (state,) = ingest(discover([path])).events.iter_rows(named=True)
    assert state["session_id"] == SESSION
