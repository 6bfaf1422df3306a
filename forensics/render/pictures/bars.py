"""What a lane of an SVG holds: spans as bars with their words, and marks as diamonds with their codes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from forensics.analysis.lasting.lanes import Lane
from forensics.analysis.lasting.spans import Mark, Span, State
from forensics.render.pictures.rows import clusters, lasted
from forensics.render.pictures.svg import CHARACTER, LEFT, RIGHT, WIDTH, Canvas, Scale, fitting

LINE, BAR = 19, 13  # pixels
APART = 9  # pixels between two marks
CAPITAL = 6.8  # pixels of a character of a code
LOOKS = {  # classes of the style, by how what lasted ended
    State.PLAIN: "plain",
    State.UNTOLD: "plain",
    State.OK: "done",
    State.OPEN: "open",
    State.FAILED: "failed",
    State.STOPPED: "failed",
}


def draw_bars(canvas: Canvas, scale: Scale, spans: Sequence[Span], *, of: str = "") -> None:
    """Draw spans side by side, each with its words as far as the next one leaves room."""
    for span, following in zip_longest(spans, spans[1:]):
        limit = scale.x(following.since) if following is not None else WIDTH - RIGHT
        if scale.shows(span.since, span.until):
            _bar(canvas, scale, span, limit, of)


def _bar(canvas: Canvas, scale: Scale, span: Span, limit: float, of: str) -> None:
    """Draw a span with its words in it or beside it, where there is room."""
    x, end = scale.x(span.since), scale.x(span.until)
    words = ", ".join(lasted(span))
    if span.since < scale.since:
        words = f"since {span.since:%H:%M:%S}, {words}"
    tip = f"{of} {span.since:%H:%M:%S} to {span.until:%H:%M:%S}: {words}".strip()
    look = f"bar {LOOKS[span.state]}"
    if span.seen is not None:
        known = scale.x(span.seen)
        canvas.box(known, canvas.y, end - known, BAR, f"{look} unseen", tip)
        canvas.box(x, canvas.y, known - x, BAR, look, tip)
    else:
        canvas.box(x, canvas.y, end - x, BAR, look, tip)
    wide = len(words) * CHARACTER + 8
    if wide <= end - x:
        canvas.text(x + 5, canvas.y + 10, words, "small")
    elif wide <= limit - end:
        canvas.text(end + 5, canvas.y + 10, words, "small")
    elif wide <= x - LEFT and limit >= WIDTH - RIGHT:
        canvas.text(x - 5, canvas.y + 10, words, "small", end=True)
    elif end - x > 60:  # noqa: PLR2004 - room for a few words
        canvas.text(x + 5, canvas.y + 10, fitting(words, end - x - 8), "small")


def draw_marks(canvas: Canvas, scale: Scale, lane: Lane, least: float = 0) -> None:
    """Draw the diamonds of a lane's marks, with the codes behind them where there is room."""
    marks = [m for m in lane.marks if scale.shows(m.at, m.at)]
    near = (scale.until - scale.since) * APART / (WIDTH - LEFT - RIGHT)
    groups = list(clusters(marks, near))
    taken = float(LEFT)
    for group, following in zip_longest(groups, groups[1:]):
        x = scale.x(group[0].at)
        codes = sorted({m.code for m in group})
        canvas.diamond(x, canvas.y + 7, f"{_times(group)}: {', '.join(codes)}")
        limit = scale.x(following[0].at) - 6 if following else WIDTH
        taken = _codes(canvas, x, codes, limit, taken)
    canvas.y += LINE - 3 if groups and not least else least


def _codes(canvas: Canvas, x: float, codes: Sequence[str], limit: float, taken: float) -> float:
    """Write as many codes as have room behind a diamond, or before it; return up to where the line is taken."""
    for count in range(len(codes), 0, -1):
        more = f" +{len(codes) - count}" if count < len(codes) else ""
        text = " ".join(codes[:count]) + more
        wide = len(text) * CAPITAL + 10
        if x + wide <= limit:
            canvas.text(x + 8, canvas.y + 11, text, "small dim")
            return x + wide
        if x - wide >= taken:
            canvas.text(x - 8, canvas.y + 11, text, "small dim", end=True)
            return x + 8
    return x + 8


def _times(group: Sequence[Mark]) -> str:
    first, last = f"{group[0].at:%H:%M:%S}", f"{group[-1].at:%H:%M:%S}"
    return first if first == last else f"{first} to {last}"
