"""What the templates see of the advice: actions, metrics, open questions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One remediation, with the rule that asks for it."""

    text: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTopic:
    """What the actions for one rule are about, and when they are done."""

    priority: int  # 1 for what is critical or high, 2 for medium, 3 for the rest
    code: str
    about: str  # the worst finding of the rule, in its own words
    more: int  # its other findings
    metric: str  # what holds when the actions are done


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionGroup:
    """The actions for one rule in one phase, worst first."""

    priority: int
    title: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One open question: a hypothesis, with the sources that would settle it, and what to look for in each."""

    text: str
    settled_by: tuple[str, ...]  # several where several findings ask the same
    codes: tuple[str, ...]  # of the rules that ask it


@dataclass(frozen=True, slots=True)
class Metric:
    """One success metric: passed only where the rule ran and found nothing."""

    text: str
    state: str  # pass | fail | not measured
    reason: str
    code: str
    outcome: str = ""  # of the rule; empty where this version has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What follows from the findings, each piece with the rule that says so."""

    topics: tuple[ActionTopic, ...]
    phases: dict[str, tuple[ActionGroup, ...]]  # immediate, this_week, strategic
    avoid: tuple[Action, ...]
    instead: tuple[Action, ...]
    before: tuple[Action, ...]
    during: tuple[Action, ...]
    after: tuple[Action, ...]
    metrics: tuple[Metric, ...]
    questions: tuple[Question, ...]
    blind_spots: tuple[str, ...]
