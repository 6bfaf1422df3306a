"""What is open when a record ends: calls, items of the shared list, and what only the client's log tells."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from forensics.rules.operations.unanswered_tool_call import unanswered_tool_call
from forensics.schema import EventKind
from forensics.schema.finding import Hit, Insufficient
from forensics.session.lists.todo_lists import open_items
from forensics.session.work.open_work import agents_out, open_in_client_log, refused_edits, unexplained_writes
from tests.support.analyses import analysis_of
from tests.support.places import INCIDENT, RULE_FIXTURES


def case_of(folder):
    return analysis_of(folder).sessions[0].case


def test_items_of_the_task_list_are_open_as_its_last_change_left_them():
    found = open_items(case_of(RULE_FIXTURES / "CCF305/fires/killed-with-tasks-open/input"))
    assert [(i.content, i.status) for i in found] == [
        ("Round the prices", "in_progress"),
        ("Check the sums", "pending"),
    ]


def test_a_refused_list_changes_nothing():
    assert open_items(case_of(RULE_FIXTURES / "CCF305/silent/open-list-was-refused/input")) == ()


def test_what_the_incident_left():
    case = case_of(INCIDENT)
    assert [i.status for i in open_items(case)] == ["in_progress"] * 5
    assert {a.description for a in agents_out(case)} == {
        "Create privacy policy document",
        "Find and wire the Perplexity key",
    }
    assert refused_edits(case) == []
    assert set(unexplained_writes(case)) == {"/home/dev/liv-hana/PRIVACY.md"}
    assert open_in_client_log(case)["line"] == 510


def test_an_answer_may_stand_in_a_last_record_that_is_cut_off():
    case = case_of(RULE_FIXTURES / "CCF405/fires/two-of-three-calls-open/input")
    last = case.events.tail(1)
    cut = last.with_columns(
        event_id=pl.lit(1, dtype=pl.UInt64),
        kind=pl.lit(EventKind.DAMAGED.value, dtype=last.schema["kind"]),
        component=pl.lit("cut off"),
    )
    damaged = replace(case, events=pl.concat([case.events, cut]))
    assert [type(said) for said in unanswered_tool_call.detect(case)] == [Hit]
    assert [type(said) for said in unanswered_tool_call.detect(damaged)] == [Insufficient]
