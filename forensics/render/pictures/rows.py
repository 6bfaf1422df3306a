"""The rows of a picture: what a diagram draws and a table says, and which of them are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from forensics.analysis.lasting.lanes import Lane, Strip, Track
from forensics.analysis.lasting.spans import Mark, Sort, Span, State
from forensics.text.durations import MINUTE, span_text
from forensics.text.lengths import shortened
from forensics.text.numbers import counted

SIDE_BY_SIDE = 80  # findings nearer than the window's length by this are one row
SHORTEST = 0.05  # seconds that are not told in tenths
NAMED = 120  # characters of a file or an item
TROUBLE = (State.FAILED, State.STOPPED, State.OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: what lasted, all writes of one file, or findings that lie side by side."""

    lane: int
    words: str
    since: datetime
    until: datetime
    state: State
    codes: tuple[str, ...]
    events: tuple[int, ...]
    is_finding: bool = False  # findings that rest on records of no other row
    is_bar: bool = False
    of: str = ""  # what its line in a picture is called: an item of a list

    @property
    def weight(self) -> tuple[int, float, int, datetime]:
        """Return what rows are chosen by, the most telling first."""
        is_trouble = self.is_bar and (self.state in TROUBLE or bool(self.codes))
        group = 0 if is_trouble else 1 if self.is_finding or self.codes else 2 if self.is_bar else 3
        return group, -(self.until - self.since).total_seconds(), self.lane, self.since


def rows_of(track: Track) -> list[Row]:
    """Return all rows of a track, lane by lane."""
    near = (track.window[1] - track.window[0]) / SIDE_BY_SIDE
    return [row for n, lane in enumerate(track.lanes) for row in _of_lane(n, lane, near)]


def chosen(rows: Sequence[Row], most: int) -> list[Row]:
    """Return at most so many rows in their order: those with failures and findings before others, long before short."""
    kept = sorted(range(len(rows)), key=lambda n: rows[n].weight)[:most]
    return [rows[n] for n in sorted(kept)]


def _of_lane(number: int, lane: Lane, near: timedelta) -> Iterator[Row]:
    codes: dict[int, list[str]] = {}
    shown = Counter(event for strip in lane.strips for span in strip for event in span.events)
    for mark in lane.marks:
        if shown[mark.event] == 1:  # a list that begins several spans is marked once, beside them
            codes.setdefault(mark.event, []).append(mark.code)
    for strip in lane.strips:
        yield from _of_strip(number, strip, lane, codes)
    for group in clusters([m for m in lane.marks if m.event not in codes], near):
        yield _findings(number, group)


def _of_strip(number: int, strip: Strip, lane: Lane, codes: dict[int, list[str]]) -> Iterator[Row]:
    if strip[0].sort is Sort.WRITE:
        yield _writes(number, strip, codes)
        return
    for span in strip:
        yield Row(
            lane=number,
            words=_words(span, lane),
            since=span.since,
            until=span.until,
            state=span.state,
            codes=_codes(span.events, codes),
            events=span.events,
            is_bar=True,
            of=called(span),
        )


def _writes(number: int, strip: Strip, codes: dict[int, list[str]]) -> Row:
    events = tuple(event for write in strip for event in write.events)
    times = f", {len(events)} times" if len(events) > 1 else ""
    return Row(
        lane=number,
        words=f"{shortened(called(strip[0]), NAMED)}{times}",
        since=strip[0].since,
        until=strip[-1].since,
        state=State.PLAIN,
        codes=_codes(events, codes),
        events=events,
    )


def _codes(events: Iterable[int], codes: dict[int, list[str]]) -> tuple[str, ...]:
    return tuple(sorted({code for event in events for code in codes.get(event, ())}))


def called(span: Span) -> str:
    """Return what a span's line in a picture is called beside its lane; a service's calls need no name there."""
    match span.sort:
        case Sort.WRITE:
            return f"writes {span.name}"
        case Sort.ITEM:
            return f"“{span.name}”"
        case Sort.AGENT:
            return "runs"
        case _:
            return ""


def _words(span: Span, lane: Lane) -> str:
    name = shortened(called(span), NAMED)
    told = lasted(span)
    parts = (f"{name} {told[0]}".strip(), *told[1:]) if span.seconds else (name, *told)
    return ", ".join(part for part in (*parts, lane.about) if part)


def lasted(span: Span) -> tuple[str, ...]:
    """Say how long a span is, and how it ended: of what has one known time only, no length is said."""
    parts = (took(span.seconds) if span.seconds else "", shortened(span.words, NAMED))
    return tuple(part for part in parts if part)


def took(seconds: float) -> str:
    """Write how long something lasted: in tenths below a minute."""
    if seconds < SHORTEST:
        return "less than 0.1 s"
    return f"{seconds:.1f} s" if seconds < MINUTE else span_text(seconds)


def clusters(marks: Iterable[Mark], near: timedelta) -> Iterator[list[Mark]]:
    """Yield marks in groups whose members could not be told apart: marks come in order of time."""
    group: list[Mark] = []
    for mark in marks:
        if group and mark.at - group[0].at > near:
            yield group
            group = []
        group.append(mark)
    if group:
        yield group


def _findings(number: int, marks: Sequence[Mark]) -> Row:
    events = tuple(dict.fromkeys(m.event for m in marks))
    return Row(
        lane=number,
        words=f"{counted(len(events), 'record')} that findings rest on",
        since=marks[0].at,
        until=marks[-1].at,
        state=State.PLAIN,
        codes=tuple(sorted({m.code for m in marks})),
        events=events,
        is_finding=True,
    )
