"""Law: a metric's sentence is tested, not inferred. Nothing passes over nothing, or beside a finding that denies it."""

from __future__ import annotations

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.render.report.advice import advise
from forensics.rules import RULES
from forensics.rules.contradictions import DENIED_BY
from forensics.schema.families import FAMILIES
from forensics.schema.finding import OutcomeKind
from forensics.session.model.subjects import NAMES, SHOWN_BY, holds
from tests.support.places import INCIDENT
from tests.support.rule_cases import CASES, plain

# they judge the lines of the evidence, of which there is always one, and how the session ended
ALWAYS = {"CCF409", "CCF410", "CCF901", "CCF902"}
ID = "5e551011-0000-4000-8000-000000000001"
STARTED = (
    "2026-03-02T10:00:00.000Z [DEBUG] Getting matching hook commands for SessionStart with query: startup\n"
)


def told(analysis):
    return [(s, metric) for s in analysis.sessions for metric in advise(s, analysis).metrics]


def codes():
    return {rule.code for rule in RULES}


def test_every_family_has_what_shows_it_and_a_name():
    assert set(NAMES) == set(FAMILIES)
    assert set(SHOWN_BY) | {"ending"} == set(FAMILIES)


def test_a_rule_counts_over_what_it_reads():
    for rule in RULES:
        assert rule.over <= rule.reads, rule.code


def test_nothing_passes_where_there_was_nothing_to_judge(tmp_path):
    """A session that was begun, and in which nothing was asked, passes nothing but what needs no subject."""
    log = tmp_path / ".claude" / "debug" / f"{ID}.txt"
    log.parent.mkdir(parents=True)
    log.write_text(STARTED, encoding="utf-8")
    passed = {m.code for _, m in told(analyse(Request([tmp_path]))) if m.state == "pass"}
    assert passed <= ALWAYS


@pytest.mark.parametrize("code", CASES)
def test_what_passes_was_counted_over_at_least_one(code):
    rules = {rule.code: rule for rule in RULES}
    for session, metric in told(plain(CASES[code])):
        if metric.state == "pass":
            rule = rules[metric.code]
            assert all(holds(session.case, family) for family in rule.over), metric.code
            assert not rule.reads or any(holds(session.case, family) for family in rule.reads), metric.code


def test_the_pairs_name_rules_of_ours():
    assert set(DENIED_BY) <= codes()
    assert {denial.code for denials in DENIED_BY.values() for denial in denials} <= codes()


def contradicted(analysis):
    """Return the metrics that pass beside a finding which denies them."""
    return [
        (session.session_id, metric.code, denial.code)
        for session, metric in told(analysis)
        if metric.state == "pass"
        for denial in DENIED_BY.get(metric.code, ())
        if any(denial.covers(finding) for finding in session.findings)
    ]


@pytest.mark.parametrize("folder", [*CASES.values(), INCIDENT], ids=[*CASES, "incident"])
def test_no_metric_passes_beside_a_finding_that_denies_it(folder):
    assert contradicted(plain(folder)) == []


def test_a_denied_metric_says_which_finding_denies_it():
    """Every endpoint failed: that the first one answered every request was not measured by what found no fallback."""
    found = [
        (session, metric)
        for code in ("CCF201", "CCF202")
        for session, metric in told(plain(CASES[code]))
        if metric.code == "CCF205" and metric.outcome == OutcomeKind.CLEAR
    ]
    assert found
    for session, metric in found:
        assert metric.state == "not measured"
        assert session.denied["CCF205"] in metric.reason


@pytest.mark.whole
def test_no_recording_ticks_a_sentence_that_it_denies(corpus):
    inputs = sorted(
        folder for name in ("claude-code*", "voicemode*") for folder in corpus.glob(f"{name}/*/*/input")
    )
    assert inputs
    for folder in inputs:
        assert contradicted(analyse(Request([folder]))) == [], folder
