"""Tracks as SVG: a lane below the other over one scale of time, findings as diamonds on the lane they rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

from forensics.analysis.lasting.shape import Lane, Mark, Sort, Span, State, Track
from forensics.render.pictures.rows import Row, called, clusters, lasted, took
from forensics.render.pictures.svg import CHARACTER, LEFT, RIGHT, WIDTH, Canvas, Scale, fitting

TOP, AXIS = 8, 22  # pixels
LINE, BAR = 19, 13
PANEL = 52  # the height of a service's calls
APART = 9  # pixels between two marks
CAPITAL = 6.8  # pixels of a character of a code
INDENT, NAME = 12, LEFT - 16
MOST_STEMS = 400  # calls of one service: the longest, and those that failed
LOOKS = {  # classes of the style, by how what lasted ended
    State.PLAIN: "plain",
    State.UNTOLD: "plain",
    State.OK: "done",
    State.OPEN: "open",
    State.FAILED: "failed",
    State.STOPPED: "failed",
}


def draw(track: Track, rows: Sequence[Row], *, key: str, title: str, told: str) -> str:
    """Return the picture of a track. Of agents and lists it shows the lanes and bars of the chosen rows."""
    scale, canvas = Scale(*track.window), Canvas(y=TOP)
    lanes = [(n, lane) for n, lane in enumerate(track.lanes) if any(r.lane == n for r in rows)]
    drawn: dict[str, Callable[[Canvas, Scale, Lane, Sequence[Row]], float]]
    drawn = {"agents": _agent, "todos": _list, "latency": _service}
    parents: dict[int, float] = {}
    for place, (number, lane) in enumerate(lanes):
        top = canvas.y
        middle = drawn[track.name](canvas, scale, lane, [r for r in rows if r.lane == number])
        if track.name == "agents":
            _spawned(canvas, scale, lane, middle, parents)
        if place % 2:
            canvas.below.append(
                f'<rect class="fp-band" x="0" y="{top:g}" width="{WIDTH}" height="{canvas.y - top:g}"></rect>'
            )
    _axis(canvas, scale)
    return canvas.svg(key, title, told)


def _axis(canvas: Canvas, scale: Scale) -> None:
    last = 0.0
    for moment, name in scale.ticks():
        x = scale.x(moment)
        canvas.below.append(
            f'<line class="fp-grid" x1="{x:g}" y1="{TOP}" x2="{x:g}" y2="{canvas.y + 4:g}"></line>'
        )
        half = len(name) * CHARACTER / 2
        if x - half > last and x + half <= WIDTH:
            canvas.text(x - half, canvas.y + 16, name, "dim small")
            last = x + half + 6
    canvas.y += AXIS


def _agent(canvas: Canvas, scale: Scale, lane: Lane, rows: Sequence[Row]) -> float:
    """Draw an agent: its findings, its life, and below it what it wrote."""
    lives = lane.lasting
    if not lives:
        _name(canvas, lane, lane.title)
    _findings(canvas, scale, lane)
    middle = canvas.y + BAR / 2
    if not lives:
        return middle
    _name(canvas, lane, f"{lane.title}. {lane.about}" if lane.about else lane.title)
    _bars(canvas, scale, lives)
    canvas.y += LINE
    _writes(canvas, scale, _written(lane, rows))
    canvas.y += 3
    return middle


def _written(lane: Lane, rows: Iterable[Row]) -> list[Span]:
    """Return the writes of those files that have a row."""
    told = {r.events for r in rows if not r.is_bar}
    strips = [strip for strip in lane.strips if strip[0].sort is Sort.WRITE]
    return [w for strip in strips if tuple(e for s in strip for e in s.events) in told for w in strip]


def _writes(canvas: Canvas, scale: Scale, writes: Iterable[Span]) -> None:
    marks = sorted((w.since, w.name, called(w)) for w in writes if scale.shows(w.since, w.since))
    if not marks:
        return
    places = [(scale.x(at), name, f"{at:%H:%M:%S} {words}") for at, name, words in marks]
    last = 0.0
    for n, (x, path, tip) in enumerate(places):
        limit = next((p[0] for p in places[n + 1 :] if p[0] > x), WIDTH)
        canvas.box(x - 1, canvas.y, 3, 9, "write", tip)
        name = path.rpartition("/")[2]
        if x > last and limit - x > 40:  # noqa: PLR2004 - room for a name
            canvas.text(x + 5, canvas.y + 8, fitting(name, limit - x - 8), "small dim", tip=tip)
        last = x
    canvas.y += 14


def _list(canvas: Canvas, scale: Scale, lane: Lane, rows: Sequence[Row]) -> float:
    """Draw a list: a line for each of its items."""
    _name(canvas, lane, lane.title, name=lane.title)
    _findings(canvas, scale, lane, least=LINE)
    wanted = {(r.since, r.until, r.events) for r in rows if r.is_bar}
    for strip in lane.strips:
        spans = [s for s in strip if (s.since, s.until, s.events) in wanted]
        if not spans:
            continue
        item = called(spans[0])
        canvas.text(8 + INDENT, canvas.y + 11, fitting(item, NAME - INDENT), "small", tip=item)
        _bars(canvas, scale, spans, of=item)
        canvas.y += LINE
    return canvas.y


def _service(canvas: Canvas, scale: Scale, lane: Lane, _: Sequence[Row]) -> float:
    """Draw a service: each call as high as it took long; what failed stands out."""
    _findings(canvas, scale, lane)
    calls = lane.lasting
    most = max((c.seconds for c in calls), default=0.0)
    kept = sorted(calls, key=lambda c: (c.state is not State.FAILED, -c.seconds, c.since))[:MOST_STEMS]
    foot = canvas.y + PANEL
    _name(canvas, lane, lane.title)
    failed = sum(c.state is State.FAILED for c in calls)
    canvas.text(
        8, canvas.y + 26, f"{len(calls)} call{'' if len(calls) == 1 else 's'}, {failed} failed", "small dim"
    )
    if most > 0:
        canvas.text(8, canvas.y + 41, f"longest {took(most)}", "small dim")
    canvas.line(LEFT, foot, WIDTH - RIGHT, foot, "grid")
    for call in sorted(kept, key=lambda c: (c.since, c.until)):
        tip = f"{call.since:%H:%M:%S} {', '.join(lasted(call))}"
        x, look = scale.x(call.until), LOOKS[call.state]
        top = foot - (PANEL - 8) * (call.seconds / most if most > 0 else 0)
        canvas.box(scale.x(call.since), top, x - scale.x(call.since), foot - top, f"bar {look}", tip)
        canvas.dot(x, top, f"dot {look}", tip)
    canvas.y = foot + 8
    return foot


def _name(canvas: Canvas, lane: Lane, tip: str, name: str = "") -> None:
    x = 8 + INDENT * lane.depth
    canvas.text(
        x, canvas.y + 11, fitting(name or lane.short, NAME - INDENT * lane.depth), "name small", tip=tip
    )


def _bars(canvas: Canvas, scale: Scale, spans: Sequence[Span], *, of: str = "") -> None:
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


def _findings(canvas: Canvas, scale: Scale, lane: Lane, least: float = 0) -> None:
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


def _spawned(canvas: Canvas, scale: Scale, lane: Lane, middle: float, parents: dict[int, float]) -> None:
    """Draw a line from the agent that spawned this one."""
    lives = lane.lasting
    if lane.depth and lives and lane.depth - 1 in parents:
        x = scale.x(lives[0].since)
        above = parents[lane.depth - 1] + BAR / 2
        canvas.below.append(f'<path class="fp-spawn" d="M{x:g} {above:g}V{middle:g}"></path>')
    if lives:
        parents[lane.depth] = middle
