"""Sessions as a Mermaid gantt that GitHub renders: who ran when, voice calls, and where findings stand.

Ids and words of our own are all that Mermaid reads; words of a log stand in labels, escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from forensics.analysis import Analysis, SessionAnalysis
from forensics.bounds import shortened
from forensics.finding import Severity
from forensics.render.markup import plain
from forensics.render.spans import Mark, Sort, Span, Spans, State, short_id

MOST_BARS = 60
LONGEST = 60  # characters of a label, before it is escaped
TIME = "%Y-%m-%dT%H:%M:%S"
SHOWN = (Sort.SESSION, Sort.AGENT, Sort.VOICE, Sort.SPEECH)
STYLES = {State.OK: "done, ", State.FAILED: "crit, ", State.STOPPED: "active, ", State.OPEN: "active, "}
LEADS = {Sort.SESSION: "all records", Sort.AGENT: "agent", Sort.VOICE: "voice", Sort.SPEECH: "voice"}
# what could end a label, or begin a comment, a directive, a callback, a tag or an entity: all but the harmless
ESCAPED = re.compile(r"[^\w .,/()=+'*!?@…“”→-]")


@dataclass(frozen=True, slots=True)
class Gantt:
    """A picture, and how many bars there was no room for."""

    text: str
    left_out: int


@dataclass(frozen=True, slots=True)
class _Bar:
    """One line of the picture. The smaller ``rank``, the sooner it is kept."""

    session: int
    section: str
    rank: tuple[int, float]
    start: datetime
    label: str
    style: str
    length: str


def to_gantt(analysis: Analysis) -> Gantt:
    """Return at most ``MOST_BARS`` bars: sessions first, then agents, findings by severity, calls by length."""
    bars = [bar for number, s in enumerate(analysis.sessions) for bar in _bars(number, s)]
    kept = set(sorted(range(len(bars)), key=lambda n: (bars[n].rank, n))[:MOST_BARS])
    shown = [bar for n, bar in enumerate(bars) if n in kept]
    lines = ["gantt", "    title What happened when (UTC)", "    dateFormat YYYY-MM-DDTHH:mm:ss.SSS"]
    lines += [f"    axisFormat {_axis(shown)}", "    todayMarker off"]
    section = None
    for number, bar in enumerate(shown):
        if section != (bar.session, bar.section):
            section = (bar.session, bar.section)
            lines.append(f"    section {bar.section}")
        at = f"{bar.start:{TIME}}.{bar.start.microsecond // 1000:03}"
        lines.append(f"    {bar.label} :{bar.style}b{number}, {at}, {bar.length}")
    return Gantt("\n".join(lines) + "\n", len(bars) - len(shown))


def label(text: object) -> str:
    """Return words of a log as a part of a label: one line, cut, and nothing that Mermaid reads."""
    return ESCAPED.sub(lambda found: f"#{ord(found[0])};", shortened(plain(text), LONGEST))


def _bars(number: int, session: SessionAnalysis) -> Iterator[_Bar]:
    told = Spans(session)
    clock = ", the voice server's local time" if told.is_local else ""
    name = label(short_id(session))
    head = f"{name} {session.case.ending.verdict}{clock}"
    spans = [s for s in told.all() if s.sort in SHOWN]
    for sorts, section in (((Sort.SESSION, Sort.AGENT), head), ((Sort.VOICE, Sort.SPEECH), f"{name} voice")):
        for span in spans:
            if span.sort in sorts:
                yield _bar(number, section, span)
    for mark in told.marks():
        yield _milestone(number, f"{name} findings", mark)


def _bar(number: int, section: str, span: Span) -> _Bar:
    lead, millis = LEADS[span.sort], span.micros // 1000
    words = lead if span.sort is Sort.SESSION else f"{lead} {label(span.name)}"
    told = f" ({span.state})" if span.state not in (None, State.OK) else ""
    rank = {Sort.SESSION: 0, Sort.AGENT: 1}.get(span.sort, 3)
    style = STYLES[span.state] if span.state else ""
    return _Bar(number, section, (rank, -millis), span.start, f"{words}{told}", style, f"{max(millis, 1)}ms")


def _milestone(number: int, section: str, mark: Mark) -> _Bar:
    finding = mark.finding
    is_bad = finding.severity.rank >= Severity.HIGH.rank
    words = f"{finding.rule} {label(finding.name)}"
    style = "crit, milestone, " if is_bad else "milestone, "
    return _Bar(number, section, (2, -finding.severity.rank), mark.at, words, style, "0ms")


def _axis(bars: Sequence[_Bar]) -> str:
    starts = [bar.start for bar in bars]
    if not starts or max(starts) - min(starts) < timedelta(minutes=5):
        return "%H:%M:%S"
    same_day = min(starts).date() == max(starts).date()
    return "%H:%M" if same_day else "%m-%d %H:%M"
