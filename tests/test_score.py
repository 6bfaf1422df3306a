"""The rules against recordings whose truth is known from outside: what the scripted API and servers did.

The truth never comes from the logs themselves. FORENSICS_CORPUS names the folder of the recordings.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from forensics.engine import analyse

BESIDE = Path(__file__).parents[2] / "shared" / "corpus"
CORPUS = Path(os.environ.get("FORENSICS_CORPUS", BESIDE))
CLAUDE = sorted(p.parent for p in CORPUS.glob("claude-code/*/*/TRUTH.json"))
VOICE = sorted(p.parent for p in CORPUS.glob("voicemode/*/*/TRUTH.json"))
KILLED = ("SIGKILL", "SIGTERM", "SIGINT")
CREDENTIAL = ("bad_key", "key_unset", "seed_chain", "debug_seed", "tts_fail")
FAILED_VOICE = (
    "STT service connection failed",
    "STT request rejected",
    "Error: Could not speak",
    "✗ Failed to speak",
)
RULES = {"CCF101", "CCF102", "CCF104", "CCF201", "CCF202", "CCF203", "CCF204", "CCF403", "CCF901"}

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not (CLAUDE or VOICE), reason="no recordings; FORENSICS_CORPUS names their folder"),
]


def name_of(case):
    return "/".join(case.parts[-2:])


def truth_of(case):
    return json.loads((case / "TRUTH.json").read_text(encoding="utf-8"))


def wanted_of_client(truth, scenario):
    """Say which rules must fire and which must not; what the truth does not decide is left out."""
    labels = truth["labels"]
    want = {
        "CCF101": labels["parallel_spawn"],
        "CCF102": labels["multiple_in_progress"],
        "CCF104": bool(labels["same_file_written_by"]),
    }
    # from 2.1.2 on an agent that the user interrupts is answered as interrupted: stopped, not missing
    if not labels["api_faults"] and not ("SIGINT" in labels["ended_by"] and truth["version"] > "2.1.1"):
        want["CCF403"] = bool(labels["unfinished_subagents"])
    if scenario == "f2_real_voicemode":
        want |= {"CCF201": True, "CCF202": True}
        if truth["version"] == "2.0.24":
            want["CCF203"] = True
    elif scenario != "f_mcp":
        want |= {"CCF201": False, "CCF202": False}
    return want | truth["scripted"].get("expect", {})


def wanted_of_voice(truth, scenario):
    texts = [json.dumps(call.get("result_text") or "", ensure_ascii=False) for call in truth["calls"]]
    version = truth["voicemode_version"]
    want = {"CCF101": False, "CCF102": False, "CCF104": False, "CCF403": False}
    if not version.startswith(("4.4", "4.5", "4.6")):  # these report a failed chain as silence
        want["CCF201"] = any(words in text for words in FAILED_VOICE for text in texts)
        want["CCF202"] = scenario in CREDENTIAL
    if scenario not in ("crash_mid", "cancel"):  # killed or cancelled before the timeout was reached
        speech = [
            r for r in truth["stub_requests"] if r.get("op") in ("stt", "tts") and r.get("kind") == "hang"
        ]
        want["CCF204"] = any((r.get("held_s") or 0) > 25 for r in speech)
    if version == "6.0.1" and scenario != "crash_mid":  # its probe leaves one client open for each call
        want["CCF203"] = scenario != "local_transport"
    if version == "9.0.1":  # the probe is gone
        want["CCF203"] = False
    return want


def check(findings, want):
    fired = {f.rule for f in findings}
    asked = {code: must for code, must in want.items() if code in RULES}
    assert {code: code in fired for code in asked} == asked


@pytest.mark.parametrize("case", CLAUDE, ids=name_of)
def test_recording_of_the_client(case):
    truth, analysis = truth_of(case), analyse([case / "input"])
    labels, scripted = truth["labels"], truth["scripted"]
    want = wanted_of_client(truth, case.name)
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


@pytest.mark.parametrize("case", VOICE, ids=name_of)
def test_recording_of_the_voice_server(case):
    analysis = analyse([case / "input"])
    assert not analysis.errors
    check(analysis.findings, wanted_of_voice(truth_of(case), case.name))
    assert all(f.evidence for f in analysis.findings)
