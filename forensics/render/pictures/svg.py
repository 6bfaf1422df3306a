"""Pieces of an SVG that is put into a page: escaped, without script, links and style attributes; and a scale of time.

Colours are the page's CSS variables; the values behind them hold where the picture stands alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape

from forensics.text.controls import plain
from forensics.text.durations import MINUTE
from forensics.text.lengths import shortened

WIDTH, LEFT, RIGHT = 960, 216, 16  # pixels: of the whole, and beside the plot
CHARACTER = 6.1  # pixels that a character of the small text takes, about
MOST_TICKS = 8
STEPS = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600,
    7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000, 31536000, 315360000,
)  # fmt: skip
DAY = 86400
NO_XML = {
    0xFFFE: "\ufffd",
    0xFFFF: "\ufffd",
}  # the characters that no XML may hold, beside those that are no text
STYLE = (
    ".fp{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif;"
    "--ink:var(--text,#1b2027);"
    "--dim:var(--muted,#59636f);--rule:var(--line,#dde1e7)}"
    ".fp text{fill:var(--ink)}.fp text.fp-dim{fill:var(--dim)}.fp-small{font-size:10.5px}.fp-name{font-weight:600}"
    ".fp-grid{stroke:var(--rule);stroke-width:1}.fp-spawn{stroke:var(--dim);stroke-width:1;stroke-opacity:.45;fill:none}"
    ".fp-band{fill:var(--sunk,#f0f2f5);fill-opacity:.55}"
    ".fp-bar{stroke-width:1.2;fill-opacity:.28}"
    ".fp-plain{fill:var(--low,#1f6a8c);stroke:var(--low,#1f6a8c)}.fp-done{fill:var(--good,#1d6f42);stroke:var(--good,#1d6f42)}"
    ".fp-open{fill:var(--medium,#8f5400);stroke:var(--medium,#8f5400)}.fp-failed{fill:var(--high,#b3261e);stroke:var(--high,#b3261e)}"
    ".fp-unseen{fill-opacity:.1;stroke-dasharray:4 3}.fp-write{fill:var(--ink)}"
    ".fp-mark{fill:var(--critical,#9b1247)}.fp-dot{fill-opacity:1}"
)


def classes(kind: str) -> str:
    """Return the names of classes as they stand in the page: with a beginning that no other style has."""
    return " ".join(f"fp-{name}" for name in kind.split())


def words(text: object) -> str:
    """Return a text that is safe between tags and in attributes."""
    return escape(plain(text).translate(NO_XML))


def fitting(text: str, pixels: float) -> str:
    """Return so much of a text as has room."""
    return shortened(text, max(int(pixels / CHARACTER), 2))


@dataclass(frozen=True, slots=True)
class Scale:
    """From times to pixels of the plot."""

    since: datetime
    until: datetime

    @property
    def seconds(self) -> float:
        """Return what is shown, never nothing."""
        return max((self.until - self.since).total_seconds(), 0.001)

    def x(self, moment: datetime) -> float:
        """Return where a time is; what lies outside is put on the edge."""
        part = (moment - self.since).total_seconds() / self.seconds
        return round(LEFT + min(max(part, 0.0), 1.0) * (WIDTH - LEFT - RIGHT), 1)

    def shows(self, since: datetime, until: datetime) -> bool:
        """Say whether any of what lasted from ``since`` until ``until`` is within."""
        return until >= self.since and since <= self.until

    def ticks(self) -> Iterator[tuple[datetime, str]]:
        """Yield round times within, with their words."""
        step = next((s for s in STEPS if self.seconds / s <= MOST_TICKS), STEPS[-1])
        zero = datetime(1970, 1, 1, tzinfo=UTC if self.since.tzinfo else None)
        number = -(-(self.since - zero) // timedelta(seconds=step))
        while (moment := zero + number * timedelta(seconds=step)) <= self.until:
            yield moment, _tick(moment, step)
            number += 1


def _tick(moment: datetime, step: float) -> str:
    if step < 1:
        return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03}"
    if step < MINUTE:
        return f"{moment:%H:%M:%S}"
    if step < DAY / 4:
        return f"{moment:%H:%M}"
    return f"{moment:%m-%d %H:%M}" if step < DAY else f"{moment:%Y-%m-%d}"


@dataclass
class Canvas:
    """What is drawn so far, from the top down. ``below`` lies under all else."""

    y: float = 0.0
    below: list[str] = field(default_factory=list)
    above: list[str] = field(default_factory=list)

    def text(
        self, x: float, y: float, text: str, kind: str = "", *, end: bool = False, tip: str = ""
    ) -> None:
        """Write a line of text; ``end``: it ends at ``x``."""
        anchor = ' text-anchor="end"' if end else ""
        title = f"<title>{words(tip)}</title>" if tip else ""
        named = f' class="{classes(kind)}"' if kind else ""
        self.above.append(f'<text x="{x:g}" y="{y:g}"{named}{anchor}>{title}{words(text)}</text>')

    def box(self, x: float, y: float, width: float, height: float, kind: str, tip: str = "") -> None:
        """Draw a rectangle, two pixels wide at least."""
        size = f'x="{x:g}" y="{y:g}" width="{max(round(width, 1), 2):g}" height="{height:g}" rx="2"'
        self.above.append(f'<rect class="{classes(kind)}" {size}>{_title(tip)}</rect>')

    def diamond(self, x: float, y: float, tip: str, size: float = 5) -> None:
        """Draw the mark of findings."""
        path = f"M{x:g} {y - size:g}l{size:g} {size:g}l{-size:g} {size:g}l{-size:g} {-size:g}z"
        self.above.append(f'<path class="fp-mark" d="{path}">{_title(tip)}</path>')

    def line(self, x: float, y: float, x2: float, y2: float, kind: str, tip: str = "") -> None:
        """Draw a line."""
        self.above.append(
            f'<line class="{classes(kind)}" x1="{x:g}" y1="{y:g}" x2="{x2:g}" y2="{y2:g}">{_title(tip)}</line>'
        )

    def dot(self, x: float, y: float, kind: str, tip: str) -> None:
        """Draw a small circle."""
        self.above.append(
            f'<circle class="{classes(kind)}" cx="{x:g}" cy="{y:g}" r="3">{_title(tip)}</circle>'
        )

    def svg(self, key: str, title: str, told: str) -> str:
        """Return the whole; ``key`` is what its ids begin with."""
        head = (
            f'<svg class="fp" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.y:g}" width="{WIDTH}" '
            f'height="{self.y:g}" role="img" aria-labelledby="{key}-title {key}-desc">'
        )
        named = f'<title id="{key}-title">{words(title)}</title><desc id="{key}-desc">{words(told)}</desc>'
        return "".join((head, named, f"<style>{STYLE}</style>", *self.below, *self.above, "</svg>"))


def _title(tip: str) -> str:
    return f"<title>{words(tip)}</title>" if tip else ""
