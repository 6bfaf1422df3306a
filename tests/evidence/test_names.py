"""Each file has a name of its own: short, never absolute, and the same in whatever order files are given."""

from __future__ import annotations

import os
from contextlib import ExitStack
from itertools import permutations
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.evidence.discover import discover
from forensics.evidence.names import Called, called, own_names
from forensics.evidence.unpack import Unpacker


def names(*paths: Path, unpacker: Unpacker | None = None) -> list[str]:
    found = discover(list(paths), unpacker)
    return [e.name for e in found.files] + [u.name for u in found.unread]


@pytest.fixture
def folders(tmp_path):
    for n, place in enumerate(("A/input", "B/input", "B/deep/A/input")):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "run.jsonl").write_text(f"{n}\n")
    return [tmp_path / "A/input", tmp_path / "B/input", tmp_path / "B/deep/A/input"]


def test_the_order_of_folders_changes_nothing(folders):
    told = {tuple(names(*order)) for order in permutations(folders)}
    above = folders[0].parents[1].name
    assert told == {("B/input/run.jsonl", "deep/A/input/run.jsonl", f"{above}/A/input/run.jsonl")}


def test_two_folders_of_one_name_grow_alike(folders):
    assert names(*folders[:2]) == ["A/input/run.jsonl", "B/input/run.jsonl"]


def test_files_named_one_by_one(folders):
    files = [folder / "run.jsonl" for folder in folders[:2]]
    assert names(*files) == names(*files[::-1]) == ["A/input/run.jsonl", "B/input/run.jsonl"]
    assert names(files[0]) == ["run.jsonl"]


def test_a_folder_and_a_part_of_it(folders):
    whole, part = folders[0].parent.parent, folders[0]
    assert names(whole, part) == names(part, whole)


def test_what_is_packed_gives_way(tmp_path):
    (tmp_path / "run.jsonl").write_text("plain\n")
    for name in ("one.zip", "two.zip"):
        with ZipFile(tmp_path / name, "w") as bundle:
            bundle.writestr("run.jsonl", f"{name}\n")
            bundle.writestr("only-in-" + name, f"{name}\n")
    with ExitStack() as stack:
        told = names(tmp_path, unpacker=Unpacker(stack))
    assert sorted(told) == [
        "one.zip/run.jsonl",
        "only-in-one.zip",
        "only-in-two.zip",
        "run.jsonl",
        "two.zip/run.jsonl",
    ]


def test_names_that_are_no_text_are_told_apart(tmp_path):
    for n, name in enumerate((b"\xff.jsonl", b"\xfe.jsonl")):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(f"{n}\n")
    assert names(tmp_path) == ["�.jsonl", "�.jsonl~2"]


TEXTS = st.text("ab~2/", min_size=1, max_size=4)
FILES = st.lists(
    st.builds(Called, st.lists(TEXTS, min_size=1, max_size=3).map(tuple), st.booleans()), max_size=12
)


@given(FILES)
def test_no_two_files_share_a_name(files):
    told = own_names(files)
    assert len(set(told)) == len(files) == len(told)


def test_a_name_never_shows_the_root():
    every = called(Path("/home/dev/logs"), Path("a.jsonl")).names
    assert every == ("a.jsonl", "logs/a.jsonl", "dev/logs/a.jsonl", "home/dev/logs/a.jsonl")
