"""One session judged: every rule is asked, its failures are isolated, and what was said is joined with its lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from forensics.analysis.citations import Citations
from forensics.analysis.model import RuleError
from forensics.analysis.request import Request
from forensics.analysis.review import review_of
from forensics.analysis.review.shape import Review
from forensics.analysis.session_analysis import SessionAnalysis
from forensics.analysis.timeline import gaps_of, open_entries, timeline_of, unaccounted_writes
from forensics.analysis.unseen import Unseen, unseen_of
from forensics.chain.graph import FailureGraph, failure_graph
from forensics.chain.happenings import CHAIN
from forensics.rulekit.bounded import bounded
from forensics.rulekit.rule import Rule, Said
from forensics.rules.contradictions import denied
from forensics.schema.families import FAMILIES
from forensics.schema.finding import (
    Cite,
    Finding,
    Hit,
    Insufficient,
    Nature,
    NotApplicable,
    Outcome,
    OutcomeKind,
    Severity,
    fingerprint,
)
from forensics.session.model.case import Case
from forensics.session.model.subjects import NAMES, holds
from forensics.text.lengths import SENTENCE, shortened

Failed = Callable[[str, BaseException], None]  # which rule or part of ours failed, and how


def judge(case: Case, citations: Citations, request: Request, errors: list[RuleError]) -> SessionAnalysis:
    """Ask every rule about a session, and join what they say with its lines. A failure of ours is put to ``errors``."""

    def failed(name: str, error: BaseException) -> None:
        errors.append(RuleError(name, case.session_id, f"{type(error).__name__}: {error}"))

    outcomes, findings = _asked(case, request.rules, citations, failed)
    moments, omitted = timeline_of(case, findings, citations, request.most_rows)
    judged = case.with_findings(findings)
    chain = _chain(judged, request.rules, errors)
    shown = [Cite(e) for e in chain.shown]
    silence = (case.ending.gap_from, case.ending.last_event)
    return SessionAnalysis(
        case=case,
        outcomes=outcomes,
        findings=findings,
        denied=denied(findings),
        timeline=moments,
        timeline_omitted=omitted,
        gaps=gaps_of(case),
        todos=open_entries(case, citations),
        ending_refs=citations.resolve(Cite(e) for e in case.ending.cites),
        silence_refs=citations.resolve(Cite(e) for e in silence if e is not None),
        disk_writes=unaccounted_writes(case, citations),
        chain=chain,
        chain_refs={ref.event_id: ref for ref in citations.resolve(shown)},
        review=review_of(judged, citations, failed) if request.reviewing else Review(),
        files=citations.files_of(case.events),
        file_names=citations.names_of(case.events),
    )


def _asked(
    case: Case, rules: Sequence[Rule], citations: Citations, failed: Failed
) -> tuple[tuple[Outcome, ...], tuple[Finding, ...]]:
    """Return how each rule ended, and what the rules found, worst first."""
    outcomes: list[Outcome] = []
    unseen = unseen_of(case, citations.accounts_of(case.events))
    findings: list[Finding] = []
    # those that build on others' findings come after them; within each part the order is that of the codes
    for rule in sorted(rules, key=lambda r: r.reads_findings):
        try:
            said = rule.judge(case.with_findings(findings) if rule.reads_findings else case)
            made = [_finding(rule, case, bounded(hit), citations) for hit in said if isinstance(hit, Hit)]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - one broken rule must not cost the others, nor end the run
            failed(rule.code, error)
            continue
        findings += made
        outcomes.append(_outcome(rule, case, said, unseen))
    outcomes.sort(key=lambda o: o.rule)
    findings.sort(key=lambda f: (-f.severity.rank, f.rule, f.fingerprint))
    return tuple(outcomes), tuple(findings)


def _chain(case: Case, rules: Sequence[Rule], errors: list[RuleError]) -> FailureGraph:
    """Link the findings by the thresholds that the chain's own rule has."""
    settings = next((r.settings for r in rules if r.code == CHAIN), {})
    try:
        return failure_graph(case, **settings)  # type: ignore[arg-type]
    except Exception as error:  # noqa: BLE001 - as for a rule: what was found is worth more than what links it
        if not any(e.rule == CHAIN and e.session_id == case.session_id for e in errors):
            errors.append(RuleError(CHAIN, case.session_id, f"{type(error).__name__}: {error}"))
        return FailureGraph(nodes=(), edges=(), paths=(), verdict=None)


