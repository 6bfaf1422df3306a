"""Packed inputs: single compressed files, and bundles as people attach them to issues.

What is packed is unpacked into a folder of our own, within limits, and read from there; inputs are never
written to. A member's name is its path in the bundle, so that the same session gives the same findings
whether it is given as a folder, as single files or packed. Hashes and offsets are those of the unpacked bytes.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Protocol

from forensics.evidence.containers.encodings import Decoded

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CHUNK = 1024 * 1024
MOST_BYTES = 16 * 1024**3  # unpacked, over all inputs
MOST_MEMBERS = 100_000
# logs pack to a twentieth; what grows a thousandfold is a bomb
MOST_GROWTH, SMALL = 1000, 64 * 1024**2
PACKED = {".gz": gzip.GzipFile, ".xz": lzma.LZMAFile, ".bz2": bz2.BZ2File, ".zst": zstd.ZstdFile}
TARS = (".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst")
DAMAGED = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zstd.ZstdError,
    zipfile.BadZipFile,
    tarfile.TarError,
    NotImplementedError,
    RuntimeError,
    ValueError,  # a name that is no text, a number that is none
    LookupError,
    TypeError,
    struct.error,
)


class Readable(Protocol):
    """Anything that gives bytes until there are no more."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Member:
    """One file to read: where it lies now, and the name it has for people; or why it was not unpacked."""

    name: str
    path: Path | None
    refused: str | None = None


def is_packed(name: str) -> bool:
    """Say whether a file of this name is taken for a packed one."""
    lower = name.casefold()
    return lower.endswith((*TARS, ".zip")) or PurePosixPath(lower).suffix in PACKED


class TooLargeError(Exception):
    """The limits of unpacking are reached."""


@dataclass(slots=True)
class Unpacker:
    """Unpacks into one temporary folder that is removed at the end of the run."""

    stack: ExitStack
    _folder: Path | None = None
    _bytes: int = 0
    _members: int = 0
    _made: int = field(default=0)

    def members(self, path: Path, name: str) -> Iterator[Member]:
        """Yield what is packed in a file whose name says so (``is_packed``). Never raises for what it holds."""
        lower = name.casefold()
        try:
            if lower.endswith(TARS):
                yield from self._tar(path, lower)
            elif lower.endswith(".zip"):
                yield from self._zip(path)
            else:
                suffix = PurePosixPath(lower).suffix
                with PACKED[suffix](path) as stream:
                    yield Member(name[: -len(suffix)], self._spool(stream, path.stat().st_size))
        except TooLargeError as error:
            yield Member(name, None, f"not unpacked: {error}")
        except DAMAGED as error:
            yield Member(name, None, f"cannot be unpacked: {str(error) or type(error).__name__}")

    def stream(self, source: Readable, name: str) -> Member:
        """Spool a stream that cannot be read twice, such as standard input."""
        return Member(name, self._spool(source, None))

    def decoded(self, path: Path, encoding: str) -> Path:
        """Return a copy of a text in UTF-8. Raises ``TooLargeError``, and ``OSError`` where it cannot be read."""
        with path.open("rb") as stream:
            return self._spool(Decoded(stream, encoding), None)

    def _zip(self, path: Path) -> Iterator[Member]:
        with zipfile.ZipFile(path) as bundle:
            for info in bundle.infolist():
                if info.is_dir():
                    continue
                refused = _escape(info.filename)
                if refused is None and info.flag_bits & 1:
                    refused = "not unpacked: encrypted"
                if refused is not None:
                    yield Member(info.filename, None, refused)
                    continue
                with bundle.open(info) as stream:
                    yield Member(info.filename, self._spool(stream, info.compress_size))

    def _tar(self, path: Path, lower: str) -> Iterator[Member]:
        with ExitStack() as opened:
            if lower.endswith(".zst"):
                packed = opened.enter_context(zstd.open(path))
                bundle = opened.enter_context(tarfile.open(fileobj=packed, mode="r|"))
            else:
                bundle = opened.enter_context(tarfile.open(path, mode="r|*"))
            for info in bundle:
                if not info.isfile():
                    continue
                refused = _escape(info.name)
                stream = None if refused else bundle.extractfile(info)
                if stream is None:
                    yield Member(info.name, None, refused or "not unpacked")
                    continue
                yield Member(info.name.removeprefix("./"), self._spool(stream, path.stat().st_size))

    def _spool(self, stream: Readable, packed: int | None) -> Path:
        """Copy a stream into a file of our own, within the limits."""
        self._members += 1
        if self._members > MOST_MEMBERS:
            msg = f"more than {MOST_MEMBERS} files"
            raise TooLargeError(msg)
        target = self._new()
        written = 0
        with target.open("wb") as out:
            while chunk := stream.read(CHUNK):
                written += len(chunk)
                self._bytes += len(chunk)
                if self._bytes > MOST_BYTES or _is_bomb(written, packed):
                    out.truncate(0)
                    msg = f"it grows beyond {MOST_GROWTH} times its size, or all inputs beyond {MOST_BYTES >> 30} GiB"
                    raise TooLargeError(msg)
                out.write(chunk)
        return target

    def _new(self) -> Path:
        if self._folder is None:
            self._folder = Path(self.stack.enter_context(TemporaryDirectory(prefix="forensics-")))
        self._made += 1
        return self._folder / str(self._made)


def _is_bomb(written: int, packed: int | None) -> bool:
    return packed is not None and written > SMALL and written > MOST_GROWTH * max(packed, 1)


def _escape(name: str) -> str | None:
    """Say why a member's name is refused: it points out of its bundle."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    outside = name.startswith(("/", "\\")) or ".." in parts or (parts and parts[0].endswith(":"))
    return "not unpacked: its path leads out of the bundle" if outside else None
