"""Paths in, evidence files out: what is read, what is left alone, and why.

Symlinks inside a folder are not followed (Claude Code's ``debug/latest`` names a file that is there anyway),
special files are never opened, and files that hold keys are not read at all.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from forensics.errors import UsageError
from forensics.evidence.account import Unread
from forensics.evidence.containers.encodings import encoding_of
from forensics.evidence.custody import Custody, Identity, identity_of
from forensics.evidence.file import Evidence, logs_in, open_evidence
from forensics.evidence.likeness import like_ours, placed_like_ours
from forensics.evidence.names import Called, called, own_names, printable
from forensics.evidence.progress import Meter, Phase, Progress
from forensics.evidence.unpack import Member, TooLargeError, Unpacker

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
    custody: Custody = field(default_factory=Custody)


@dataclass(frozen=True, slots=True)
class _Entry:
    root: Path
    path: Path
    reason: str | None = None  # why it will not be read
    behind: int = 0  # so many names of the root's folders belong to its own

    @property
    def relative(self) -> Path:
        return self.path.relative_to(self.root)


@dataclass(frozen=True, slots=True)
class _Item:
    """One file to read, or one that is not: ``path`` is where its bytes lie now, ``place`` where they would."""

    called: Called
    path: Path | None
    place: Path
    reason: str = ""
    likeness: str | None = None


def discover(
    paths: Sequence[Path],
    unpacker: Unpacker | None = None,
    stdin: IO[bytes] | None = None,
    base: Path | None = None,
    progress: Progress | None = None,
) -> Found:
    """Collect the regular files under ``paths``, sorted by name; ``-`` is ``stdin``.

    Files are named relative to the argument that held them, behind its own name where there are several folders,
    or to ``base`` where that holds them (``names``). The order of ``paths`` changes nothing. Without an
    ``unpacker`` a packed file is taken as it is.

    Raises ``UsageError`` if a path does not exist: a typing error must not look like an empty folder.
    """
    collector = _Collector(unpacker, Meter(progress, Phase.FINDING))
    if unpacker is not None and stdin is not None and STDIN in paths:
        collector.stream(stdin, unpacker)
    for entry in _walk_all([p for p in paths if stdin is None or p != STDIN], base):
        collector.see(entry)
    return collector.found()


class _Collector:
    """What was found so far: each file once."""

    def __init__(self, unpacker: Unpacker | None, meter: Meter) -> None:
        self._unpacker = unpacker
        self._meter = meter
        self._items: list[_Item] = []
        self._seen: dict[Identity, Path] = {}
        self._linked: dict[Identity, Path] = {}

    def stream(self, stdin: IO[bytes], unpacker: Unpacker) -> None:
        """Take standard input, of which nothing is left once it is read."""
        name, place = Called(("stdin",)), Path("stdin")
        try:
            self._items.append(_Item(name, unpacker.stream(stdin, "stdin").path, place))
        except TooLargeError as error:
            self._items.append(_Item(name, None, place, f"not read: {error}", "it was given to be read"))

    def see(self, entry: _Entry) -> None:
        """Take an entry, or what is packed in it."""
        reason, identity = _look(entry)
        if identity in self._seen:
            return  # the same file under two arguments
        if identity is not None:
            (self._seen if entry.reason is None else self._linked)[identity] = entry.path
        whole = called(Path(os.path.realpath(entry.root)), entry.relative, behind=entry.behind)
        if reason is not None:
            ours = placed_like_ours(entry.path.absolute().as_posix()) if reason.startswith(CANNOT) else None
            self._items.append(_Item(whole, None, entry.path, reason, ours))
            return
        name = entry.relative.as_posix()
        self._meter.begin(name)
        members = self._unpacker.members(entry.path, name) if self._unpacker else [Member(name, entry.path)]
        for member in members:
            if member.path == entry.path:
                self._items.append(_Item(whole, entry.path, entry.path))
            else:
                self._items.append(_packed(member, entry.path))

    def found(self) -> Found:
        """Open what was taken, each under a name of its own."""
        names = own_names([item.called for item in self._items])
        opener = _Opener(self._unpacker, self._meter)
        for name, item in sorted(zip(names, self._items, strict=True), key=lambda pair: pair[0]):
            opener.take(item, name)
        return Found(tuple(opener.files), tuple(opener.unread), Custody({**self._linked, **self._seen}))


def _packed(member: Member, holder: Path) -> _Item:
    """Take what was packed as if it had not been. A name of its own may need that of what held it."""
    place = holder.parent / member.name
    names = called(Path(holder.name), Path(member.name), firm=False)
    if member.path is None:
        ours = placed_like_ours(place.as_posix())
        return _Item(names, None, place, member.refused or "not unpacked", ours)
    return _Item(names, member.path, place)


class _Opener:
    """Opens files in order of their names; of several with the same bytes the first is read."""

    def __init__(self, unpacker: Unpacker | None, meter: Meter) -> None:
        self.files: list[Evidence] = []
        self.unread: list[Unread] = []
        self._unpacker = unpacker
        self._meter = meter
        self._contents: dict[tuple[str, str], str] = {}

    def take(self, item: _Item, name: str) -> None:
        """Open one file, or say why it is not read."""
        if item.path is None:
            self._leave(name, item.reason, item.likeness)
        elif SECRET_NAMES.match(item.place.name):
            self._leave(name, KEYS)
        else:
            try:
                self._keep(self._opened(item.path, name, item.place), item.place)
            except OSError as error:
                self._leave(name, _cannot(error), placed_like_ours(item.place.as_posix()))
            except TooLargeError as error:
                self._leave(name, f"not decoded: {error}")

    def _keep(self, evidence: Evidence, place: Path) -> None:
        self._meter.take(evidence.size)
        logs = logs_in(evidence)
        first = self._contents.setdefault((evidence.sha256, _own_name(place)), evidence.name)
        if first != evidence.name:
            self._leave(evidence.name, f"a copy of {first}")
        elif len(logs) > MOST_LOGS:
            why = f"lines of {len(logs)} logs: give the logs themselves"
            self._leave(evidence.name, why, like_ours(evidence.place, evidence.head))
        else:
            self.files += logs

    def _leave(self, name: str, reason: str, likeness: str | None = None) -> None:
        # a reason may quote what a stranger's archive says
        self.unread.append(Unread(name, printable(reason), likeness))

    def _opened(self, path: Path, name: str, place: Path) -> Evidence:
        """Open a file; text of another encoding as UTF-8."""
        evidence = open_evidence(path, name, place)
        encoding = encoding_of(evidence.head)
        if encoding is None or self._unpacker is None:
            return evidence
        decoded = self._unpacker.decoded(path, encoding)
        return replace(open_evidence(decoded, name, place), encoding=encoding)


def _walk_all(paths: Sequence[Path], base: Path | None) -> Iterator[_Entry]:
    # of several folders a bare relative name would not tell which one held the file
    several = len({p.resolve() for p in paths if p.is_dir()}) > 1
    for root in sorted(paths, key=lambda p: (os.path.realpath(p), str(p))):
        if not root.exists():
            msg = f"{root}: no such file or folder"
            raise UsageError(msg)
        if root.is_dir():
            yield from (replace(entry, behind=int(several)) for entry in _walk(root))
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


def _look(entry: _Entry) -> tuple[str | None, Identity | None]:
    """Return why an entry cannot be read, if so, and which file it is. Nothing is opened: a pipe would block."""
    try:
        info = entry.path.stat()
    except OSError as error:
        return entry.reason or _cannot(error), None
    reason = entry.reason
    if reason is None and SECRET_NAMES.match(entry.path.name):
        reason = KEYS
    if reason is None and not stat.S_ISREG(info.st_mode):
        reason = "not a regular file"
    return reason, identity_of(info)


def _cannot(error: OSError) -> str:
    return f"{CANNOT}: {error.strerror or error}"


def _own_name(path: Path) -> str:
    return "/".join(path.absolute().parts[-2:]) if NUMBERED.match(path.name) else path.name