def _outcome(rule: Rule, case: Case, said: Sequence[Said], unseen: Unseen) -> Outcome:
    """Say how a rule ended. Clear is a claim: that every line and record which it reads was there, and understood."""
    if any(isinstance(s, Hit) for s in said):
        return Outcome(rule.code, case.session_id, OutcomeKind.FIRED)
    unable = [one.reason for one in said if isinstance(one, Insufficient)]
    absent = [one.reason for one in said if isinstance(one, NotApplicable) and not _is_never_whole(case)]
    for outcome, reasons in (
        (OutcomeKind.INSUFFICIENT, [*unable, unseen.untold_to(rule)]),
        (OutcomeKind.INSUFFICIENT, [unseen.denies_absence_to(rule)] if absent else []),
        (OutcomeKind.NOT_APPLICABLE, absent),
        (OutcomeKind.INSUFFICIENT, [unseen.reason_for(rule)]),
    ):
        reason = next((one for one in reasons if one is not None), None)
        if reason is not None:
            return Outcome(rule.code, case.session_id, outcome, shortened(reason, SENTENCE))
    if case.excerpts and set(case.events["file"].unique()) <= case.excerpts:
        reason = "the evidence is an excerpt: what it does not show may stand in what was left out"
        return Outcome(rule.code, case.session_id, OutcomeKind.INSUFFICIENT, reason)
    nothing = _nothing_judged(rule, case)
    if nothing is not None:
        return Outcome(rule.code, case.session_id, OutcomeKind.NOT_APPLICABLE, nothing)
    return Outcome(rule.code, case.session_id, OutcomeKind.CLEAR)


def _is_never_whole(case: Case) -> bool:
    """Say whether all that there is was kept by a person: what is missing in it may have been left out."""
    return all(not source.about.whole_as for source in case.sources)


def _nothing_judged(rule: Rule, case: Case) -> str | None:
    """Say what there was none of, where a rule had nothing to judge: to find nothing in nothing is no result."""
    missing = [family for family in FAMILIES if family in rule.over and not holds(case, family)]
    if not rule.over and rule.reads and not any(holds(case, family) for family in rule.reads):
        missing = [family for family in FAMILIES if family in rule.reads]
    return (
        f"no {' or '.join(NAMES[family] for family in missing)} is in the session's records"
        if missing
        else None
    )


def _finding(rule: Rule, case: Case, hit: Hit, citations: Citations) -> Finding:
    if not hit.cites:
        msg = f"{rule.code} gave a hit without evidence: {hit.message}"
        raise ValueError(msg)
    cited = list(hit.cites)
    named = {c.event_id for c in cited}
    cited += [Cite(e) for s in hit.statements for e in s.cites if e not in named and not named.add(e)]  # type: ignore[func-returns-value]
    nature = hit.nature or rule.nature
    expected = nature is Nature.CONTROL_GAP and rule.is_expected
    severity = hit.severity or rule.severity
    return Finding(
        rule=rule.code,
        name=rule.name,
        severity=max(severity, Severity.MEDIUM, key=lambda s: s.rank) if expected else severity,
        confidence=hit.confidence or rule.confidence,
        claim=hit.claim,
        nature=nature,
        expected=expected,
        builds_on_findings=rule.reads_findings,
        session_id=case.session_id,
        agent_id=hit.agent_id,
        message=hit.message,
        facts=dict(hit.facts),
        fingerprint=fingerprint(rule.code, case.session_id, hit.agent_id, hit.subject),
        evidence=citations.resolve(cited),
        statements=hit.statements,
        tables=hit.tables,
        contract=hit.contract,
        contract_held=hit.contract_held,
    )
