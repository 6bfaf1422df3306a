"""How a report points to what it quotes elsewhere: links to evidence, and the shortest names of files and sessions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from forensics.analysis.model import Analysis
from forensics.analysis.session_analysis import SessionAnalysis
from forensics.schema import UUID

FEWEST_IN_RUN = 4  # numbers side by side that are told as a range


class ShortNames:
    """The shortest end of each file's name that tells it from every other file of the evidence."""

    def __init__(self, names: Iterable[str]) -> None:
        whole = tuple(dict.fromkeys(names))
        seen = Counter(end for name in whole for end in _ends(name))
        self._short = {name: next((e for e in _ends(name) if seen[e] == 1), name) for name in whole}

    def of(self, name: str) -> str:
        """Return the short form of a name, or the name itself where it is not one of the evidence's."""
        return self._short.get(name, name)


def _ends(name: str) -> Iterator[str]:
    parts = name.split("/")
    return ("/".join(parts[n:]) for n in range(len(parts) - 1, -1, -1))


def in_order(numbers: Iterable[str]) -> list[str]:
    """Return numbers of evidence (``E1``, ``E2`` …) as they count: in every format one sentence shows them alike."""
    return sorted(numbers, key=lambda n: int(n[1:]))


def links(numbers: Sequence[str]) -> str:
    """Return links to pieces of evidence (``E1``, ``E2`` …), four and more in a row as a range."""
    told: list[str] = []
    for run in _runs(numbers):
        if len(run) >= FEWEST_IN_RUN:
            told.append(f"{_link(run[0])} to {_link(run[-1])}")
        else:
            told += [_link(number) for number in run]
    return ", ".join(told)


def _runs(numbers: Sequence[str]) -> Iterator[list[str]]:
    run: list[str] = []
    for number in in_order(numbers):
        if run and int(number[1:]) != int(run[-1][1:]) + 1:
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _link(number: str) -> str:
    return f"[{number}](#{number.lower()})"


def labelled(analysis: Analysis) -> Iterator[tuple[str, SessionAnalysis]]:
    """Yield the sessions with their labels: S1, S2 … where there are several."""
    alone = len(analysis.sessions) == 1
    for number, session in enumerate(analysis.sessions, 1):
        yield "" if alone else f"S{number}", session


def short_id(session: SessionAnalysis) -> str:
    """Return the beginning of a session's id, where it is an UUID; else all of it: it begins as others do."""
    return session.session_id[:8] if re.match(UUID, session.session_id) else session.session_id
