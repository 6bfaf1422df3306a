"""What of the evidence was understood, by source: the measure of what a report may leave out without saying so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from forensics.evidence.account import Blind, InputFile, Unread
from forensics.schema import Source


@dataclass(frozen=True, slots=True)
class Place:
    """So many lines or records of one kind, the first of them at ``file:line``."""

    what: str
    source: Source
    count: int
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCoverage:
    """The files of one source: how many lines and records they hold, and how many of each are not understood."""

    source: Source
    files: int
    lines: int
    lines_understood: int
    records: int
    records_unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """All sources. ``unknown`` are shapes of records, ``problems`` reasons of lines, the most frequent first.

    ``nothing`` says where it is so that no line of any file was understood.
    """

    sources: tuple[SourceCoverage, ...]
    unknown: tuple[Place, ...]
    problems: tuple[Place, ...]
    unread: tuple[Unread, ...]
    nothing: str | None = None


def coverage_of(inputs: Sequence[InputFile], unread: tuple[Unread, ...]) -> Coverage:
    """Add up the account of all files."""
    ordered = sorted(inputs, key=lambda i: i.evidence.name)
    return Coverage(
        sources=tuple(
            _of_source(source, [i for i in ordered if i.source is source])
            for source in Source
            if any(i.source is source for i in ordered)
        ),
        unknown=_summed(
            Place(s.text, i.source, s.count, i.evidence.name, s.line) for i in ordered for s in i.unknown
        ),
        problems=_summed(
            Place(p.reason, i.source, p.count, i.evidence.name, p.line) for i in ordered for p in i.problems
        ),
        unread=unread,
    )


def blind_spots(inputs: Iterable[InputFile], unread: Iterable[Unread]) -> tuple[Blind, ...]:
    """Return what looks like ours and was not read, in the order of the files' names."""
    files = [Blind(u.name, u.reason, u.likeness) for u in unread if u.likeness is not None]
    lines = [
        Blind(
            i.evidence.name, "not understood", i.missed.likeness, i.missed.line, i.missed.count, i.lines_total
        )
        for i in inputs
        if i.missed is not None
    ]
    return tuple(sorted((*files, *lines), key=lambda b: b.name))


def _of_source(source: Source, files: Sequence[InputFile]) -> SourceCoverage:
    return SourceCoverage(
        source=source,
        files=len(files),
        lines=sum(i.lines_total for i in files),
        lines_understood=sum(i.lines_understood for i in files),
        records=sum(i.records for i in files),
        records_unknown=sum(i.records_unknown for i in files),
    )


def _summed(places: Iterable[Place]) -> tuple[Place, ...]:
    """Add up what is the same in several files; the place is the first."""
    found: dict[tuple[Source, str], Place] = {}
    for place in places:
        key = (place.source, place.what)
        first = found.get(key, Place(place.what, place.source, 0, place.file, place.line))
        found[key] = Place(first.what, first.source, first.count + place.count, first.file, first.line)
    return tuple(sorted(found.values(), key=lambda p: (-p.count, p.source, p.what)))
