"""Tracks as SVG: a lane below the other over one scale of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from forensics.analysis.lasting.lanes import Lane, Track
from forensics.analysis.lasting.spans import Sort, Span, State
from forensics.render.pictures.bars import BAR, LINE, LOOKS, draw_bars, draw_marks
from forensics.render.pictures.rows import Row, called, lasted, took
from forensics.render.pictures.svg import CHARACTER, LEFT, RIGHT, WIDTH, Canvas, Scale, fitting

TOP, AXIS = 8, 22  # pixels
PANEL = 52  # the height of a service's calls
INDENT, NAME = 12, LEFT - 16
MOST_STEMS = 400  # calls of one service: the longest, and those that failed


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
    draw_marks(canvas, scale, lane)
    middle = canvas.y + BAR / 2
    if not lives:
        return middle
    _name(canvas, lane, f"{lane.title}. {lane.about}" if lane.about else lane.title)
    draw_bars(canvas, scale, lives)
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
    draw_marks(canvas, scale, lane, least=LINE)
    wanted = {(r.since, r.until, r.events) for r in rows if r.is_bar}
    for strip in lane.strips:
        spans = [s for s in strip if (s.since, s.until, s.events) in wanted]
        if not spans:
            continue
        item = called(spans[0])
        canvas.text(8 + INDENT, canvas.y + 11, fitting(item, NAME - INDENT), "small", tip=item)
        draw_bars(canvas, scale, spans, of=item)
        canvas.y += LINE
    return canvas.y


def _service(canvas: Canvas, scale: Scale, lane: Lane, _: Sequence[Row]) -> float:
    """Draw a service: each call as high as it took long; what failed stands out."""
    draw_marks(canvas, scale, lane)
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


def _spawned(canvas: Canvas, scale: Scale, lane: Lane, middle: float, parents: dict[int, float]) -> None:
    """Draw a line from the agent that spawned this one."""
    lives = lane.lasting
    if lane.depth and lives and lane.depth - 1 in parents:
        x = scale.x(lives[0].since)
        above = parents[lane.depth - 1] + BAR / 2
        canvas.below.append(f'<path class="fp-spawn" d="M{x:g} {above:g}V{middle:g}"></path>')
    if lives:
        parents[lane.depth] = middle
