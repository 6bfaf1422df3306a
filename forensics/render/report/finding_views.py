"""Findings as the templates see them: their sentences by place, and which of their lines are quoted with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from forensics.analysis.session_analysis import SessionAnalysis
from forensics.render.report.exhibits import Exhibit, Exhibits, Related, Sentence
from forensics.render.report.outline import (
    CHAIN,
    ENDING,
    Category,
    Topic,
    codes_of,
    outline_of,
    section_of,
)
from forensics.render.report.views import CategoryView, FindingView, TopicView
from forensics.rulekit.rule import Rule
from forensics.schema.finding import Finding, Nature, OutcomeKind, Slot

MOST_QUOTED = 3  # lines of a finding that are quoted with it; the others are quoted at its end
STATUS = {
    OutcomeKind.CLEAR: "checked, nothing found",
    OutcomeKind.NOT_APPLICABLE: "not applicable",
    OutcomeKind.INSUFFICIENT: "not assessed: the evidence is insufficient",
}


class FindingViews:
    """Lays out a session's findings in the order of the report, each once."""

    def __init__(
        self, session: SessionAnalysis, rules: Mapping[str, Rule], exhibits: Exhibits, label: str
    ) -> None:
        self._session = session
        self._rules = rules
        self._exhibits = exhibits
        self._anchors = _anchors(session.findings, label)
        self._resting_on: dict[int, list[Finding]] = {}
        for finding in session.findings:
            for ref in finding.evidence:
                self._resting_on.setdefault(ref.event_id, []).append(finding)
        self._contracts: set[tuple[str, str]] = set()
        self.ending = self._all(codes_of(ENDING, rules.values()))
        self.categories = tuple(self._category(c) for c in outline_of([*rules.values()]))
        self.chain = self._all(codes_of(CHAIN, rules.values()))

    @property
    def first_anchors(self) -> dict[str, str]:
        """Return by a rule's code where its first finding stands."""
        return self.anchors_of(self._session.findings)

    def anchors_of(self, findings: Sequence[Finding]) -> dict[str, str]:
        """Return by a rule's code where the first of these findings of it stands."""
        shown = (f for f in reversed(findings) if f.fingerprint in self._anchors)
        return {f.rule: self._anchors[f.fingerprint] for f in shown}

    def anchors_on(self, event_id: int) -> dict[str, str]:
        """Return by a rule's code where its first finding stands that rests on a record."""
        return self.anchors_of(self._resting_on.get(event_id, ()))

    def of(self, findings: Sequence[Finding]) -> tuple[FindingView, ...]:
        """Return the views of some findings, in their order."""
        topics = (t for c in self.categories for t in c.topics)
        views = (*self.ending, *self.chain, *(v for t in topics for v in t.findings))
        by_anchor = {v.anchor: v for v in views}
        return tuple(by_anchor[self._anchors[f.fingerprint]] for f in findings)

    def _all(self, codes: Sequence[str]) -> tuple[FindingView, ...]:
        return tuple(self._view(f) for f in self._session.findings if f.rule in codes)

    def _category(self, category: Category) -> CategoryView:
        topics = tuple(self._topic(t) for t in category.topics)
        return CategoryView(number=category.number, title=category.title, topics=topics)

    def _topic(self, topic: Topic) -> TopicView:
        found = self._all(topic.codes)
        state = "" if found else _state(topic.codes, self._session)
        return TopicView(topic=topic, state=state, status=_status(topic.codes, self._session), findings=found)

    def _view(self, finding: Finding) -> FindingView:
        exhibits = self._exhibits
        evidence = exhibits.unique(finding.evidence)
        said = _sentences(finding, exhibits)
        quoted = exhibits.quote(_decisive_first(evidence, said), MOST_QUOTED)
        gaps, related = _related(finding, self._session, self._rules)
        contract = finding.contract or self._rules[finding.rule].guidance.contract
        is_told = (finding.rule, contract) in self._contracts
        self._contracts.add((finding.rule, contract))
        return FindingView(
            finding=finding,
            anchor=self._anchors[finding.fingerprint],
            heading=heading_of(finding, self._session),
            happened=said[Slot.HAPPENED],
            why=said[Slot.WHY],
            impact=said[Slot.IMPACT],
            contract=contract,
            is_contract_told=is_told,
            contract_held=finding.contract_held,
            evidence=evidence,
            quoted=tuple(e for e in evidence if e in quoted),
            referred=tuple(e for e in evidence if e not in quoted),
            tables=finding.tables,
            gaps=gaps,
            related=related,
        )


