"""What is unfinished when a record ends: open items, agents without result, refused edits, unexplained writes."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from forensics.agents import AgentEnd, AgentLife
from forensics.case import WRITE_TOOLS, Case, FileAccess, real_path
from forensics.conflicts import spawned
from forensics.schema import EventKind as K

DECLINED = "The user doesn't want to "  # proceed with this tool use, take this action: wanted so


def agents_out(case: Case) -> list[AgentLife]:
    """Return the agents that were spawned and of whose return the evidence would tell, and does not."""
    return [a for a in spawned(case) if a.outcome is AgentEnd.UNFINISHED and not a.is_out_of_sight]


def refused_edits(case: Case) -> list[FileAccess]:
    """Return, for each file, the last edit or write of it, where that was refused, but not by the user."""
    last = {access.path: access for access in case.file_accesses if access.tool in WRITE_TOOLS}
    return [a for a in last.values() if a.ok is False and not a.answer.startswith(DECLINED)]


def unexplained_writes(case: Case) -> Mapping[str, int]:
    """Map the files that the client's log shows written, and no successful call of a file tool, to the last line."""
    known = {write.path for write in case.writes}
    last: dict[str, int] = {}
    written = case.of(K.DISK_WRITE).filter(pl.col("path").is_not_null())
    for path, event in written.select("path", "event_id").iter_rows():
        if (real := real_path(path, case.cwd)) not in known:
            last[real] = event
    return last
