"""The report's form: its sections in their order, each line quoted once, every reference good, short where it may be."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.analysis.review.shape import Exclusion, Factor, Figure, Review, Told
from forensics.render.report.advice import advise
from forensics.render.report.failure_timeline import MOST_GAPS, MOST_MOMENTS
from forensics.render.report.markdown import to_markdown
from forensics.schema.finding import Claim, question
from tests.support.analyses import analysis_of, report_of
from tests.support.places import INCIDENT, RULE_FIXTURES, matching
from tests.support.report_text import (
    CLAIM,
    QUOTED,
    assert_is_sound_markdown,
    assert_places_exist,
    assert_references_resolve,
    cases,
    headings,
    section,
    unquoted,
    without_findings,
)

SECTIONS = [
    "EXECUTIVE SUMMARY",
    "IMPACT",
    "HOW THE SESSION ENDED",
    "TIMELINE OF FAILURE",
    "PICTURES",
    "CONTRIBUTING FACTORS",
    "FAILURE CHAIN",
    "ERROR CATEGORY 1: AGENT DEPLOYMENT ANTI-PATTERNS",
    "ERROR CATEGORY 2: ARCHITECTURE FAILURES",
    "ERROR CATEGORY 3: PLANNING & STRATEGY FAILURES",
    "ERROR CATEGORY 4: OPERATIONAL FAILURES",
    "WHAT WORKED",
    "WHERE WE WERE LUCKY",
    "RULED OUT",
    "OPEN QUESTIONS",
    "REMEDIATION STRATEGY: ACTION ITEMS",
    "RECOVERY",
    "KEY LEARNINGS",
    "RECOMMENDATIONS FOR NEXT SESSION",
    "SUCCESS METRICS FOR FUTURE PARALLEL AGENT RUNS",
    "APPENDIX: RULES, TIMELINE AND EVIDENCE",
    "APPENDIX: INPUTS AND COVERAGE",
]


def ids(case):
    return case[0]


@pytest.fixture(scope="module")
def reviewed():
    """The incident with a review whose lines no finding cites as they stand here."""
    (session,) = analysis_of(INCIDENT).sessions
    refs = session.silence_refs
    told = Told("A line | says so", Claim.OBSERVED, refs[:1])
    review = Review(
        figures=(
            Figure("Time without an answer", "32.2 s", Claim.DERIVED, refs),
            Figure("Nothing counted", "0", Claim.DERIVED),
        ),
        factors=(Factor(told, ("CCF101", "CCF999")),),
        worked=(told,),
        lucky=(replace(told, claim=Claim.DERIVED),),
        excluded=(Exclusion("A full <disk>", replace(told, refs=refs)),),
    )
    return to_markdown(replace(analysis_of(INCIDENT), sessions=(replace(session, review=review),)))


def test_sections_stand_in_the_order_of_a_reader(reviewed):
    assert [h.removeprefix("## ") for h in headings(reviewed) if h.startswith("## ")] == SECTIONS


def test_what_a_review_says_is_shown_with_its_claim_and_its_lines(reviewed):
    assert_references_resolve(reviewed)
    assert_is_sound_markdown(reviewed)
    impact = section(reviewed, "IMPACT")
    assert re.search(
        r"^\| Time without an answer \| 32\.2 s \| derived \| \[E\d+\].*:\d+` \|$", impact, re.MULTILINE
    )
    assert "| Nothing counted | 0 | derived |  |" in impact
    factors = section(reviewed, "CONTRIBUTING FACTORS")
    assert re.search(
        r"^- A line \\\| says so\. \*\(observed: \[E\d+\]\(#e\d+\)\)\* See \[CCF101\]\(#ccf101\)",
        factors,
        re.MULTILINE,
    )
    assert "CCF999" not in factors
    ruled_out = section(reviewed, "RULED OUT")
    assert "| A full \\<disk\\> | A line \\| says so. | *(observed: " in ruled_out


def test_without_a_review_its_sections_are_left_out():
    (session,) = analysis_of(INCIDENT).sessions
    bare = to_markdown(replace(analysis_of(INCIDENT), sessions=(replace(session, review=Review()),)))
    left_out = {"CONTRIBUTING FACTORS", "WHAT WORKED", "WHERE WE WERE LUCKY", "RULED OUT"}
    assert [h[3:] for h in headings(bare) if h.startswith("## ")] == [
        s for s in SECTIONS if s not in left_out
    ]
    assert section(bare, "IMPACT").strip().startswith("None recorded. *(derived)*")
    assert "**Impact**: none recorded *(derived)*" in bare


def test_the_impact_stands_once_in_full_and_once_in_a_line():
    report = report_of(INCIDENT)
    (line,) = re.findall(r"^\*\*Impact\*\*: (.+?) \*\(derived\)\*", report, re.MULTILINE)
    assert line == "todo items left open: 5 in progress; agents without a result: 2 of 3; 5 more under Impact"
    assert "| agents without a result | 2 of 3 | derived | [E1](#e1)" in section(report, "IMPACT")
    assert "agents without a result" not in section(report, "EXECUTIVE SUMMARY")


@pytest.mark.parametrize(("name", "folder"), [pytest.param(*case, id=ids(case)) for case in cases()])
def test_every_reference_of_a_report_resolves(name, folder):
    report = report_of(folder)
    assert_references_resolve(report)
    assert_places_exist(report, analysis_of(folder))
    assert_is_sound_markdown(report)


@pytest.mark.parametrize(("name", "folder"), [pytest.param(*case, id=ids(case)) for case in cases()])
def test_the_summary_is_five_sentences_at_most_and_each_has_its_claim(name, folder):
    for label in [""] if len(analysis_of(folder).sessions) == 1 else [" (S1)", " (S2)"]:
        summary = section(report_of(folder), f"EXECUTIVE SUMMARY{label}").strip().partition("\n")[0]
        sentences = CLAIM.split(summary)
        assert sentences.pop() == ""
        assert 1 <= len(sentences) <= 5
        assert all(re.search(r"\w.*[.…?!] $", s) for s in sentences), sentences


def test_the_incident_report_is_much_shorter_than_one_that_repeats_its_lines():
    report, findings = report_of(INCIDENT), analysis_of(INCIDENT).findings
    cited = sum(len(f.evidence) for f in findings)
    assert len(list(QUOTED.finditer(report))) < cited / 2
    assert len(report.splitlines()) < 1400


def test_the_timeline_of_failure_is_one_table_with_a_source_in_each_row():
    timeline = section(report_of(INCIDENT), "TIMELINE OF FAILURE")
    rows = re.findall(r"^\| \d.*$", timeline, re.MULTILINE)
    (session,) = analysis_of(INCIDENT).sessions
    assert len(rows) == sum(bool(m.cited_by) for m in session.timeline) + len(session.gaps)
    silent = [r for r in rows if "No dated record" in r]
    assert "6 min 55 s" in silent[-1]
    for row in rows:
        assert row in silent or re.search(
            r"\[CCF\d+\]\(#ccf\d+\).* \| \[E\d+\]\(#e\d+\) `[^`]+:\d+` \|$", row
        ), row
    assert "| UTC, 2025-10-21 | local (UTC-05:00) | what |" in timeline
    assert [r[:14] for r in rows] == sorted(r[:14] for r in rows)
    for utc, local in re.findall(r"^\| (\d\d):(?:\S+)(?: \(\w+\))? \| (\d\d):", timeline, re.MULTILINE):
        assert int(utc) - int(local) == 5


def test_a_row_leads_to_the_finding_that_rests_on_it_and_not_to_another_of_its_rule():
    timeline, chain = (section(report_of(INCIDENT), t) for t in ("TIMELINE OF FAILURE", "FAILURE CHAIN"))
    privacy, key = "Task: Create privacy policy document |", "Task: Find and wire the Perplexity key |"
    for text, anchor in ((privacy, "#ccf403"), (key, "#ccf403-2")):
        (row,) = [r for r in timeline.splitlines() if text in r]
        assert f"[CCF403]({anchor})" in row
    (beside,) = [r for r in chain.splitlines() if "Find and wire the Perplexity key" in r]
    assert "[CCF403](#ccf403-2)" in beside


def test_a_long_timeline_is_bounded(tmp_path):
    """Sixty silences and as many failing calls: what is near the end is kept, and the rest is counted."""
    report = to_markdown(analyse(Request([failing_often(tmp_path, 130)])))
    timeline = section(report, "TIMELINE OF FAILURE")
    rows = re.findall(r"^\| \d", timeline, re.MULTILINE)
    assert len(rows) <= MOST_MOMENTS + MOST_GAPS
    assert re.search(r"\d+ earlier ones are left out here", timeline)


SESSION = "5e551011-0000-4000-8000-000000000001"


def line(n, second, kind, content):
    stamp = datetime(2026, 3, 2, 10, tzinfo=UTC) + timedelta(seconds=second)
    return json.dumps({
        "type": kind, "uuid": f"00000000-0000-4000-8000-{n:012}", "sessionId": SESSION, "isSidechain": False,
        "timestamp": stamp.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "cwd": "/home/dev/app", "version": "2.1.19",
        "message": {"id": f"m{n}", "role": kind, "content": content},
    })  # fmt: skip


def failing_often(folder, calls):
    """Write a session that repeats one failing call, with a silence before each."""
    lines = [line(1, 0, "user", "go")]
    for n in range(calls):
        call = {"type": "tool_use", "id": f"toolu_{n}", "name": "Bash", "input": {"command": "make all"}}
        answer = {"type": "tool_result", "tool_use_id": f"toolu_{n}", "content": "no rule", "is_error": True}
        lines += [
            line(2 * n + 2, 400 * n + 400, "assistant", [call]),
            line(2 * n + 3, 400 * n + 401, "user", [answer]),
        ]
    (folder / f"{SESSION}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def test_a_session_without_findings_has_a_short_report():
    folder = without_findings()
    report = report_of(folder)
    told = [h[3:] for h in headings(report) if h.startswith("## ")]
    assert told[:3] == ["EXECUTIVE SUMMARY", "IMPACT", "HOW THE SESSION ENDED"]
    assert not [
        t for t in told if t.startswith(("ERROR CATEGORY", "TIMELINE", "REMEDIATION", "KEY", "SUCCESS"))
    ]
    assert {"OPEN QUESTIONS", "RECOVERY", "APPENDIX: INPUTS AND COVERAGE"} <= set(told)
    summary = section(report, "EXECUTIVE SUMMARY")
    assert "No rule found anything to report" in summary
    rules = len(analysis_of(folder).rules)
    found, no, poor = map(int, re.search(
        rf"{rules} rules: (\d+) found nothing, (\d+) did not apply, (\d+) could not judge", summary
    ).groups())  # fmt: skip
    assert found + no + poor == rules
    assert QUOTED.search(section(report, "HOW THE SESSION ENDED"))
    assert len(report) < 14_000


@pytest.fixture(scope="module")
def several():
    return analysis_of(INCIDENT, without_findings())


def test_what_was_not_measured_is_named_and_is_no_line_to_tick():
    metrics = section(report_of(INCIDENT), "SUCCESS METRICS FOR FUTURE PARALLEL AGENT RUNS")
    (session,) = analysis_of(INCIDENT).sessions
    for kind, why in (("insufficient", "for want of evidence"), ("not-applicable", "as nothing of the kind")):
        codes = [o.rule for o in session.outcomes if o.outcome == kind]
        (line,) = [t for t in metrics.splitlines() if t.startswith(f"**Not measured**, {why}")]
        assert re.findall(r"CCF\d+", line) == codes
    told = re.findall(r"^- \[[ x]\] .*\(\[?(CCF\d+)", metrics, re.MULTILINE)
    assert told == [o.rule for o in session.outcomes if o.outcome in {"fired", "clear"}]


def test_categories_without_a_finding_share_one_table():
    folder = RULE_FIXTURES / "CCF101/fires/overlap-alone/input"
    report = report_of(folder)
    found = {f.rule[3] for f in analysis_of(folder).findings if f.rule[3] in "1234"}
    told = re.findall(r"^## ERROR CATEGORY (\d)", report, re.MULTILINE)
    assert set(told) == found
    assert len(told) < 4
    rows = re.findall(r"^\| (\d\.\d) \|", section(report, "ERROR CATEGORIES WITHOUT A FINDING"), re.MULTILINE)
    assert {r[0] for r in rows} == {"1", "2", "3", "4"} - found


def test_several_sessions_have_an_overview_and_a_section_each(several):
    report = to_markdown(several)
    assert len(several.sessions) == 2
    assert report.startswith("# Overview: 2 sessions\n")
    overview = report.partition("\n---\n")[0]
    for n, session in enumerate(several.sessions, 1):
        worst = session.findings[0].severity.value if session.findings else "none"
        verdict = session.case.ending.verdict.value
        row = rf"^\| \[S{n}\]\(#s{n}\) \| .* \| {verdict} \| {worst} \| {len(session.findings)} \| `{session.session_id}` \|$"
        assert re.search(row, overview, re.MULTILINE), row
        assert f"\n## EXECUTIVE SUMMARY (S{n})\n" in report
    for rule in {f.rule for f in several.findings}:
        found = [f for f in several.findings if f.rule == rule]
        assert re.search(
            rf"^\| {rule} \| {found[0].name} \| \w+ \| 1 \| {len(found)} \|$", overview, re.MULTILINE
        )
    assert_references_resolve(report)
    assert_is_sound_markdown(report)
    assert_places_exist(report, several)


def test_one_of_several_sessions_has_the_report_of_one(several):
    one = next(s for s in several.sessions if s.findings)
    report = to_markdown(several.only([one]))
    assert "Overview" not in report.partition("\n")[0]
    assert "(S1)" not in report


def test_many_sessions_stay_readable(several):
    clean = next(s for s in several.sessions if not s.findings)
    report = to_markdown(replace(several, sessions=(clean,) * 70))
    found = next(s for s in several.sessions if s.findings)
    mixed = to_markdown(replace(several, sessions=(*((clean,) * 69), found)))
    assert re.search(r"^\| \[(S\d+)\]", mixed, re.MULTILINE)[1] == "S70", "the worst is not listed first"
    assert len(re.findall(r"^\| \[S\d+\]", report, re.MULTILINE)) == 60
    assert "The 60 sessions with the worst findings" in report


def test_action_items_say_what_they_are_about_and_when_they_are_done():
    items = section(report_of(INCIDENT), "REMEDIATION STRATEGY: ACTION ITEMS")
    (session,) = analysis_of(INCIDENT).sessions
    rules = {r.code: r for r in analysis_of(INCIDENT).rules}
    worst = {f.rule: f for f in reversed(session.findings)}
    rows = re.findall(r"^\| (P\d) \| \[(CCF\d+)\]\(#ccf\d+\) \| (.+) \| (.+) \|$", items, re.MULTILINE)
    assert [code for _, code, *_ in rows] == list(dict.fromkeys(f.rule for f in session.findings))
    wanted = {"critical": "P1", "high": "P1", "medium": "P2", "low": "P3", "note": "P3"}
    for priority, code, about, done in rows:
        assert priority == wanted[worst[code].severity.value]
        assert about
        assert done.replace("\\", "").lower()[:20] == rules[code].guidance.metric.lower()[:20]
    boxes = re.findall(r"^- \[ \] \*\*(P\d)\*\* .+ \(\[(CCF\d+)\]\(#ccf\d+\)\)$", items, re.MULTILINE)
    assert len(boxes) == items.count("- [ ]") > 20
    assert {(p, c) for p, c, *_ in rows} >= set(boxes)
    assert [p for p, *_ in rows] == sorted(p for p, *_ in rows)


def test_a_topic_s_title_says_no_more_than_was_looked_at():
    for folder in (INCIDENT, RULE_FIXTURES / "CCF101/fires/overlap-alone/input"):
        for title in headings(report_of(folder)):
            assert not re.match(r"### \d\.\d (No|Missing|Multiple|Single Point)\b", title)


def test_no_sentence_stands_under_two_labels_of_one_finding():
    parts = re.split(r'(?=<a id="ccf)', unquoted(report_of(INCIDENT)))
    for part in parts[1:]:
        told = re.findall(r"^- (.*?) \*\(", part, re.MULTILINE)
        assert len(told) == len(set(told)), part


@pytest.mark.corpus
@pytest.mark.whole
@pytest.mark.parametrize("kind", ["claude-code", "voicemode"])
def test_reports_of_all_recordings_are_sound(corpus, kind):
    places = 0
    for folder in matching(corpus / kind, "*/*/input"):
        analysis = analyse(Request([folder]))
        report = to_markdown(analysis)
        assert_references_resolve(report)
        assert_is_sound_markdown(report)
        places += assert_places_exist(report, analysis)
    assert places > 100


def test_a_question_that_several_findings_ask_stands_once_with_every_source():
    folder = RULE_FIXTURES / "CCF208" / "fires" / "one-dies-two-never-connect" / "input"
    questions = section(report_of(folder), "OPEN QUESTIONS")
    asked = questions.partition("- Why did the server end, or not start?")[2].partition("\n- ")[0]
    assert re.findall(r"^  - Settled by: (.{24})", asked, re.MULTILINE) == [
        "The voice server's stand",
        "The server's command (cl",
        "The server's command (cl",
    ]
    assert questions.count("Why did the server end") == 1


def test_of_many_sources_of_one_question_the_first_are_named_and_the_others_counted():
    analysis = analysis_of(RULE_FIXTURES / "CCF208" / "fires" / "one-dies-two-never-connect" / "input")
    session = analysis.sessions[0]
    asking = next(f for f in session.findings if f.rule == "CCF208")
    alike = [replace(asking, statements=(question("Why?", f"log {n}", (1,)),)) for n in range(8)]
    told = next(q for q in advise(replace(session, findings=tuple(alike)), analysis).questions)
    assert told.settled_by == ("log 0", "log 1", "log 2", "log 3", "log 4", "3 more of the same kind")
