"""Log formats, and how well a record's time and level are known."""

from __future__ import annotations

from enum import StrEnum


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
