"""What was given in evidence stays as it is: which files those are, and whether one has changed meanwhile.

Every file that was found is held in a ledger: by its bytes as they lie on the disk, also where a packed file or a text
of another encoding was read from a copy. Whoever has to prove that nothing was changed hashes them again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from forensics.errors import UsageError
from forensics.evidence.file import Evidence

CHUNK = 1024 * 1024
# the device and the inode: the same file under whatever name, behind any link
Identity: TypeAlias = tuple[int, int]


def identity_of(info: os.stat_result) -> Identity:
    """Return which file it is."""
    return info.st_dev, info.st_ino


class After(StrEnum):
    """How a file is when it is hashed for the second time."""

    UNCHANGED = "unchanged"
    GROWN = "grown"  # every byte that was read is as it was: a live log
    CHANGED = "changed"
    GONE = "read once"  # standard input: nothing is left to be hashed
    PACKED = "as its archive"
    UNOPENED = "not opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One file that was found, as it was when it was hashed. Of one that was not opened nothing is known.

    ``path`` is where its bytes lie: of what was unpacked, for as long as the run lasts. ``text`` is where the lines
    of it are read, if that is another place. ``holder`` names the packed file that it is a member of.
    """

    name: str
    sha256: str | None = None
    size: int = 0
    modified_ns: int | None = None  # of a file of the user's: a copy of ours has no time that tells anything
    holder: str | None = None
    is_packed: bool = False  # it was unpacked, and its members are listed
    reason: str | None = None  # why it was not opened
    path: Path | None = None
    text: Path | None = None

    @property
    def is_on_disk(self) -> bool:
        """Say whether it lies where the user has it."""
        return self.modified_ns is not None


@dataclass(frozen=True, slots=True)
class Custody:
    """Every file that was found under what was named: packed or not, read or not."""

    files: Mapping[Identity, Path] = field(default_factory=lambda: MappingProxyType({}))
    ledger: tuple[Held, ...] = ()

    def spare(self, outputs: Iterable[Path]) -> None:
        """Refuse to write over a file that was found. Raises ``UsageError``. Asked before anything is written."""
        for output in outputs:
            try:
                identity = identity_of(output.stat())
            except OSError:
                continue  # no such file: nothing to lose
            if identity in self.files:
                msg = f"{output}: is one of the logs that were found; it is not overwritten"
                raise UsageError(msg)


def change_of(evidence: Evidence) -> str | None:
    """Say how a log has changed since it was hashed; null where every byte that was read is as it was.

    What was appended is no change: it was not read. A log whose size and time are as they were is not read again.
    """
    try:
        info = evidence.path.stat()
        if info.st_size == evidence.size and info.st_mtime_ns == evidence.modified_ns:
            return None
        if info.st_size < evidence.size:
            return f"it has {info.st_size} bytes of {evidence.size}"
        return None if digest_of(evidence.path, evidence.size) == evidence.sha256 else "its bytes are others"
    except OSError as error:
        return f"it cannot be read any more: {error.strerror or error}"


def hashed(path: Path, name: str, *, is_packed: bool = False) -> Held:
    """Hash a file of the user's as it lies there. Raises ``OSError``."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size, modified_ns = stream.tell(), os.fstat(stream.fileno()).st_mtime_ns
    return Held(name=name, sha256=digest, size=size, modified_ns=modified_ns, path=path, is_packed=is_packed)


def hashed_again(held: Held) -> After:
    """Hash a file for the second time, whatever its size and time say. Only a log may grow: no archive may."""
    if held.path is None or held.sha256 is None:
        return After.UNOPENED
    if not held.is_on_disk:
        return After.PACKED if held.holder is not None else After.GONE
    try:
        size = held.path.stat().st_size
        is_same = digest_of(held.path, held.size) == held.sha256
    except OSError:
        return After.CHANGED
    if not is_same or size < held.size or (held.is_packed and size != held.size):
        return After.CHANGED
    return After.GROWN if size > held.size else After.UNCHANGED


def digest_of(path: Path, size: int) -> str:
    """Return the hash of so many of a file's first bytes. Raises ``OSError``."""
    digest, left = hashlib.sha256(), size
    with path.open("rb") as stream:
        while chunk := stream.read(min(CHUNK, left)):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()
