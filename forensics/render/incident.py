"""One session's analysis, laid out for the report's templates.

Templates only place and repeat; what is said, and on what it rests, is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from forensics.agents import AgentEnd
from forensics.analysis import Analysis, Gap, Moment, SessionAnalysis
from forensics.citations import format_utc
from forensics.finding import Finding, OutcomeKind, Slot, Statement
from forensics.render.advice import advise
from forensics.render.moments import LocalClock, choose_clock
from forensics.render.outline import CATEGORIES, ENDED, TITLES, Topic
from forensics.render.summary import LONG_SILENCE_S, duration, impact, root_cause, summarise
from forensics.render.views import (
    CategoryView,
    Cluster,
    Exhibits,
    FindingView,
    Incident,
    Sentence,
    TopicView,
)
from forensics.rule import Guidance, Rule
from forensics.schema import Source

MOST_MOMENTS = 40  # clusters shown with quotes; the table in the appendix has the rest
SUMMARY_FINDINGS = 6
SHOWN_TITLES, TITLE_LENGTH = 3, 90


def lay_out(session: SessionAnalysis, analysis: Analysis, tz: str | None, exhibits: Exhibits) -> Incident:
    """Lay out one session."""
    case = session.case
    clock = choose_clock(tz, session.timeline)
    first, last = case.span
    rules = {r.code: r for r in analysis.rules}
    proof = exhibits.unique(session.ending_refs)  # numbered first: the report begins with the end
    clusters, omitted = _clusters(session, clock, exhibits)
    categories = tuple(
        CategoryView(
            number=c.number,
            title=c.title,
            topics=tuple(_topic(t, session, rules, exhibits) for t in c.topics),
        )
        for c in CATEGORIES
    )
    endings = tuple(
        _finding(f, rules["CCF901"].guidance, exhibits) for f in session.findings if f.rule == "CCF901"
    )
    long_silence = (case.ending.gap_s or 0) >= LONG_SILENCE_S
    return Incident(
        session_id=session.session_id,
        title=TITLES[case.ending.verdict],
        when=clock.date(last),
        headline=ENDED[case.ending.verdict],
        duration=duration(first, last, clock),
        impact=impact(session),
        verdict=case.ending.verdict.value,
        proof=case.ending.proof,
        proof_exhibits=proof,
        client=f"Claude Code {case.client_version}" if case.client_version else "version not in the evidence",
        project=case.cwd or "not in the evidence",
        summary=summarise(session, exhibits),
        summary_findings=session.findings[:SUMMARY_FINDINGS],
        more_findings=max(len(session.findings) - SUMMARY_FINDINGS, 0),
        root_cause=root_cause(session),
        clusters=clusters,
        clusters_omitted=omitted,
        categories=categories,
        ending=endings,
        end_exhibits=exhibits.unique((*session.ending_refs, *(session.silence_refs if long_silence else ()))),
        advice=advise(session, analysis),
        resume=None if case.is_voice_only else case.session_id,
        todos=session.todos,
        missing_agents=tuple(a for a in case.agents if a.outcome in (AgentEnd.UNFINISHED, AgentEnd.STOPPED)),
        disk_writes=session.disk_writes,
        has_transcript=Source.TRANSCRIPT in case.sources,
        timeline=_with_gaps(session),
        timeline_omitted=session.timeline_omitted,
        outcomes=tuple((rules[o.rule], o.outcome.value, o.reason or "") for o in session.outcomes),
        clock=clock,
    )


def _clusters(
    session: SessionAnalysis, clock: LocalClock, exhibits: Exhibits
) -> tuple[tuple[Cluster, ...], int]:
    """Group the cited moments by second; show the silence before one that follows a long gap."""
    cited = [m for m in session.timeline if m.cited_by]
    groups = [list(g) for _, g in groupby(cited, key=_second)]
    shown: list[Cluster] = []
    for group in groups[-MOST_MOMENTS:]:
        head = group[0]
        titles = list(dict.fromkeys(m.text for m in group))
        more = f"; and {len(titles) - SHOWN_TITLES} more" if len(titles) > SHOWN_TITLES else ""
        shown.append(
            Cluster(
                utc=format_utc(head.ts) if head.ts else "no UTC time",
                local=clock.local(head.ts)
                or (f"{head.local:%H:%M:%S} by the server's clock" if head.local else ""),
                title="; ".join(t[:TITLE_LENGTH] for t in titles[:SHOWN_TITLES]) + more,
                exhibits=exhibits.unique(m.ref for m in group),
                codes=tuple(sorted({c for m in group for c in m.cited_by})),
                quality=head.ref.ts_quality,
                gap_s=_gap_before(head, session.gaps),
            )
        )
    return tuple(shown), max(len(groups) - MOST_MOMENTS, 0)


def _second(moment: Moment) -> datetime:
    return (moment.ts or moment.local or datetime.min).replace(microsecond=0, tzinfo=None)  # noqa: DTZ901 - a key only


def _gap_before(moment: Moment, gaps: Sequence[Gap]) -> float | None:
    """Return the silence that this moment ended."""
    ended = [
        g for g in gaps if moment.ts is not None and timedelta() <= moment.ts - g.until < timedelta(seconds=2)
    ]
    return ended[-1].seconds if ended else None


def _with_gaps(session: SessionAnalysis) -> tuple[tuple[Moment, float | None], ...]:
    """Pair each moment with the silence before it; a silence is shown once."""
    rows: list[tuple[Moment, float | None]] = []
    shown: float | None = None
    for moment in session.timeline:
        gap = _gap_before(moment, session.gaps)
        rows.append((moment, gap if gap != shown else None))
        shown = gap
    return tuple(rows)


def _topic(topic: Topic, session: SessionAnalysis, rules: dict[str, Rule], exhibits: Exhibits) -> TopicView:
    known = [c for c in topic.codes if c in rules]
    found = tuple(
        _finding(f, rules[f.rule].guidance, exhibits) for f in session.findings if f.rule in topic.codes
    )
    state = "" if found else _state(known, session)
    return TopicView(topic=topic, state=state, status=_status(topic, known, session), findings=found)


def _state(known: Sequence[str], session: SessionAnalysis) -> str:
    """Say for a heading without finding whether anything was looked at: the weakest outcome decides."""
    told = {o.outcome for o in session.outcomes if o.rule in known}
    if not told or OutcomeKind.INSUFFICIENT in told:
        return "not assessed"
    return "not found" if OutcomeKind.CLEAR in told else "not applicable"


def _status(topic: Topic, known: Sequence[str], session: SessionAnalysis) -> str:
    if not known:
        return f"not assessed: this version has no rule for it ({', '.join(topic.codes)})"
    told = []
    for outcome in session.outcomes:
        if outcome.rule in known and outcome.outcome is not OutcomeKind.FIRED:
            word = {
                OutcomeKind.CLEAR: "checked, nothing found",
                OutcomeKind.NOT_APPLICABLE: "not applicable",
                OutcomeKind.INSUFFICIENT: "not assessed: the evidence is insufficient",
            }[outcome.outcome]
            told.append(f"{outcome.rule} {word}" + (f" ({outcome.reason})" if outcome.reason else ""))
    return "; ".join(told)


def _finding(finding: Finding, guidance: Guidance, exhibits: Exhibits) -> FindingView:
    evidence = exhibits.unique(finding.evidence)
    return FindingView(
        finding=finding,
        happened=_sentences(finding.statements, Slot.HAPPENED, exhibits),
        why=_sentences(finding.statements, Slot.WHY, exhibits),
        impact=_sentences(finding.statements, Slot.IMPACT, exhibits),
        contract=finding.contract or guidance.contract,
        contract_held=finding.contract_held,
        evidence=evidence,
        tables=finding.tables,
    )


def _sentences(statements: Iterable[Statement], slot: Slot, exhibits: Exhibits) -> tuple[Sentence, ...]:
    return tuple(
        Sentence(
            s.text,
            s.claim,
            tuple(dict.fromkeys(n for n in (exhibits.of(c) for c in s.cites) if n is not None)),
        )
        for s in statements
        if s.slot is slot
    )
