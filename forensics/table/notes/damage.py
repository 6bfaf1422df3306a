"""Damage as events: what a parser could not read becomes something that a rule may ask for.

A line that is whole and belongs to something else (console output between a stream's records, another program's
lines, a start-up banner) is no damage; nor is what this program leaves out by a limit of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from forensics.evidence.account import Damage, Problem, Reason
from forensics.formats.base import Parsed
from forensics.schema import CUT_OFF, FIRST_NOTE, EventKind, Row, TsQuality


def damage_in(parsed: Parsed) -> Iterator[Row]:
    """Yield one event for each reason, at the first line of it, with how many lines of how many it is."""
    by_reason: dict[Reason, list[Problem]] = {}
    for problem in parsed.problems:
        if problem.reason.damage is not Damage.NONE:
            by_reason.setdefault(problem.reason, []).append(problem)
    for nth, (reason, problems) in enumerate(sorted(by_reason.items(), key=lambda r: r[1][0].line)):
        last = problems[-1]
        is_end = last.line + last.count - 1 >= parsed.lines_total
        lines = sum(p.count for p in problems)
        yield {
            "line": problems[0].line,
            "ordinal": FIRST_NOTE + nth,
            "kind": EventKind.DAMAGED.value,
            "status": str(reason),
            "component": CUT_OFF if is_end and reason.damage is Damage.CUT_OFF else None,
            "count": lines,
            "total": parsed.lines_total,
            "message": f"{lines} of {parsed.lines_total} lines: {reason}",
            "ts_quality": TsQuality.MISSING.value,
        }
