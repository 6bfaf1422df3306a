"""What follows from the findings: actions, learnings, metrics, questions, and what the logs cannot show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from forensics.analysis.model import Analysis
from forensics.analysis.session_analysis import SessionAnalysis
from forensics.render.report.advice_views import Action, ActionGroup, ActionTopic, Advice, Metric, Question
from forensics.render.report.finding_views import heading_of
from forensics.render.report.outline import outline_of
from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Rule
from forensics.schema import Source, TsQuality
from forensics.schema.finding import Finding, Outcome, OutcomeKind, Severity, Slot, by_reason

PRIORITIES = {Severity.CRITICAL: 1, Severity.HIGH: 1, Severity.MEDIUM: 2}
LOWEST_PRIORITY = 3
NAMED = 5  # sources of one question
OUTSIDE = (
    "The load of CPU, memory, GPU and network, the exit code, the terminal's last lines and the system log "
    "are in none of these sources"
)


def advise(session: SessionAnalysis, analysis: Analysis) -> Advice:
    """Collect the guidance of the rules that fired, worst finding first."""
    rules = {r.code: r for r in analysis.rules}
    broken = _broken(session)
    fired = [rules[code] for code in broken]
    return Advice(
        topics=_topics(session, broken, rules),
        phases=_phases(broken, rules),
        avoid=_one_each(fired, lambda g: (g.avoid,)),
        instead=_one_each(fired, lambda g: (g.instead,)),
        before=_one_each(fired, lambda g: g.before),
        during=_one_each(fired, lambda g: g.during),
        after=_one_each(fired, lambda g: g.after),
        metrics=_metrics(session, rules),
        questions=_questions(session),
        blind_spots=_blind_spots(session, analysis),
    )


def _broken(session: SessionAnalysis) -> dict[str, list[Finding]]:
    """Return by rule the findings that are more than a circumstance, the worst finding and its rule first."""
    broken: dict[str, list[Finding]] = {}
    for finding in session.findings:
        if finding.contract_held is not True:
            broken.setdefault(finding.rule, []).append(finding)
    return broken


def _topics(
    session: SessionAnalysis, broken: Mapping[str, Sequence[Finding]], rules: Mapping[str, Rule]
) -> tuple[ActionTopic, ...]:
    return tuple(
        ActionTopic(
            priority=_priority(found),
            code=code,
            about=heading_of(found[0], session),
            more=len(found) - 1,
            metric=rules[code].guidance.metric,
        )
        for code, found in broken.items()
    )


def _priority(found: Sequence[Finding]) -> int:
    return PRIORITIES.get(found[0].severity, LOWEST_PRIORITY)


def _phases(
    broken: Mapping[str, Sequence[Finding]], rules: Mapping[str, Rule]
) -> dict[str, tuple[ActionGroup, ...]]:
    phases: dict[str, tuple[ActionGroup, ...]] = {}
    for name in ("immediate", "this_week", "strategic"):
        groups: list[ActionGroup] = []
        for code, found in broken.items():
            actions: tuple[str, ...] = getattr(rules[code].guidance, name)
            if actions:
                listed = tuple(Action(text=a, code=code) for a in actions)
                groups.append(ActionGroup(priority=_priority(found), title=rules[code].title, actions=listed))
        phases[name] = tuple(groups)
    return phases


def _one_each(fired: Sequence[Rule], take: Callable[[Guidance], tuple[str, ...]]) -> tuple[Action, ...]:
    return tuple(Action(text=text, code=rule.code) for rule in fired for text in take(rule.guidance))


def _metrics(session: SessionAnalysis, rules: dict[str, Rule]) -> tuple[Metric, ...]:
    made = [_metric(o, session, rules[o.rule].guidance.metric) for o in session.outcomes]
    unknown = [t for c in outline_of([*rules.values()]) for t in c.topics if not t.codes]
    made += [Metric(t.goal, "not measured", "no rule for it was asked", "") for t in unknown]
    return tuple(made)


def _metric(outcome: Outcome, session: SessionAnalysis, sentence: str) -> Metric:
    """Return a metric as it was measured. None passes that a finding of another rule denies."""
    state, reason = _state(outcome, session), outcome.reason or ""
    if state == "pass" and outcome.rule in session.denied:
        state, reason = "not measured", f"{session.denied[outcome.rule]} found what denies it"
    return Metric(sentence, state, reason, outcome.rule, outcome.outcome.value)


def _state(outcome: Outcome, session: SessionAnalysis) -> str:
    """Say whether a rule's contract was kept: one broken occurrence fails it, an undecided one leaves it open."""
    if outcome.outcome is OutcomeKind.CLEAR:
        return "pass"
    held = [f.contract_held for f in session.findings if f.rule == outcome.rule]
    if outcome.outcome is not OutcomeKind.FIRED or not held:
        return "not measured"
    return "fail" if False in held else "not measured" if None in held else "pass"


def _questions(session: SessionAnalysis) -> tuple[Question, ...]:
    """Return the findings' questions, each once, with all rules that ask it and what would settle it."""
    asked: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for finding in session.findings:
        for said in finding.statements:
            if said.slot is Slot.QUESTION:
                sources, codes = asked.setdefault(said.text, ({}, {}))
                sources.update(dict.fromkeys(filter(None, [said.settled_by])))
                codes[finding.rule] = None
    return tuple(Question(text, _first(tuple(s)), tuple(c)) for text, (s, c) in asked.items())


def _first(sources: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first sources: findings that ask one question ask it each of its own file, service or minute."""
    left = len(sources) - NAMED
    return (*sources[:NAMED], f"{left} more of the same kind") if left > 0 else sources


def _blind_spots(session: SessionAnalysis, analysis: Analysis) -> tuple[str, ...]:
    """Say what the logs at hand cannot show: missing sources, undated records, unread lines."""
    alike = by_reason(o for o in session.outcomes if o.outcome is OutcomeKind.INSUFFICIENT)
    told = [f"{', '.join(codes)} could not judge: {reason}" for reason, codes in alike.items()]
    if not session.is_voice_only:
        told += [s.about.absence for s in Source if s.about.absence and s not in session.sources]
    inferred = sum(m.ref.ts_quality == TsQuality.INFERRED.value for m in session.timeline)
    if inferred:
        told.append(f"{inferred} of the timeline's times are inferred from a dated neighbour")
    problems = sum(p.count for i in analysis.inputs for p in i.problems)
    if problems:
        told.append(f"{problems} lines could not be understood; the appendix names them")
    return (*told, OUTSIDE, *(note.sentence for note in analysis.notes))
