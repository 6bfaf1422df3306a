"""The incident of 2025-10-21, whole and with its debug log alone, against what a person has read and accepted.

`UPDATE_GOLDEN=1 pytest tests/whole/test_golden.py` writes the expected files anew; the diff is the review.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import string
from pathlib import Path

import pytest

from forensics.privacy.redact import redact
from forensics.render.answers.json_report import to_json
from tests.support.analyses import analysis_of, report_of
from tests.support.places import FIXTURES, matching

CASE = FIXTURES / "incident-2025-10-21"
SESSION = "c4f74656-68ad-4973-8f53-0b862ed16d5d"
EVIDENCE = {
    "whole": CASE / "input",
    "debug-only": CASE / "input" / ".claude" / "debug" / f"{SESSION}.txt",
}


def expect(path: Path, actual: str) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(actual, encoding="utf-8")
    assert actual == path.read_text(encoding="utf-8"), (
        f"{path.name} differs; read the diff before `make golden`"
    )


@pytest.mark.parametrize("name", EVIDENCE)
def test_report(name):
    expect(CASE / "expected" / f"{name}.md", report_of(EVIDENCE[name]))


@pytest.mark.parametrize("name", EVIDENCE)
def test_findings(name):
    expect(CASE / "expected" / f"{name}.json", to_json(analysis_of(EVIDENCE[name])))


@pytest.fixture(scope="module")
def whole():
    return json.loads(to_json(analysis_of(EVIDENCE["whole"])))


@pytest.fixture(scope="module")
def debug_only():
    return json.loads(to_json(analysis_of(EVIDENCE["debug-only"])))


def findings(result, rule):
    return [f for f in result["findings"] if f["rule"] == rule]


def test_the_record_stops_inside_open_calls_and_no_crash_is_claimed(whole):
    (session,) = whole["sessions"]
    assert (session["session_id"], session["verdict"]) == (SESSION, "TRUNCATED")
    (end,) = findings(whole, "CCF901")
    assert end["severity"] == "medium"
    assert 414.5 < end["facts"]["gap_s"] < 415.5


def test_agents_in_parallel_with_a_missing_result(whole):
    (found,) = findings(whole, "CCF101")
    assert found["severity"] == "high"
    assert found["facts"]["max_overlap"] == 3
    assert found["facts"]["hazards"] == ["missing result"]


def test_the_agent_that_completed_its_item_has_returned_and_the_others_have_not(whole):
    outcomes = {a["agent_id"]: a["outcome"] for a in whole["sessions"][0]["agents"]}
    assert outcomes.pop("d242a562-5f75-4e33-a828-f36f2e067cc0") == "completed"
    assert set(outcomes.values()) == {"unfinished"}
    orphans = findings(whole, "CCF403")
    assert {f["severity"] for f in orphans} == {"high"}
    assert {f["facts"]["agent"] for f in orphans} == set(outcomes)


def test_all_five_items_are_named(whole):
    (found,) = findings(whole, "CCF102")
    assert (found["severity"], found["facts"]["in_progress"]) == ("high", 5)
    assert found["facts"]["items"] == [
        "Build Liv Hana MCP server for ChatGPT Apps SDK",
        "Deep dive Discord/GitHub/Reddit for ChatGPT App Store SDK intel",
        "Find and wire Perplexity API key",
        "Create privacy policy document",
        "Research MCP server patterns",
    ]


@pytest.mark.parametrize("result", ["whole", "debug_only"])
def test_the_voice_chain(result, request):
    result = request.getfixturevalue(result)
    (chain,) = findings(result, "CCF201")
    assert chain["severity"] == "high"
    assert 32.0 <= chain["facts"]["duration_s"] < 32.5
    (key,) = findings(result, "CCF202")
    assert (key["severity"], key["facts"]["variant"], key["facts"]["status"]) == ("high", "empty", "401")
    (clients,) = findings(result, "CCF203")
    assert clients["severity"] in ("note", "low")
    assert clients["facts"]["library"] == "aiohttp"
    (timeout,) = findings(result, "CCF204")
    assert (timeout["severity"], timeout["facts"]["waited_s"], timeout["facts"]["limit_s"]) == (
        "medium",
        30.0,
        30.0,
    )


def test_the_debug_log_alone_still_tells_the_parallel_spawn(debug_only):
    (found,) = findings(debug_only, "CCF101")
    assert (found["severity"], found["claim"], found["confidence"]) == ("low", "derived", "medium")
    assert [e["line"] for e in found["evidence"]] == [340, 344, 348]


def test_the_debug_log_alone_is_insufficient_for_lists_and_orphans(debug_only):
    outcomes = {o["rule"]: o for o in debug_only["outcomes"]}
    for rule in ("CCF102", "CCF403"):
        assert outcomes[rule]["outcome"] == "insufficient"
        assert "transcript" in outcomes[rule]["reason"]


def test_the_local_clock_is_central_daylight_time_not_standard_time():
    report = report_of(EVIDENCE["whole"], zone="America/Chicago")
    assert "03:54:21 CDT (UTC-05:00)" in report
    assert "CST" not in report


def test_the_report_does_not_claim_what_no_line_says():
    report = report_of(EVIDENCE["whole"]).casefold()
    for word in (
        "session crash",
        "crashed",
        "cascade",
        "leaked",
        "exhaustion",
        "gpu contention",
        "httpx",
        "cst",
    ):
        assert word not in report, word


def planted(n, length):
    """Return the made-up value that stands in the cases of CCF410: anybody can make it, so it is nobody's key."""
    letters = string.digits + string.ascii_letters
    drawn = (b for k in range(9) for b in hashlib.sha512(f"planted {n} {k}".encode()).digest())
    return "".join(letters[next(drawn) % 62] for _ in range(length))


