"""Gantt charts as Mermaid text that GitHub draws: whatever a log says in a label stays a label.

Ids are t1, t2 … Times are written as the digits of their own clock, so that they are shown as such in every zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from forensics.text.controls import plain
from forensics.text.lengths import shortened

MOST_BARS = 60
MOST_CHARACTERS = 50_000  # GitHub's own bound
TITLE, LABEL, SECTION = 100, 56, 28  # characters
FORMAT = "YYYY-MM-DDTHH:mm:ss.SSS"
# what the grammar, an entity, a directive, a formula or HTML is made of, by what looks like it
LOOK_ALIKES = str.maketrans(
    ':;,#&$\\`"<>{}\t',
    "∶‚‚♯＆＄∖ʼ″‹›❴❵ ",  # noqa: RUF001 - the likeness is wanted
)
# a line that begins with one of these is no bar
WORDS = re.compile(
    r"gantt|section|title|click|call|href|\w*format|\w*cludes|\w*dates|todaymarker|tickinterval|week|topaxis|acc|"
    r"displaymode|-|\W*$",
    re.IGNORECASE,
)
SETTINGS = '%%{init: {"gantt": {"leftPadding": 170, "barHeight": 18, "barGap": 4, "sectionFontSize": 12}}}%%'


@dataclass(frozen=True, slots=True)
class GanttBar:
    """One line of a chart: a bar, or a milestone where it has no length."""

    label: str
    tags: tuple[str, ...]  # of crit, done, active
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Section:
    """What belongs together, under one name."""

    title: str
    bars: tuple[GanttBar, ...]


def label(text: object, most: int = LABEL) -> str:
    """Return a text that no grammar of Mermaid's, and no Markdown around it, takes for anything but a label."""
    told = shortened(" ".join(plain(text).split()), most).translate(LOOK_ALIKES)
    apart = re.sub(r"%(?=%)", "% ", told)
    return f"· {apart}" if WORDS.match(apart) else apart


def gantt(title: str, sections: Sequence[Section]) -> str:
    """Return a chart. The caller gives at most ``MOST_BARS`` bars; one would not be drawn with more characters."""
    bars = [bar for section in sections for bar in section.bars]
    whole = max(b.until for b in bars) - min(b.since for b in bars) if bars else timedelta()
    head = (
        SETTINGS,
        "gantt",
        f"    title {label(title, TITLE)}",
        f"    dateFormat {FORMAT}",
        f"    axisFormat {axis_format(whole)}",
        "    todayMarker off",
    )
    return "\n".join((*head, *_lines(sections, whole)))


def _lines(sections: Iterable[Section], whole: timedelta) -> Iterator[str]:
    number = 0
    for section in sections:
        yield f"    section {label(section.title, SECTION)}"
        for bar in section.bars:
            number += 1
            is_short = (bar.until - bar.since) * 250 < whole or bar.until <= bar.since
            tags = (*bar.tags, "milestone") if is_short else bar.tags
            end = bar.since if is_short else bar.until
            yield f"    {label(bar.label)} :{', '.join((*tags, f't{number}', _time(bar.since), _time(end)))}"


def _time(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds")


def axis_format(whole: timedelta) -> str:
    """Return how times on an axis are written, as d3 has it."""
    if whole < timedelta(minutes=10):
        return "%H:%M:%S"
    return "%H:%M" if whole < timedelta(hours=20) else "%m-%d %H:%M"
