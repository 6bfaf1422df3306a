"""The outline of the incident report: its categories and numbers, and the rules that fill them.

The numbers are those of the report format that the program reproduces; a number whose rule this version
does not have is shown as not assessed, never left out. A topic's title names what was looked at and not what was
found: it stands over a finding as over none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from forensics.analysis.session_analysis import Verdict
from forensics.rulekit.rule import Rule


@dataclass(frozen=True, slots=True)
class Topic:
    """One sub-number of a category, with the codes of the rules that decide it: those that name it as their topic."""

    number: str
    title: str
    goal: str  # the success metric where no rule decides the topic
    codes: tuple[str, ...] = ()


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
                "Parallel agents have an owner for each file",
            ),
            Topic(
                "1.2",
                'Tasks "In Progress" at the Same Time',
                "Exactly one task in progress for each agent",
            ),
            Topic(
                "1.3",
                "Task Dependencies Between Agents",
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
                "Every speech endpoint of the chain answers",
            ),
            Topic(
                "2.2",
                "API Keys in the Voice Mode Environment",
                "Every MCP server has the keys that it needs",
            ),
            Topic(
                "2.3",
                "Async Client Sessions",
                "Every HTTP client closed by who opened it",
            ),
            Topic(
                "2.4",
                "Speech Service Timeouts and Their Diagnosis",
                "Every timeout has a logged cause",
            ),
            Topic("2.5", "Model API", "Every request to the model API answered"),
            Topic("2.6", "MCP Servers", "Every MCP server connected until the end"),
        ),
    ),
    Category(
        "3",
        "PLANNING & STRATEGY FAILURES",
        (
            Topic(
                "3.1",
                "Pre-Flight Agent Coordination Plan",
                "Coordination plan written before the first spawn",
            ),
            Topic(
                "3.2",
                '"One Task In Progress" Enforcement',
                "One task in progress enforced by a hook",
            ),
            Topic(
                "3.3",
                "Agent Resource Budgets",
                "Resource budgets set for each agent, and kept",
            ),
            Topic(
                "3.4",
                "Checkpoints, Rollback and Recovery",
                "Recovery checkpoints written during long work",
            ),
            Topic("3.5", "Context Compaction", "No work open when the context was compacted"),
        ),
    ),
    Category(
        "4",
        "OPERATIONAL FAILURES",
        (
            Topic(
                "4.1",
                "Service Health Monitoring",
                "Health checks of all services passed at start-up",
            ),
            Topic("4.2", "Secrets Validation at Startup", "Secrets checked at start-up"),
            Topic(
                "4.3",
                "Agent Lifecycle",
                "Every spawned agent returned, or was stopped on purpose",
            ),
            Topic(
                "4.4",
                "Logging of Agent Coordination Events",
                "Coordination events of agents logged",
            ),
            Topic(
                "4.5",
                "Calls and Silences",
                "Every call answered, none repeated in vain",
            ),
            Topic("4.6", "Hooks", "Every hook ran without an error"),
            Topic("4.7", "Evidence", "The evidence is whole, and holds no credential"),
            Topic("4.8", "State Left Behind", "No lock of a dead process left behind"),
        ),
    ),
)

NUMBERS = frozenset(t.number for c in CATEGORIES for t in c.topics)
# what a report says of the session as a whole, before its categories and behind them
ENDING, CHAIN = "ending", "chain"
PLACES = NUMBERS | {ENDING, CHAIN}


def outline_of(rules: Sequence[Rule]) -> tuple[Category, ...]:
    """Return the outline with the rules that fill it.

    Rules that name no place in it get one more category: no finding is left out.
    """
    placed = tuple(replace(c, topics=tuple(_filled(t, rules) for t in c.topics)) for c in CATEGORIES)
    others = [r for r in rules if r.topic not in PLACES]
    number = str(len(CATEGORIES) + 1)
    topics = tuple(
        Topic(f"{number}.{n}", r.title, r.guidance.metric, (r.code,)) for n, r in enumerate(others, 1)
    )
    return (*placed, Category(number, "RULES OF YOUR OWN", topics)) if topics else placed


def _filled(topic: Topic, rules: Sequence[Rule]) -> Topic:
    return replace(topic, codes=tuple(r.code for r in rules if r.topic == topic.number))


def section_of(rule: Rule) -> str:
    """Return the number under which a rule's findings stand; empty for one that stands nowhere in the outline."""
    return rule.topic if rule.topic in NUMBERS else ""


def codes_of(place: str, rules: Iterable[Rule]) -> tuple[str, ...]:
    """Return the rules that speak of the session as a whole: of its ending, or of its chain."""
    return tuple(r.code for r in rules if r.topic == place)


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
