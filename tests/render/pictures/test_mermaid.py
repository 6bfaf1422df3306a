"""Mermaid: every chart is in the small part of its grammar that we write, and its own parser takes it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.render.pictures.layout import pictures_of
from forensics.render.pictures.mermaid import (
    MOST_BARS,
    MOST_CHARACTERS,
    GanttBar,
    Section,
    gantt,
    label,
)
from tests.support.analyses import analysis_of, report_of
from tests.support.mermaid_grammar import (
    BLOCK,
    KEYWORDS,
    TASK,
    TEXT,
    grammar_faults,
    needs_parser,
    parser_says,
)
from tests.support.places import INCIDENT, RULE_FIXTURES, matching

HOSTILE = (
    "a: b; c, d # e",
    "%%{init: {'securityLevel': 'loose'}}%%",
    "%% comment",
    "section other",
    "click t1 href javascript:alert(1)",
    'title: "x"',
    "`` ``` ```` \n```\n# heading",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "$$\\frac{1}{2}$$",
    "#35; &lt;b&gt; #quot;",
    "{{ config }} {% raw %}",
    "::error::x ##[group]y ##vso[task]",
    "accDescr { x }",
    "---\nconfig:\n  theme: dark\n---",
    "\u202eevil\u0007\x1b[31m",
    "",
    "   ",
    "x" * 5000,
    "日本語 emoji 🙂 ünï",
    "done, crit, t1, 2025-01-01, 1d",
    "\\",
    '"',
    "__proto__",
    "[link](http://x) **bold** |cell|",
)


def hostile_charts() -> list[str]:
    since = datetime(2025, 10, 21, 8, tzinfo=UTC)
    tags = [("crit",), ("done",), ("active",), ()]
    return [
        gantt(
            text,
            [
                Section(
                    text,
                    tuple(GanttBar(text, tags[n % 4], since, since + timedelta(seconds=n)) for n in range(4)),
                )
            ],
        )
        for text in HOSTILE
    ]


@cache
def charts() -> list[str]:
    """Return the charts of the incident, and of one case of each rule."""
    rules = matching(RULE_FIXTURES, "*")
    folders = [INCIDENT, *(min(rule.glob("fires/*/input")) for rule in rules)]
    return [
        picture.mermaid
        for folder in folders
        for session in analysis_of(folder).sessions
        for picture in pictures_of(session)
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_label_has_nothing_of_the_grammar_in_it(text):
    assert re.fullmatch(TEXT, label(text))
    assert not KEYWORDS.match(label(text))
    assert "%%" not in label(text)


def test_hostile_names_stay_in_the_grammar():
    for chart in hostile_charts():
        assert grammar_faults(chart) == []


def test_the_charts_of_all_cases_are_in_the_grammar_and_small():
    found = charts()
    assert len(found) > 20
    for chart in found:
        assert grammar_faults(chart) == []
        assert len(chart) < MOST_CHARACTERS
        assert len(TASK.findall(chart)) <= MOST_BARS


def test_the_check_of_the_grammar_finds_what_it_is_for():
    (chart,) = [c for c in charts() if "Agents over time" in c and c in BLOCK.findall(report_of(INCIDENT))]
    for wrong in (
        chart.replace(" :t1,", " : x :t1,"),
        chart.replace("section main agent", "section main; agent"),
        chart.replace("t2,", "t7,"),
        chart + "\n    click t1 :t99, 2025-10-21T08:51:04.087, 2025-10-21T08:51:04.087",
    ):
        assert wrong != chart
        assert grammar_faults(wrong)


@needs_parser
def test_mermaids_own_parser_takes_the_charts_of_all_cases():
    assert set(parser_says(charts())) == {None}


@needs_parser
def test_mermaids_own_parser_takes_hostile_names():
    assert set(parser_says(hostile_charts())) == {None}


@needs_parser
def test_the_parser_is_asked_in_earnest():
    (said,) = parser_says(["gantt\n  nonsense"])
    assert said


@needs_parser
@pytest.mark.corpus
def test_mermaids_own_parser_takes_the_charts_of_all_recordings(corpus):
    found = [
        picture.mermaid
        for folder in ("claude-code", "voicemode", "public")
        for session in analyse(Request([corpus / folder])).sessions
        for picture in pictures_of(session)
    ]
    assert len(found) > 50
    assert set(parser_says(found)) == {None}
    assert [fault for chart in found for fault in grammar_faults(chart)] == []


def test_the_analysis_of_the_incident_has_three_pictures():
    (session,) = analysis_of(INCIDENT).sessions
    assert [p.name for p in pictures_of(session)] == ["agents", "todos", "latency"]
