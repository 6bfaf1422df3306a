"""What each file is called in reports: short, its own, the same in whatever order the arguments are given.

A name is relative to the argument that held the file, and grows by the folders above it only where another file
would have the same one. It is never an absolute path: where a log lies on somebody's machine is nobody's business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forensics.privacy.redact import redact

AGAIN = "~"  # before the number of a name that several files have whatever is put before it


@dataclass(frozen=True, slots=True)
class Called:
    """The names that a file may have, shortest first. A ``firm`` one gives way only to another firm one."""

    names: tuple[str, ...]
    firm: bool = True


def called(folder: Path, relative: Path, *, behind: int = 0, firm: bool = True) -> Called:
    """Return the names of a file in a folder: its relative path, behind so many of the folders above it or more."""
    above = [part for part in folder.parts if part != folder.anchor]
    starts = range(len(above) - min(behind, len(above)), -1, -1)
    return Called(tuple(printable(Path(*above[at:], relative).as_posix()) for at in starts), firm)


def own_names(files: Sequence[Called]) -> list[str]:
    """Return a name for each file that no other one has. Their order decides only between names that cannot differ."""
    kinds = list(dict.fromkeys(files))
    level = [0] * len(kinds)
    while grown := _clashing(kinds, level):
        for n in grown:
            level[n] += 1
    shown = {kind: kind.names[at] for kind, at in zip(kinds, level, strict=True)}
    return _numbered([shown[file] for file in files])


def _numbered(names: Sequence[str]) -> list[str]:
    """Put a number behind each name that is not the first of its kind."""
    taken, often, own = set(names), Counter[str](), list[str]()
    for name in names:
        often[name] += 1
        mine = name
        if often[name] > 1:
            while (mine := f"{name}{AGAIN}{often[name]}") in taken:
                often[name] += 1
            taken.add(mine)
        own.append(mine)
    return own


def _clashing(files: Sequence[Called], level: Sequence[int]) -> list[int]:
    """Return the files whose name has to grow, and can."""
    holders: dict[str, list[int]] = {}
    for n, file in enumerate(files):
        holders.setdefault(file.names[level[n]], []).append(n)
    grown: list[int] = []
    for several in holders.values():
        firm = [n for n in several if files[n].firm]
        if len(several) > 1:
            grown += [n for n in several if len(firm) != 1 or n not in firm]
    return [n for n in grown if level[n] + 1 < len(files[n].names)]


def printable(text: str) -> str:
    """Replace what a name may hold and a report must not: control characters, bytes that are no text, keys."""
    return redact("".join(c if c.isprintable() else "\ufffd" for c in text))
