"""Where findings rest on a record with a time: the marks that each lane gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from forensics.analysis.lasting.shape import Mark
from forensics.schema import Row
from forensics.schema.finding import Finding
from forensics.session.model.case import Case

Key = TypeVar("Key")


def marks_of(
    case: Case, findings: Iterable[Finding], lane_of: Callable[[Row], Key], clock: str = "ts"
) -> dict[Key, list[Mark]]:
    """Return the marks of each lane in order of time, each rule once for a record.

    ``clock`` is the column that tells the time: a record of which it tells none is marked nowhere.
    """
    found: dict[Key, dict[tuple[int, str], Mark]] = {}
    for finding in findings:
        for ref in finding.evidence:
            row = case.event(ref.event_id)
            if row[clock] is not None:
                mark = Mark(at=row[clock], event=ref.event_id, code=finding.rule)
                found.setdefault(lane_of(row), {})[mark.event, mark.code] = mark
    return {
        key: sorted(marks.values(), key=lambda m: (m.at, m.event, m.code)) for key, marks in found.items()
    }
