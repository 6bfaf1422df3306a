"""Law 3: one run, told by several formats, gives equal findings, or ``insufficient`` where a format cannot tell."""

from __future__ import annotations

import json

import pytest

from tests.support.places import FIXTURES, matching
from tools.accuracy.twins import Cell, answers_of, compared
from tools.recorder.twins import FORMATS

TWINS = [truth.parent for truth in matching(FIXTURES / "twins", "*/*/TRUTH.json")]
JUDGED_BY_THE_END = {"CCF901", "CCF903", "CCF409", "CCF410"}


@pytest.mark.parametrize("twins", TWINS, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_twins_agree(twins):
    told = compared(twins)
    assert list(told) == list(FORMATS)
    assert {form: c.differing for form, c in told.items() if c.cell is Cell.DIFFERS} == {}


def test_a_result_alone_tells_of_the_end_and_of_nothing_before_it():
    clean = answers_of(FIXTURES / "twins" / "2.1.332" / "b_parallel" / "json")
    assert {code for code, answer in clean.items() if answer == "nothing"} == JUDGED_BY_THE_END


@pytest.mark.whole
def test_the_layout_of_a_stream_changes_nothing(tmp_path):
    for stream in matching(FIXTURES / "twins", "*/*/stream-json/run0.jsonl"):
        records = [json.loads(line) for line in stream.read_text(encoding="utf-8").splitlines()]
        array = tmp_path / stream.parents[1].name / "run0.json"
        array.parent.mkdir(exist_ok=True)
        array.write_text(json.dumps(records, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        assert answers_of(array.parent) == answers_of(stream.parent), stream
