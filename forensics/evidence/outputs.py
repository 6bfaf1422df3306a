"""Outputs are written whole or not at all.

Each file is written beside its place under no name at all, flushed to the disk, and moved to its place when all files
of the call are whole. On a full disk, a limit or a signal the old files stand, and nothing else is left. (Where the
file system knows no files without a name, a killed process may leave one called ``.NAME.….part``.)
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

Content = str | bytes | Iterable[bytes]
MODE = 0o666  # of a new file, before the user's mask


def write_files(contents: Mapping[Path, Content], folder: Path | None = None) -> None:
    """Write all files, or none. Their ``folder`` is made if it is missing, and no other one.

    Raises ``OSError`` with the name of the file that could not be written.
    """
    with ExitStack() as undone:
        if folder is not None:
            undone.enter_context(_made(folder))
        moves = [undone.enter_context(_written(path, content)) for path, content in contents.items()]
        for move in moves:
            move.make()


class _Move:
    """A file that is whole, and the place that it goes to. Of a device or a pipe there is nothing to move."""

    def __init__(self, target: Path, descriptor: int | None = None, draft: Path | None = None) -> None:
        self._target, self._descriptor, self.draft = target, descriptor, draft

    def make(self) -> None:
        """Give the file its name and its place."""
        if self._descriptor is None:
            return
        if self.draft is None:
            self.draft = _draft_name(self._target)
            # with a folder given Python asks linkat, which follows the link that a descriptor is
            os.link(f"/proc/self/fd/{self._descriptor}", self.draft, src_dir_fd=self._descriptor)
        self.draft.replace(self._target)
        self.draft = None


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make a folder; take it away again if nothing came into it."""
    missing = [f for f in (folder, *folder.parents) if not f.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        with suppress(OSError):  # it holds something
            for made in missing:
                made.rmdir()


@contextmanager
def _written(path: Path, content: Content) -> Iterator[_Move]:
    """Write a file that has no name yet; take it away if it was not moved."""
    target = Path(os.path.realpath(path))  # a link stays one, and what it names is written
    if target.exists() and not target.is_file():
        with _named_errors(path), target.open("wb") as stream:  # /dev/stdout, a pipe; a folder fails here
            stream.writelines(_pieces(content))
        yield _Move(target)
        return
    with _named_errors(path):
        descriptor, draft = _begun(target)
    move = _Move(target, descriptor, draft)
    try:
        with _named_errors(path):
            _fill(descriptor, content, target)
        yield move
    finally:
        os.close(descriptor)
        if move.draft is not None:
            move.draft.unlink(missing_ok=True)


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """Say of each failure which output it was about: a full disk names none."""
    try:
        yield
    except OSError as error:
        if error.errno is None or isinstance(error, BrokenPipeError):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _begun(target: Path) -> tuple[int, Path | None]:
    """Open a file without a name in the target's folder, or one of a name of its own."""
    unnamed = getattr(os, "O_TMPFILE", None)
    if unnamed is not None and Path("/proc/self/fd").is_dir():
        with suppress(OSError):  # a file system without such files, or a folder that may not be written to
            return os.open(target.parent, unnamed | os.O_WRONLY, MODE), None
    draft = _draft_name(target)
    return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), draft


def _draft_name(target: Path) -> Path:
    return target.parent / f".{target.name[:100]}.{secrets.token_hex(4)}.part"


def _fill(descriptor: int, content: Content, target: Path) -> None:
    with os.fdopen(os.dup(descriptor), "wb") as stream:
        stream.writelines(_pieces(content))
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(OSError):  # no such file, or not ours: a new one's mode is the mask's
        os.fchmod(descriptor, stat.S_IMODE(target.stat().st_mode))


def _pieces(content: Content) -> Iterable[bytes]:
    if isinstance(content, str):
        return (content.encode("utf-8", "replace"),)
    return (content,) if isinstance(content, bytes) else content
