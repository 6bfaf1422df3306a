"""The rules against recordings whose truth is known from outside: what the scripted API and servers did.

The truth never comes from the logs themselves. FORENSICS_CORPUS names the folder of the recordings.
"""

from __future__ import annotations

import json

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.rules import RULES
from tests.support.places import CORPUS
from tools.accuracy.expectations import of_client, of_voice

CLAUDE = sorted(p.parent for p in CORPUS.glob("claude-code/*/*/TRUTH.json"))
VOICE = sorted(p.parent for p in CORPUS.glob("voicemode/*/*/TRUTH.json"))
KILLED = ("SIGKILL", "SIGTERM", "SIGINT")
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.whole,
    pytest.mark.skipif(not (CLAUDE or VOICE), reason="no recordings; FORENSICS_CORPUS names their folder"),
]


def name_of(case):
    return "/".join(case.parts[-2:])


def truth_of(case):
    return json.loads((case / "TRUTH.json").read_text(encoding="utf-8"))


def check(findings, want):
    fired = {f.rule for f in findings}
    known = {rule.code for rule in RULES}
    asked = {code: must for code, must in want.items() if code in known}
    assert {code: code in fired for code in asked} == asked


@pytest.mark.parametrize("case", CLAUDE or [CORPUS], ids=name_of)
def test_recording_of_the_client(case):
    truth, analysis = truth_of(case), analyse(Request([case / "input"]))
    labels, scripted = truth["labels"], truth["scripted"]
    want = of_client(truth, case.name)
    assert not analysis.errors
    check(analysis.findings, want)
    assert all(f.evidence for f in analysis.findings)
    if want["CCF102"]:
        counts = {f.facts["in_progress"] for f in analysis.findings if f.rule == "CCF102"}
        assert counts & {labels["max_in_progress"], labels["max_in_progress_main"]}
    for code, most in scripted.get("expect_at_most", {}).items():
        assert all(
            f.severity.rank <= type(f.severity)(most).rank for f in analysis.findings if f.rule == code
        )
    verdicts = {s.case.ending.verdict.value for s in analysis.sessions if s.session_id == truth["session_id"]}
    assert verdicts
    if any(signal in labels["ended_by"] for signal in KILLED):
        assert verdicts != {"CLEAN"}
    elif not any(labels["exit_codes"]):
        assert not verdicts & {"CRASHED", "KILLED", "TRUNCATED"}


@pytest.mark.parametrize("case", VOICE or [CORPUS], ids=name_of)
def test_recording_of_the_voice_server(case):
    analysis = analyse(Request([case / "input"]))
    assert not analysis.errors
    check(analysis.findings, of_voice(truth_of(case), case.name))
    assert all(f.evidence for f in analysis.findings)
