"""The answers before a failure as a table for people: how long they took at first, later and at last."""

from __future__ import annotations

from forensics.schema.finding import Table
from forensics.session.services.degradation import Degradation
from forensics.text.clock_time import clock_time
from forensics.text.durations import duration

COLUMNS = ("part", "answers", "from", "to", "fastest", "slowest")
PARTS = ("first third", "middle", "last third")


def thirds_table(found: Degradation) -> Table:
    """Return one row for each third of the answers."""
    rows = [
        (
            name,
            str(len(part)),
            clock_time(part[0].at),
            clock_time(part[-1].at),
            duration(min(x.seconds for x in part)),
            duration(max(x.seconds for x in part)),
        )
        for name, part in zip(PARTS, found.thirds, strict=True)
    ]
    return Table("Answers before the failure", COLUMNS, tuple(rows))
