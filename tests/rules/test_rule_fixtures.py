"""Each rule on small evidence of its own: where it fires, with what, citing which lines; and where it is silent."""

from __future__ import annotations

import json

import pytest

from forensics.rules import RULES
from forensics.schema.finding import Claim, Slot
from tests.support.analyses import analysis_of
from tests.support.places import RULE_FIXTURES, matching

FIRES = [p.parent for p in matching(RULE_FIXTURES, "*/fires/*/expected.json")]
SILENT = [p.parent for p in matching(RULE_FIXTURES, "*/silent/*/expected.json")]

TOLD = ("message", "claim", "contract_held")  # what an expectation may name besides facts


def name_of(case):
    return str(case.relative_to(RULE_FIXTURES))


def judged(case):
    analysis = analysis_of(case / "input")
    assert not analysis.errors
    code = case.relative_to(RULE_FIXTURES).parts[0]
    return code, analysis


def cited(finding):
    return {f"{e.path}:{e.line}" for e in finding.evidence}


def matches(finding, want):
    facts = {name: finding.facts.get(name, "missing") for name in want["facts"]}
    if finding.severity.value != want["severity"] or facts != want["facts"]:
        return False
    if any(getattr(finding, name) != want[name] for name in TOLD if name in want):
        return False
    return set(want["evidence"]) == cited(finding)


@pytest.mark.parametrize("case", FIRES, ids=name_of)
def test_fires(case):
    code, analysis = judged(case)
    found = [f for f in analysis.findings if f.rule == code]
    wanted = json.loads((case / "expected.json").read_text(encoding="utf-8"))["findings"]
    for want in wanted:
        match = next((f for f in found if matches(f, want)), None)
        told = [(f.severity.value, dict(f.facts), sorted(cited(f))) for f in found]
        assert match is not None, f"expected {want}, found {told}"
        found.remove(match)
    assert not found, f"more than expected: {[f.message for f in found]}"


@pytest.mark.parametrize("case", SILENT, ids=name_of)
def test_is_silent(case):
    code, analysis = judged(case)
    assert [f.message for f in analysis.findings if f.rule == code] == []
    ended = [o for s in analysis.sessions for o in s.outcomes if o.rule == code]
    wanted = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    assert {o.outcome.value for o in ended} == {wanted["outcome"]}
    assert {o.reason for o in ended} == {wanted["reason"]} if "reason" in wanted else True


@pytest.mark.parametrize("case", FIRES, ids=name_of)
def test_an_expectation_names_what_is_said(case):
    wanted = json.loads((case / "expected.json").read_text(encoding="utf-8"))["findings"]
    assert all(want["message"].strip() for want in wanted)


@pytest.mark.parametrize("case", [*FIRES, *SILENT], ids=name_of)
def test_every_statement_cites_what_it_rests_on(case):
    code, analysis = judged(case)
    for finding in (f for f in analysis.findings if f.rule == code):
        known = {e.event_id for e in finding.evidence}
        for statement in finding.statements:
            assert statement.cites, statement.text
            assert set(statement.cites) <= known


@pytest.mark.parametrize("case", [*FIRES, *SILENT], ids=name_of)
def test_every_question_is_a_hypothesis_and_names_what_would_settle_it(case):
    _, analysis = judged(case)
    for finding in analysis.findings:
        for statement in finding.statements:
            assert (statement.slot is Slot.QUESTION) == (statement.claim is Claim.HYPOTHESIS), statement.text
            assert bool(statement.settled_by) == (statement.slot is Slot.QUESTION), statement.text
            assert not statement.settled_by or "would tell" not in statement.text, "that is the source's part"


@pytest.mark.parametrize("case", [*FIRES, *SILENT], ids=name_of)
def test_no_two_findings_of_a_session_have_one_fingerprint(case):
    _, analysis = judged(case)
    for session in analysis.sessions:
        prints = [f.fingerprint for f in session.findings]
        assert len(prints) == len(set(prints)), [(f.rule, f.message) for f in session.findings]


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.code)
def test_every_rule_has_a_case_of_each_kind(rule):
    assert any(c.relative_to(RULE_FIXTURES).parts[0] == rule.code for c in FIRES)
    assert any(c.relative_to(RULE_FIXTURES).parts[0] == rule.code for c in SILENT)
