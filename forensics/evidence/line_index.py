"""Lines of a file by their number: one pass counts line ends, and any line is then read by itself."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from forensics.evidence.batch import LineHead

CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class RawBytes:
    """A line as it stands in the file, without its end. Of one that is too long ``data`` is the beginning."""

    number: int
    offset: int
    size: int  # bytes
    sha256: str
    data: bytes


class Readable(Protocol):
    """A file of which so many bytes are read: a log, or what is held of one."""

    @property
    def path(self) -> Path:
        """Return where it lies."""
        ...

    @property
    def size(self) -> int:
        """Return how many bytes of it are read."""
        ...


class LineIndex:
    """Finds lines of one file. What was appended after it was hashed is not seen.

    A log may be rotated or removed meanwhile: the lines that are gone are not found, and ``custody`` says why.
    """

    def __init__(self, evidence: Readable) -> None:
        self._evidence = evidence
        self._before = [0]  # line ends before each chunk
        with suppress(OSError), evidence.path.open("rb") as stream:
            left = evidence.size
            while chunk := stream.read(min(CHUNK, left)):
                left -= len(chunk)
                self._before.append(self._before[-1] + chunk.count(b"\n"))

    def read(self, numbers: Iterable[int]) -> Iterator[RawBytes]:
        """Yield the lines of these numbers that the file has, in their order."""
        with suppress(OSError), self._evidence.path.open("rb") as stream:
            for number in sorted(numbers):
                start = self._start_of(number, stream)
                if start is not None:
                    yield self._line(number, start, stream)

    def _start_of(self, number: int, stream: BinaryIO) -> int | None:
        """Return where a line begins: behind the line end before it."""
        ends = number - 1
        if ends == 0:
            return 0
        chunk = bisect_left(self._before, ends) - 1
        if chunk + 1 >= len(self._before):
            return None
        stream.seek(chunk * CHUNK)
        data = stream.read(CHUNK)
        *before, behind = data.split(b"\n", ends - self._before[chunk])
        if len(before) < ends - self._before[chunk]:
            return None
        start = chunk * CHUNK + len(data) - len(behind)
        return start if start <= self._evidence.size else None

    def _line(self, number: int, start: int, stream: BinaryIO) -> RawBytes:
        stream.seek(start)
        head, digest, size = LineHead(), hashlib.sha256(), 0
        while chunk := stream.read(min(CHUNK, self._evidence.size - start - size)):
            end = chunk.find(b"\n")
            piece = chunk if end < 0 else chunk[:end]
            head.add(piece)
            digest.update(piece)
            size += len(piece)
            if end >= 0:
                break
        return RawBytes(number, start, size, digest.hexdigest(), head.data())
