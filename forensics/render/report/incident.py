"""One session's analysis, laid out for the report's templates.

Templates only place and repeat; what is said, and on what it rests, is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

from forensics.analysis.model import Analysis
from forensics.analysis.session_analysis import AgentEnd, SessionAnalysis
from forensics.render.pictures.picture import Picture
from forensics.render.references import labelled
from forensics.render.report.advice import advise
from forensics.render.report.chain_view import view_chain
from forensics.render.report.exhibits import Exhibits
from forensics.render.report.failure_timeline import gaps_before, story_of
from forensics.render.report.finding_views import FindingViews
from forensics.render.report.moments import choose_clock
from forensics.render.report.outline import ENDED, TITLES
from forensics.render.report.reviewed import view_review
from forensics.render.report.summary import duration, impact, root_cause, summarise
from forensics.render.report.views import Incident
from forensics.schema import Source
from forensics.schema.finding import EvidenceRef
from forensics.text.clock_time import format_utc
from forensics.text.durations import span_text

PicturesOf: TypeAlias = Callable[[SessionAnalysis, str], tuple[Picture, ...]]  # of a session and its label
SUMMARY_FINDINGS = 6
# only an id that the client itself gives is put into a command to copy
SESSION_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def lay_out_all(
    analysis: Analysis, tz: str | None, pictures: PicturesOf | None = None
) -> tuple[Incident, ...]:
    """Lay out all sessions, with one numbering of their evidence. ``pictures``: of a form that shows some."""
    exhibits = Exhibits()
    return tuple(
        lay_out(session, analysis, tz, exhibits, label, pictures) for label, session in labelled(analysis)
    )


def lay_out(
    session: SessionAnalysis,
    analysis: Analysis,
    tz: str | None,
    exhibits: Exhibits,
    label: str = "",
    pictures: PicturesOf | None = None,
) -> Incident:
    """Lay out one session. ``label`` is its name in a report of several."""
    clock = choose_clock(tz, session.timeline)
    first, last = session.span
    rules = {r.code: r for r in analysis.rules}
    proof = exhibits.unique(session.ending_refs)  # numbered first: the report begins with the end
    for ref in _in_time(ref for f in session.findings for ref in f.evidence):
        exhibits.number(ref)
    views = FindingViews(session, rules, exhibits, label)
    story = story_of(session, clock, exhibits, views)
    gaps, last_gaps = gaps_before(session.timeline, session.gaps)
    around = session.silence_refs if session.long_silence is not None else ()
    end_exhibits = exhibits.unique((*session.ending_refs, *around))
    return Incident(
        session_id=session.session_id,
        label=label,
        title=_title(session),
        when=clock.date(last),
        headline=ENDED[session.verdict],
        began=format_utc(first) if first else "not known",
        span=span_text((last - first).total_seconds()) if first and last else "not known",
        duration=duration(session, clock),
        impact=impact(session, analysis.errors),
        verdict=session.verdict.value,
        proof=session.proof,
        proof_exhibits=proof,
        client=f"Claude Code {session.client_version}"
        if session.client_version
        else "version not in the evidence",
        project=session.cwd or "not in the evidence",
        summary=summarise(session, exhibits, analysis.blind),
        worst=views.of(session.findings[:SUMMARY_FINDINGS]),
        more_findings=max(len(session.findings) - SUMMARY_FINDINGS, 0),
        anchors=views.first_anchors,
        severity=session.findings[0].severity.value if session.findings else "",
        root_cause=root_cause(session),
        story=story,
        categories=views.categories,
        ending=views.ending,
        chain=view_chain(session, views, exhibits),
        end_exhibits=exhibits.quote(end_exhibits) if not views.ending else (),
        advice=advise(session, analysis),
        review=view_review(session.review, {f.rule: rules[f.rule] for f in session.findings}, exhibits),
        pictures=pictures(session, label) if pictures is not None else (),
        resume=session.session_id if SESSION_ID.fullmatch(session.session_id) else None,
        todos=session.todos,
        missing_agents=tuple(
            a for a in session.agents if a.outcome in (AgentEnd.UNFINISHED, AgentEnd.STOPPED)
        ),
        disk_writes=session.disk_writes,
        has_transcript=Source.TRANSCRIPT in session.sources,
        timeline=tuple(zip(session.timeline, gaps, strict=True)),
        last_gaps=last_gaps,
        timeline_omitted=session.timeline_omitted,
        outcomes=tuple((rules[o.rule], o.outcome.value, o.reason or "") for o in session.outcomes),
        unquoted=exhibits.rest(),  # last: all others have taken what they quote
        clock=clock,
    )


def _in_time(refs: Iterable[EvidenceRef]) -> list[EvidenceRef]:
    """Return evidence in order of time, what has none last: so numbers grow along the timeline."""
    return sorted(refs, key=lambda r: (r.ts is None, r.ts or "", r.path, r.line, r.event_id))


def _title(session: SessionAnalysis) -> str:
    """Name the end, and the longest chain of failures where there is one."""
    title = TITLES[session.verdict]
    if not session.chain.paths:
        return title
    longest = session.chain.paths[0]
    return f"{title}, {longest.verdict.title()} of {len(longest.nodes)} Events"
