"""What was given in evidence stays as it is: which files those are, and whether one has changed meanwhile."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from forensics.errors import UsageError
from forensics.evidence.file import Evidence

CHUNK = 1024 * 1024
Identity: TypeAlias = tuple[
    int, int
]  # the device and the inode: the same file under whatever name, behind any link


def identity_of(info: os.stat_result) -> Identity:
    """Return which file it is."""
    return info.st_dev, info.st_ino


@dataclass(frozen=True, slots=True)
class Custody:
    """Every file that was found under what was named: packed or not, read or not."""

    files: Mapping[Identity, Path] = field(default_factory=lambda: MappingProxyType({}))

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
        return None if _digest(evidence.path, evidence.size) == evidence.sha256 else "its bytes are others"
    except OSError as error:
        return f"it cannot be read any more: {error.strerror or error}"


def _digest(path: Path, size: int) -> str:
    digest, left = hashlib.sha256(), size
    with path.open("rb") as stream:
        while chunk := stream.read(min(CHUNK, left)):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()
