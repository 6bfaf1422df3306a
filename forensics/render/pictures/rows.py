"""The rows of a picture: what a diagram draws and a table says, and which of them are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from forensics.analysis.lasting.shape import Bar, Lane, Mark, Strip, Tone, Track
from forensics.text.durations import MINUTE, span_text
from forensics.text.lengths import shortened
from forensics.text.numbers import counted

SIDE_BY_SIDE = 80  # marks nearer than the window's length by this are one row
SHORTEST = 0.05  # seconds that are not told in tenths
NAMED = 120  # characters of a file or an item
TROUBLE = (Tone.FAILED, Tone.OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: a bar, or marks that have their words in common."""

    lane: int
    words: str
    since: datetime
    until: datetime
    tone: Tone
    codes: tuple[str, ...]
    events: tuple[int, ...]
    is_finding: bool = False  # marks of findings that no other row carries
    is_bar: bool = False
    of: str = ""  # what its strip is called: an item of a list

    @property
    def weight(self) -> tuple[int, float, int, datetime]:
        """Return what rows are chosen by, the most telling first."""
        is_trouble = self.is_bar and (self.tone in TROUBLE or bool(self.codes))
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
    shown = Counter(event for strip in lane.strips for event in _events(strip))
    for mark in lane.findings:
        if shown[mark.event] == 1:  # a list that begins several bars is marked once, beside them
            codes.setdefault(mark.event, []).append(mark.code)
    for strip in lane.strips:
        yield from _of_strip(number, strip, lane, codes)
    for group in clusters([m for m in lane.findings if m.event not in codes], near):
        yield _finding(number, group)


def _events(strip: Strip) -> list[int]:
    return [event for bar in strip.bars for event in bar.events] + [mark.event for mark in strip.marks]


def _of_strip(number: int, strip: Strip, lane: Lane, codes: dict[int, list[str]]) -> Iterator[Row]:
    for bar in strip.bars:
        yield Row(
            lane=number,
            words=_words(strip, bar, lane),
            since=bar.since,
            until=bar.until,
            tone=bar.tone,
            codes=_codes(bar.events, codes),
            events=bar.events,
            is_bar=True,
            of=strip.words,
        )
    if strip.marks:
        events = tuple(m.event for m in strip.marks)
        times = f", {len(events)} times" if len(events) > 1 else ""
        yield Row(
            lane=number,
            words=f"{shortened(strip.words, NAMED)}{times}",
            since=strip.marks[0].at,
            until=strip.marks[-1].at,
            tone=Tone.PLAIN,
            codes=_codes(events, codes),
            events=events,
        )


def _codes(events: Iterable[int], codes: dict[int, list[str]]) -> tuple[str, ...]:
    return tuple(sorted({code for event in events for code in codes.get(event, ())}))


def _words(strip: Strip, bar: Bar, lane: Lane) -> str:
    name = shortened(strip.words, NAMED)
    told = lasted(bar)
    parts = (f"{name} {told[0]}".strip(), *told[1:]) if bar.seconds else (name, *told)
    return ", ".join(part for part in (*parts, lane.about) if part)


def lasted(bar: Bar) -> tuple[str, ...]:
    """Say how long a bar is, and what it is: of what has one known time only, no length is said."""
    parts = (took(bar.seconds) if bar.seconds else "", shortened(bar.words, NAMED))
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


def _finding(number: int, marks: Sequence[Mark]) -> Row:
    events = tuple(dict.fromkeys(m.event for m in marks))
    return Row(
        lane=number,
        words=f"{counted(len(events), 'record')} that findings rest on",
        since=marks[0].at,
        until=marks[-1].at,
        tone=Tone.PLAIN,
        codes=tuple(sorted({m.code for m in marks})),
        events=events,
        is_finding=True,
    )
