"""Paths in, evidence files out: what is read, what is left alone, and why.

Symlinks inside a folder are not followed (Claude Code's ``debug/latest`` names a file that is there anyway),
special files are never opened, and files that hold keys are not read at all.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from forensics.errors import UsageError
from forensics.evidence.account import Unread
from forensics.evidence.containers.encodings import encoding_of
from forensics.evidence.file import Evidence, logs_in, open_evidence
from forensics.evidence.likeness import like_ours, placed_like_ours
from forensics.evidence.progress import Meter, Phase, Progress
from forensics.evidence.unpack import Member, TooLargeError, Unpacker
from forensics.privacy.redact import redact

# files that are known to hold credentials: never opened, whatever else they might say
SECRET_NAMES = re.compile(
    r"(?i)^(.*\.env|\.env(?:rc|[.~].*)?|\.?(?:git-)?credentials(?:\.json)?|\.(?:netrc|npmrc|pypirc|pgpass)|id_[a-z0-9]+"
    r"|.*\.(?:pem|key|p12|pfx|kdbx|keystore|jks))$"
)
MOST_LOGS = 200  # in one file, as grep prints them: each of them is read through the whole file
CANNOT = "cannot be read"
KEYS = "not opened: files of this name hold keys"
STDIN = Path("-")
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
    named: bool = False  # its folder's name belongs to its own


def discover(
    paths: Sequence[Path],
    unpacker: Unpacker | None = None,
    stdin: IO[bytes] | None = None,
    base: Path | None = None,
    progress: Progress | None = None,
) -> Found:
    """Collect the regular files under ``paths``, sorted by name; ``-`` is ``stdin``.

    Files are named relative to the argument that held them, behind its own name where there are several folders,
    or to ``base`` where that holds them. Without an
    ``unpacker`` a packed file is taken as it is.

    Raises ``UsageError`` if a path does not exist: a typing error must not look like an empty folder.
    """
    collector = _Collector(unpacker, Meter(progress, Phase.FINDING))
    if unpacker is not None and stdin is not None and STDIN in paths:
        collector.take(unpacker.stream(stdin, "stdin"), Path("stdin"), None)
    for entry in _walk_all([p for p in paths if stdin is None or p != STDIN], base):
        collector.see(entry)
    return Found(
        tuple(sorted(collector.files, key=lambda e: e.name)),
        tuple(sorted(collector.unread, key=lambda u: u.name)),
    )


class _Collector:
    """What was found so far: each file once, under a name of its own."""

    def __init__(self, unpacker: Unpacker | None, meter: Meter) -> None:
        self.files: list[Evidence] = []
        self.unread: list[Unread] = []
        self._unpacker = unpacker
        self._meter = meter
        self._names: set[str] = set()
        self._seen: set[tuple[int, int]] = set()
        self._contents: dict[tuple[str, str], str] = {}

    def see(self, entry: _Entry) -> None:
        """Read an entry, or what is packed in it."""
        reason, identity = _look(entry)
        if identity in self._seen:
            return  # the same file under two arguments
        if identity is not None:
            self._seen.add(identity)
        if reason is not None:
            ours = placed_like_ours(entry.path.absolute().as_posix()) if reason.startswith(CANNOT) else None
            self.unread.append(Unread(self._named(_names(entry)), reason, ours))
            return
        name = entry.path.relative_to(entry.root).as_posix()
        self._meter.begin(name)
        whole = iter([Member(name, entry.path)])
        for member in self._unpacker.members(entry.path, name) if self._unpacker else whole:
            self.take(member, entry.path, entry)

    def take(self, member: Member, holder: Path, entry: _Entry | None) -> None:
        """Keep one file that was found in ``holder``, which may be the file itself."""
        whole = entry is not None and member.path == entry.path
        name = self._named(_names(entry) if entry is not None and whole else _packed_names(member, holder))
        if member.path is None:
            ours = placed_like_ours((holder.parent / member.name).as_posix())
            self.unread.append(Unread(name, member.refused or "not unpacked", ours))
            return
        place = holder if whole else holder.parent / member.name
        if SECRET_NAMES.match(place.name):
            self.unread.append(Unread(name, KEYS))
            return
        try:
            evidence = self._opened(member.path, name, place)
            self._meter.take(evidence.size)
            logs = logs_in(evidence)
        except OSError as error:
            self.unread.append(Unread(name, _cannot(error), placed_like_ours(place.as_posix())))
            return
        except TooLargeError as error:
            self.unread.append(Unread(name, f"not decoded: {error}"))
            return
        first = self._contents.setdefault((evidence.sha256, _own_name(place)), name)
        if first != name:
            self.unread.append(Unread(name, f"a copy of {first}"))
        elif len(logs) > MOST_LOGS:
            why = f"lines of {len(logs)} logs: give the logs themselves"
            self.unread.append(Unread(name, why, like_ours(evidence.place, evidence.head)))
        else:
            self.files += logs

    def _opened(self, path: Path, name: str, place: Path) -> Evidence:
        """Open a file; text of another encoding as UTF-8."""
        evidence = open_evidence(path, name, place)
        encoding = encoding_of(evidence.head)
        if encoding is None or self._unpacker is None:
            return evidence
        decoded = self._unpacker.decoded(path, encoding)
        return replace(open_evidence(decoded, name, place), encoding=encoding)

    def _named(self, candidates: Sequence[str]) -> str:
        """Take the shortest name that is free; where two arguments hold the same name, one with its argument's."""
        name = next((n for n in candidates if n not in self._names), candidates[-1])
        self._names.add(name)
        return name


def _walk_all(paths: Sequence[Path], base: Path | None) -> Iterator[_Entry]:
    # of several folders a bare relative name would not tell which one held the file
    several = len({p.resolve() for p in paths if p.is_dir()}) > 1
    for root in paths:
        if not root.exists():
            msg = f"{root}: no such file or folder"
            raise UsageError(msg)
        if root.is_dir():
            yield from (replace(entry, named=several) for entry in _walk(root))
        else:
            yield _Entry(base if base is not None and root.is_relative_to(base) else root.parent, root)


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
        return KEYS, (info.st_dev, info.st_ino)
    if not stat.S_ISREG(info.st_mode):
        return "not a regular file", (info.st_dev, info.st_ino)
    return None, (info.st_dev, info.st_ino)


def _cannot(error: OSError) -> str:
    return f"{CANNOT}: {error.strerror or error}"


def _names(entry: _Entry) -> list[str]:
    """Name a file relative to its argument, and at more length."""
    relative = entry.path.relative_to(entry.root)
    longer = (relative, entry.root.resolve().name / relative, entry.path.absolute())
    return [printable(path.as_posix()) for path in longer[entry.named :]]


def _packed_names(member: Member, holder: Path) -> list[str]:
    """Name what was packed as if it had not been, and at more length."""
    longer = (Path(member.name), Path(holder.name, member.name), holder.absolute() / member.name)
    return [printable(path.as_posix()) for path in longer]


def _own_name(path: Path) -> str:
    return "/".join(path.absolute().parts[-2:]) if NUMBERED.match(path.name) else path.name


def printable(name: str) -> str:
    """Replace what a file's name may hold and a report must not: control characters, bytes that are no text, keys."""
    return redact("".join(c if c.isprintable() else "\ufffd" for c in name))
