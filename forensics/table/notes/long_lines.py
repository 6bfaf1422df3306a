"""Lines of which only the beginning was read: each is a problem, whatever its beginning said."""

from __future__ import annotations

from dataclasses import replace

from forensics.evidence.account import TOO_LONG, Problem
from forensics.evidence.batch import Batch
from forensics.formats.base import Parsed


class LongLines:
    """Is shown what a parser reads, and corrects the account afterwards."""

    def __init__(self) -> None:
        self._lines: set[int] = set()

    def look(self, batch: Batch) -> None:
        """Note which lines of a piece are cut."""
        self._lines.update(batch.cut)

    def told_in(self, parsed: Parsed) -> Parsed:
        """Return what was read with the reason of each such line."""
        if not self._lines:
            return parsed
        problems = [Problem(line, TOO_LONG) for line in self._lines]
        known = 0
        for problem in parsed.problems:
            behind = problem.line + problem.count
            inside = sorted(n for n in self._lines if problem.line <= n < behind)
            known += len(inside)
            starts = (problem.line, *(n + 1 for n in inside))
            for start, end in zip(starts, (*inside, behind), strict=True):
                if start < end:
                    problems.append(Problem(start, problem.reason, end - start))
        return replace(
            parsed,
            problems=tuple(sorted(problems, key=lambda p: (p.line, p.reason))),
            lines_understood=parsed.lines_understood - (len(self._lines) - known),
        )
