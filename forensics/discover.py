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

from forensics.account import Unread
from forensics.errors import UsageError
from forensics.evidence import Evidence, open_evidence

# files that are known to hold credentials: never opened, whatever else they might say
SECRET_NAMES = re.compile(
    r"(?i)^(voicemode\.env|\.env(\..+)?|\.?credentials(\.json)?|\.netrc|id_[a-z0-9]+|.*\.(pem|key|p12))$"
)
SKIPPED_FOLDERS = frozenset({".git", "node_modules", ".venv", "__pycache__"})
# files whose own name is only a number: the folder's name tells which session they belong to
NUMBERED = re.compile(r"^\d+\.json$")


@dataclass(frozen=True, slots=True)
class Found:
    """Everything under the given paths: files to parse, and files not read with the reason."""

    files: tuple[Evidence, ...]
    unread: tuple[Unread, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    root: Path
    path: Path
    reason: str | None = None  # why it will not be read


def discover(paths: Sequence[Path]) -> Found:
    """Collect the regular files under ``paths``, sorted by name.

    Raises ``UsageError`` if a path does not exist: a typing error must not look like an empty folder.
    """
    files: list[Evidence] = []
    unread: list[Unread] = []
    names: set[str] = set()
    seen: set[tuple[int, int]] = set()
    contents: dict[tuple[str, str], str] = {}
    for entry in _walk_all(paths):
        reason, identity = _look(entry)
        if identity in seen:
            continue  # the same file under two arguments
        if identity is not None:
            seen.add(identity)
        name = _name(entry, names)
        if reason is None:
            try:
                evidence = open_evidence(entry.path, name)
            except OSError as error:
                reason = _cannot(error)
            else:
                first = contents.setdefault((evidence.sha256, _own_name(entry.path)), name)
                if first == name:
                    files.append(evidence)
                    continue
                reason = f"a copy of {first}"
        unread.append(Unread(name, reason))
    return Found(tuple(sorted(files, key=lambda e: e.name)), tuple(sorted(unread, key=lambda u: u.name)))


def _walk_all(paths: Sequence[Path]) -> Iterator[_Entry]:
    for root in paths:
        if not root.exists():
            msg = f"{root}: no such file or folder"
            raise UsageError(msg)
        if root.is_dir():
            yield from _walk(root)
        else:
            yield _Entry(root.parent, root)


def _walk(root: Path) -> Iterator[_Entry]:
    closed: list[OSError] = []
    for folder, subfolders, entries in os.walk(root, onerror=closed.append):
        subfolders[:] = sorted(s for s in subfolders if s not in SKIPPED_FOLDERS)
        links = [s for s in subfolders if Path(folder, s).is_symlink()]
        for name in sorted([*entries, *links]):
            path = Path(folder, name)
            if not path.is_symlink():
                yield _Entry(root, path)
            elif _leads_out(path, root):
                yield _Entry(root, path, "a link that leads out of the folder: not followed; name its target")
    for error in closed:
        yield _Entry(root, Path(error.filename), _cannot(error))


def _leads_out(link: Path, root: Path) -> bool:
    """Say whether what a link names would be missed. ``debug/latest`` names a neighbour, or nothing."""
    target = Path(os.path.realpath(link))  # which never raises, whatever loops there are
    return target.exists() and not target.is_relative_to(os.path.realpath(root))


def _look(entry: _Entry) -> tuple[str | None, tuple[int, int] | None]:
    """Return why an entry cannot be read, if so, and which file it is. Nothing is opened: a pipe would block."""
    if entry.reason is not None:
        return entry.reason, None
    try:
        info = entry.path.stat()
    except OSError as error:
        return _cannot(error), None
    if SECRET_NAMES.match(entry.path.name):
        return "not opened: files of this name hold keys", (info.st_dev, info.st_ino)
    if not stat.S_ISREG(info.st_mode):
        return "not a regular file", (info.st_dev, info.st_ino)
    return None, (info.st_dev, info.st_ino)


def _cannot(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"


def _name(entry: _Entry, taken: set[str]) -> str:
    """Name a file relative to its argument; where two arguments hold the same name, with the argument's."""
    relative = entry.path.relative_to(entry.root)
    longer = (relative, entry.root.resolve().name / relative, entry.path.absolute())
    names = [printable(path.as_posix()) for path in longer]
    name = next((n for n in names if n not in taken), names[-1])
    taken.add(name)
    return name


def _own_name(path: Path) -> str:
    return "/".join(path.absolute().parts[-2:]) if NUMBERED.match(path.name) else path.name


def printable(name: str) -> str:
    """Replace what a file's name may hold and a report must not: control characters, bytes that are no text."""
    return "".join(c if c.isprintable() else "\ufffd" for c in name)
