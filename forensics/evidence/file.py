r"""Bytes in: reading, hashing and batching of input files. Nothing here ever writes to an input.

Bytes become text in one place (``to_lines``): polars' ``read_lines`` refuses a whole file for one
invalid byte, so valid UTF-8 takes the fast path and anything else is decoded line by line (U+FFFD),
and each touched line is noted. Lines are split on ``\n`` alone, so that a line number is the one that
an editor shows.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from forensics.evidence.batch import Batch, LineHead
from forensics.evidence.containers.layout import head_of, laid_out
from forensics.evidence.containers.values import has_records, is_laid_out
from forensics.evidence.unwrap import BEGINS, PLAIN, Part, Wrapping, parts_of, wrapping_of

BATCH_BYTES = 24 * 1024 * 1024  # below what malloc always maps afresh: half the page faults of 32 MiB
LARGEST_DOCUMENT = 64 * 1024 * 1024  # a list of todos, a team: it is held at once
HEAD_BYTES = 64 * 1024
PACKED = (b"\x1f", b"(", b"x")  # how gzip, zstd and zlib begin; a line of text may, too
BOM = b"\xef\xbb\xbf"
# a record of a conversation in a text of something else, and how far before that its prefix may be seen
SIGN = re.compile(rb'"type"\s*:\s*"(?:system|assistant|user|result)"')
# where a job's log shows none: that a step of it starts the client, or how that ended
OF_JOB = re.compile(
    rb"Running Claude Code via SDK|Running Claude with prompt from|Claude Code process (?:exited|terminated)"
    rb"|(?m:^(?:.{0,120}[^\w])?(?:[$+]|##\[group\]Run) claude -)"
)
SIGN_BEFORE = 2048
DOCUMENT = re.compile(rb'\s*(?:\{|\[\s*[\[{"])')
MOST_LOOKS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One input file. ``name`` is what reports print: relative to the argument that held it."""

    name: str
    place: str  # the whole path: a file's folder may tell what it is, also when it was named alone
    path: Path
    size: int
    sha256: str
    modified_ns: int = 0  # when it was last written to, as its file system says, since 1970
    head: bytes  # without a byte order mark
    batch_bytes: int = BATCH_BYTES  # memory depends on it, results do not
    wrapping: Wrapping = PLAIN  # what stands around the log's own lines
    part: Part | None = None  # of a file that holds lines of several logs, or not all of one
    encoding: str | None = None  # of the file, where it was decoded to be read
    is_laid_out: bool = False  # its records stand otherwise than one on a line
    watch: Callable[[Batch], None] | None = (
        None  # is shown what a parser reads, so that nothing is read twice
    )

    @property
    def digest(self) -> str:
        """Return a short name of the log by its bytes; several logs may stand in one file."""
        part = self.part.name if self.part is not None else None
        if part is None:
            return self.sha256[:12]
        return hashlib.sha256(f"{self.sha256} {part}".encode("utf-8", "replace")).hexdigest()[:12]

    @property
    def is_excerpt(self) -> bool:
        """Say whether the log was longer: where its lines begin and stop says nothing of the session."""
        return self.wrapping.is_excerpt

    @property
    def is_sifted(self) -> bool:
        """Say whether lines are missing between others."""
        return self.part is not None and bool(self.part.breaks)

    def batches(self) -> Iterator[Batch]:
        """Yield the log's own lines, piece by piece, under the numbers that they have in the file."""
        for batch in self.raw_batches():
            own = batch if self.wrapping.is_plain else self._unwrapped(batch)
            if own.data:
                if self.watch is not None:
                    self.watch(own)
                yield own

    def records(self) -> Iterator[Batch]:
        """Yield what ``batches`` does, with each JSON record on one line, however it was laid out."""
        return laid_out(self.batches()) if self.is_laid_out else self.batches()

    def _unwrapped(self, batch: Batch) -> Batch:
        data = batch.data.removeprefix(BOM) if batch.first_line == 1 else batch.data
        kept = self.wrapping.pick(data, batch.first_line, self.part)
        numbers = tuple(n for n, _ in kept)
        breaks = () if self.part is None else tuple(n for n in numbers if n in self.part.breaks)
        given = self.wrapping.times(data)
        times = tuple(given[n - batch.first_line] for n in numbers) if given else ()
        own = self.wrapping.joined(line for _, line in kept)
        cut = tuple(n for n in batch.cut if n in numbers)
        return Batch(batch.first_line, own, numbers, breaks, times, cut=cut)

    def raw_batches(self) -> Iterator[Batch]:
        """Yield the file in pieces of about ``batch_bytes`` that end at line ends.

        What was appended after the file was hashed is not read: a session may still be running.
        """
        line, left = 1, self.size
        held = LineHead()  # the line whose end has not come yet
        with self.path.open("rb") as stream:
            while chunk := stream.read(min(self.batch_bytes, left)):
                left -= len(chunk)
                first, last = chunk.find(b"\n"), chunk.rfind(b"\n") + 1
                if not last:
                    held.add(chunk)
                    continue
                held.add(chunk[:first])
                whole = b"".join((held.data(), chunk[first:last]))
                yield Batch(line, whole, cut=(line,) if held.is_cut else ())
                line += whole.count(b"\n")
                held = LineHead(chunk[last:])
        if rest := held.data():
            yield Batch(line, rest, cut=(line,) if held.is_cut else ())

    def document(self) -> tuple[bytes, int]:
        """Return the whole file and its number of lines: for formats that are one JSON document.

        Raises ``OSError`` where it is too large to be one.
        """
        if self.size > LARGEST_DOCUMENT:
            raise OSError(errno.EFBIG, f"a document of more than {LARGEST_DOCUMENT >> 20} MiB")
        if not self.wrapping.is_plain:
            return self._own_document()
        with self.path.open("rb") as stream:
            data = stream.read(self.size)
        if self.watch is not None:
            self.watch(Batch(1, data))
        return data.removeprefix(BOM), count_lines(data)

    def _own_document(self) -> tuple[bytes, int]:
        """Put empty lines for those of other logs, so that each line keeps its number."""
        kept: list[bytes] = []
        total, at = 0, 1
        for batch in self.batches():
            lines = batch.data.removesuffix(b"\n").split(b"\n")
            for number, line in zip(batch.numbered(len(lines)), lines, strict=True):
                kept += [b"\n" * (number - at), line, b"\n"]
                at, total = number + 1, total + 1
        return b"".join(kept), total


