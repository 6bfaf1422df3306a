"""Paths in, evidence files out: what is read, what is left alone, and why.

The only module besides ``evidence`` that touches the file system. Symlinks inside a folder are not
followed (Claude Code's ``debug/latest`` names a file that is there anyway), special files are never
opened, and files that hold keys are not read at all.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensics.errors import UsageError
from forensics.evidence import Evidence, open_evidence

# files that are known to hold credentials: never opened, whatever else they might say
SECRET_NAMES = re.compile(
    r"(?i)^(voicemode\.env|\.env(\..+)?|\.?credentials(\.json)?|\.netrc|id_[a-z0-9]+|.*\.(pem|key|p12))$"
)
SKIPPED_FOLDERS = frozenset({".git", "node_modules", ".venv", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that was found and not analysed."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """Everything under the given paths: files to parse, and files not read with the reason."""

    files: tuple[Evidence, ...]
    unread: tuple[Unread, ...]


def discover(paths: Sequence[Path]) -> Found:
    """Collect the regular files under ``paths``, sorted by name.

    Raises ``UsageError`` if a path does not exist: a typing error must not look like an empty folder.
    """
    files: list[Evidence] = []
    unread: list[Unread] = []
    names: set[str] = set()
    for path, name in _walk_all(paths):
        shown = name if name not in names else f"{path.parent.name}/{name}"
        names.add(shown)
        reason = _refusal(path)
        if reason is None:
            try:
                files.append(open_evidence(path, shown))
            except OSError as error:
                reason = f"cannot be read: {error.strerror or error}"
        if reason is not None:
            unread.append(Unread(shown, reason))
    return Found(tuple(sorted(files, key=lambda e: e.name)), tuple(sorted(unread, key=lambda u: u.name)))


def _walk_all(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    seen: set[tuple[int, int]] = set()
    for root in paths:
        if not root.exists():
            msg = f"{root}: no such file or folder"
            raise UsageError(msg)
        found = _walk(root) if root.is_dir() else iter([(root, root.name)])
        for path, name in found:
            info = path.stat()
            if (info.st_dev, info.st_ino) not in seen:  # the same file under two arguments counts once
                seen.add((info.st_dev, info.st_ino))
                yield path, name


def _walk(root: Path) -> Iterator[tuple[Path, str]]:
    for folder, subfolders, entries in os.walk(root):
        subfolders[:] = sorted(s for s in subfolders if s not in SKIPPED_FOLDERS)
        for entry in sorted(entries):
            path = Path(folder, entry)
            if not path.is_symlink():
                yield path, path.relative_to(root).as_posix()


def _refusal(path: Path) -> str | None:
    if SECRET_NAMES.match(path.name):
        return "not opened: files of this name hold keys"
    if not stat.S_ISREG(path.stat().st_mode):
        return "not a regular file"
    return None
