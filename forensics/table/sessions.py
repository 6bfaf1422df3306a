"""Which session an event belongs to. What cannot be attached stays unattached: it is never guessed.

A session is a Claude session id with all its files. A debug file of a random id that holds only
start-up lines belongs to the process that went on under the session's id: they share a pid. The one
debug.txt of 1.0.x holds many sessions: it is split by pid, and each part attached by the ids in its paths,
or by time. Voice evidence joins a session that used voice, or that worked in the project it names; what a
voice server left that joins none is a session of its own (``voice:<start>``).
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from forensics.schema import (
    NOTES,
    UUID,
    EventKind,
    Row,
    Source,
    Tells,
    TsQuality,
    is_from,
    is_kind,
    telling,
)
from forensics.schema.sources import Author
from forensics.table.spilled import attach_spilled
from forensics.table.teams import join_teams
from forensics.table.voice_processes import MARGIN, stretch_of, voice_sessions

ID_IN_PATH = rf"[/\\](?:todos|tasks)[/\\]({UUID})"
AT_WORK = (EventKind.SESSION_START, EventKind.TOOL_DISPATCH, EventKind.SESSION_END, EventKind.MCP_CALL)
AT_WORK_BY = telling(Tells.WORK)
VOICE_SOURCES = tuple(source for source in Source if source.about.author is Author.VOICE_SERVER)
# they name the project that the server worked in
PLACED = (EventKind.VOICE_EXCHANGE, EventKind.VOICE_LOCK_LEFT)

RESUMES = (pl.col("kind") == EventKind.SESSION_START.value) & (pl.col("status") == "resume")


def attach(events: pl.DataFrame) -> pl.DataFrame:
    """Give every event its ``session_id``, or null where the evidence does not tell."""
    is_note = is_kind(NOTES)
    return _attach_notes(_attach_records(events.filter(~is_note)), events.filter(is_note))


def _attach_records(events: pl.DataFrame) -> pl.DataFrame:
    events = _with_pids(events)
    aliases = _aliases(events)
    named = events.join(
        aliases, on=["file", "pid"], how="left", nulls_equal=True, maintain_order="left"
    ).with_columns(session_id=pl.coalesce("alias", "session_id"))
    random_ids = aliases.filter(pl.col("alias") != pl.col("old")).select("old", real="alias").unique("old")
    named = named.join(
        random_ids, left_on="session_id", right_on="old", how="left", maintain_order="left"
    ).with_columns(session_id=pl.coalesce("real", "session_id"))
    named = join_teams(_attach_snapshots(named.drop("alias", "old", "real", strict=False)))
    return _attach_voice(_attach_typed(_attach_reports(attach_spilled(_attach_metas(named)))))


def _attach_notes(records: pl.DataFrame, notes: pl.DataFrame) -> pl.DataFrame:
    """Give what is noted of a line the session and the time of the line's record, or of the nearest one above.

    In a history of prompts the lines beside each other belong to many sessions: only the line's own record counts.
    """
    if notes.is_empty():
        return records
    told = records.filter(pl.col("file").is_in(notes["file"].unique().implode())).sort("line", "ordinal")
    near = told.select("file", "line", "session_id", "source", "ts", at="line", nth="ordinal")
    bare = notes.drop("session_id", "ts").rename({"source": "read_as"}).sort("line", "ordinal")
    above = bare.join_asof(
        near.unique(["file", "line"], keep="last", maintain_order=True).sort("line"),
        on="line",
        by="file",
        check_sortedness=False,
    )
    below = above.filter(pl.col("at").is_null()).drop(near.drop("file", "line").columns)
    first = near.unique("file", keep="first", maintain_order=True).drop("line")
    every = pl.concat(
        [above.filter(pl.col("at").is_not_null()), below.join(first, on="file", how="left")], how="diagonal"
    )
    strange = (pl.col("read_as") == Source.PROMPT_HISTORY.value) & (pl.col("at") != pl.col("line"))
    placed = every.with_columns(
        session_id=pl.when(~strange.fill_null(value=False)).then("session_id"),
        source=pl.coalesce("source", "read_as"),
        ts_quality=pl.when(pl.col("ts").is_not_null())
        .then(pl.lit(TsQuality.INFERRED.value, dtype=records.schema["ts_quality"]))
        .otherwise("ts_quality"),
    )
    return pl.concat([records, placed.select(records.columns)])


def _with_pids(events: pl.DataFrame) -> pl.DataFrame:
    """Spread the pids that temp-file names carry over the records of a debug log between them.

    A session's start begins a process that names its pid later: what stands behind it is not the process before.
    """
    debug = pl.col("source") == Source.CLAUDE_DEBUG.value
    started = (pl.col("kind") == EventKind.SESSION_START.value).cast(pl.UInt32)
    ordered = events.sort("file", "line", "ordinal").with_columns(start=started.cum_sum().over("file"))
    pid = pl.col("pid")
    near = pl.coalesce(
        pid.forward_fill().over("file", "start"),
        pid.backward_fill().over("file", "start"),
        pid.forward_fill().over("file"),
        pid.backward_fill().over("file"),
    )
    return ordered.with_columns(pid=pl.when(debug).then(near).otherwise("pid")).drop("start")


def _aliases(events: pl.DataFrame) -> pl.DataFrame:
    """Return, for each process part of a debug log, the id it went by (``old``) and its session (``alias``)."""
    transcripts = events.filter(pl.col("source") == Source.TRANSCRIPT.value)
    # a resumed client first writes a transcript of a random id that holds only its warm-up
    # (2.0.46: in an agent's file, and by its words alone no warm-up)
    spoken = transcripts.filter(
        ~is_kind((EventKind.OTHER, EventKind.SESSION_META, EventKind.HOOK_RAN)) & pl.col("agent_id").is_null()
    )
    known = set(spoken["session_id"].drop_nulls().unique())
    parts = (
        events.filter(pl.col("source") == Source.CLAUDE_DEBUG.value)
        .group_by("file", "pid", maintain_order=True)
        .agg(
            named=pl.col("session_id").first(),  # by the file's name: 1.0.x has one file without
            in_path=pl.col("path").str.extract(ID_IN_PATH, 1).drop_nulls().last(),
            # a resumed one announces itself under its random id, before it takes up the other (2.0.46)
            at_work=(is_kind(AT_WORK) & ~RESUMES.fill_null(value=False)).any(),
            resumes=RESUMES.any(),
            first=pl.col("ts").min(),
            last=pl.col("ts").max(),
        )
        .with_columns(old=pl.coalesce("named", "in_path"))
    )
    at_work = parts.filter("at_work", pl.col("pid").is_not_null(), pl.col("old").is_not_null())
    resolved = [_session_of(row, known, at_work, transcripts) for row in parts.iter_rows(named=True)]
    return parts.select("file", "pid", "old", alias=pl.Series(resolved, dtype=pl.String))


def _session_of(part: Row, known: set[str], at_work: pl.DataFrame, transcripts: pl.DataFrame) -> str | None:
    old: str | None = part["old"]
    if old in known:
        return old
    first, last = part["first"], part["last"]
    owners: list[str] = []
    if not part["at_work"] and part["pid"] is not None:
        # pids are used again: the process went on right after its start-up
        same = at_work.filter(pl.col("pid") == pl.lit(part["pid"], dtype=pl.Int64))
        if last is not None:
            same = same.filter((pl.col("first") - MARGIN <= last) & (pl.col("last") + MARGIN >= first))
        owners = same["old"].unique().to_list()
    elif part["at_work"] and part["named"] is None and first is not None:
        # a resumed process of 1.0.x goes by a random id: the transcript that grew meanwhile is its session
        meanwhile = transcripts.filter(pl.col("ts").is_between(first, last))
        owners = meanwhile["session_id"].drop_nulls().unique().to_list()
    if not owners and not part["at_work"] and part["resumes"] and last is not None:
        owners = _taken_up(first, last, at_work, transcripts)
    return owners[0] if len(owners) == 1 else old


def _taken_up(first: datetime, last: datetime, at_work: pl.DataFrame, transcripts: pl.DataFrame) -> list[str]:
    """Return the sessions that a process without a pid may have resumed: they were there, and went on right after."""
    told = transcripts.group_by("session_id").agg(
        was=(pl.col("ts") < first).any(), goes_on=pl.col("ts").is_between(last, last + MARGIN).any()
    )
    by_transcript = told.filter("was", "goes_on")["session_id"].drop_nulls()
    logged = at_work.filter((pl.col("first") < first) & (pl.col("last") > last))["old"].unique()
    return (by_transcript if by_transcript.len() else logged).to_list()


def _attach_snapshots(events: pl.DataFrame) -> pl.DataFrame:
    """Give a left shell snapshot to the session whose log says that it made it."""
    base = pl.col("path").str.extract(r"(snapshot-\w+-\d{13}-\w+\.sh)$", 1)
    made = (
        events.filter((pl.col("source") == Source.CLAUDE_DEBUG.value) & base.is_not_null())
        .select(snapshot=base, maker="session_id")
        .unique("snapshot", keep="first", maintain_order=True)
    )
    return (
        events.with_columns(snapshot=base)
        .join(made, on="snapshot", how="left", maintain_order="left")
        .with_columns(session_id=pl.coalesce("session_id", "maker"))
        .drop("snapshot", "maker")
    )


def _attach_metas(events: pl.DataFrame) -> pl.DataFrame:
    """Give an agent's metadata to the agent's session: as a single file it names only the agent."""
    owners = (
        events.filter(pl.col("agent_id").is_not_null() & pl.col("session_id").is_not_null())
        .unique("agent_id", keep="first", maintain_order=True)
        .select(target_agent_id="agent_id", owner="session_id")
    )
    return (
        events.join(owners, on="target_agent_id", how="left", maintain_order="left")
        .with_columns(session_id=pl.coalesce("session_id", "owner"))
        .drop("owner")
    )


def _attach_reports(events: pl.DataFrame) -> pl.DataFrame:
    """Give the errors of one process, which name no session, to the only session that was at work at all of them."""
    loose = is_from((Source.ERROR_REPORT,)) & pl.col("session_id").is_null()
    reports = (
        events.filter(loose & pl.col("ts").is_not_null())
        .group_by("file")
        .agg(begun=pl.col("ts").min(), ended=pl.col("ts").max())
    )
    if reports.is_empty():
        return events
    clients = events.filter(is_from(AT_WORK_BY) & pl.col("session_id").is_not_null())
    windows = _windows(clients).select("first", "last", owner="session_id")
    alive = reports.join_where(windows, pl.col("begun") >= pl.col("first"), pl.col("ended") <= pl.col("last"))
    owners = alive.select("file", "owner").unique().filter(pl.len().over("file") == 1)
    return (
        events.join(owners, on="file", how="left", maintain_order="left")
        .with_columns(session_id=pl.when(loose).then("owner").otherwise("session_id"))
        .drop("owner")
    )


def _attach_typed(events: pl.DataFrame) -> pl.DataFrame:
    """Give a prompt that names no session (2.0.24) to the only one that was at work in its project then."""
    loose = is_from((Source.PROMPT_HISTORY,)) & pl.col("session_id").is_null()
    typed = events.filter(loose).select("event_id", "ts", "path")
    if typed.is_empty():
        return events
    clients = events.filter(is_from(AT_WORK_BY) & pl.col("session_id").is_not_null())
    windows = _windows(clients).select("first", "last", "places", owner="session_id")
    there = typed.join_where(windows, pl.col("ts") >= pl.col("first"), pl.col("ts") <= pl.col("last")).filter(
        pl.col("path").is_in(pl.col("places")).fill_null(value=False)
    )
    owners = there.select("event_id", "owner").unique().filter(pl.len().over("event_id") == 1)
    return (
        events.join(owners, on="event_id", how="left", maintain_order="left")
        .with_columns(session_id=pl.coalesce("session_id", "owner"))
        .drop("owner")
    )


def _attach_voice(events: pl.DataFrame) -> pl.DataFrame:
    """Voice records join the one client session that can have made them; what a server left is one else."""
    loose = events.filter(is_from(VOICE_SOURCES) & pl.col("session_id").is_null())
    if loose.is_empty():
        return events
    clients = events.filter(is_from(AT_WORK_BY) & pl.col("session_id").is_not_null())
    owners = _alive_at(loose, _windows(clients))
    left = loose.join(owners, on="event_id", how="anti")
    if not left.is_empty():
        owners = pl.concat([owners, voice_sessions(left, loose, owners)])
    return (
        events.join(owners, on="event_id", how="left", maintain_order="left")
        .with_columns(session_id=pl.coalesce("session_id", "owner"))
        .drop("owner")
    )


def _windows(clients: pl.DataFrame) -> pl.DataFrame:
    """Return when each session was at work, where, and whether it used voice."""
    tool, wrapped = pl.col("tool").str.ends_with("converse"), pl.col("local_ts").is_not_null()
    voice_server = (pl.col("kind") == EventKind.MCP_CALL.value) & pl.col("component").str.contains(
        "(?i)voice"
    )
    told = clients.group_by("session_id").agg(
        spoke=(tool.fill_null(value=False) | voice_server.fill_null(value=False) | wrapped).any(),
        places=pl.col("path").filter(pl.col("kind") == EventKind.SESSION_META.value).drop_nulls().unique(),
    )
    stretches = (
        clients.filter(pl.col("ts").is_not_null())
        .sort("ts")
        .with_columns(stretch=stretch_of("ts").over("session_id", order_by="ts"))
        .group_by("session_id", "stretch")
        .agg(first=pl.col("ts").min() - MARGIN, last=pl.col("ts").max() + MARGIN)
    )
    return stretches.join(told, on="session_id")


def _alive_at(loose: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """One session that used voice and was alive at a record's time owns it; or that was at work in its project."""
    pairs = loose.select("event_id", "ts", "path", "kind").join_where(
        windows.rename({"session_id": "owner"}),
        pl.col("ts") >= pl.col("first"),
        pl.col("ts") <= pl.col("last"),
    )
    at_home = is_kind(PLACED) & pl.col("path").is_in(pl.col("places")).fill_null(value=False)
    voiced = pairs.filter(pl.col("spoke"))
    placed = pairs.filter(at_home).join(voiced, on="event_id", how="anti")
    chosen = pl.concat([voiced, placed]).select("event_id", "owner").unique()
    return chosen.filter(pl.len().over("event_id") == 1)
