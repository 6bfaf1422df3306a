"""Lines of a log that was read, which look like ours and were not understood: the log was half read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from forensics.evidence.account import TOO_LONG, Damage, Missed, Problem
from forensics.evidence.file import Evidence
from forensics.evidence.likeness import said_by_ours
from forensics.evidence.line_index import LineIndex
from forensics.formats.base import Parsed

LOOKED_AT = (
    250  # of the lines that are not understood, at either end: a program dies at the end of what it writes
)
LARGE = 2  # damage of more than one line in so many is a large part of a log
LONG = "it is read as one of ours, and a record of it is longer than is held at once"
DAMAGED = "it is read as one of ours, and most of its lines are damaged"


def missed_in(evidence: Evidence, parsed: Parsed) -> Missed | None:
    """Return which lines were missed; null where nothing but noise was.

    Damage of a line or two is told by a finding. What is no record may be another program's talk: it is missed only
    where it reads as ours.
    """
    damaged = [p for p in parsed.problems if p.reason.damage is not Damage.NONE]
    if _lines(damaged) * LARGE > parsed.lines_total:
        return Missed(damaged[0].line, _lines(damaged), DAMAGED)
    long = [p for p in damaged if p.reason == TOO_LONG]
    if long:
        return Missed(long[0].line, _lines(long), LONG)
    beside = [p for p in parsed.problems if p.reason.damage is Damage.NONE]
    told = _said(evidence, beside) if beside else None
    return Missed(beside[0].line, _lines(beside), told) if told is not None else None


def _said(evidence: Evidence, problems: Sequence[Problem]) -> str | None:
    """Return what the first and the last of these lines say of who wrote them."""
    first = _numbers(problems)
    last = _numbers(problems[::-1], backwards=True)
    lines = LineIndex(evidence).read({*first, *last})
    return said_by_ours(b"\n".join(line.data for line in lines))


def _numbers(problems: Iterable[Problem], *, backwards: bool = False) -> list[int]:
    found: list[int] = []
    for problem in problems:
        left = LOOKED_AT - len(found)
        if left <= 0:
            break
        lines = range(problem.line, problem.line + problem.count)
        found += lines[-left:] if backwards else lines[:left]
    return found


def _lines(problems: Iterable[Problem]) -> int:
    return sum(p.count for p in problems)
