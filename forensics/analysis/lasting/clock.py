"""The one clock by which a session is told: UTC; where nothing in it is dated in UTC, the voice server's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from forensics.schema import Row
from forensics.session.model.case import Case


@dataclass(frozen=True, slots=True)
class OneClock:
    """A session's clock. What another clock tells has no time."""

    is_local: bool  # the voice server's own, without a zone

    @property
    def column(self) -> str:
        """Return the column of the events that this clock tells."""
        return "local_ts" if self.is_local else "ts"

    def told(self, moment: object) -> datetime | None:
        """Return a time that is of this clock; null for one of another."""
        if not isinstance(moment, datetime) or (moment.tzinfo is None) is not self.is_local:
            return None
        return moment

    def of_record(self, row: Row) -> datetime | None:
        """Return when a record was written."""
        return self.told(row[self.column])


def clock_of(case: Case) -> OneClock:
    """Return the clock of a session."""
    return OneClock(is_local=case.span[0] is None)
