"""The columnar tables that everything between parsers and renderers speaks.

``EVENTS`` holds one row per recognised log record. A rule may read any column but ``attrs``,
which is JSON for people: a field that a rule needs becomes a column, and a list becomes a typed
side table keyed by ``event_id`` (``TODOS``).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Any

import polars as pl

# one row of a table: what polars yields, and takes
Row = dict[str, Any]


# what the client writes in every version recorded
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
INTERRUPT = "[Request interrupted by user"
SHUTDOWN = "shutdown"  # component of an interrupt that the client's end made, in the words of the user's own
# how a hook ended that has no exit code
HOOK_TIMED_OUT = "timed out"
SPAWN_TOOLS = frozenset({"Task", "Agent"})
# the voice server's tool, behind its server's name; and what a call says that does not want silence detected
CONVERSE = "__converse"
NO_SILENCE_DETECTION = "no silence detection"
# what the voice server was doing when it last wrote its lock
IN_A_CALL, FLOOR_KEPT = "in a call", "floor kept"


class Source(StrEnum):
    """Which log format a file has. The order is the order of trust in its clock."""

    TRANSCRIPT = "transcript"
    STREAM_JSON = "stream-json"
    ATIF = "atif"
    MCP_LOG = "mcp-log"
    CLAUDE_DEBUG = "claude-debug"
    ERROR_REPORT = "error-report"
    PROMPT_HISTORY = "prompt-history"
    VOICE_EVENTS = "voice-events"
    VOICE_EXCHANGES = "voice-exchanges"
    VOICE_HEARD = "voice-heard"
    VOICE_STDERR = "voice-stderr"
    VOICE_LOCK = "voice-lock"
    VOICE_TRACE = "voice-trace"
    TODO_FILE = "todo-file"
    TASK_FILE = "task-file"
    AGENT_META = "agent-meta"
    SHELL_SNAPSHOT = "shell-snapshot"
    PROCESS_FILE = "process-file"
    CONSOLE = "console"

    @property
    def one(self) -> str:
        """Return the words for one log of this format: ``a transcript``, ``an ATIF trajectory``."""
        noun = NOUNS.get(self.value, self.value)
        return f"an {noun}" if noun.startswith(("ATIF", "agent", "error", "mcp")) else f"a {noun}"


# formats whose names are no nouns
NOUNS = {
    "atif": "ATIF trajectory",
    "stream-json": "stream-json log",
    "claude-debug": "claude-debug log",
    "voice-events": "voice-events log",
    "voice-exchanges": "voice-exchanges log",
    "voice-heard": "voice-heard file",
    "voice-stderr": "voice-stderr log",
    "agent-meta": "agent-meta file",
    "console": "console log",
}


class TsQuality(StrEnum):
    """How well the time of an event is known.

    exact: the record carries UTC. aligned: a local clock, moved by an offset that another record
    proves. inferred: the record has no time of its own; a dated neighbour gives it. missing: none.
    """

    EXACT = "exact"
    ALIGNED = "aligned"
    INFERRED = "inferred"
    MISSING = "missing"


class Level(StrEnum):
    """The record's own level. In a Claude debug log ERROR says little: all server stderr has it."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class EventKind(StrEnum):
    """The closed vocabulary of events; a parser that meets anything else says ``other``."""

    # the session and its processes
    SESSION_META = "session_meta"
    SESSION_START = "session_start"
    SESSION_END = "session_end"
    TURN_END = "turn_end"
    RESULT = "result"
    BUDGET_ENDED = "budget_ended"  # an agent has used all of what it was allowed
    PROCESS_FATAL = "process_fatal"
    PROCESS_LEFT = "process_left"
    CLOCK_ANCHOR = "clock_anchor"
    LOG_EDGE = "log_edge"
    # what stands in the evidence itself: records that could not be read, credentials
    DAMAGED = "damaged"
    CREDENTIAL_SEEN = "credential_seen"
    # the conversation
    USER_PROMPT = "user_prompt"
    # by the client's prompt history; what the transcript also holds is that prompt's other place
    PROMPT_TYPED = "prompt_typed"
    USER_INTERRUPT = "user_interrupt"
    ASSISTANT_MESSAGE = "assistant_message"
    COMPACTION = "compaction"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    TOOL_DISPATCH = "tool_dispatch"
    TOOL_DONE = "tool_done"
    HOOK_DENIED = "hook_denied"
    HOOK_RAN = "hook_ran"
    # agents
    AGENT_SPAWN = "agent_spawn"
    AGENT_LAUNCHED = "agent_launched"
    AGENT_RESULT = "agent_result"
    AGENT_NOTIFICATION = "agent_notification"
    AGENT_META = "agent_meta"
    AGENT_STOP = "agent_stop"
    # plans and files
    TODO_SNAPSHOT = "todo_snapshot"
    TASK_CREATE = "task_create"
    TASK_UPDATE = "task_update"
    FILE_WRITE = "file_write"
    FILE_READ = "file_read"
    DISK_WRITE = "disk_write"
    # the model API
    API_ERROR = "api_error"
    API_STALL = "api_stall"
    API_REQUEST = "api_request"
    API_FIRST_BYTE = "api_first_byte"
    # what the client caught, and went on
    CLIENT_ERROR = "client_error"
    # MCP
    MCP_CONNECTION = "mcp_connection"
    MCP_CALL = "mcp_call"
    MCP_CALL_END = "mcp_call_end"
    # voice: the server's own lines
    VOICE_START = "voice_start"
    VOICE_REQUEST = "voice_request"
    VOICE_CANCELLED = "voice_cancelled"
    STT_START = "stt_start"
    STT_ENDPOINTS = "stt_endpoints"
    STT_ATTEMPT = "stt_attempt"
    STT_RETRY = "stt_retry"
    STT_FAIL = "stt_fail"
    STT_FALLBACK = "stt_fallback"
    STT_OK = "stt_ok"
    STT_TEXT = "stt_text"
    STT_EMPTY = "stt_empty"
    STT_NO_SPEECH = "stt_no_speech"
    STT_EXHAUSTED = "stt_exhausted"
    TTS_START = "tts_start"
    TTS_ATTEMPT = "tts_attempt"
    TTS_STREAM_FAIL = "tts_stream_fail"
    TTS_FAIL = "tts_fail"
    TTS_OK = "tts_ok"
    TTS_MAPPED = "tts_mapped"
    TTS_EXHAUSTED = "tts_exhausted"
    HTTP_RESPONSE = "http_response"
    AUTH_ERROR = "auth_error"
    VOICE_FAILURE = "voice_failure"
    RESOURCE_WARNING = "resource_warning"
    RESOURCE_OBJECT = "resource_object"
    RESOURCE_EXHAUSTED = "resource_exhausted"
    # voice: voicemode's event log and exchanges
    VOICE_CALL_BEGIN = "voice_call_begin"
    VOICE_CALL_END = "voice_call_end"
    STT_BEGUN = "stt_begun"
    STT_DONE = "stt_done"
    TTS_BEGUN = "tts_begun"
    VOICE_EVENT = "voice_event"
    SILENCE_NOT_DETECTED = "silence_not_detected"
    VOICE_EXCHANGE = "voice_exchange"
    VOICE_LOCK_TAKEN = "voice_lock_taken"
    VOICE_LOCK_LEFT = "voice_lock_left"
    OTHER = "other"


