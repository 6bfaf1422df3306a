"""Sessions as a Mermaid gantt that GitHub renders: who ran when, voice calls, and where findings stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from forensics.analysis.lasting.course import course_of
from forensics.analysis.lasting.spans import Mark, Sort, Span, State
from forensics.analysis.model import Analysis
from forensics.analysis.session_analysis import SessionAnalysis
from forensics.render.pictures import mermaid
from forensics.render.pictures.mermaid import GanttBar, Section, gantt
from forensics.render.references import short_id
from forensics.schema.finding import Severity
from forensics.text.durations import duration

TITLE = "What happened when (UTC)"
TAGS: dict[State, tuple[str, ...]] = {
    State.PLAIN: (),
    State.OK: ("done",),
    State.FAILED: ("crit",),
    State.STOPPED: ("active",),
    State.OPEN: ("active",),
    State.UNTOLD: ("active",),
}
LEADS = {Sort.SESSION: "all records", Sort.AGENT: "agent", Sort.VOICE: "voice", Sort.SPEECH: "voice"}


@dataclass(frozen=True, slots=True)
class Gantt:
    """A picture, and how many bars there was no room for."""

    text: str
    left_out: int


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A bar of the picture and where it stands. The smaller ``rank``, the sooner it is kept."""

    session: int
    section: str
    rank: tuple[int, float]
    bar: GanttBar


def to_gantt(analysis: Analysis) -> Gantt:
    """Return at most ``MOST_BARS`` bars: sessions first, then agents, findings by severity, calls by length."""
    bars = [bar for number, s in enumerate(analysis.sessions) for bar in _bars(number, s)]
    kept = set(sorted(range(len(bars)), key=lambda n: (bars[n].rank, n))[: mermaid.MOST_BARS])
    shown = [bar for n, bar in enumerate(bars) if n in kept]
    return Gantt(gantt(TITLE, tuple(_sections(shown))) + "\n", len(bars) - len(shown))


def _sections(bars: Iterable[_Ranked]) -> Iterator[Section]:
    for (_, title), alike in groupby(bars, key=lambda one: (one.session, one.section)):
        yield Section(title, tuple(one.bar for one in alike))


def _bars(number: int, session: SessionAnalysis) -> Iterator[_Ranked]:
    course = course_of(session)
    clock = "local time, " if course.is_local else ""  # the voice server's own
    name = short_id(session)
    head = f"{clock}{name} {session.verdict}"
    for sorts, section in (((Sort.SESSION, Sort.AGENT), head), ((Sort.VOICE, Sort.SPEECH), f"{name} voice")):
        for span in course.spans:
            if span.sort in sorts:
                yield _bar(number, section, span)
    for mark in course.marks:
        yield _milestone(number, f"{name} findings", mark)


def _bar(number: int, section: str, span: Span) -> _Ranked:
    lead = LEADS[span.sort]
    words = lead if span.sort is Sort.SESSION else f"{lead} {span.name}"
    if span.sort in (Sort.VOICE, Sort.SPEECH):  # short ones are drawn as points
        words += f" {duration(span.micros / 1e6)}"
    told = f" ({span.state.recorded})" if span.state not in (State.PLAIN, State.OK) else ""
    rank = {Sort.SESSION: 0, Sort.AGENT: 1}.get(span.sort, 3)
    bar = GanttBar(f"{words}{told}", TAGS[span.state], span.since, span.until)
    return _Ranked(number, section, (rank, -span.micros), bar)


def _milestone(number: int, section: str, mark: Mark) -> _Ranked:
    finding = mark.finding
    tags = ("crit",) if finding.severity.rank >= Severity.HIGH.rank else ()
    bar = GanttBar(f"{finding.rule} {finding.name}", tags, mark.at, mark.at)
    return _Ranked(number, section, (2, -finding.severity.rank), bar)
