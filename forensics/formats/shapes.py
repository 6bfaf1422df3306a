"""The forms that records take, and which of them this program has seen before.

A new release of a client or server prints new things, and a reader that passes over them in silence would call
that a quiet session. Each record has a shape: the words that it begins with, or its type. The shapes that were
recorded stand with their versions in ``formats/known/<name>.tsv``; whatever else a log holds is counted and named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import polars as pl

from forensics.evidence.account import Shape
from forensics.privacy.redact import redact

WORDS = 5  # so many tell one message from another, and hold little of what people wrote
DISTINCT = 1000  # more shapes than this in one file are no shapes: it is counted, not listed
MORE = "…"
# a word that holds any of these differs from one record to the next
VARIABLE = re.compile(r"[0-9\"'/\\<{}()=~`@…\ufffd\x00-\x1f]")
TAG = re.compile(r"\[(?:[A-Za-z][\w.:\-]*|[A-Za-z0-9][\w.:\-]*(?: [\w.:\-]+)+)\]")
LONG = 28  # a word that is longer is no word
LONGEST = 400  # characters of a message that are looked at
LEAST = 2  # words behind one that differs tell a message, too
SERVER = re.compile(r'MCP server \\?"[^"]*":? ')
SERVER_SHAPE = f"MCP server {MORE} "


@dataclass(frozen=True, slots=True)
class Known:
    """The shapes of one kind of log that were recorded."""

    shapes: frozenset[str]

    def tells(self, text: pl.Expr, *before: str) -> pl.Expr:
        """Say which lines hold a known shape's fixed words, behind one of what comes ``before`` a message."""
        return text.str.contains_any(pl.lit(_literals(self.shapes, before)))


_learning = ContextVar("learning", default=False)


@contextmanager
def nothing_known() -> Iterator[None]:
    """Take every shape for an unknown one: this is how the tables are made from recordings."""
    before = _learning.set(True)
    try:
        yield
    finally:
        _learning.reset(before)


def known(name: str) -> Known:
    """Return the shapes that were recorded of one kind of log."""
    return Known(frozenset()) if _learning.get() else _recorded(name)


@cache
def _recorded(name: str) -> Known:
    table = files("forensics") / "formats" / "known" / f"{name}.tsv"
    if not table.is_file():  # of a format that nobody has recorded yet: each of its shapes is unknown
        return Known(frozenset())
    text = table.read_text(encoding="utf-8")
    return Known(
        frozenset(line.split("\t")[0] for line in text.split("\n") if line and not line.startswith("#"))
    )


@cache
def _literals(shapes: frozenset[str], before: tuple[str, ...]) -> pl.Series:
    """Return the fixed words of shapes with what stands before them, as one row that holds a list."""
    literals = sorted(
        lead + words
        for shape in shapes
        if (words := shape.removeprefix(SERVER_SHAPE).removeprefix(MORE).removesuffix(MORE).rstrip(" "))
        for lead in _leads(shape, before)
    )
    return pl.Series([literals], dtype=pl.List(pl.String))


def _leads(shape: str, before: tuple[str, ...]) -> tuple[str, ...]:
    """Return what stands before a shape's fixed words."""
    if shape.startswith(SERVER_SHAPE):
        return ('": ', '" ')
    return ("",) if shape.startswith(MORE) else before


def shape_of(message: str) -> str:
    """Return the words that a message begins with, up to the first that differs from record to record."""
    text = redact(message[:LONGEST]).removeprefix('"')
    server = SERVER.match(text)
    lead = SERVER_SHAPE if server else ""
    rest = text[server.end() :] if server else text
    words: list[str] = []
    if tag := TAG.match(rest):
        words.append(tag[0])
        rest = rest[tag.end() :].removeprefix(" ")
    told = rest.split("\n", 1)[0].split(" ")
    fixed = _fixed(told, WORDS - len(words))
    if not words and fixed == [MORE]:
        behind = _fixed(told[1:], WORDS - 1)
        fixed += behind if len([w for w in behind if w != MORE]) >= LEAST else []
    return lead + " ".join([*words, *fixed])


def _fixed(words: Sequence[str], most: int) -> list[str]:
    """Take words up to the first that differs, or to a colon; what is left out is marked."""
    found: list[str] = []
    for word in words:
        head, colon, _ = word.partition(":")
        if len(found) == most or VARIABLE.search(head) or "://" in word or len(head) > LONG:
            return [*found, MORE]
        found.append(head + colon)
        if colon:
            break
    return found


@dataclass(slots=True)
class Tally:
    """How many records a file holds, and which of their shapes are not known."""

    known: frozenset[str] = frozenset()
    records: int = 0
    _unknown: dict[str, tuple[int, int, int]] = field(
        default_factory=dict
    )  # shape: first line, ordinal, count
    _lacking: set[str] = field(default_factory=set)

    def see(self, line: int, shapes: Iterable[str], ordinal: int = 0) -> None:
        """Count one record, which may be of several shapes: the parts of a message."""
        self.records += 1
        strange = next((s for s in shapes if s not in self.known), None)
        if strange is not None:
            self.add(line, strange, ordinal)

    def add(self, line: int, shape: str, ordinal: int = 0) -> None:
        """Count an unknown shape. The record itself is counted elsewhere."""
        name = shape if shape in self._unknown or len(self._unknown) < DISTINCT else MORE
        *first, count = self._unknown.get(name, (line, ordinal, 0))
        self._unknown[name] = (first[0], first[1], count + 1)

    def lack(self, line: int, shapes: Iterable[str], ordinal: int = 0) -> None:
        """Count what a record lacks that was counted and read: it may have told more."""
        for shape in shapes:
            self._lacking.add(shape)
            self.add(line, shape, ordinal)

    def add_texts(self, records: int, strange: pl.DataFrame) -> None:
        """Count so many records of text, of which ``strange`` (``line``, ``message``) are of unknown shapes."""
        self.records += records
        for line, message in strange.iter_rows():
            self.add(line, shape_of(message))

    @property
    def unknown(self) -> tuple[Shape, ...]:
        """Return the unknown shapes, the most frequent first."""
        found = [
            Shape(name, line, count, place, lacks=name in self._lacking)
            for name, (line, place, count) in self._unknown.items()
        ]
        return tuple(sorted(found, key=lambda s: (-s.count, s.line, s.text)))
