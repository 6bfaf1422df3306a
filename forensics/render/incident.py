"""One session's analysis, laid out for the report's templates.

Templates only place and repeat; what is said, and on what it rests, is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from forensics.agents import AgentEnd
from forensics.analysis import Analysis, Gap, Moment, SessionAnalysis
from forensics.chain.graph import Link
from forensics.citations import format_utc
from forensics.finding import Finding, Nature, OutcomeKind, Slot, Statement
from forensics.render.advice import advise
from forensics.render.moments import LocalClock, choose_clock
from forensics.render.outline import (
    CATEGORIES,
    CHAIN_CODES,
    ENDED,
    ENDING_CODES,
    SECTIONS,
    TITLES,
    Topic,
    category_of_others,
)
from forensics.render.reviewed import view_review
from forensics.render.summary import LONG_SILENCE_S, duration, impact, root_cause, summarise
from forensics.render.views import (
    Beside,
    CategoryView,
    ChainView,
    Cluster,
    Exhibits,
    FindingView,
    Incident,
    Related,
    Sentence,
    TopicView,
)
from forensics.rule import Rule
from forensics.schema import Source

MOST_MOMENTS = 40  # clusters shown with quotes; the table in the appendix has the rest
SUMMARY_FINDINGS = 6
# only an id that the client itself gives is put into a command to copy
SESSION_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
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
        for c in (*CATEGORIES, *category_of_others(analysis.rules))
    )
    endings = tuple(_finding(f, session, rules, exhibits) for f in session.findings if f.rule in ENDING_CODES)
    gaps, last_gaps = _gaps_before(session.timeline, session.gaps)
    long_silence = (case.ending.gap_s or 0) >= LONG_SILENCE_S
    return Incident(
        session_id=session.session_id,
        title=_title(session),
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
        chain=_chain(session, rules, exhibits),
        end_exhibits=exhibits.unique((*session.ending_refs, *(session.silence_refs if long_silence else ()))),
        advice=advise(session, analysis),
        review=view_review(session.review, {f.rule: f.name for f in session.findings}, exhibits),
        pictures=(),
        resume=case.session_id if SESSION_ID.fullmatch(case.session_id) else None,
        todos=session.todos,
        missing_agents=tuple(a for a in case.agents if a.outcome in (AgentEnd.UNFINISHED, AgentEnd.STOPPED)),
        disk_writes=session.disk_writes,
        has_transcript=Source.TRANSCRIPT in case.sources,
        timeline=tuple(zip(session.timeline, gaps, strict=True)),
        last_gaps=last_gaps,
        timeline_omitted=session.timeline_omitted,
        outcomes=tuple((rules[o.rule], o.outcome.value, o.reason or "") for o in session.outcomes),
        clock=clock,
    )


def _title(session: SessionAnalysis) -> str:
    """Name the end, and the longest chain of failures where there is one."""
    title = TITLES[session.case.ending.verdict]
    if not session.chain.paths:
        return title
    longest = session.chain.paths[0]
    return f"{title}, {longest.verdict.title()} of {len(longest.nodes)} Events"


def _chain(session: SessionAnalysis, rules: dict[str, Rule], exhibits: Exhibits) -> ChainView:
    graph = session.chain
    names = {n: node.text for n, node in enumerate(graph.nodes)}
    return ChainView(
        verdict=graph.verdict.value if graph.verdict else "",
        findings=tuple(
            _finding(f, session, rules, exhibits) for f in session.findings if f.rule in CHAIN_CODES
        ),
        paths=tuple(
            f"{p.verdict.capitalize()} of {len(p.nodes)} events: {' → '.join(names[n] for n in p.nodes)}"
            for p in graph.paths
        ),
        beside=tuple(
            Beside(node.text, _when(node.moment), node.codes, session.chain_refs[node.proof])
            for n, node in enumerate(graph.nodes)
            if n not in graph.linked
        ),
        followed=tuple(
            f"“{names[e.after]}” {e.seconds:.1f} s after “{names[e.before]}”"
            for e in graph.edges
            if e.link is Link.TEMPORAL
        ),
    )


def _when(moment: datetime | None) -> str:
    if moment is None:
        return "no usable time"
    return format_utc(moment) if moment.tzinfo else f"{moment:%H:%M:%S} by the server's clock"


def _clusters(
    session: SessionAnalysis, clock: LocalClock, exhibits: Exhibits
) -> tuple[tuple[Cluster, ...], int]:
    """Group the cited moments by second; show the silence before one that follows a long gap."""
    cited = [m for m in session.timeline if m.cited_by]
    groups = [list(g) for _, g in groupby(cited, key=_second)]
    shown: list[Cluster] = []
    told = groups[-MOST_MOMENTS:]
    before, _ = _gaps_before([group[0] for group in told], session.gaps)
    for n, group in enumerate(told):
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
                gaps=before[n],
            )
        )
    return tuple(shown), max(len(groups) - MOST_MOMENTS, 0)


def _second(moment: Moment) -> datetime:
    return (moment.ts or moment.local or datetime.min).replace(microsecond=0, tzinfo=None)  # noqa: DTZ901 - a key only


def _gaps_before(
    moments: Sequence[Moment], gaps: Sequence[Gap]
) -> tuple[list[tuple[Gap, ...]], tuple[Gap, ...]]:
    """Return the silences that ended before each moment, each one once, and those after the last moment."""
    left, before = list(gaps), []
    for moment in moments:
        over = [g for g in left if moment.ts is not None and g.until <= moment.ts]
        before.append(tuple(over))
        left = left[len(over) :]
    return before, tuple(left)


def _topic(topic: Topic, session: SessionAnalysis, rules: dict[str, Rule], exhibits: Exhibits) -> TopicView:
    known = [c for c in topic.codes if c in rules]
    found = tuple(_finding(f, session, rules, exhibits) for f in session.findings if f.rule in topic.codes)
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


def _finding(
    finding: Finding, session: SessionAnalysis, rules: Mapping[str, Rule], exhibits: Exhibits
) -> FindingView:
    evidence = exhibits.unique(finding.evidence)
    guidance = rules[finding.rule].guidance
    gaps, related = _related(finding, session, rules)
    return FindingView(
        finding=finding,
        happened=_sentences(finding.statements, Slot.HAPPENED, exhibits),
        why=_sentences(finding.statements, Slot.WHY, exhibits),
        impact=_sentences(finding.statements, Slot.IMPACT, exhibits),
        contract=finding.contract or guidance.contract,
        contract_held=finding.contract_held,
        evidence=evidence,
        tables=finding.tables,
        gaps=gaps,
        related=related,
    )


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
        code: Related(code, f.name, SECTIONS.get(code, ""))
        for code, f in sorted(near.items(), key=lambda i: i[0])
    }
    is_event = finding.nature is Nature.EVENT
    gaps = [r for code, r in told.items() if is_event and near[code].nature is Nature.CONTROL_GAP]
    return tuple(gaps), tuple(r for r in told.values() if r not in gaps)


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
