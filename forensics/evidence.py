r"""Bytes in: reading, hashing and batching of input files. Nothing here ever writes to an input.

Bytes become text in one place (``to_lines``): polars' ``read_lines`` refuses a whole file for one
invalid byte, so valid UTF-8 takes the fast path and anything else goes through a lossy copy
(U+FFFD) whose touched lines are noted. Lines are split on ``\n`` alone, so that a line number is
the one that an editor shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

BATCH_BYTES = 32 * 1024 * 1024
HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole lines of a file: ``data`` begins with line ``first_line`` (1-based)."""

    first_line: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One input file. ``name`` is what reports print: relative to the argument that held it."""

    name: str
    path: Path
    size: int
    sha256: str
    head: bytes

    def batches(self, size: int = BATCH_BYTES) -> Iterator[Batch]:
        """Yield the file in pieces of about ``size`` bytes that end at line ends."""
        line, rest = 1, b""
        with self.path.open("rb") as stream:
            while chunk := stream.read(size):
                whole, newline, tail = (rest + chunk).rpartition(b"\n")
                if newline:
                    yield Batch(line, whole + newline)
                    line += whole.count(b"\n") + 1
                rest = tail
        if rest:
            yield Batch(line, rest)

    def read(self) -> bytes:
        """Return the whole file: for formats that are one JSON document."""
        return self.path.read_bytes()


def open_evidence(path: Path, name: str) -> Evidence:
    """Hash the file and take its head. Raises ``OSError`` where it cannot be read."""
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        stream.seek(0)
        digest = hashlib.file_digest(stream, "sha256")
        size = stream.tell()
    return Evidence(name=name, path=path, size=size, sha256=digest.hexdigest(), head=head)


def count_lines(data: bytes) -> int:
    """Count as ``wc -l`` does, plus a last line without its newline."""
    return data.count(b"\n") + (1 if data and not data.endswith(b"\n") else 0)


def to_lines(batch: Batch) -> pl.DataFrame:
    """Return ``line`` (u32, 1-based), ``text`` and ``damaged`` (bytes that were not UTF-8).

    A trailing carriage return and ANSI colour codes are taken off: they are the terminal's, not the log's.
    """
    try:
        frame = _split(batch.data).with_columns(damaged=pl.lit(False))
    except pl.exceptions.ComputeError:
        lossy = batch.data.decode("utf-8", "replace").encode()
        frame = _split(lossy).with_columns(damaged=pl.col("text").str.contains("�", literal=True))
    text = pl.col("text").str.strip_suffix("\r")
    if b"\x1b[" in batch.data:
        text = text.str.replace_all("\x1b\\[[0-9;?]*[A-Za-z]", "")
    return frame.select(
        line=pl.int_range(batch.first_line, batch.first_line + pl.len(), dtype=pl.UInt32),
        text=text,
        damaged="damaged",
    )


def _split(data: bytes) -> pl.DataFrame:
    if not data:
        return pl.DataFrame(schema={"text": pl.String()})
    return pl.read_lines(data, name="text")