def heading_of(finding: Finding, session: SessionAnalysis) -> str:
    """Return a finding's message without the proof of the end, which its sentences repeat."""
    return finding.message.removesuffix(f": {session.proof}")


def _decisive_first(evidence: Sequence[Exhibit], said: Mapping[Slot, Sequence[Sentence]]) -> list[Exhibit]:
    """Return first what the most sentences rest on, and of others what shows the happening before its impact."""
    uses = Counter(n for sentences in said.values() for s in sentences for n in s.exhibits)
    places = [{n for s in said[slot] for n in s.exhibits} for slot in (Slot.HAPPENED, Slot.WHY)]
    return sorted(evidence, key=lambda e: (-uses[e.number], *(e.number not in place for place in places)))


def _anchors(findings: Sequence[Finding], label: str) -> dict[str, str]:
    """Return by its fingerprint what a finding's place in the report is called."""
    prefix = f"{label.lower()}-" if label else ""
    seen: dict[str, int] = {}
    anchors: dict[str, str] = {}
    for finding in findings:
        nth = seen[finding.rule] = seen.get(finding.rule, 0) + 1
        anchors[finding.fingerprint] = f"{prefix}{finding.rule.lower()}" + (f"-{nth}" if nth > 1 else "")
    return anchors


def _state(known: Sequence[str], session: SessionAnalysis) -> str:
    """Say for a topic without finding whether anything was looked at: the weakest outcome decides."""
    told = {o.outcome for o in session.outcomes if o.rule in known}
    if not told or OutcomeKind.INSUFFICIENT in told:
        return "not assessed"
    return "not found" if OutcomeKind.CLEAR in told else "not applicable"


def _status(known: Sequence[str], session: SessionAnalysis) -> str:
    """Say how the topic's rules ended that found nothing, those together that ended alike; the appendix says why."""
    if not known:
        return "not assessed: no rule for it was asked"
    alike: dict[str, list[str]] = {}
    for outcome in session.outcomes:
        if outcome.rule in known and outcome.outcome is not OutcomeKind.FIRED:
            alike.setdefault(STATUS[outcome.outcome], []).append(outcome.rule)
    return "; ".join(f"{', '.join(codes)} {told}" for told, codes in alike.items())


def _related(
    finding: Finding, session: SessionAnalysis, rules: Mapping[str, Rule]
) -> tuple[tuple[Related, ...], tuple[Related, ...]]:
    """Return the control gaps that explain a finding, and the other findings that it is related to, each rule once.

    Rules name those they build on or explain; the relation is read in both directions.
    """
    named = {f.rule: f for f in session.findings if f.rule != finding.rule}
    near = {
        code: f
        for code, f in named.items()
        if code in rules[finding.rule].related or finding.rule in rules[code].related
    }
    told = {
        code: Related(code, f.name, section_of(rules[code]))
        for code, f in sorted(near.items(), key=lambda i: i[0])
    }
    is_event = finding.nature is Nature.EVENT
    gaps = [r for code, r in told.items() if is_event and near[code].nature is Nature.CONTROL_GAP]
    return tuple(gaps), tuple(r for r in told.values() if r not in gaps)


def _sentences(finding: Finding, exhibits: Exhibits) -> dict[Slot, tuple[Sentence, ...]]:
    """Return the sentences by place, the same words once: where they come first."""
    told: dict[Slot, list[Sentence]] = {slot: [] for slot in Slot}
    seen: set[str] = set()
    for slot in (Slot.HAPPENED, Slot.WHY, Slot.IMPACT):
        for said in finding.statements:
            if said.slot is slot and said.text not in seen:
                seen.add(said.text)
                cites = (exhibits.of(c) for c in said.cites)
                numbers = tuple(dict.fromkeys(n for n in cites if n is not None))
                told[slot].append(Sentence(said.text, said.claim, numbers))
    return {slot: tuple(sentences) for slot, sentences in told.items()}
