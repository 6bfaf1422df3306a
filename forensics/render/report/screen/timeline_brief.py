"""The timeline on a terminal: when, what, which finding rests on it, and the line that says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from forensics.render.report.failure_timeline import NO_TIME
from forensics.render.report.screen.brief import rows_of
from forensics.render.report.screen.page import QUIET, Page
from forensics.render.report.views import Incident, TimelineRow
from forensics.text.durations import span_text

CLOCK = len("hh:mm:ss")
CODES = 11  # columns of the codes of a row
LEAST_WORDS = 26  # columns that a row's words need for its place to stand beside them


def print_timeline(page: Page, incident: Incident, *, in_zone: bool) -> None:
    """Print the rows that matter most; ``in_zone`` with local times, which take room."""
    rows = rows_of(incident)
    if not rows:
        return
    page.heading("Timeline", "; ".join(_told_of_all(rows, incident)))
    longest = max((page.place(r.exhibit.ref).cell_len for r in rows if r.exhibit), default=0)
    for row in rows:
        _row(page, row, longest, in_zone=in_zone)


def _told_of_all(rows: Sequence[TimelineRow], incident: Incident) -> Iterator[str]:
    """Yield what all rows share, and what their marks mean."""
    story = incident.story
    has_own_clock = any(_is_by_server(r) for r in rows)
    if any(r.utc != NO_TIME for r in rows):
        yield f"{story.date}, UTC" if story.date else "UTC"
    if story.zone and not has_own_clock:
        yield f"local time {story.zone}"
    if len(rows) < len(story.rows) + story.omitted:
        yield f"{len(rows)} of {len(story.rows) + story.omitted} rows"
    if any(r.quality for r in rows):
        yield "~ aligned or inferred"
    if has_own_clock:
        yield "* by the server's clock"


def _when(row: TimelineRow, *, in_zone: bool) -> str:
    """Return the time to the second, with a mark where it is not the record's own."""
    local = row.local[:CLOCK]
    if row.utc == NO_TIME:
        return f"{local}* " if local else "undated  "
    utc = row.utc.split(".")[0].removesuffix("Z").replace("T", " ") + ("~ " if row.quality else "  ")
    return f"{utc}({local}) " if in_zone and local else utc


def _is_by_server(row: TimelineRow) -> bool:
    return row.utc == NO_TIME and bool(row.local)


def _row(page: Page, row: TimelineRow, place_width: int, *, in_zone: bool) -> None:
    head = Text(f"  {_when(row, in_zone=in_zone)}", style=QUIET)
    if row.exhibit is None:
        long = span_text(row.gap.seconds if row.gap else None)
        page.hanging(head, page.text(f"no dated record from any source for {long}", "italic"))
        return
    codes = page.text(" ".join([*row.codes[:1], *([f"+{len(row.codes) - 1}"] if row.codes[1:] else [])]))
    place, words = page.cited(row.exhibit.ref), page.text(row.what)
    room = page.width - head.cell_len - CODES - place_width - 2
    if room >= LEAST_WORDS:
        page.columns(head, words, room, Text.assemble(f"{codes.plain:<{CODES}}", place))
    else:
        page.hanging(head, words)
        page.flow(head.cell_len, [codes, place])
