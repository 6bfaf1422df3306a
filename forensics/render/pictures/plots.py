"""Pictures as SVG files, drawn by Altair and vl-convert: needs the extra ``plots``, and no network.

Texts of a log are values of the data, never part of the drawing's own language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import altair as alt
import vl_convert

from forensics.analysis.lasting.lanes import Track
from forensics.analysis.lasting.spans import State
from forensics.analysis.lasting.tracks import tracks_of
from forensics.analysis.model import Analysis
from forensics.render.pictures.layout import MOST_ROWS, TITLES, file_of
from forensics.render.pictures.mermaid import axis_format
from forensics.render.pictures.rows import Row, chosen, rows_of
from forensics.render.pictures.svg import NO_XML
from forensics.render.references import labelled
from forensics.text.controls import plain
from forensics.text.lengths import shortened

WIDTH, STEP, PANEL = 760, 22, 90  # pixels
LABEL = 44  # characters
THIN = 2  # pixels of the shortest bar
CHARACTER = 5.2  # pixels of a code
MOST_CODES = 5  # behind one diamond
MOST_CALLS = 400  # of one service: the longest, and those that failed
# how what lasted ended: its words in the legend, and its colour
PLAIN, TROUBLE = ("ran, or ended otherwise", "#1f6a8c"), ("failed or stopped", "#b3261e")
LOOKS = {
    State.PLAIN: PLAIN,
    State.UNTOLD: PLAIN,
    State.OK: ("completed or answered", "#1d6f42"),
    State.OPEN: ("no end in the record", "#b97a1a"),
    State.FAILED: TROUBLE,
    State.STOPPED: TROUBLE,
}
MARK = "#9b1247"
Values = list[dict[str, object]]


def files_of(analysis: Analysis) -> Mapping[str, str]:
    """Return the SVG of each picture of each session, by the name of its file."""
    return {
        file_of(label, track.name): _svg(_chart(track))
        for label, session in labelled(analysis)
        for track in tracks_of(session)
    }


def _svg(chart: alt.TopLevelMixin) -> str:
    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return f"{vl_convert.vegalite_to_svg(chart.to_json(), vl_version=version)}\n"


def _chart(track: Track) -> alt.TopLevelMixin:
    clock = "UTC" if track.is_utc else "voice server's clock"
    drawn = _calls(track) if track.name == "latency" else _spans(track)
    return drawn.properties(title=f"{TITLES[track.name]} ({clock})").configure_view(stroke="#dde1e7")


def _spans(track: Track) -> alt.LayerChart:
    """Draw a line for each agent or item: what lasted, what was written, what findings rest on."""
    lines = list(_named(track, chosen(rows_of(track), MOST_ROWS)))
    names = list(dict.fromkeys(name for name, _ in lines))
    least = round((track.window[1] - track.window[0]).total_seconds() * 1000 * THIN / WIDTH)
    bars: Values = []
    marks: Values = []
    for name, row in lines:
        told = {"name": name, "codes": ""}
        since, until = _within(track, row)
        if row.is_bar:
            until = max(until, since + least)
            bars.append(told | {"since": since, "until": until, "state": LOOKS[row.state][0]})
        if row.codes or not row.is_bar:
            state = "finding" if row.codes else "file written"
            marks.append(told | {"since": since, "state": state, "codes": _codes(row)})
    y = alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelLimit=300))
    lives = (
        alt.Chart(alt.Data(values=bars))
        .mark_bar(height=12, opacity=0.75)
        .encode(y=y, x=_time(track), x2="until", color=_colours())
    )
    points = (
        alt.Chart(alt.Data(values=marks))
        .mark_point(filled=True, opacity=1, size=55)
        .encode(y=y, x=_time(track), shape=_shapes(), color=alt.value(MARK))
    )
    layers = [lives, points, *_texts(track, marks, y)]
    return alt.layer(*layers).properties(width=WIDTH, height=STEP * max(len(names), 1))


def _texts(track: Track, marks: Values, y: alt.Y) -> Iterator[alt.Chart]:
    """Yield the codes behind the diamonds, before those at the right edge; none where two would meet."""
    since, until = (_milliseconds(t) for t in track.window)
    taken: dict[object, float] = {}
    sides: dict[str, Values] = {"left": [], "right": []}
    for mark in sorted((m for m in marks if m["codes"]), key=lambda m: (str(m["name"]), str(m["since"]))):
        place = (int(str(mark["since"])) - since) / max(until - since, 1)
        wide = len(str(mark["codes"])) * CHARACTER / WIDTH
        side = "left" if place + wide <= 1 else "right"
        begin = place if side == "left" else place - wide
        if begin >= taken.get(mark["name"], 0.0):
            taken[mark["name"]] = begin + wide
            sides[side].append(mark)
    for side, values in sides.items():
        shift = 7 if side == "left" else -7
        written = alt.Chart(alt.Data(values=values)).mark_text(align=side, dx=shift, dy=-7, fontSize=8)
        yield written.encode(y=y, x=_time(track), text=alt.Text("codes:N"))


def _codes(row: Row) -> str:
    more = f" +{len(row.codes) - MOST_CODES}" if len(row.codes) > MOST_CODES else ""
    return _text(" ".join(row.codes[:MOST_CODES]) + more, LABEL)


def _calls(track: Track) -> alt.TopLevelMixin:
    """Draw a panel for each service: each call as high as it took long."""
    panels = [_panel(track, name, values) for name, values in _by_service(track)]
    return alt.vconcat(*panels).resolve_scale(x="shared")


def _panel(track: Track, name: str, values: Values) -> alt.LayerChart:
    calls = alt.Chart(alt.Data(values=values)).encode(
        x=_time(track), y=alt.Y("seconds:Q", title="seconds"), color=_colours()
    )
    # a point on each: of a failure it may be known only when it was
    drawn = alt.layer(calls.mark_bar(width=3), calls.mark_point(filled=True, opacity=1, size=40))
    title = alt.TitleParams(name, anchor="start", fontSize=11)
    return drawn.properties(width=WIDTH, height=PANEL, title=title)


def _by_service(track: Track) -> Iterator[tuple[str, Values]]:
    shown = {row.lane for row in chosen(rows_of(track), MOST_ROWS)}
    for lane in (lane for n, lane in enumerate(track.lanes) if n in shown):
        kept = sorted(lane.lasting, key=lambda c: (c.state is not State.FAILED, -c.seconds, c.since))[
            :MOST_CALLS
        ]
        yield (
            _text(lane.title, LABEL * 2),
            [
                {
                    "since": _milliseconds(call.since),
                    "seconds": call.seconds,
                    "state": LOOKS[call.state][0],
                }
                for call in sorted(kept, key=lambda c: (c.since, c.until))
            ],
        )


def _named(track: Track, rows: list[Row]) -> Iterator[tuple[str, Row]]:
    """Yield the rows with the name of their line; a number tells lines of one name apart."""
    since, until = track.window
    numbers: dict[object, int] = {}
    for row in rows:
        if row.until < since or row.since > until:
            continue
        lane = track.lanes[row.lane]
        is_item = track.name == "todos" and row.is_bar
        key: object = (row.lane, row.of) if is_item else row.lane
        number = numbers.setdefault(key, len(numbers) + 1)
        told = row.of if is_item else f"findings, {lane.short}" if track.name == "todos" else lane.short
        yield f"{number}. {_text(told, LABEL)}", row


def _within(track: Track, row: Row) -> tuple[int, int]:
    first, last = (min(max(t, track.window[0]), track.window[1]) for t in (row.since, row.until))
    return _milliseconds(first), _milliseconds(last)


def _milliseconds(moment: datetime) -> int:
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _text(text: str, most: int) -> str:
    return shortened(plain(text).translate(NO_XML), most)


def _time(track: Track) -> alt.X:
    axis = alt.Axis(format=axis_format(track.window[1] - track.window[0]), tickCount=8)
    return alt.X("since:T", scale=alt.Scale(type="utc"), title=None, axis=axis)


def _colours() -> alt.Color:
    looks = dict(LOOKS.values())
    scale = alt.Scale(domain=[*looks], range=[*looks.values()])
    return alt.Color("state:N", scale=scale, title=None, legend=alt.Legend(orient="bottom"))


def _shapes() -> alt.Shape:
    scale = alt.Scale(domain=["finding", "file written"], range=["diamond", "triangle-up"])
    return alt.Shape("state:N", scale=scale, title=None, legend=alt.Legend(orient="bottom"))
