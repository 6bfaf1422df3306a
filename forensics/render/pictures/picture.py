"""One picture, in every form that a report may show it in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from forensics.analysis.lasting.lanes import Track
from forensics.render.pictures.chart import chart_of
from forensics.render.pictures.drawing import draw
from forensics.render.pictures.rows import Row


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture in three forms: Mermaid for Markdown, SVG for HTML, and rows that say the same in words.

    It is drawn as what a form asks for, when it asks: no form pays for what it does not show.
    """

    name: str  # agents | todos | latency: opaque, fit for a file name
    title: str
    note: str  # what it shows and what was left out; empty where nothing has to be said
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    file: str = ""  # where it is a file, too: its place as a link has it; empty where none was asked for
    sources: tuple[tuple[str, ...], ...] = ()  # for each row the lines that show it, as `file:line`
    _track: Track
    _shown: tuple[Row, ...]  # the rows as they are drawn
    _key: str  # what the ids of its SVG begin with

    @cached_property
    def mermaid(self) -> str:
        """Return it as Mermaid, without its fence; empty where Mermaid has no fit form."""
        return chart_of(self._track, self._shown, self.title)

    @cached_property
    def svg(self) -> str:
        """Return it as SVG: escaped, without network access or script; colours by CSS variables."""
        return draw(self._track, self._shown, key=self._key, title=self.title, told=self.note)