PLANTED = [planted(n, length) for n, length in enumerate((95, 32, 36, 40, 48, 16, 52, 31, 35, 15))]
PLANTED += [planted(10, 16).upper(), planted(11, 35), planted(12, 24)]
TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhYjEyIn0." + planted(13, 43)
BLOCK = "\\n".join(
    [
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        *(planted(n, 64) for n in (14, 15, 16)),
        "-----END RSA " + "PRIVATE KEY-----",
    ]
)


NOBODYS = ("0" * 64, "dev@example.com", "00000000-0000-4000-8000-000000000000")


def test_the_fixtures_hold_no_secret_and_no_address():
    for path in matching(FIXTURES, "**/*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            for nobody in NOBODYS:  # telemetry names its user
                text = text.replace(nobody, "")
            if "CCF410/fires" in path.as_posix() or "/n3_secret/" in path.as_posix():
                for value in (TOKEN, BLOCK, *PLANTED, "*" * 16):
                    text = text.replace(value, "")
                text = re.sub(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "", text)  # signed by nobody: tokens of a test
            if "CCF410/silent" not in path.as_posix():  # what stands there is a secret by its shape alone
                assert redact(text) == text, path
            assert not re.search(r"[\w.+-]+@[\w-]+\.(?!md|j2)[a-z]{2,}", text), path


@pytest.mark.parametrize("result", ["whole", "debug_only"])
def test_the_voice_events_are_one_failure_chain_and_nothing_else_is_linked(result, request):
    (chain,) = request.getfixturevalue(result)["chains"]
    assert chain["verdict"] == "FAILURE CHAIN"
    linked = [node for node in chain["nodes"] if node["linked"]]
    assert [(node["text"], node["ts"]) for node in linked] == [
        ("speech-to-text at http://127.0.0.1:2022/v1: timed out", "2025-10-21T08:54:51.760Z"),
        ("fallback to https://api.openai.com/v1", "2025-10-21T08:54:51.761Z"),
        ("speech-to-text at https://api.openai.com/v1: HTTP 401", "2025-10-21T08:54:53.897Z"),
        ("every speech-to-text endpoint failed", "2025-10-21T08:54:53.897Z"),
    ]
    voice = {code for node in linked for code in node["rules"]}
    assert voice >= {"CCF201", "CCF202", "CCF204"}
    assert voice & {"CCF101", "CCF102", "CCF203", "CCF403", "CCF901"} == set()
    first, second, third, last = (node["id"] for node in linked)
    assert {(e["from"], e["to"]): e["type"] for e in chain["edges"] if e["type"] != "TEMPORAL"} == {
        (first, second): "EXPLICIT",
        (second, third): "RESOURCE",
        (third, last): "EXPLICIT",
        (first, last): "EXPLICIT",
    }
    (path,) = chain["paths"]
    assert (path["nodes"], path["confidence"]) == ([first, second, third, last], "medium")


def test_agents_lists_and_the_end_stand_beside_the_chain(whole):
    (chain,) = whole["chains"]
    beside = {code for node in chain["nodes"] if not node["linked"] for code in node["rules"]}
    assert beside >= {"CCF101", "CCF102", "CCF403", "CCF901"}
    (found,) = findings(whole, "CCF902")
    assert (found["severity"], found["facts"]["verdict"], found["facts"]["nodes"]) == (
        "high",
        "FAILURE CHAIN",
        4,
    )


def test_the_report_speaks_of_a_chain_where_there_is_one():
    report = report_of(EVIDENCE["whole"])
    assert report.startswith(
        "# Agent Deployment Forensic Analysis - Session Record Truncated, Failure Chain of 4 Events"
    )
    assert "A failure chain of 4 events links CCF201, CCF202" in report
    assert "They stand side by side" not in report
    chapter = report.partition("## FAILURE CHAIN\n")[2].partition("\n## ")[0]
    assert "Beside It, Not Linked" in chapter
    assert (
        report.index("## HOW THE SESSION ENDED")
        < report.index("## FAILURE CHAIN")
        < report.index("## REMEDIATION")
    )
