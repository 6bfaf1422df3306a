"""Which session an event belongs to. What cannot be attached stays unattached: it is never guessed.

A session is a Claude session id with all its files. A debug file of a random id that holds only
start-up lines belongs to the process that went on under the session's id: they share a pid. The one
debug.txt of 1.0.x holds many sessions: it is split by pid, and each part attached by the ids in its paths,
or by time. Voice evidence joins a session that used voice, or that worked in the project it names; what a
voice server left that joins none is a session of its own (``voice:<start>``).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from forensics.schema import (
    MOMENT,
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

ID_IN_PATH = rf"[/\\](?:todos|tasks)[/\\]({UUID})"
AT_WORK = (EventKind.SESSION_START, EventKind.TOOL_DISPATCH, EventKind.SESSION_END, EventKind.MCP_CALL)
AT_WORK_BY = telling(Tells.WORK)
VOICE_SOURCES = tuple(source for source in Source if source.about.author is Author.VOICE_SERVER)
# they name the project that the server worked in
PLACED = (EventKind.VOICE_EXCHANGE, EventKind.VOICE_LOCK_LEFT)
MARGIN = timedelta(seconds=60)
TWICE = timedelta(seconds=1)
# silent for longer, a session was left and resumed: what happened between is not its own
IDLE = timedelta(hours=6)

RESUMES = (pl.col("kind") == EventKind.SESSION_START.value) & (pl.col("status") == "resume")
START = pl.when(pl.col("source") == Source.VOICE_STDERR.value).then("local_ts")


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
    named = _attach_snapshots(named.drop("alias", "old", "real", strict=False))
    return _attach_voice(_attach_typed(_attach_reports(_attach_metas(named))))


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
        owners = pl.concat([owners, _voice_sessions(left, loose, owners, alone=clients.is_empty())])
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
        .with_columns(stretch=_stretch("ts").over("session_id", order_by="ts"))
        .group_by("session_id", "stretch")
        .agg(first=pl.col("ts").min() - MARGIN, last=pl.col("ts").max() + MARGIN)
    )
    return stretches.join(told, on="session_id")


def _stretch(column: str) -> pl.Expr:
    """Count, along a sorted time, the silences that were long: what lies between two is one stretch."""
    return (pl.col(column).diff() > IDLE).fill_null(value=False).cum_sum()


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


def _voice_sessions(
    left: pl.DataFrame, loose: pl.DataFrame, owners: pl.DataFrame, *, alone: bool
) -> pl.DataFrame:
    """Make a session of each server process that joined no client, and give it what was logged meanwhile."""
    processes = _server_processes(loose, alone=alone).with_columns(moment=MOMENT)
    taken = processes.join(owners, on="event_id", how="semi")
    # the server of a client session: its other lines are start-up, and no session
    own = processes.join(taken, on="process", how="anti")
    starts = own.group_by("process").agg(
        is_utc=pl.col("ts").is_not_null().any(),
        first=pl.col("moment").min() - MARGIN,
        last=pl.col("moment").max() + MARGIN,
        # the server's own time where it has one: it is the same with and without a known zone
        owner=pl.format("voice:{}", pl.coalesce(START, "moment").min().dt.strftime("%Y-%m-%dT%H:%M:%S")),
    )
    named = own.join(starts.filter(pl.col("owner").is_not_null()), on="process").select("event_id", "owner")
    others = left.join(processes, on="event_id", how="anti").select(
        "event_id", at=MOMENT, at_is_utc=pl.col("ts").is_not_null()
    )
    # a local time says nothing of records that are dated by another clock
    joined = others.join_where(
        starts,
        pl.col("at_is_utc") == pl.col("is_utc"),
        pl.col("at") >= pl.col("first"),
        pl.col("at") <= pl.col("last"),
    )
    single = joined.filter(pl.len().over("event_id") == 1).select("event_id", "owner")
    return pl.concat([named, single])


def _server_processes(loose: pl.DataFrame, *, alone: bool) -> pl.DataFrame:
    """Return the records that make processes: the server's lines, or else its events, or else the exchanges.

    Exchanges make one only where there is nothing else: beside a client they are nobody's session.
    """
    lines = loose.filter(pl.col("source") == Source.VOICE_STDERR.value)
    logged = loose.filter(pl.col("source") == Source.VOICE_EVENTS.value)
    if not lines.is_empty():
        printed = _split_at_starts(lines.join(_processes(lines), on="file"))
        return pl.concat([printed, _stretches(_uncovered(logged, printed))], how="diagonal")
    return _stretches(loose if alone and logged.is_empty() else logged)


def _uncovered(logged: pl.DataFrame, printed: pl.DataFrame) -> pl.DataFrame:
    """Return the events that no process printed anything around: another one's, if the times can be compared."""
    spans = printed.group_by("process").agg(
        first=pl.col("ts").min() - MARGIN, last=pl.col("ts").max() + MARGIN, undated=pl.col("ts").null_count()
    )
    if spans["undated"].sum():
        return logged.clear()
    covered = logged.select("event_id", "ts").join_where(
        spans, pl.col("ts") >= pl.col("first"), pl.col("ts") <= pl.col("last")
    )
    return logged.join(covered.select("event_id"), on="event_id", how="anti")


def _stretches(events: pl.DataFrame) -> pl.DataFrame:
    """Make processes of events that name none: a long silence lies between two."""
    return (
        events.with_columns(moment=MOMENT)
        .sort("moment")
        .with_columns(process=pl.format("events/{}", _stretch("moment")))
        .drop("moment")
    )


def _processes(lines: pl.DataFrame) -> pl.DataFrame:
    """Tell server processes apart: two captures that share lines (stderr and a debug log) are of one."""
    printed = lines.filter(pl.col("local_ts").is_not_null() & pl.col("message").is_not_null())
    shared = printed.with_columns(first=pl.col("file").min().over("local_ts", "component", "message"))
    linked = shared.group_by("file").agg(process=pl.col("first").min())
    files = lines.select("file").unique().join(linked, on="file", how="left")
    return files.select("file", process=pl.coalesce("process", "file"))


def _split_at_starts(lines: pl.DataFrame) -> pl.DataFrame:
    """Begin a process at each start line of a capture; what stands before the first belongs to the first."""
    starts = (
        lines.filter(pl.col("kind") == EventKind.VOICE_START.value)
        .select("process", begun="local_ts")
        .sort("process", "begun")
        # a server may print its start twice, to each of its handlers
        .filter((pl.col("begun").diff().over("process") > TWICE).fill_null(value=True))
        .with_columns(nth=pl.int_range(pl.len()).over("process"))
    )
    local = pl.col("local_ts")
    near = pl.coalesce(local.forward_fill().over("file"), local.backward_fill().over("file"))
    return (
        lines.sort("file", "line", "ordinal")
        .with_columns(near=near)
        .sort("near")
        .join_asof(
            starts.sort("begun"),
            left_on="near",
            right_on="begun",
            by="process",
            strategy="backward",
            check_sortedness=False,  # both were sorted here; with groups polars cannot see it
        )
        .with_columns(process=pl.format("{}/{}", "process", pl.col("nth").fill_null(0)))
        .drop("near", "begun", "nth", strict=False)
    )
