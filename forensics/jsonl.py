"""JSON lines, tolerantly: one damaged line costs one line.

A session that died ends in a truncated line; polars' own NDJSON reader refuses the whole file then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from forensics.evidence import Evidence, count_lines

T = TypeVar("T")

NOT_JSON = "not valid JSON"
CUT = "not valid JSON: the last line is cut off"
UNEXPECTED = "JSON of an unexpected shape"


class JsonLines(Generic[T]):
    """Iterate over the records of a file that decode as ``kind``.

    After the iteration ``total`` counts the lines and ``bad`` names those that gave no record.
    An empty line is no record and no problem.
    """

    def __init__(self, evidence: Evidence, kind: type[T]) -> None:
        self._evidence = evidence
        self._decoder = msgspec.json.Decoder(kind, strict=False)
        self.total = 0
        self.bad: dict[str, list[int]] = {}

    def __iter__(self) -> Iterator[tuple[int, bytes, T]]:
        for batch in self._evidence.batches():
            self.total += count_lines(batch.data)
            complete = batch.data.endswith(b"\n")
            lines = batch.data.split(b"\n")
            if complete:
                lines.pop()
            last = batch.first_line + len(lines) - 1
            for number, raw in enumerate(lines, batch.first_line):
                if not raw.strip():
                    continue
                try:
                    yield number, raw, self._decoder.decode(raw)
                except msgspec.ValidationError:
                    self._note(UNEXPECTED, number)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    self._note(CUT if number == last and not complete else NOT_JSON, number)

    def _note(self, reason: str, line: int) -> None:
        self.bad.setdefault(reason, []).append(line)
