"""The pictures of one session: agents, todo items and latency over time, each as diagram and as table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from forensics.analysis.lasting.lanes import Track
from forensics.analysis.lasting.tracks import tracks_of
from forensics.analysis.places import places_of
from forensics.analysis.session_analysis import SessionAnalysis
from forensics.render.pictures.picture import Picture
from forensics.render.pictures.rows import Row, chosen, rows_of
from forensics.text.clock_time import format_utc
from forensics.text.numbers import counted

TITLES = {
    "agents": "Agents over time",
    "todos": "Todo items in progress over time",
    "latency": "Service calls over time, failures marked",
}
LANES = {"agents": "agent", "todos": "list", "latency": "service"}
SHOWS = {
    "agents": "Who ran when, spawned by whom, and wrote which file",
    "todos": "Which items were in progress when, in whose list",
    "latency": "The calls of services of which at least one failed, one by one",
}
MOST_ROWS = 60  # of a diagram and its table
MOST_PLACES = 4  # of one row; its words say how many records it sums up


def pictures_of(session: SessionAnalysis, label: str = "", assets: str | None = None) -> tuple[Picture, ...]:
    """Return the pictures that show something; a session without agents, lists and failures has none.

    ``label`` is the session's name in a report of several; ``assets`` where the pictures are files, too.
    """
    return tuple(_picture(track, session, label, assets) for track in tracks_of(session))


def file_of(label: str, name: str) -> str:
    """Return the name of a picture's file."""
    return f"{_key(label)}{name}.svg"


def _key(label: str) -> str:
    return f"{label.lower()}-" if label else ""


def _picture(track: Track, session: SessionAnalysis, label: str, assets: str | None) -> Picture:
    every = rows_of(track)
    rows = chosen(every, MOST_ROWS)
    note = _note(track, rows, len(every))
    return Picture(
        name=track.name,
        title=TITLES[track.name],
        note=note,
        columns=(LANES[track.name], "what", "from", "until", "findings"),
        rows=tuple(_cells(track, row) for row in rows),
        file="" if assets is None else quote(f"{assets}/{file_of(label, track.name)}"),
        sources=tuple(_places(session, row) for row in rows),
        _track=track,
        _shown=tuple(rows),
        _key=f"{_key(label)}picture-{track.name}",
    )


def _note(track: Track, rows: Sequence[Row], every: int) -> str:
    clock = "UTC" if track.is_utc else "the voice server's own clock, of which the zone is not known"
    told = [f"{SHOWS[track.name]}; derived from the lines that the table names. Times are {clock}"]
    told.append("A diamond, or a code behind a bar, marks records that findings rest on")
    if not track.is_whole:
        told.append(
            f"Drawn from {_moment(track.window[0])} to {_moment(track.window[1])}, where subagents ran; "
            "the table has the rest, too"
        )
    if len(rows) < every:
        told.append(
            f"{counted(every - len(rows), 'row')} of {every} left out: those with failures and findings are shown, "
            "then the longest"
        )
    return ". ".join(told) + "."


def _cells(track: Track, row: Row) -> tuple[str, ...]:
    return (
        track.lanes[row.lane].title,
        row.words,
        _moment(row.since),
        _moment(row.until),
        ", ".join(row.codes),
    )


def _moment(moment: datetime) -> str:
    return format_utc(moment) if moment.tzinfo is not None else moment.isoformat(" ", "milliseconds")


def _places(session: SessionAnalysis, row: Row) -> tuple[str, ...]:
    events = (
        row.events if len(row.events) <= MOST_PLACES else (*row.events[: MOST_PLACES - 1], row.events[-1])
    )
    return places_of(session, events)
