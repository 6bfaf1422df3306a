"""Secrets out, before a byte reaches any output.

A secret is replaced by its kind and length, never by characters of its value. Redacting twice changes
nothing. The shapes are those of ``secret_kinds``; masked keys (``sk-abc*****wxyz``), as services quote them in their
refusals, count too.

It is on unless ``unredacted`` is entered, which the engine does for one run that was told so. A context variable and
no argument: parsers, excerpts, names and rules (a user's own, too) redact at a dozen places that no value passes
through, and one of them forgotten would mean a secret shown, not a test that fails. The variable belongs to the thread
that set it, is put back when the run ends, and is set by nothing but an argument of ``analyse``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

import polars as pl

from forensics.privacy.secret_kinds import KINDS

# kind -> shape
SHAPES = tuple((kind, shape) for kind, _, shape in KINDS)
# the cheap test, made on whole columns in any case: a text without any of these holds no secret of a known shape
MARKS = tuple(dict.fromkeys(mark.casefold() for _, marks, _ in KINDS for mark in marks))
MARGIN = 1000  # so much of a secret is seen behind a cut: more than any but a private key is long
_COMPILED = tuple((kind, re.compile(shape)) for kind, _, shape in KINDS)
# mark -> the places of the kinds that have it: each mark is looked for once, however many kinds share it
_MARKED = {
    mark: tuple(n for n, (_, marks, _) in enumerate(KINDS) if mark in {m.casefold() for m in marks})
    for mark in MARKS
}


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


def _redacted(text: str) -> str:
    before = None
    while text != before:  # what stood behind a secret begins a word now
        before, small = text, text.casefold()
        # a shape costs a hundred times what looking for a mark does, and few texts hold any
        due = {n for mark in MARKS if mark in small for n in _MARKED[mark]}
        for n in sorted(due):
            kind, shape = _COMPILED[n]
            text = shape.sub(partial(_replacement, kind), text)
    return text


def cut(text: str, most: int) -> str:
    """Return the first ``most`` characters, redacted before the cut: a part of a secret has no shape."""
    if len(text) <= most:
        return text
    return redact(text[: most + MARGIN])[:most]


def _replacement(kind: str, found: re.Match[str]) -> str:
    whole = found.group(0)
    if "value" not in found.re.groupindex:
        return f"[redacted: {kind}, {len(whole)} characters]"
    value = found["value"]
    start, end = found.start("value") - found.start(), found.end("value") - found.start()
    return f"{whole[:start]}[redacted: {kind}, {len(value)} characters]{whole[end:]}"


def redact_columns(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Redact text columns; only the cells that carry a mark are looked at one by one."""
    return frame.with_columns(_redacted_cells(frame[name]) for name in names) if _ON.get() else frame


def _redacted_cells(column: pl.Series) -> pl.Series:
    marked = column.str.contains_any(list(MARKS), ascii_case_insensitive=True).arg_true()
    if marked.is_empty():
        return column
    return column.clone().scatter(marked, [_redacted(text) for text in column.gather(marked)])
