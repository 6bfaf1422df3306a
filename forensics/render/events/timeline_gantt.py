"""Sessions as a Mermaid gantt that GitHub renders: who ran when, voice calls, and where findings stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from forensics.analysis.lasting.spans import Mark, Sort, Span, Spans, State, short_id
from forensics.analysis.model import Analysis
from forensics.analysis.session_analysis import SessionAnalysis
from forensics.render.pictures import mermaid
from forensics.render.pictures.mermaid import Section, Task, gantt
from forensics.schema.finding import Severity
from forensics.text.durations import duration

TITLE = "What happened when (UTC)"
SHOWN = (Sort.SESSION, Sort.AGENT, Sort.VOICE, Sort.SPEECH)
TAGS = {State.OK: ("done",), State.FAILED: ("crit",), State.STOPPED: ("active",), State.OPEN: ("active",)}
LEADS = {Sort.SESSION: "all records", Sort.AGENT: "agent", Sort.VOICE: "voice", Sort.SPEECH: "voice"}


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
    task: Task


def to_gantt(analysis: Analysis) -> Gantt:
    """Return at most ``MOST_TASKS`` bars: sessions first, then agents, findings by severity, calls by length."""
    bars = [bar for number, s in enumerate(analysis.sessions) for bar in _bars(number, s)]
    kept = set(sorted(range(len(bars)), key=lambda n: (bars[n].rank, n))[: mermaid.MOST_TASKS])
    shown = [bar for n, bar in enumerate(bars) if n in kept]
    return Gantt(gantt(TITLE, tuple(_sections(shown))) + "\n", len(bars) - len(shown))


def _sections(bars: Iterable[_Bar]) -> Iterator[Section]:
    for (_, title), alike in groupby(bars, key=lambda bar: (bar.session, bar.section)):
        yield Section(title, tuple(bar.task for bar in alike))


def _bars(number: int, session: SessionAnalysis) -> Iterator[_Bar]:
    told = Spans(session)
    clock = "local time, " if told.is_local else ""  # the voice server's own
    name = short_id(session)
    head = f"{clock}{name} {session.verdict}"
    spans = [s for s in told.all() if s.sort in SHOWN]
    for sorts, section in (((Sort.SESSION, Sort.AGENT), head), ((Sort.VOICE, Sort.SPEECH), f"{name} voice")):
        for span in spans:
            if span.sort in sorts:
                yield _bar(number, section, span)
    for mark in told.marks():
        yield _milestone(number, f"{name} findings", mark)


def _bar(number: int, section: str, span: Span) -> _Bar:
    lead = LEADS[span.sort]
    words = lead if span.sort is Sort.SESSION else f"{lead} {span.name}"
    if span.sort in (Sort.VOICE, Sort.SPEECH):  # short ones are drawn as points
        words += f" {duration(span.micros / 1e6)}"
    told = f" ({span.state})" if span.state not in (None, State.OK) else ""
    rank = {Sort.SESSION: 0, Sort.AGENT: 1}.get(span.sort, 3)
    tags = TAGS[span.state] if span.state else ()
    until = span.start + timedelta(microseconds=span.micros)
    return _Bar(number, section, (rank, -span.micros), Task(f"{words}{told}", tags, span.start, until))


def _milestone(number: int, section: str, mark: Mark) -> _Bar:
    finding = mark.finding
    tags = ("crit",) if finding.severity.rank >= Severity.HIGH.rank else ()
    task = Task(f"{finding.rule} {finding.name}", tags, mark.at, mark.at)
    return _Bar(number, section, (2, -finding.severity.rank), task)