# the last one of a line is the log's own edge; what is noted of a line stands before that. More records in one
# line than fit before the notes are left out, and said to be
LAST_ORDINAL = 2**14 - 1
FIRST_NOTE = LAST_ORDINAL - 255

SOURCE_TYPE = pl.Enum([s.value for s in Source])
KIND_TYPE = pl.Enum([k.value for k in EventKind])
LEVEL_TYPE = pl.Enum([x.value for x in Level])
QUALITY_TYPE = pl.Enum([q.value for q in TsQuality])
UTC = pl.Datetime("us", "UTC")
LOCAL = pl.Datetime("us")

EVENTS = pl.Schema(
    {
        # rank of the file by content hash << 45 | line << 14 | ordinal within the line
        "event_id": pl.UInt64(),
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
        "component": pl.String(),  # logger, MCP server, or subagent type
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


COMMAND_KEPT = 400  # characters of a command that an event holds

# what is said of lines beside their records: no happening, and no sign of a session
NOTES = (EventKind.DAMAGED, EventKind.CREDENTIAL_SEEN)
# which damage a line has, of those that rules tell apart
CUT_OFF = "cut off"

# a clock that goes back by more was set; less is two threads' race for a file
CLOCK_STEP = timedelta(seconds=1)

# when a record was written, by whatever clock it has: to sort by, not to compare over two clocks
MOMENT = pl.coalesce(pl.col("ts").dt.replace_time_zone(None), pl.col("local_ts"))


def is_kind(kinds: Iterable[EventKind]) -> pl.Expr:
    """Select the events of these kinds."""
    return pl.col("kind").is_in([k.value for k in kinds])


def is_from(sources: Iterable[Source]) -> pl.Expr:
    """Select the events of these sources."""
    return pl.col("source").is_in([s.value for s in sources])


def conform(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """Give ``frame`` exactly the columns of ``schema``: add what is missing as null, cast, order.

    A number that its column cannot hold becomes null: a log may say anything. A kind or source that the
    schema does not know raises, as an unknown column does.
    Raises ``ValueError`` for a column that the schema does not know: a parser's mistake, not a log's.
    """
    unknown = set(frame.columns) - set(schema.names())
    if unknown:
        msg = f"columns that the schema does not know: {sorted(unknown)}"
        raise ValueError(msg)
    return frame.select(
        pl.col(name).cast(dtype, strict=isinstance(dtype, pl.Enum))
        if name in frame.columns
        else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in schema.items()
    )


def empty(schema: pl.Schema) -> pl.DataFrame:
    """Return a table of ``schema`` without rows."""
    return pl.DataFrame(schema=schema)
