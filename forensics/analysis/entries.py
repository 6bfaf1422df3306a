"""What forms list of a session: moments, silences, items that were open, files that were written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from forensics.schema.finding import EvidenceRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One row of a session's timeline. ``text`` is observed: the line in ``ref`` says it."""

    ts: datetime | None
    local: datetime | None  # by the voice server's clock, where the record carries it
    kind: str
    agent_id: str | None
    text: str
    ref: EvidenceRef
    cited_by: tuple[str, ...]  # codes of the findings that cite this record


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence: no record of any source between two moments of a session."""

    since: datetime
    until: datetime

    @property
    def seconds(self) -> float:
        """Return its length."""
        return (self.until - self.since).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class TodoEntry:
    """One item of an agent's last list, with where the list stands."""

    agent_id: str | None
    content: str
    status: str
    ref: EvidenceRef


@dataclass(frozen=True, slots=True)
class DiskWrite:
    """A file that the client's log shows written, with the last such line."""

    path: str
    ref: EvidenceRef
