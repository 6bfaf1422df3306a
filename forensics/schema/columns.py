"""The columnar tables that everything between parsers and renderers speaks.

``EVENTS`` holds one row per recognised log record. A rule may read any column but ``attrs``,
which is JSON for people: a field that a rule needs becomes a column, and a list becomes a typed
side table keyed by ``event_id`` (``TODOS``). What a column means depends on the kind: see ``meanings/``.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from forensics.schema.kinds import EventKind
from forensics.schema.records import Level, TsQuality
from forensics.schema.sources import Source

SOURCE_TYPE = pl.Enum([s.value for s in Source])
KIND_TYPE = pl.Enum([k.value for k in EventKind])
LEVEL_TYPE = pl.Enum([x.value for x in Level])
QUALITY_TYPE = pl.Enum([q.value for q in TsQuality])
UTC = pl.Datetime("us", "UTC")
LOCAL = pl.Datetime("us")

EVENTS = pl.Schema(
    {
        "event_id": pl.UInt64(),  # see event_ids.py
        "file": pl.UInt32(),  # index into Analysis.inputs
        "line": pl.UInt32(),  # 1-based, as an editor shows it
        "ordinal": pl.UInt16(),
        "source": SOURCE_TYPE,
        "ts": UTC,
        "ts_quality": QUALITY_TYPE,
        "local_ts": LOCAL,  # the server's own clock, no zone: good for durations before it is aligned
        "session_id": pl.String(),
        "agent_id": pl.String(),  # null: the main agent, or not known (source tells which)
        "target_agent_id": pl.String(),  # the agent that this record launches, ends or reports on
        "kind": KIND_TYPE,
        "level": LEVEL_TYPE,
        "component": pl.String(),
        "message": pl.String(),
        "tool": pl.String(),
        "correlation_id": pl.String(),  # tool_use id
        "message_id": pl.String(),  # API message id: the calls of one turn share it
        "record_id": pl.String(),  # the same in every copy of a record (forks, resumes, several logs)
        # of a prompt, to find the call that an agent's first record answers; of a call's whole input
        "text_sha": pl.String(),
        "endpoint": pl.String(),  # which service answered: an URL, or the model's name
        "status": pl.String(),
        "path": pl.String(),
        "command": pl.String(),  # a shell command, of a Bash call or of a hook
        "text": pl.String(),  # what was said or heard, where a rule judges the words
        "pid": pl.Int64(),
        "duration_ms": pl.Float64(),  # how long it took; of a call: the time limit that it asks for
        "count": pl.Int64(),
        "silence_detection": pl.Boolean(),  # whether a recording was to end at silence, as its exchange says
        "total": pl.Int64(),  # of how many: the lines of a damaged file, the tries of a request
        "tokens": pl.Int64(),  # that an API message, an agent or a run used; that a compaction left
        "attrs": pl.String(),
    }
)

TODOS = pl.Schema(
    {
        "event_id": pl.UInt64(),
        "file": pl.UInt32(),
        "line": pl.UInt32(),
        "ordinal": pl.UInt16(),
        "position": pl.UInt16(),
        "item_id": pl.String(),  # TaskCreate's number; null in TodoWrite lists
        "content": pl.String(),
        "active_form": pl.String(),
        "status": pl.String(),  # pending | in_progress | completed, as the log says
        "owner": pl.String(),
        "blocked_by": pl.List(pl.String()),  # numbers of the tasks that have to be completed before
        "blocks": pl.List(pl.String()),  # numbers of the tasks that wait for this one
    }
)

SPAWNS = pl.Schema(
    {
        "event_id": pl.UInt64(),
        "file": pl.UInt32(),
        "line": pl.UInt32(),
        "ordinal": pl.UInt16(),
        "agent_type": pl.String(),
        "description": pl.String(),
        "prompt": pl.String(),
        "isolation": pl.String(),
        "background": pl.Boolean(),
    }
)


# a clock that goes back by more was set; less is two threads' race for a file
CLOCK_STEP = timedelta(seconds=1)

# when a record was written, by whatever clock it has: to sort by, not to compare over two clocks
MOMENT = pl.coalesce(pl.col("ts").dt.replace_time_zone(None), pl.col("local_ts"))
