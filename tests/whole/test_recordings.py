"""The recordings that come with the project: what must be found in each, and what must not."""

from __future__ import annotations

import json

import pytest

from forensics.rules import RULES
from tests.support.analyses import analysis_of
from tests.support.places import FIXTURES, matching
from tools.accuracy.expectations import expected_of

RECORDINGS = [truth.parent for truth in matching(FIXTURES / "recordings", "*/*/TRUTH.json")]


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_what_was_scripted_is_found(recording):
    truth = json.loads((recording / "TRUTH.json").read_text(encoding="utf-8"))
    found = {finding.rule for finding in analysis_of(recording / "input").findings}
    known = {rule.code for rule in RULES}
    wanted = {code: must for code, must in expected_of(truth, recording.name).items() if code in known}
    assert {code for code, must in wanted.items() if must} - found == set()
    assert {code for code, must in wanted.items() if not must} & found == set()


def test_each_was_kept_for_what_it_shows():
    for recording in RECORDINGS:
        truth = json.loads((recording / "TRUTH.json").read_text(encoding="utf-8"))
        assert any(expected_of(truth, recording.name).values()), recording
