"""Tracks as SVG: a lane below the other over one scale of time, findings as diamonds on the lane they rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

from forensics.analysis.lasting.shape import Bar, Lane, Mark, Strip, Tone, Track
from forensics.render.pictures.rows import Row, clusters, lasted, took
from forensics.render.pictures.svg import CHARACTER, LEFT, RIGHT, WIDTH, Scale, Sheet, fitting

TOP, AXIS = 8, 22  # pixels
LINE, BAR = 19, 13
PANEL = 52  # the height of a service's calls
APART = 9  # pixels between two marks
CAPITAL = 6.8  # pixels of a character of a code
INDENT, NAME = 12, LEFT - 16
MOST_STEMS = 400  # calls of one service: the longest, and those that failed


def draw(track: Track, rows: Sequence[Row], *, key: str, title: str, told: str) -> str:
    """Return the picture of a track. Of agents and lists it shows the lanes and bars of the chosen rows."""
    scale, sheet = Scale(*track.window), Sheet(y=TOP)
    lanes = [(n, lane) for n, lane in enumerate(track.lanes) if any(r.lane == n for r in rows)]
    drawn: dict[str, Callable[[Sheet, Scale, Lane, Sequence[Row]], float]]
    drawn = {"agents": _agent, "todos": _list, "latency": _service}
    parents: dict[int, float] = {}
    for place, (number, lane) in enumerate(lanes):
        top = sheet.y
        middle = drawn[track.name](sheet, scale, lane, [r for r in rows if r.lane == number])
        if track.name == "agents":
            _spawned(sheet, scale, lane, middle, parents)
        if place % 2:
            sheet.below.append(
                f'<rect class="fp-band" x="0" y="{top:g}" width="{WIDTH}" height="{sheet.y - top:g}"></rect>'
            )
    _axis(sheet, scale)
    return sheet.svg(key, title, told)


def _axis(sheet: Sheet, scale: Scale) -> None:
    last = 0.0
    for moment, name in scale.ticks():
        x = scale.x(moment)
        sheet.below.append(
            f'<line class="fp-grid" x1="{x:g}" y1="{TOP}" x2="{x:g}" y2="{sheet.y + 4:g}"></line>'
        )
        half = len(name) * CHARACTER / 2
        if x - half > last and x + half <= WIDTH:
            sheet.text(x - half, sheet.y + 16, name, "dim small")
            last = x + half + 6
    sheet.y += AXIS


def _agent(sheet: Sheet, scale: Scale, lane: Lane, rows: Sequence[Row]) -> float:
    """Draw an agent: its findings, its life, and below it what it wrote."""
    lives = [b for s in lane.strips for b in s.bars]
    if not lives:
        _name(sheet, lane, lane.title)
    _findings(sheet, scale, lane)
    middle = sheet.y + BAR / 2
    if not lives:
        return middle
    _name(sheet, lane, f"{lane.title}. {lane.about}" if lane.about else lane.title)
    for bar, following in zip_longest(lives, lives[1:]):
        limit = scale.x(following.since) if following is not None else WIDTH - RIGHT
        _bar(sheet, scale, bar, ", ".join(lasted(bar)), limit)
    sheet.y += LINE
    told = {r.events for r in rows if not r.is_bar}
    _writes(sheet, scale, [s for s in lane.strips if tuple(m.event for m in s.marks) in told])
    sheet.y += 3
    return middle


def _writes(sheet: Sheet, scale: Scale, strips: Iterable[Strip]) -> None:
    marks = sorted((m.at, s.words) for s in strips for m in s.marks if scale.shows(m.at, m.at))
    if not marks:
        return
    places = [(scale.x(at), words, f"{at:%H:%M:%S} {words}") for at, words in marks]
    last = 0.0
    for n, (x, words, tip) in enumerate(places):
        limit = next((p[0] for p in places[n + 1 :] if p[0] > x), WIDTH)
        sheet.box(x - 1, sheet.y, 3, 9, "write", tip)
        name = words.removeprefix("writes ").rpartition("/")[2]
        if x > last and limit - x > 40:  # noqa: PLR2004 - room for a name
            sheet.text(x + 5, sheet.y + 8, fitting(name, limit - x - 8), "small dim", tip=tip)
        last = x
    sheet.y += 14


def _list(sheet: Sheet, scale: Scale, lane: Lane, rows: Sequence[Row]) -> float:
    """Draw a list: a line for each of its items."""
    _name(sheet, lane, lane.title, name=lane.title)
    _findings(sheet, scale, lane, least=LINE)
    wanted = {(r.since, r.until, r.events) for r in rows if r.is_bar}
    for strip in lane.strips:
        bars = [b for b in strip.bars if (b.since, b.until, b.events) in wanted]
        if not bars:
            continue
        sheet.text(8 + INDENT, sheet.y + 11, fitting(strip.words, NAME - INDENT), "small", tip=strip.words)
        for bar, following in zip_longest(bars, bars[1:]):
            limit = scale.x(following.since) if following is not None else WIDTH - RIGHT
            _bar(sheet, scale, bar, ", ".join(lasted(bar)), limit, of=strip.words)
        sheet.y += LINE
    return sheet.y


def _service(sheet: Sheet, scale: Scale, lane: Lane, _: Sequence[Row]) -> float:
    """Draw a service: each call as high as it took long; what failed stands out."""
    _findings(sheet, scale, lane)
    bars = [b for s in lane.strips for b in s.bars]
    most = max((b.seconds for b in bars), default=0.0)
    kept = sorted(bars, key=lambda b: (b.tone is not Tone.FAILED, -b.seconds, b.since))[:MOST_STEMS]
    foot = sheet.y + PANEL
    _name(sheet, lane, lane.title)
    failed = sum(b.tone is Tone.FAILED for b in bars)
    sheet.text(
        8, sheet.y + 26, f"{len(bars)} call{'' if len(bars) == 1 else 's'}, {failed} failed", "small dim"
    )
    if most > 0:
        sheet.text(8, sheet.y + 41, f"longest {took(most)}", "small dim")
    sheet.line(LEFT, foot, WIDTH - RIGHT, foot, "grid")
    for bar in sorted(kept, key=lambda b: (b.since, b.until)):
        tip = f"{bar.since:%H:%M:%S} {', '.join(lasted(bar))}"
        x = scale.x(bar.until)
        top = foot - (PANEL - 8) * (bar.seconds / most if most > 0 else 0)
        sheet.box(scale.x(bar.since), top, x - scale.x(bar.since), foot - top, f"bar {bar.tone.value}", tip)
        sheet.dot(x, top, f"dot {bar.tone.value}", tip)
    sheet.y = foot + 8
    return foot


def _name(sheet: Sheet, lane: Lane, tip: str, name: str = "") -> None:
    x = 8 + INDENT * lane.depth
    sheet.text(
        x, sheet.y + 11, fitting(name or lane.short, NAME - INDENT * lane.depth), "name small", tip=tip
    )


def _bar(sheet: Sheet, scale: Scale, bar: Bar, words: str, limit: float, *, of: str = "") -> None:
    """Draw a bar with its words in it or beside it, where there is room."""
    if not scale.shows(bar.since, bar.until):
        return
    x, end = scale.x(bar.since), scale.x(bar.until)
    if bar.since < scale.since:
        words = f"since {bar.since:%H:%M:%S}, {words}"
    tip = f"{of} {bar.since:%H:%M:%S} to {bar.until:%H:%M:%S}: {words}".strip()
    kind = f"bar {bar.tone.value}"
    if bar.seen is not None:
        known = scale.x(bar.seen)
        sheet.box(known, sheet.y, end - known, BAR, f"{kind} unseen", tip)
        sheet.box(x, sheet.y, known - x, BAR, kind, tip)
    else:
        sheet.box(x, sheet.y, end - x, BAR, kind, tip)
    wide = len(words) * CHARACTER + 8
    if wide <= end - x:
        sheet.text(x + 5, sheet.y + 10, words, "small")
    elif wide <= limit - end:
        sheet.text(end + 5, sheet.y + 10, words, "small")
    elif wide <= x - LEFT and limit >= WIDTH - RIGHT:
        sheet.text(x - 5, sheet.y + 10, words, "small", end=True)
    elif end - x > 60:  # noqa: PLR2004 - room for a few words
        sheet.text(x + 5, sheet.y + 10, fitting(words, end - x - 8), "small")


def _findings(sheet: Sheet, scale: Scale, lane: Lane, least: float = 0) -> None:
    """Draw the diamonds of a lane, with the codes behind them where there is room."""
    marks = [m for m in lane.findings if scale.shows(m.at, m.at)]
    near = (scale.until - scale.since) * APART / (WIDTH - LEFT - RIGHT)
    groups = list(clusters(marks, near))
    taken = float(LEFT)
    for group, following in zip_longest(groups, groups[1:]):
        x = scale.x(group[0].at)
        codes = sorted({m.code for m in group})
        sheet.diamond(x, sheet.y + 7, f"{_times(group)}: {', '.join(codes)}")
        limit = scale.x(following[0].at) - 6 if following else WIDTH
        taken = _codes(sheet, x, codes, limit, taken)
    sheet.y += LINE - 3 if groups and not least else least


def _codes(sheet: Sheet, x: float, codes: Sequence[str], limit: float, taken: float) -> float:
    """Write as many codes as have room behind a diamond, or before it; return up to where the line is taken."""
    for count in range(len(codes), 0, -1):
        more = f" +{len(codes) - count}" if count < len(codes) else ""
        text = " ".join(codes[:count]) + more
        wide = len(text) * CAPITAL + 10
        if x + wide <= limit:
            sheet.text(x + 8, sheet.y + 11, text, "small dim")
            return x + wide
        if x - wide >= taken:
            sheet.text(x - 8, sheet.y + 11, text, "small dim", end=True)
            return x + 8
    return x + 8


def _times(group: Sequence[Mark]) -> str:
    first, last = f"{group[0].at:%H:%M:%S}", f"{group[-1].at:%H:%M:%S}"
    return first if first == last else f"{first} to {last}"


def _spawned(sheet: Sheet, scale: Scale, lane: Lane, middle: float, parents: dict[int, float]) -> None:
    """Draw a line from the agent that spawned this one."""
    lives = [b for s in lane.strips for b in s.bars]
    if lane.depth and lives and lane.depth - 1 in parents:
        x = scale.x(lives[0].since)
        above = parents[lane.depth - 1] + BAR / 2
        sheet.below.append(f'<path class="fp-spawn" d="M{x:g} {above:g}V{middle:g}"></path>')
    if lives:
        parents[lane.depth] = middle
