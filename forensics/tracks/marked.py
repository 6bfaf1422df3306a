"""Where findings rest on a record with a time: the marks that each lane gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from forensics.case import Case
from forensics.finding import Finding
from forensics.schema import Row
from forensics.tracks.shape import Mark

Key = TypeVar("Key")


def marks_of(case: Case, findings: Iterable[Finding], lane_of: Callable[[Row], Key]) -> dict[Key, list[Mark]]:
    """Return the marks of each lane in order of time, each rule once for a record."""
    found: dict[Key, dict[tuple[int, str], Mark]] = {}
    for finding in findings:
        for ref in finding.evidence:
            row = case.event(ref.event_id)
            if row["ts"] is not None:
                mark = Mark(at=row["ts"], event=ref.event_id, code=finding.rule)
                found.setdefault(lane_of(row), {})[mark.event, mark.code] = mark
    return {
        key: sorted(marks.values(), key=lambda m: (m.at, m.event, m.code)) for key, marks in found.items()
    }
