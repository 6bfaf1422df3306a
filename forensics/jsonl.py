r"""JSON lines, tolerantly: one damaged line costs one line.

A session that died ends in a truncated line; polars' own NDJSON reader refuses the whole file then.
Node cuts texts between the halves of an emoji and writes the half as ``\ud83d``, which no strict
decoder takes: it becomes U+FFFD before decoding, as bytes that are not UTF-8 do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from forensics.evidence import BOM, INVALID_UTF8, Evidence, is_utf8

T = TypeVar("T")

NOT_JSON = "not valid JSON"
CUT = "not valid JSON: the last line is cut off"
UNEXPECTED = "JSON of an unexpected shape"
# what msgspec raises for what a text says; its own errors and Unicode's are ValueErrors
UNDECODABLE = (ValueError, RecursionError)
# every escape in turn, so that the second of two backslashes never begins one
ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class JsonLines(Generic[T]):
    """Iterate over the records of a file that decode as ``kind``.

    After the iteration ``total`` counts the lines and ``bad`` names, by reason, those that gave no
    record or a mended one. An empty line is no record and no problem.
    """

    def __init__(self, evidence: Evidence, kind: type[T]) -> None:
        self._evidence = evidence
        self._decoder = msgspec.json.Decoder(kind, strict=False)
        self.total = 0
        self.bad: dict[str, list[int]] = {}

    def __iter__(self) -> Iterator[tuple[int, T]]:
        for batch in self._evidence.batches():
            lines = batch.data.split(b"\n")
            complete = not lines[-1]
            if complete:
                lines.pop()
            self.total += len(lines)
            valid = is_utf8(batch.data)
            numbers = batch.numbered(len(lines))
            last = numbers[-1] if numbers else 0
            for number, line in zip(numbers, lines, strict=True):
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
                    self.note(CUT if number == last and not complete else NOT_JSON, number)
                else:
                    if damaged:
                        self.note(INVALID_UTF8, number)
                    yield number, record

    def note(self, reason: str, line: int) -> None:
        """Count a line as not understood, once."""
        if not any(lines[-1] == line for lines in self.bad.values()):
            self.bad.setdefault(reason, []).append(line)


def unquote(text: str) -> str | None:
    """Return what a JSON string says; null where it is none."""
    try:
        return msgspec.json.decode(mend(text.encode()), type=str)
    except UNDECODABLE:
        return None


def mend(raw: bytes) -> bytes:
    """Put U+FFFD for bytes that are not UTF-8, and for halves of surrogate pairs."""
    return ESCAPE.sub(_whole, raw.decode("utf-8", "replace").encode())


def _whole(found: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if found["half"] else found[0]
