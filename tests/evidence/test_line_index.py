"""Any line by its number, as an editor shows it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.evidence import line_index
from forensics.evidence.line_index import LineIndex


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(line_index, "CHUNK", 7)


@pytest.mark.usefixtures("small_chunks")
@given(data=st.binary(max_size=60).map(lambda b: b.replace(b"a", b"\n")))
def test_every_line_is_found_where_it_stands(write, data):
    expected, offset = [], 0
    for number, line in enumerate(data.split(b"\n"), 1):
        expected.append((number, offset, line))
        offset += len(line) + 1
    found = LineIndex(write("x", data)).read(range(1, len(expected) + 1))
    assert [(r.number, r.offset, r.data) for r in found] == expected


@pytest.mark.usefixtures("small_chunks")
def test_a_line_that_is_not_there_is_not_found(write):
    assert [r.number for r in LineIndex(write("x", "one\ntwo")).read([2, 3, 999])] == [2]


@pytest.mark.usefixtures("small_chunks")
def test_what_was_appended_meanwhile_is_not_seen(write):
    evidence = write("x", "one\ntwo")
    index = LineIndex(evidence)
    evidence.path.write_text("one\ntwo and more\nthree")
    assert [r.data for r in index.read([1, 2, 3])] == [b"one", b"two"]
