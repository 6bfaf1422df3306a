"""What is unfinished when a record ends: agents without result, refused edits, and what only one log tells of."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from forensics.schema import CALLS, SPAWN_TOOLS, Row, Source
from forensics.schema import EventKind as K
from forensics.session.agents.overlap import spawned
from forensics.session.files.read_only import edits
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.case import Case
from forensics.session.model.files import WRITE_TOOLS, FileAccess, real_path

# after these lines of a client's log the last call is behind
BEHIND = (K.TURN_END, K.SESSION_END, K.SESSION_START, K.API_FIRST_BYTE)
DECLINED = "The user doesn't want to "  # proceed with this tool use, take this action: wanted so


def agents_out(case: Case) -> list[AgentLife]:
    """Return the agents that were spawned and of whose return the evidence would tell, and does not."""
    return [a for a in spawned(case) if a.outcome is AgentEnd.UNFINISHED and not a.is_out_of_sight]


def refused_edits(case: Case) -> list[FileAccess]:
    """Return, for each file, the last edit or write of it, where that was refused, and nothing shows it made good.

    Not one that the user declined, nor that of an agent which has returned: that knew of it. A later shell command
    that writes the file makes it good.
    """
    last = {access.path: access for access in case.file_accesses if access.tool in WRITE_TOOLS}
    done = {a.agent_id for a in case.agents if a.outcome is AgentEnd.COMPLETED}
    refused = [
        a
        for a in last.values()
        if a.ok is False and not a.answer.startswith(DECLINED) and a.agent_id not in done
    ]
    if not refused:
        return []
    answered = case.of(K.TOOL_RESULT).filter(pl.col("status") == "ok")["correlation_id"].drop_nulls()
    commands = case.of(K.TOOL_CALL).filter(
        pl.col("command").is_not_null() & pl.col("correlation_id").is_in(answered.implode())
    )
    return [a for a in refused if not _made_good(commands.select("event_id", "ts", "command"), a)]


def _made_good(commands: pl.DataFrame, edit: FileAccess) -> bool:
    name = edit.path.rpartition("/")[2]
    later = pl.col("event_id") > edit.call_event if edit.called is None else pl.col("ts") > edit.called
    named = commands.filter(pl.col("command").str.contains(name, literal=True) & later)
    return any(edits(command, name) for command in named["command"])


def unexplained_writes(case: Case) -> Mapping[str, int]:
    """Map the files that the client's log shows written, and no successful call of a file tool, to the last line."""
    known = {write.path for write in case.writes}
    last: dict[str, int] = {}
    written = case.of(K.DISK_WRITE).filter(pl.col("path").is_not_null())
    for path, event in written.select("path", "event_id").iter_rows():
        if (real := real_path(path, case.cwd)) not in known:
            last[real] = event
    return last


def open_in_client_log(case: Case) -> Row | None:
    """Return the call inside which the client's own log ends, where no transcript tells of it.

    Up to 2.1.19 the log's lines have no ids: only its last call is looked at, and not one that a transcript may
    hold too. Later ones have; there each call without its end is open.
    """
    lines = (pl.col("source") == Source.CLAUDE_DEBUG.value) & ~pl.col("file").is_in(list(case.excerpts))
    begun = case.of(K.TOOL_DISPATCH).filter(lines & ~pl.col("tool").is_in(list(SPAWN_TOOLS)))
    if begun.is_empty() or case.of(K.TOOL_DONE).is_empty():
        return None  # a log that has no line of a call's end says nothing of it
    told = case.of(*CALLS)
    named = begun.filter(pl.col("correlation_id").is_not_null())
    known = pl.concat([told["correlation_id"], case.of(K.TOOL_DONE)["correlation_id"]]).drop_nulls()
    last = named.filter(~pl.col("correlation_id").is_in(known.implode())) if named.height else begun
    if last.is_empty():
        return None
    row = last.row(-1, named=True)
    tools = pl.col("tool") == pl.lit(row["tool"], dtype=pl.String)
    if (
        row["correlation_id"] is None
        and told.height > 0
        and begun.filter(tools).height <= told.filter(tools).height
    ):
        return None
    same = pl.col("kind").is_in([K.TOOL_DONE.value, K.HOOK_DENIED.value]) & tools
    ended = same & pl.lit(row["correlation_id"] is None)
    after = case.of(K.TOOL_DONE, K.HOOK_DENIED, *BEHIND).filter(
        (pl.col("file") == row["file"])
        & (pl.col("line") > row["line"])
        & (
            ended
            | pl.col("kind").is_in([k.value for k in BEHIND if k is not K.API_FIRST_BYTE or not named.height])
        )
    )
    return row if after.is_empty() else None
