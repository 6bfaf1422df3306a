"""Bytes to numbered lines of text, decided once for all formats."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from forensics.evidence.batch import Batch
from forensics.evidence.file import BOM, PACKED, Evidence
from forensics.evidence.unwrap import ANSI, ANSI_CODE


def is_utf8(data: bytes) -> bool:
    """Say whether ``data`` is valid UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def to_lines(batch: Batch) -> pl.DataFrame:
    """Return ``line`` (u32, 1-based), ``text`` and ``damaged`` (bytes that were not UTF-8).

    A trailing carriage return, ANSI codes and a byte order mark are taken off: they are the terminal's
    and the editor's, not the log's.
    """
    try:
        frame = _split(batch.data).with_columns(damaged=pl.lit(False))
    except pl.exceptions.ComputeError:
        frame = _split_lossy(batch.data)
    text = pl.col("text")
    if batch.first_line == 1 and batch.data.startswith(BOM):
        text = text.str.strip_prefix("\ufeff")
    if b"\x1b" in batch.data:
        text = text.str.replace_all(ANSI_CODE, "")
    if b"\r" in batch.data and b"\r\r\n" in batch.data:
        text = text.str.strip_chars_end("\r")
    consecutive = pl.int_range(batch.first_line, batch.first_line + pl.len(), dtype=pl.UInt32)
    return frame.select(
        line=consecutive if batch.numbers is None else pl.Series(batch.numbers, dtype=pl.UInt32),
        text=text,
        damaged="damaged",
    )


class TextLines:
    """Iterate over the numbered lines of a text, each without the carriage returns at its end.

    After the iteration ``total`` counts the lines and ``damaged`` names those of which bytes were not UTF-8.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self.total = 0
        self.damaged: list[int] = []

    def __iter__(self) -> Iterator[tuple[int, str]]:
        for batch in self._evidence.batches():
            lines = to_lines(batch)
            self.total += lines.height
            self.damaged += lines.filter("damaged")["line"].to_list()
            for number, text in lines.select("line", "text").iter_rows():
                yield number, text.rstrip("\r")


def _split(data: bytes) -> pl.DataFrame:
    if data.startswith(PACKED):  # polars would decompress it: a newline before it says that it is text
        return pl.read_lines(b"\n" + data, name="text").slice(1)
    return pl.read_lines(data, name="text")


def _split_lossy(data: bytes) -> pl.DataFrame:
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    texts = [line.removesuffix(b"\r").decode("utf-8", "replace") for line in lines]
    # U+FFFD itself is no damage: the client writes it where it cut a server's output
    damaged = ["\ufffd" in text and not is_utf8(line) for line, text in zip(lines, texts, strict=True)]
    return pl.DataFrame(
        {"text": texts, "damaged": damaged}, schema={"text": pl.String, "damaged": pl.Boolean}
    )


def shown(line: bytes) -> bytes:
    """Return what a terminal shows of a line: without its codes, and only what was written last over it."""
    plain = ANSI.sub(b"", line) if b"\x1b" in line else line
    return plain.rstrip(b"\r").rpartition(b"\r")[2] if b"\r" in plain else plain
