"""An arrow never runs backwards in time: over the fixtures of all rules, and over the recordings where there are any."""

from __future__ import annotations

import pytest

from tests.support.analyses import analysis_of
from tests.support.places import RULE_FIXTURES, matching

OWN = ("exact", "aligned")


def backwards(*paths):
    """Return the arrows of which the record that is said to come first is known to be the later one."""
    return [
        (edge.text, first.ts, second.ts)
        for session in analysis_of(*paths).sessions
        for edge in session.chain.edges
        for first, second in [(session.chain_refs[edge.first], session.chain_refs[edge.second])]
        if (
            first.ts
            and second.ts
            and {first.ts_quality, second.ts_quality} <= set(OWN)
            and first.ts > second.ts
        )
        or edge.seconds < 0
        or edge.before >= edge.after
    ]


@pytest.mark.parametrize("place", matching(RULE_FIXTURES, "CCF902/*/*/input"), ids=lambda p: p.parent.name)
def test_no_arrow_of_a_chain_runs_backwards(place):
    assert backwards(place) == []


@pytest.mark.whole
def test_no_arrow_of_any_fixture_runs_backwards():
    assert {str(p): found for p in matching(RULE_FIXTURES, "*/*/*/input") if (found := backwards(p))} == {}


@pytest.mark.corpus
@pytest.mark.whole
def test_no_arrow_of_a_recording_runs_backwards(corpus):
    inputs = [p for p in sorted(corpus.glob("*/*/*/input")) if "public" not in p.parts]
    assert inputs
    assert {str(p): found for p in inputs if (found := backwards(p))} == {}
