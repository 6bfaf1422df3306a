"""A bundle against logs: whether these are the files that were read, and each cited line stands where it is cited.

Files are found as they were when the bundle was made, so that a folder, its files and the packed folder compare alike.
One that has another name here, as names are relative to what is named, and as people's are replaced, is found by its
bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from forensics.analysis.custody.compared import Compared, State
from forensics.analysis.custody.written import Input, Manifest
from forensics.evidence.custody import Held, digest_of
from forensics.evidence.line_index import LineIndex
from forensics.evidence.names import printable


@dataclass(frozen=True, slots=True)
class _Lines:
    """Where the lines of a file are read, and how many bytes of it."""

    path: Path
    size: int


class Comparison:
    """The files that a manifest names, each with the one that it is here."""

    def __init__(self, manifest: Manifest, ledger: Iterable[Held]) -> None:
        self._inputs = manifest.inputs
        self._ledger = tuple(ledger)
        self._here: dict[Input, Held] = {}
        self._by_name()
        self._by_bytes()
        self._by_name_alone()

    def inputs(self) -> tuple[Compared, ...]:
        """Say of each file of the manifest how it is here, and which files the manifest does not name."""
        told = [_compared(given, self._here.get(given)) for given in self._inputs]
        return (
            *told,
            *(Compared(held.name, State.NEW, "the bundle does not name it") for held in self._new()),
        )

    def lines(self, cited: Iterable[tuple[str, int, str]]) -> tuple[Compared, ...]:
        """Say of each cited line whether it stands where it is cited."""
        by_file: dict[str, dict[int, str]] = {}
        for path, line, sha256 in cited:
            by_file.setdefault(path, {}).setdefault(line, sha256)
        known = {given.path: given for given in self._inputs}
        told: list[Compared] = []
        for path, lines in sorted(by_file.items()):
            held = self._here.get(known[path]) if path in known else None
            told += _lines_of(path, lines, held)
        return tuple(told)

    def _by_name(self) -> None:
        here = {(held.holder, held.name): held for held in self._ledger}
        for given in self._inputs:
            held = here.get((given.member_of, given.path))
            if held is not None:
                self._here[given] = held

    def _by_bytes(self) -> None:
        left: dict[str, list[Held]] = {}
        for held in self._left():
            if held.sha256 is not None:
                left.setdefault(held.sha256, []).append(held)
        for given in self._inputs:
            if given not in self._here and given.sha256 is not None and left.get(given.sha256):
                self._here[given] = left[given.sha256].pop(0)

    def _by_name_alone(self) -> None:
        """Find what was packed and is not here, or the other way round, and has changed or was not opened."""
        left = {held.name: held for held in self._left()}
        for given in self._inputs:
            if given not in self._here and given.path in left:
                self._here[given] = left.pop(given.path)

    def _left(self) -> Iterator[Held]:
        """Yield the files here that are none of the manifest so far."""
        taken = {id(held) for held in self._here.values()}
        return (held for held in self._ledger if id(held) not in taken)

    def _new(self) -> Iterator[Held]:
        """Yield the files that the manifest does not name, but for those that only hold what it names."""
        holders = {held.holder for held in self._here.values()}
        return (held for held in self._left() if not (held.is_packed and held.name in holders))


def _compared(given: Input, held: Held | None) -> Compared:
    name = printable(given.path)
    if held is None:
        return Compared(name, State.MISSING, "is not here")
    if given.sha256 is None:
        return Compared(name, State.NOT_COMPARED, "it was not opened when the bundle was made")
    if held.sha256 is None:
        return Compared(name, State.MISSING, f"is here, and was not opened: {held.reason}")
    if held.sha256 == given.sha256:
        return Compared(name, State.SAME, f"is called {held.name} here" if held.name != given.path else None)
    if held.size > given.size > 0 and _begins_with(held, given):
        return Compared(
            name, State.GROWN, f"its first {given.size} bytes are the same; {held.size - given.size} follow"
        )
    why = (
        f"has {held.size} bytes, had {given.size}"
        if held.size != given.size
        else f"its {given.size} bytes are others"
    )
    return Compared(name, State.DIFFERS, f"{why}; sha256 is {held.sha256}, was {given.sha256}")


def _begins_with(held: Held, given: Input) -> bool:
    try:
        return held.path is not None and digest_of(held.path, given.size) == given.sha256
    except OSError:
        return False


def _lines_of(path: str, lines: dict[int, str], held: Held | None) -> Iterator[Compared]:
    read: dict[int, str] = {}
    if held is not None and held.path is not None:
        index = LineIndex(_source(held, held.path))
        read = {raw.number: raw.sha256 for raw in index.read(lines)}
    for line, sha256 in sorted(lines.items()):
        name = f"{printable(path)}:{line}"
        if held is None:
            yield Compared(name, State.MISSING, "its file is not here")
        elif line not in read:
            yield Compared(name, State.MISSING, "the file has no such line")
        elif read[line] != sha256:
            yield Compared(name, State.DIFFERS, "another line stands there")
        else:
            yield Compared(name, State.SAME)


def _source(held: Held, path: Path) -> _Lines:
    if held.text is not None:
        return _Lines(held.text, held.text.stat().st_size)
    return _Lines(path, held.size)
