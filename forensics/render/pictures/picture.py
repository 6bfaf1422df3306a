"""One picture, in every form that a report may show it in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture in three forms: Mermaid for Markdown, SVG for HTML, and rows that say the same in words."""

    name: str  # agents | todos | latency: opaque, fit for a file name
    title: str
    note: str  # what it shows and what was left out; empty where nothing has to be said
    mermaid: str  # without its fence; empty where Mermaid has no fit form
    svg: str  # escaped, without network access or script; colours by CSS variables
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    file: str = ""  # where it is a file, too: its place as a link has it; empty where none was asked for
    sources: tuple[tuple[str, ...], ...] = ()  # for each row the lines that show it, as `file:line`
