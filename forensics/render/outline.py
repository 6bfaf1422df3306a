"""The outline of the incident report: its categories and numbers, and the rules that fill them.

The numbers are those of the report format that the program reproduces; a number whose rule this version
does not have is shown as not assessed, never left out. A topic's title names what was looked at and not what was
found: it stands over a finding as over none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forensics.rule import Rule
from forensics.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Topic:
    """One sub-number of a category, with the codes of the rules that decide it."""

    number: str
    title: str
    codes: tuple[str, ...]
    goal: str  # the success metric where no rule of this version decides the topic


@dataclass(frozen=True, slots=True)
class Category:
    """One error category."""

    number: str
    title: str
    topics: tuple[Topic, ...]


CATEGORIES = (
    Category(
        "1",
        "AGENT DEPLOYMENT ANTI-PATTERNS",
        (
            Topic(
                "1.1",
                "Parallel Agents and Their Coordination",
                ("CCF101", "CCF104", "CCF105", "CCF106", "CCF107"),
                "Parallel agents have an owner for each file",
            ),
            Topic(
                "1.2",
                'Tasks "In Progress" at the Same Time',
                ("CCF102",),
                "Exactly one task in progress for each agent",
            ),
            Topic(
                "1.3",
                "Task Dependencies Between Agents",
                ("CCF103",),
                "Agent dependency graph created and validated",
            ),
        ),
    ),
    Category(
        "2",
        "ARCHITECTURE FAILURES",
        (
            Topic(
                "2.1",
                "Voice Mode: Speech Endpoints and Fallbacks",
                ("CCF201", "CCF205", "CCF209", "CCF210", "CCF211", "CCF212", "CCF213"),
                "Every speech endpoint of the chain answers",
            ),
            Topic(
                "2.2",
                "API Keys in the Voice Mode Environment",
                ("CCF202",),
                "Every MCP server has the keys that it needs",
            ),
            Topic(
                "2.3",
                "Async Client Sessions",
                ("CCF203",),
                "Every HTTP client closed by who opened it",
            ),
            Topic(
                "2.4",
                "Speech Service Timeouts and Their Diagnosis",
                ("CCF204",),
                "Every timeout has a logged cause",
            ),
            Topic("2.5", "Model API", ("CCF206", "CCF207"), "Every request to the model API answered"),
            Topic("2.6", "MCP Servers", ("CCF208",), "Every MCP server connected until the end"),
        ),
    ),
    Category(
        "3",
        "PLANNING & STRATEGY FAILURES",
        (
            Topic(
                "3.1",
                "Pre-Flight Agent Coordination Plan",
                ("CCF301",),
                "Coordination plan written before the first spawn",
            ),
            Topic(
                "3.2",
                '"One Task In Progress" Enforcement',
                ("CCF302",),
                "One task in progress enforced by a hook",
            ),
            Topic(
                "3.3",
                "Agent Resource Budgets",
                ("CCF303",),
                "Resource budgets set for each agent, and kept",
            ),
            Topic(
                "3.4",
                "Checkpoints, Rollback and Recovery",
                ("CCF304", "CCF305"),
                "Recovery checkpoints written during long work",
            ),
            Topic("3.5", "Context Compaction", ("CCF307",), "No work open when the context was compacted"),
        ),
    ),
    Category(
        "4",
        "OPERATIONAL FAILURES",
        (
            Topic(
                "4.1",
                "Service Health Monitoring",
                ("CCF401",),
                "Health checks of all services passed at start-up",
            ),
            Topic("4.2", "Secrets Validation at Startup", ("CCF402",), "Secrets checked at start-up"),
            Topic(
                "4.3",
                "Agent Lifecycle",
                ("CCF403",),
                "Every spawned agent returned, or was stopped on purpose",
            ),
            Topic(
                "4.4",
                "Logging of Agent Coordination Events",
                ("CCF404",),
                "Coordination events of agents logged",
            ),
            Topic(
                "4.5",
                "Calls and Silences",
                ("CCF405", "CCF406", "CCF408"),
                "Every call answered, none repeated in vain",
            ),
            Topic("4.6", "Hooks", ("CCF407",), "Every hook ran without an error"),
            Topic("4.7", "Evidence", ("CCF409", "CCF410"), "The evidence is whole, and holds no credential"),
            Topic("4.8", "State Left Behind", ("CCF411",), "No lock of a dead process left behind"),
        ),
    ),
)

# what a report says of the session as a whole, before its categories
ENDING_CODES = ("CCF901",)
CHAIN_CODES = ("CCF902",)


def category_of_others(rules: Sequence[Rule]) -> tuple[Category, ...]:
    """Return one more category for rules that the outline has no place for, or none: no finding is left out."""
    placed = {code for c in CATEGORIES for t in c.topics for code in t.codes} | {*ENDING_CODES, *CHAIN_CODES}
    others = [r for r in rules if r.code not in placed]
    number = str(len(CATEGORIES) + 1)
    topics = tuple(
        Topic(f"{number}.{n}", r.title, (r.code,), r.guidance.metric) for n, r in enumerate(others, 1)
    )
    return (Category(number, "RULES OF YOUR OWN", topics),) if topics else ()


SECTIONS = {code: t.number for c in CATEGORIES for t in c.topics for code in t.codes}

# how the title calls an ending: only a proven crash is a crash
TITLES = {
    Verdict.CLEAN: "Session Ended Cleanly",
    Verdict.ERROR_RESULT: "Session Ended With an Error",
    Verdict.INTERRUPTED: "Session Interrupted",
    Verdict.CRASHED: "Session Crash",
    Verdict.KILLED: "Session Killed",
    Verdict.TRUNCATED: "Session Record Truncated",
    Verdict.NEVER_STARTED: "Session Never Started",
    Verdict.UNKNOWN: "Session End Unknown",
}
ENDED = {
    Verdict.CLEAN: "The session ended cleanly",
    Verdict.ERROR_RESULT: "The session ended with an error",
    Verdict.INTERRUPTED: "The session was interrupted by the user",
    Verdict.CRASHED: "The session crashed",
    Verdict.KILLED: "The session was killed",
    Verdict.TRUNCATED: "The record stops in the middle of work; a crash is neither proven nor excluded",
    Verdict.NEVER_STARTED: "The session never started",
    Verdict.UNKNOWN: "How the session ended is not recorded",
}