def open_evidence(path: Path, name: str, origin: Path | None = None) -> Evidence:
    """Hash the file and take its head. ``origin`` is where an unpacked file would lie.

    Raises ``OSError`` where it cannot be read.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES).removeprefix(BOM)
        stream.seek(0)
        digest = hashlib.file_digest(stream, "sha256")
        size = stream.tell()
        modified_ns = os.fstat(stream.fileno()).st_mtime_ns
    place = Path(os.path.realpath(origin or path)).as_posix().encode("utf-8", "replace").decode()
    plain = Evidence(
        name=name,
        place=place,
        path=path,
        size=size,
        sha256=digest.hexdigest(),
        modified_ns=modified_ns,
        head=head,
    )
    seen = _seen_through(plain)
    is_all_seen = size <= HEAD_BYTES or _is_log(seen)
    return seen if is_all_seen else _beginning_late(plain) or seen


def _seen_through(evidence: Evidence) -> Evidence:
    """Decide from a file's head what stands around its lines, and how its records are laid out."""
    wrapping = wrapping_of(evidence.head)
    head = evidence.head if wrapping.is_plain else wrapping.joined(wrapping.split(evidence.head))
    is_laid = is_laid_out(head) or (wrapping.has_lead and has_records(head))
    return replace(evidence, wrapping=wrapping, head=head_of(head) if is_laid else head, is_laid_out=is_laid)


def _is_log(evidence: Evidence) -> bool:
    """Say whether a head needs no second look: it holds records, is one document, or no text.

    Behind a prefix, lines of any program look like those of an undated log.
    """
    head = evidence.head
    if b"\0" in head or DOCUMENT.match(head) or has_records(head):
        return True
    return not evidence.wrapping.has_lead and any(BEGINS.match(line) for line in head.split(b"\n"))


def _beginning_late(evidence: Evidence) -> Evidence | None:
    """Look where the first record stands behind a long output of something else: other steps of a job.

    A job whose output is hidden has none: there its words of the client tell.
    """
    tries = 0
    job: Evidence | None = None
    for batch in evidence.raw_batches():
        at = 0
        while tries < MOST_LOOKS and (found := SIGN.search(batch.data, at)) is not None:
            start = batch.data.rfind(b"\n", 0, max(0, found.start() - SIGN_BEFORE)) + 1
            at, tries = start + HEAD_BYTES, tries + 1
            seen = _seen_through(replace(evidence, head=batch.data[start:at]))
            if has_records(seen.head):
                return seen
            at = max(at, found.end())
        if job is None and (found := OF_JOB.search(batch.data)) is not None:
            start = batch.data.rfind(b"\n", 0, max(0, found.start() - SIGN_BEFORE)) + 1
            beginning = evidence.head[: evidence.head.rfind(b"\n", 0, HEAD_BYTES // 2) + 1]
            job = _seen_through(
                replace(evidence, head=beginning + batch.data[start : start + HEAD_BYTES // 2])
            )
    return job


def logs_in(evidence: Evidence) -> list[Evidence]:
    """Return the logs whose lines a file holds: grep names the file that each line comes from.

    A log so named has its own place: that is where its session's id stands.
    Raises ``OSError`` where the file cannot be read.
    """
    wrapping = evidence.wrapping
    if not wrapping.is_sifted:
        return [evidence]

    def pieces() -> Iterator[tuple[int, bytes]]:
        for batch in evidence.raw_batches():
            begins = batch.first_line == 1
            yield batch.first_line, batch.data.removeprefix(BOM) if begins else batch.data

    found, parts = parts_of(wrapping, pieces, HEAD_BYTES)
    return [
        replace(evidence, wrapping=found, part=part, head=part.head, place=part.name or evidence.place)
        for part in parts
    ]


def count_lines(data: bytes) -> int:
    """Count as ``wc -l`` does, plus a last line without its newline."""
    return data.count(b"\n") + (1 if data and not data.endswith(b"\n") else 0)
