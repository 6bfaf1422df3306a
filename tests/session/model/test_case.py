"""What several rules ask of a case is computed once."""

from __future__ import annotations

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.session.lists.todo_lists import list_states
from tests.support.places import RULE_FIXTURES

CASE = RULE_FIXTURES / "CCF102" / "fires" / "five-at-once" / "input"


def test_a_case_computes_a_thing_once_for_all_rules_and_another_case_its_own():
    cases = [analyse(Request([CASE])).sessions[0].case for _ in range(2)]
    calls = []

    def measured(case):
        calls.append(case.session_id)
        return len(calls)

    assert [c.once(measured) for c in (cases[0], cases[0], cases[0].with_findings([]), cases[1])] == [
        1,
        1,
        1,
        2,
    ]


def test_the_states_of_the_lists_are_replayed_once():
    case = analyse(Request([CASE])).sessions[0].case
    assert list_states(case) is list_states(case.with_findings([]))
    assert list_states(case)
