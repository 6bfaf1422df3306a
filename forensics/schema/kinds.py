"""The closed vocabulary of events."""

from __future__ import annotations

from enum import StrEnum


class EventKind(StrEnum):
    """The closed vocabulary of events; a parser that meets anything else says ``other``."""

    # the session and its processes
    SESSION_META = "session_meta"
    SESSION_START = "session_start"
    RUN_START = "run_start"  # a process of the client begins, or goes on with a session that another one left
    SESSION_END = "session_end"
    TURN_START = "turn_start"
    TURN_END = "turn_end"
    RESULT = "result"
    BUDGET_ENDED = "budget_ended"  # an agent has used all of what it was allowed
    PROCESS_FATAL = "process_fatal"
    PROCESS_EXITED = "process_exited"  # by a signal or with an exit code, as another program says
    PROCESS_STATE = "process_state"  # what a runtime prints of a process as it dies
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
    RESULT_SPILLED = "result_spilled"  # to a file of its own, beside its record
    TOOL_DISPATCH = "tool_dispatch"
    TOOL_DONE = "tool_done"
    HOOK_DENIED = "hook_denied"
    HOOK_RAN = "hook_ran"
    # agents
    AGENT_SPAWN = "agent_spawn"
    AGENT_STARTED = "agent_started"
    AGENT_LAUNCHED = "agent_launched"
    AGENT_RESULT = "agent_result"
    AGENT_NOTIFICATION = "agent_notification"
    AGENT_TALLY = "agent_tally"
    AGENT_META = "agent_meta"
    AGENT_STOP = "agent_stop"
    TEAM_MEMBER = "team_member"
    TEAM_MESSAGE = "team_message"
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


# what states a list of todos or tasks, whole or in part
LISTS = (EventKind.TODO_SNAPSHOT, EventKind.TASK_CREATE, EventKind.TASK_UPDATE)
# the calls of tools, and what answers one: they share a ``correlation_id``
CALLS = (EventKind.TOOL_CALL, EventKind.AGENT_SPAWN, *LISTS)
ANSWERS = (EventKind.TOOL_RESULT, EventKind.AGENT_LAUNCHED)
# how a process died, by its own last words or by another program's
DEATHS = (EventKind.PROCESS_FATAL, EventKind.PROCESS_EXITED)
# what only the model's answer to a request brings into a conversation
MODEL_SAID = (EventKind.ASSISTANT_MESSAGE, *CALLS)
# what is said of lines beside their records: no happening, and no sign of a session
NOTES = (EventKind.DAMAGED, EventKind.CREDENTIAL_SEEN)
# a session needs more than these: a file of start-up lines or an empty list is nobody's session
TRACES = (
    EventKind.RUN_START,
    EventKind.LOG_EDGE,
    EventKind.CLOCK_ANCHOR,
    EventKind.TODO_SNAPSHOT,
    EventKind.PROCESS_LEFT,
    EventKind.VOICE_LOCK_LEFT,
    EventKind.VOICE_EXCHANGE,  # what was said to a voice server of which no process is known
    EventKind.AGENT_META,
    EventKind.TEAM_MEMBER,
    EventKind.TEAM_MESSAGE,
    EventKind.RESULT_SPILLED,
    EventKind.SESSION_META,
    EventKind.HOOK_RAN,
    EventKind.OTHER,
    *NOTES,
)
