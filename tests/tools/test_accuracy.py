"""The error rates that are published: how they are counted, and that they are those of the rules as they are."""

from __future__ import annotations

import os

import pytest

from forensics.rules import RULES
from tests.support.places import CHECKOUT
from tools.accuracy.base_rates import BASE_RATES
from tools.accuracy.expectations import CLIENT, VOICE
from tools.accuracy.field import runs_of
from tools.accuracy.measure import Mistake, Tally, at_least, measure
from tools.accuracy.page import OTHERS, WHY_NOT, page

PAGE = CHECKOUT / "docs" / "accuracy.md"


def tally(*answers):
    found = Tally()
    for must, fired, unsure in answers:
        found.add(must=must, found=fired, unsure=unsure)
    return found


def test_each_recording_counts_once():
    one = tally((True, True, False), (True, False, True), (True, False, False), (False, True, False))
    assert (one.tp, one.fn, one.fp, one.tn, one.cases, one.admitted) == (1, 2, 1, 0, 4, 1)
    assert (one.precision, one.recall) == (0.5, 1 / 3)


def test_without_findings_there_is_no_rate():
    silent = tally((False, False, False))
    assert (silent.precision, silent.recall, silent.precise_from, silent.recalls_from) == (None,) * 4


@pytest.mark.parametrize(
    ("right", "cases", "least"),
    # z = 1.6449: for n of n the bound is n / (n + z * z)
    [(1, 1, 0.2699), (15, 15, 0.8472), (27, 27, 0.9089), (9, 10, 0.6523), (0, 10, 0.0)],
)
def test_what_so_few_cases_can_show(right, cases, least):
    assert at_least(right, cases) == pytest.approx(least, abs=5e-4)


def test_a_mistake_says_what_the_rule_says_of_itself():
    assert Mistake("CCF104", "v/s", must=True, reason="no records").sentence == "v/s: missed (no records)"
    assert Mistake("CCF104", "v/s", must=False, reason="").sentence == "v/s: found wrongly"


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.code)
def test_the_truth_is_asked_about_every_rule(rule):
    assert rule.code in CLIENT or rule.code in VOICE


def test_an_input_of_the_field_is_judged_by_what_a_reader_concludes(tmp_path):
    case = tmp_path / "turns-spent"
    case.mkdir()
    (case / "run.txt").write_text("Error: Reached max turns (3)\n", encoding="utf-8")
    right = '[[run]]\nin = "run.txt"\nverdict = ["ERROR_RESULT"]\nexit = [1]\nfires = ["CCF901"]\n'
    wrong = '[[run]]\nin = "run.txt"\nverdict = ["CLEAN"]\nexit = [0]\nat_most = { CCF901 = "low" }\n'
    (case / "EXPECT.toml").write_text(right + wrong, encoding="utf-8")
    well, badly = runs_of(tmp_path)
    assert (well.name, well.wrong) == ("turns-spent run.txt", ())
    assert badly.wrong == ("check ends with 1", "CCF901 is more than low", "the verdict is ERROR_RESULT")


def test_it_is_said_why_for_rules_that_exist():
    assert set(WHY_NOT) <= {r.code for r in RULES}


def test_rates_are_given_for_rules_that_exist():
    assert set(BASE_RATES) | set(CLIENT) | set(VOICE) <= {r.code for r in RULES}


@pytest.fixture(scope="module")
def measured(corpus):
    return measure(corpus)


@pytest.mark.corpus
@pytest.mark.whole
def test_the_published_rates_are_those_that_are_measured(measured):
    text = f"{page(measured)}\n"
    told, heading, others = PAGE.read_text(encoding="utf-8").partition(OTHERS)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(text + heading + others, encoding="utf-8")
    assert text == told, "run make accuracy, and read the diff"


@pytest.mark.corpus
@pytest.mark.whole
def test_where_a_rule_errs_its_documentation_says_so(measured):
    misses = {r.code: r.documentation.partition("## Known misses")[2] for r in RULES}
    for mistake in measured.mistakes:
        _, version, scenario = mistake.recording.split("/")
        assert scenario in misses[mistake.code], mistake.sentence
        assert version.partition("-")[0] in misses[mistake.code], mistake.sentence
