r"""JSON lines, tolerantly: one damaged line costs one line.

A session that died ends in a truncated line; polars' own NDJSON reader refuses the whole file then.
Node cuts texts between the halves of an emoji and writes the half as ``\ud83d``, which no strict
decoder takes: it becomes U+FFFD before decoding, as bytes that are not UTF-8 do.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from forensics.evidence.account import INVALID_UTF8, Damage, Reason
from forensics.evidence.file import BOM, Evidence
from forensics.evidence.text import is_utf8

T = TypeVar("T")

NOT_JSON = Reason("not valid JSON", Damage.BROKEN)
CUT = Reason("not valid JSON: the last line is cut off", Damage.CUT_OFF)
TORN = Reason("not valid JSON from here on: cut off or broken", Damage.CUT_OFF)
BESIDE = Reason("output of something else, before or behind the records", Damage.NONE)
# a line of such text is no part of a record: a quotation mark, a brace or a control character may be one's rest
PLAIN = re.compile(rb"[^\x00-\x08\x0e-\x1f\"{}]+")
UNEXPECTED = Reason("JSON of an unexpected shape", Damage.BROKEN)
# what msgspec raises for what a text says; its own errors and Unicode's are ValueErrors
UNDECODABLE = (ValueError, RecursionError)
# every escape in turn, so that the second of two backslashes never begins one
ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)

SCANNER = json.JSONDecoder()
OPENING = re.compile(r"\{\s*")
GAP = re.compile(r"[\s,:]*")


class JsonLines(Generic[T]):
    """Iterate over the records of a file that decode as ``kind``.

    After the iteration ``total`` counts the lines and ``bad`` names, by reason, those that gave no
    record or a mended one. An empty line is no record and no problem.
    """

    def __init__(self, evidence: Evidence, kind: type[T]) -> None:
        self._evidence = evidence
        self._decoder = msgspec.json.Decoder(kind, strict=False)
        self.total = 0
        self.before_end = 0  # where the record at hand shares its line: how far before its end it begins
        self._span = 1  # how many lines the record at hand is
        self.bad: dict[Reason, list[int]] = {}
        self._plain: list[int] = []  # lines of text that is no part of a record
        self._edges: tuple[int, int] | None = None  # the first and the last record

    def __iter__(self) -> Iterator[tuple[int, T]]:
        for batch in self._evidence.records():
            lines = batch.data.split(b"\n")
            complete = not lines[-1]
            if complete:
                lines.pop()
            spans = batch.spanned(len(lines))
            self.total += sum(spans)
            valid = is_utf8(batch.data)
            numbers = batch.numbered(len(lines))
            last = numbers[-1] if numbers else 0
            starts = batch.before_ends or (0,) * len(lines)
            for number, line, self._span, self.before_end in zip(numbers, lines, spans, starts, strict=True):
                raw = line.removeprefix(BOM) if number == 1 else line
                if not raw or raw.isspace():
                    continue
                damaged = not valid and not is_utf8(raw)
                if damaged or b"\\ud" in raw or b"\\uD" in raw:
                    raw = mend(raw)
                try:
                    record = self._decoder.decode(raw)
                except msgspec.ValidationError:
                    self.note(UNEXPECTED, number)
                except UNDECODABLE:
                    self._note_text(CUT if number == last and not complete else NOT_JSON, number, raw)
                else:
                    self._edges = (self._edges[0] if self._edges else number, number)
                    if damaged:
                        self.note(INVALID_UTF8, number)
                    yield number, record
        self._set_aside()

    def _note_text(self, reason: Reason, number: int, raw: bytes) -> None:
        self.note(reason, number)
        if PLAIN.fullmatch(raw):
            self._plain.append(number)

    def _set_aside(self) -> None:
        """Tell from damage what a shell printed around the records: a file of them was shown in its window."""
        first, last = self._edges or (0, self.total)
        beside = {n for n in self._plain if not first <= n <= last}
        if beside:
            kept = {reason: [n for n in lines if n not in beside] for reason, lines in self.bad.items()}
            self.bad = {reason: lines for reason, lines in kept.items() if lines} | {BESIDE: sorted(beside)}

    def note(self, reason: Reason, line: int) -> None:
        """Count the lines of the record at hand as not understood, once."""
        if not any(lines[-1] >= line for lines in self.bad.values()):
            self.bad.setdefault(reason, []).extend(range(line, line + max(1, self._span)))


class LineNumbers:
    """Tells the line of a place in a text of ``total`` lines."""

    def __init__(self, text: str, total: int) -> None:
        self._breaks = [found.start() for found in re.finditer("\n", text)]
        self._last = max(total, len(self._breaks) + (not text.endswith("\n")))

    def line_at(self, at: int) -> int:
        """Return the line that holds the character at ``at``; behind the text's end, the last one."""
        return min(bisect_left(self._breaks, at) + 1, self._last)

    def line_of_member(self, text: str, at: int) -> int:
        """Return the line of a record: of its first key, where its bracket stands alone on a line."""
        begin = OPENING.match(text, at)
        return self.line_at(begin.end() if begin else at)


class Members:
    """Iterate over the whole members of a JSON object or array that begins at ``at`` in ``text``.

    Yields the key (null in an array) and where the value begins and ends. After the iteration ``end`` is the place
    behind the whole; ``torn`` is null, or where the member begins that is cut off or broken: nothing behind it is
    read. ``torn_value`` is where that member's value would begin, and ``key`` its key, as far as it has them.
    """

    def __init__(self, text: str, at: int) -> None:
        self._text = text
        self.begin = self.end = at
        self.torn: int | None = None
        self.torn_value = at
        self.key: str | None = None

    def __iter__(self) -> Iterator[tuple[str | None, int, int]]:
        is_object = self._text[self.begin] == "{"
        at = self._behind_gap(self.begin + 1)
        while at < len(self._text) and self._text[at] not in "]}":
            self.torn, self.torn_value, self.key = at, at, None
            try:
                if is_object:
                    name, at = SCANNER.raw_decode(self._text, at)
                    self.key = str(name)
                    self.torn_value = at = self._behind_gap(at)
                _, end = SCANNER.raw_decode(self._text, at)
            except UNDECODABLE:
                return
            self.torn = None
            yield self.key, at, end
            at = self._behind_gap(end)
        if at >= len(self._text):
            self.torn = at
        self.end = at + 1

    def _behind_gap(self, at: int) -> int:
        return GAP.match(self._text, at).end()  # type: ignore[union-attr]  # it matches nothing, too


def unquote(text: str) -> str | None:
    """Return what a JSON string says; null where it is none."""
    try:
        return msgspec.json.decode(mend(text.encode()), type=str)
    except UNDECODABLE:
        return None


def decoded(raw: msgspec.Raw | bytes, kind: type[T], or_else: T | None = None) -> T:
    """Decode as ``kind``; where a record says something else, ``or_else`` or an empty ``kind``."""
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except UNDECODABLE:
        return kind() if or_else is None else or_else


def mend(raw: bytes) -> bytes:
    """Put U+FFFD for bytes that are not UTF-8, and for halves of surrogate pairs."""
    return ESCAPE.sub(_whole, raw.decode("utf-8", "replace").encode())


def _whole(found: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if found["half"] else found[0]
