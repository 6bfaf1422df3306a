"""A bundle, opened: each member hashed and compared with the lists, nothing written to the disk, all within limits.

Anybody may have made the file. So its directory has to be small before it is read, a member may not be packed in a way
that takes memory, and of each no more is read than a bundle holds.
"""

from __future__ import annotations

import hashlib
import struct
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from forensics.analysis.custody.compared import Compared, State
from forensics.analysis.custody.written import Manifest, parsed, read_manifest, read_sums
from forensics.errors import BundleError
from forensics.evidence.names import printable
from forensics.evidence.unpack import DAMAGED
from forensics.schema.bundle import CITED, INPUTS, LISTED, MANIFEST, MEMBERS, NAMES

CHUNK = 1024 * 1024
MOST_BYTES, MOST_HELD = 1 << 30, 32 << 20  # of a member; of one that is held at once
MOST_MEMBERS, MOST_DIRECTORY = 100, 64 * 1024
LONGEST_LINE, MOST_LINES = 1 << 20, 1_000_000  # of the cited lines
HELD = frozenset({INPUTS, MANIFEST, MEMBERS})
END = struct.Struct("<4s4H2LH")  # the record at a zip's end: it says how large the directory is
OTHER_END = b"PK\x06\x07"  # that there is another one, of a zip with more than we ever write


@dataclass(frozen=True, slots=True)
class Opened:
    """What a bundle holds. The manifest is null where it is missing or damaged: that is told by its members."""

    path: Path
    sha256: str
    members: tuple[Compared, ...]
    manifest: Manifest | None

    def cited(self) -> Iterator[tuple[str, int, str]]:
        """Yield file, line and hash of each cited line. Raises ``BundleError``."""
        with _zip(self.path) as (bundle, _), bundle.open(CITED) as stream:
            for number in range(1, MOST_LINES + 2):
                line = stream.readline(LONGEST_LINE)
                if not line:
                    return
                if number > MOST_LINES or len(line) == LONGEST_LINE:
                    _refuse(f"{CITED} is longer than any that is written")
                yield _place(line, number)


def open_bundle(path: Path) -> Opened:
    """Open a bundle and compare its members with what it says of them. Raises ``BundleError`` for what is none."""
    with _zip(path) as (bundle, sha256):
        infos = bundle.infolist()
        often = Counter(info.filename for info in infos)
        read = {i.filename: _read(bundle, i) for i in infos if i.filename in NAMES and often[i.filename] == 1}
        strange = [n for n in often if n not in NAMES or often[n] > 1]
    manifest = read[MANIFEST].data if MANIFEST in read else None
    told = read_manifest(manifest) if manifest is not None else None
    return Opened(path, sha256, tuple(_members(read, strange, often, told)), told)


@dataclass(frozen=True, slots=True)
class _Member:
    sha256: str
    data: bytes | None  # of what is held, if it could be read
    fault: str | None = None


def _members(
    read: dict[str, _Member], strange: list[str], often: Counter[str], manifest: Manifest | None
) -> Iterator[Compared]:
    sums = read_sums(read[MEMBERS].data or b"") if MEMBERS in read else {}
    for name in NAMES:
        if name not in often:
            yield Compared(name, State.MISSING, "the bundle does not hold it")
        elif name in read:
            fault = read[name].fault or _fault(name, read[name], sums, manifest)
            yield Compared(name, State.DIFFERS if fault else State.SAME, fault)
    for name in sorted(strange):
        why = "is there more than once" if often[name] > 1 else "is no member of a bundle"
        yield Compared(printable(name), State.NEW, why)


def _fault(name: str, member: _Member, sums: dict[str, str], manifest: Manifest | None) -> str | None:
    if name == MEMBERS:
        return (
            None if set(sums) == set(NAMES) - {MEMBERS} else "does not list the other members, and only those"
        )
    lists = [(MEMBERS, sums)]
    if manifest is not None and name in LISTED:
        lists.append((MANIFEST, manifest.members))
    for where, hashes in lists:
        if hashes.get(name) != member.sha256:
            return f"its bytes are not those that {where} names"
    if name == INPUTS and manifest is not None and member.data != manifest.inputs_list.encode():
        return f"names other files or hashes than {MANIFEST}"
    return None


def _read(bundle: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    """Hash a member, and hold what has to be read of it."""
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} or info.flag_bits & 1:
        _refuse(f"{info.filename} is encrypted, or packed in a way that no bundle is")
    most = MOST_HELD if info.filename in HELD else MOST_BYTES
    digest, size, held = hashlib.sha256(), 0, bytearray()
    try:
        with bundle.open(info) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if size > most:
                    _refuse(f"{info.filename} has more than {most >> 20} MiB, which no bundle has")
                if info.filename in HELD:
                    held += chunk
    except DAMAGED as error:
        return _Member("", None, f"is damaged: {str(error) or type(error).__name__}")
    return _Member(digest.hexdigest(), bytes(held))


@contextmanager
def _zip(path: Path) -> Iterator[tuple[zipfile.ZipFile, str]]:
    """Open the zip and hash it."""
    if not path.is_file():
        _refuse(f"{path}: no such file")
    with path.open("rb") as stream:
        _require_small_directory(stream)
        stream.seek(0)
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        try:
            bundle = zipfile.ZipFile(stream)
        except DAMAGED as error:
            _refuse(f"{path}: is no bundle: {str(error) or type(error).__name__}")
        with bundle:
            yield bundle, sha256


def _require_small_directory(stream: BinaryIO) -> None:
    """Look at a zip's end before its directory is read: a bundle has a handful of members, and no remark."""
    size = stream.seek(0, 2)
    if size > MOST_BYTES * len(NAMES):
        _refuse("it is larger than any bundle")
    stream.seek(max(0, size - END.size - 20))
    tail = stream.read()
    if len(tail) < END.size or not tail[-END.size :].startswith(b"PK\x05\x06"):
        _refuse("it is no bundle: it does not end as a zip does, so it may be cut")
    _, _, _, here, total, directory, _, remark = END.unpack(tail[-END.size :])
    is_large = max(here, total) > MOST_MEMBERS or directory > MOST_DIRECTORY
    if is_large or remark or tail.startswith(OTHER_END):
        _refuse("it is no bundle: a zip of another kind, or with far more files")


def _place(line: bytes, number: int) -> tuple[str, int, str]:
    cited = parsed(line, f"{CITED}, line {number}")
    given = cited if isinstance(cited, dict) else {}
    path, at, sha256 = given.get("path"), given.get("line"), given.get("line_sha256")
    if not isinstance(path, str) or not isinstance(at, int) or at < 1 or not isinstance(sha256, str):
        _refuse(f"{CITED}, line {number}: names no file, line and hash")
    return path, at, sha256


def _refuse(why: str) -> NoReturn:
    msg = f"the bundle cannot be read: {why}"
    raise BundleError(msg)
