"""Each sentence that a rule may say is said in some fixture: one that no fixture reaches is one that nobody has read."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensics.rules import RULES
from tests.support.analyses import sentences_of
from tests.support.places import RULE_FIXTURES, matching

# sentences that no fixture says, each with its reason. It may only become shorter
EXCUSED = dict(
    line.split("  ", 1)
    for line in Path(__file__).with_name("never_said.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.code)
def test_each_sentence_is_said_in_a_fixture(rule):
    cases = matching(RULE_FIXTURES, f"{rule.code}/*/*/input")
    said = set().union(*map(sentences_of, cases))
    silent = {
        f"{rule.code} {name}" for name in rule.told.prose.sentences if (rule.told.path, name) not in said
    }
    assert silent == {key for key in EXCUSED if key.startswith(f"{rule.code} ")}


def test_each_excuse_names_a_sentence_and_a_reason():
    names = {f"{r.code} {name}" for r in RULES for name in r.told.prose.sentences}
    assert set(EXCUSED) <= names
    assert all(reason.strip() for reason in EXCUSED.values())
