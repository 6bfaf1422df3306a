"""What a hasty reader says of the incident, point by point: what its logs bear out is in the report, the rest is not.

The points are those of a post-mortem that was written by hand from the same kind of logs.
"""

from __future__ import annotations

import re

import pytest

from tests.support.analyses import report_of
from tests.support.places import INCIDENT, RULE_FIXTURES
from tests.support.report_text import section, unquoted

# what is right: where it has to stand, and in which words
RIGHT = {
    "when it began and ended, and how long that is": r"\*\*Duration\*\*: 2 h 1 min 45 s .*02:00:03.*04:01:48",
    "three subagents ran at once": r"3 agents ran at once",
    "the second agent by its id": r"d242a562-5f75-4e33-a828-f36f2e067cc0 \|.*Create production-ready MCP server",
    "five items were in progress, each by its name": r"(?s)Building Liv Hana MCP server.*Deep diving communities.*"
    r"Finding and wiring Perplexity API key.*Creating privacy policy document.*Researching MCP server patterns",
    "the words of the list's contract": r"Exactly ONE task must be in\\_progress at any time",
    "nothing enforces that contract": r"The tool took the list without an error: it does not enforce the rule",
    "two agents may have worked at one server": r"may be one piece of work: both speak of “mcp server”",
    "both speech endpoints, in their order": r"http://127\.0\.0\.1:2022/v1, https://api\.openai\.com/v1",
    "the local endpoint timed out after 30 s": r"http://127\.0\.0\.1:2022/v1 failed after 30\.0 s: Request timed out",
    "the fallback was refused for its credential": r"https://api\.openai\.com/v1 answered HTTP 401",
    "every endpoint failed": r"every speech-to-text endpoint has failed",
    "the key was found to be no good only when it was needed": r"No check of the credential of https://api\.openai\.com/v1",
    "the key is to be set for the server": r"Set OPENAI\\_API\\_KEY in the environment of the voicemode MCP server",
    "clients were left unclosed": r"3 unclosed aiohttp client sessions reported",
    "the timeout has no diagnosis": r"Speech-to-text at http://127\.0\.0\.1:2022/v1 timed out after 30\.0 s, cause not in",
    "agents did not return": r"Agent “Create privacy policy document” was spawned and never returned",
    "the last checkpoint was long ago": r"The last checkpoint \(a todo list\) is .* before the end",
    "coordination can hardly be traced": r"1 of 3 spawned agents can be traced",
    "the local times of the events": r"\| 03:54:51 \| speech-to-text attempt fails",
    "work was lost or left open": r"\| todo items left open \| 5 in progress \|",
    "how to go on": r"claude --resume c4f74656-68ad-4973-8f53-0b862ed16d5d",
}
SECTIONS = (
    "EXECUTIVE SUMMARY", "TIMELINE OF FAILURE", "ERROR CATEGORY 1: AGENT DEPLOYMENT ANTI-PATTERNS",
    "ERROR CATEGORY 2: ARCHITECTURE FAILURES", "ERROR CATEGORY 3: PLANNING & STRATEGY FAILURES",
    "ERROR CATEGORY 4: OPERATIONAL FAILURES", "REMEDIATION STRATEGY: ACTION ITEMS", "KEY LEARNINGS",
    "RECOMMENDATIONS FOR NEXT SESSION", "SUCCESS METRICS FOR FUTURE PARALLEL AGENT RUNS",
)  # fmt: skip
# what no line bears out, or a line contradicts
WRONG = {
    "the session crashed": r"session crash|crashed",
    "three failures led to the end": r"triple|cascade",
    "memory or connections ran out": r"exhaustion|exhausted (?:memory|connections|descriptors)|leaked|memory leak",
    "the GPU was overloaded": r"gpu (?:contention|overload)|overloaded the",
    "httpx clients were left open": r"httpx",
    "agents wrote the same files": r"\[CCF104\]|wrote the same file",
    "the key is not in the configuration": r"key (?:was|were) (?:missing|not set|not wired)|not wired",
    "agents competed": r"compet(?:ed|ing|ition)",
    "somebody is to blame": r"eagerness|careless|should have known|negligen",
    "the time zone is standard time": r"\bCST\b",
    "the silence was thirty seconds too long": r"30 ?s(?:econds)? (?:is )?too long",
}


@pytest.fixture(scope="module")
def report():
    return report_of(INCIDENT)


@pytest.fixture(scope="module")
def claims(report):
    """What the report says in its own name: not what logs say, and not the causes that it rules out."""
    return unquoted(report.replace(section(report, "RULED OUT"), ""))


@pytest.mark.parametrize("point", RIGHT)
def test_what_the_logs_bear_out_is_in_the_report(report, point):
    assert re.search(RIGHT[point], report)


@pytest.mark.parametrize("title", SECTIONS)
def test_the_sections_that_a_reader_looks_for_are_there(report, title):
    assert section(report, title).strip()


@pytest.mark.parametrize("point", WRONG)
def test_what_they_do_not_bear_out_is_not(claims, point):
    found = re.search(WRONG[point], claims, re.IGNORECASE)
    assert found is None, claims[found.start() - 80 : found.end() + 80]


def test_a_log_without_a_zone_lasted_by_its_own_clock():
    report = report_of(RULE_FIXTURES / "CCF202/fires/wrong-key/input")
    assert "**Duration**: 14 s by the server's clock; no record has a UTC time" in report
