"""Where findings rest on a record with a time: the marks that a lane gets, and the one that a finding gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from forensics.analysis.lasting.spans import Mark
from forensics.schema import Row
from forensics.schema.finding import Finding
from forensics.session.model.case import Case

Key = TypeVar("Key")


def marks_by_lane(
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
                mark = Mark(at=row[clock], event=ref.event_id, finding=finding)
                found.setdefault(lane_of(row), {})[mark.event, mark.code] = mark
    return {
        key: sorted(marks.values(), key=lambda m: (m.at, m.event, m.code)) for key, marks in found.items()
    }


def first_marks(findings: Iterable[Finding], time_of: Callable[[int], datetime | None]) -> tuple[Mark, ...]:
    """Return each finding that cites a dated record at the first of these, in order of time."""
    marks = []
    for finding in findings:
        dated = ((time_of(ref.event_id), ref.event_id) for ref in finding.evidence)
        first = next(((at, event) for at, event in dated if at is not None), None)
        if first is not None:
            marks.append(Mark(at=first[0], event=first[1], finding=finding))
    return tuple(sorted(marks, key=lambda m: (m.at, m.code, m.finding.fingerprint)))
