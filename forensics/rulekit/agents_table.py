"""The agents of a finding as a table: what each was to do, when it lived, what it wrote."""

from __future__ import annotations

from collections.abc import Sequence

from forensics.schema.finding import Table
from forensics.session.model.agents import AgentLife
from forensics.session.model.case import Case
from forensics.text.clock_time import clock_time

BRIEF = 80  # characters of a description that a cell holds


def agents_table(case: Case, agents: Sequence[AgentLife]) -> Table:
    """Return one row for each agent."""
    files: dict[str | None, set[str]] = {}
    for write in case.writes:
        files.setdefault(write.agent_id, set()).add(write.path.rpartition("/")[2])
    rows = tuple(
        (
            a.agent_id,
            a.agent_type or "",
            a.description[:BRIEF],
            clock_time(a.start),
            clock_time(a.end) if a.end else "no end in the record",
            ", ".join(sorted(files.get(a.agent_id, ()))) or "none recorded",
        )
        for a in agents
    )
    return Table("Agents", ("agent", "type", "brief", "start", "end", "files written"), rows)
