"""Secrets out, before a byte reaches any output.

A secret is replaced by its kind and length, never by characters of its value. Redacting twice changes
nothing. The shapes are those of ``secret_kinds`` and ``issuers``; they are looked for in a text as it stands, and
beneath its escapes, entities and colours (``layers``). Masked keys (``sk-abc*****wxyz``), as services
quote them in their refusals, count too.

It is on unless ``unredacted`` is entered, which the engine does for one run that was told so. A context variable and
no argument: parsers, excerpts, names and rules (a user's own, too) redact at a dozen places that no value passes
through, and one of them forgotten would mean a secret shown, not a test that fails. The variable belongs to the thread
that set it, is put back when the run ends, and is set by nothing but an argument of ``analyse``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import polars as pl

from forensics.privacy import issued
from forensics.privacy.kind import Kind
from forensics.privacy.layers import HIDING, views
from forensics.privacy.secret_kinds import KINDS

# kind -> shape
SHAPES = tuple((kind.name, kind.shape) for kind in KINDS)
MARGIN = 1000  # so much of a secret is seen behind a cut: more than any but a private key is long
_COMPILED = tuple((kind.name, re.compile(kind.shape), kind.judge) for kind in KINDS)


def _marked(kinds: Sequence[Kind]) -> dict[str, tuple[int, ...]]:
    """Return for each mark the places of the kinds that have it: it is looked for once, however many share it."""
    places: dict[str, list[int]] = {}
    for n, kind in enumerate(kinds):
        for mark in dict.fromkeys(m.casefold() for m in kind.marks):
            places.setdefault(mark, []).append(n)
    return {mark: tuple(ns) for mark, ns in places.items()}


_MARKED = _marked(KINDS)
# the cheap test: a text without any of these holds no secret of a known shape
MARKS = (*_MARKED, *(mark.casefold() for mark in issued.MARKS))
LONG = 20_000  # characters of a text in which all marks are looked for at once
MOST_ROUNDS = 20


_ON = ContextVar("redacting", default=True)


@contextmanager
def unredacted() -> Iterator[None]:
    """Redact nothing inside of this block, in this thread."""
    token = _ON.set(False)
    try:
        yield
    finally:
        _ON.reset(token)


def is_redacting() -> bool:
    """Say whether secrets are taken out in this thread: for what hides them in another way than by their shapes."""
    return _ON.get()


def redact(text: str) -> str:
    """Return ``text`` with every secret of a known shape replaced by its kind and length."""
    return _redacted(text) if _ON.get() else text


class _Found(NamedTuple):
    """A secret: its place in the text, its kind, and how many characters it has beneath the layers over it."""

    start: int
    end: int
    kind: str
    length: int


def _redacted(text: str) -> str:
    near: list[tuple[int, int]] | None = None  # where to look: after the first round, at what has changed
    for _ in range(MOST_ROUNDS):  # what stood behind a secret begins a word now
        found = list(_joined(_found_in(text, near)))
        if not found:
            break
        text, near = _without(text, found)
    return text


def _found_in(text: str, near: list[tuple[int, int]] | None) -> Iterator[_Found]:
    for begin, stop in near or [(0, len(text))]:
        for view in views(text[begin:stop]):
            for start, end, kind in _secrets_in(view.text):
                at, behind = view.span(start, end)
                yield _Found(begin + at, begin + behind, kind, end - start)


def _secrets_in(text: str) -> Iterator[tuple[int, int, str]]:
    small = text.casefold()
    # a shape costs a hundred times what looking for a mark does, and few texts hold any
    for n in sorted({n for mark in _marks_in(small, _MARKED) for n in _MARKED[mark]}):
        kind, shape, judge = _COMPILED[n]
        group = "value" if "value" in shape.groupindex else 0
        for found in shape.finditer(text):
            if judge is None or judge(found):
                yield *found.span(group), kind
    yield from issued.issued_in(text)


def _marks_in(small: str, marks: Iterable[str]) -> Iterable[str]:
    if len(small) < LONG:
        return [mark for mark in marks if mark in small]
    seen = set(pl.Series([small]).str.extract_many(list(marks), overlapping=True)[0].to_list())
    return [mark for mark in marks if mark in seen]


def _without(text: str, found: Sequence[_Found]) -> tuple[str, list[tuple[int, int]]]:
    """Replace each secret; return the text, and the stretches of it around what was replaced."""
    pieces: list[str] = []
    near: list[tuple[int, int]] = []
    at = length = 0
    for secret in found:
        stands = f"[redacted: {secret.kind}, {secret.length} characters]"
        pieces += (text[at : secret.start], stands)
        length += secret.start - at + len(stands)
        begin = max(0, length - len(stands) - MARGIN)
        if near and begin <= near[-1][1]:
            begin = near.pop()[0]
        near.append((begin, length + MARGIN))
        at = secret.end
    return "".join((*pieces, text[at:])), near


def _joined(found: Iterable[_Found]) -> Iterator[_Found]:
    """Yield the secrets in their order; of those that overlap, the longest names the piece that all of them cover."""
    kept: _Found | None = None
    for secret in sorted(
        found, key=lambda f: (f.start, -f.end)
    ):  # of equal ones the first: it was seen plainer
        if kept is None or secret.start >= kept.end:
            if kept is not None:
                yield kept
            kept = secret
        elif secret.end > kept.end:
            longest = max(kept, secret, key=lambda f: f.end - f.start)
            kept = _Found(kept.start, secret.end, longest.kind, secret.end - kept.start)
    if kept is not None:
        yield kept


def cut(text: str, most: int) -> str:
    """Return the first ``most`` characters, redacted before the cut: a part of a secret has no shape."""
    if len(text) <= most:
        return text
    return redact(text[: most + MARGIN])[:most]


def redact_columns(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Redact text columns; only the cells that carry a mark are looked at one by one."""
    return frame.with_columns(_redacted_cells(frame[name]) for name in names) if _ON.get() else frame


def _redacted_cells(column: pl.Series) -> pl.Series:
    marked = column.str.contains_any([*MARKS, *HIDING], ascii_case_insensitive=True).arg_true()
    if marked.is_empty():
        return column
    return column.clone().scatter(marked, [_redacted(text) for text in column.gather(marked)])
