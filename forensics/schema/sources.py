"""Log formats: one row for each says all that the program has to know of a format outside of its parser.

A list of sources anywhere else is a rule's own business (what it needs), or one format's. What holds for several
formats, and a new one has to say of itself, is a column here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, Flag, StrEnum, auto


class Source(StrEnum):
    """Which log format a file has. The order is the order of trust in its clock."""

    TRANSCRIPT = "transcript"
    STREAM_JSON = "stream-json"
    ATIF = "atif"
    MCP_LOG = "mcp-log"
    CLAUDE_DEBUG = "claude-debug"
    OTEL = "otel"
    EXTENSION_LOG = "extension-log"
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
    WORKFLOW_JOURNAL = "workflow-journal"
    WORKFLOW_STATE = "workflow-state"
    TEAM_FILE = "team-file"
    SPILLED_RESULT = "spilled-result"
    SHELL_SNAPSHOT = "shell-snapshot"
    PROCESS_FILE = "process-file"
    CONSOLE = "console"

    @property
    def about(self) -> About:
        """Return the source's row."""
        return SOURCES[self]

    @property
    def one(self) -> str:
        """Return the words for one log of this format: ``a transcript``, ``an ATIF trajectory``."""
        return self.about.noun


class Author(StrEnum):
    """Who writes a log."""

    CLIENT = "claude-code"
    VOICE_SERVER = "voicemode"
    CONVERTER = "harbor"  # another program, which makes it of a log
    PERSON = "a person"


class Writing(Enum):
    """What the place of a record in its file says of when it was written."""

    IN_ORDER = "as things happen, by one process: in that order, whatever its clock does meanwhile"
    LIVE = "as things happen, and not in their order"
    AFTERWARDS = "when something is over, or over what stood there: no sign that anything went on"


class Quoting(Enum):
    """What an excerpt of a line shows, so that it is the record and not its envelope."""

    HEAD = "the line's head: the line says itself what happened"
    CALL = "where the call's id stands, or else the record's first words"
    WORDS = "where the first line of the server's words stands, which the client wraps"


class Tells(Flag):
    """What the records of a source tell, of what several parts of the program ask."""

    NOTHING_MORE = 0
    TALK = auto()  # what was said: what names no agent in it is the main agent's
    TOLD_BEFORE = auto()  # only what a conversation says of which it was made
    END = auto()  # in a whole one how the session ended, whatever excerpts stand beside it
    WORK = auto()  # which session was at work, and when
    SESSION = auto()  # a session by itself, where no other is found for it
    SERVER_LINES = auto()  # what the voice server printed, alone or wrapped


@dataclass(frozen=True, slots=True)
class About:
    """One row: no column has a default, so that a new format has to say each of its own."""

    noun: str  # one log of it, with the article
    author: Author
    writing: Writing
    quoting: Quoting
    tells: Tells
    shapes: str | None  # the table of formats/known/ that recordings of it are learned into
    whole_as: tuple[str, ...]  # how the place of a whole one ends: of any other name it is an excerpt
    absence: str | None  # what is not known without it, where a whole record of a session has one


ANY_NAME, NO_NAME = ("",), ()
_CLIENT, _SERVER = Author.CLIENT, Author.VOICE_SERVER
_IN_ORDER, _LIVE, _AFTERWARDS = Writing.IN_ORDER, Writing.LIVE, Writing.AFTERWARDS
_HEAD, _CALL, _WORDS = Quoting.HEAD, Quoting.CALL, Quoting.WORDS

# fmt: off
SOURCES: Mapping[Source, About] = {
    Source.TRANSCRIPT: About(
        "a transcript", _CLIENT, _LIVE, _CALL, Tells.TALK | Tells.END | Tells.WORK | Tells.SESSION,
        shapes="transcript", whole_as=(".jsonl", "/stdin"), absence=(
            "No transcript: what was said, which agent did what, and the history of todo lists are not in the evidence"
        ),
    ),
    Source.STREAM_JSON: About(
        "a stream-json log", _CLIENT, _LIVE, _HEAD, Tells.TALK,
        shapes=None, whole_as=ANY_NAME, absence=None,
    ),
    Source.ATIF: About(
        "an ATIF trajectory", Author.CONVERTER, _AFTERWARDS, _HEAD, Tells.TALK | Tells.TOLD_BEFORE,
        shapes="atif", whole_as=ANY_NAME, absence=None,
    ),
    Source.MCP_LOG: About(
        "an mcp-log", _CLIENT, _IN_ORDER, _WORDS, Tells.WORK | Tells.SESSION | Tells.SERVER_LINES,
        shapes="claude-debug", whole_as=ANY_NAME, absence=None,
    ),
    Source.CLAUDE_DEBUG: About(
        "a claude-debug log", _CLIENT, _IN_ORDER, _HEAD,
        Tells.END | Tells.WORK | Tells.SESSION | Tells.SERVER_LINES,
        shapes="claude-debug", whole_as=ANY_NAME,
        absence="No debug log: shutdown lines and the client's own errors are not in the evidence",
    ),
    Source.OTEL: About(
        "an OTel (OpenTelemetry) export", _CLIENT, _LIVE, _CALL, Tells.WORK,
        shapes=None, whole_as=ANY_NAME, absence=None,
    ),
    Source.EXTENSION_LOG: About(
        "an extension-log", _CLIENT, _IN_ORDER, _HEAD, Tells.END | Tells.WORK | Tells.SESSION,
        shapes=None, whole_as=ANY_NAME, absence=None,
    ),
    Source.ERROR_REPORT: About(
        "an error-report", _CLIENT, _AFTERWARDS, _HEAD, Tells.SESSION,
        shapes=None, whole_as=NO_NAME, absence=None,
    ),
    Source.PROMPT_HISTORY: About(
        "a prompt-history", _CLIENT, _AFTERWARDS, _HEAD, Tells.NOTHING_MORE,
        shapes="prompt-history", whole_as=ANY_NAME, absence=None,
    ),
    Source.VOICE_EVENTS: About(
        "a voice-events log", _SERVER, _IN_ORDER, _HEAD, Tells.END,
        shapes="voice-events", whole_as=ANY_NAME, absence=None,
    ),
    Source.VOICE_EXCHANGES: About(
        "a voice-exchanges log", _SERVER, _AFTERWARDS, _HEAD, Tells.NOTHING_MORE,
        shapes="voice-exchanges", whole_as=ANY_NAME, absence=None,
    ),
    Source.VOICE_HEARD: About(
        "a voice-heard file", _SERVER, _AFTERWARDS, _HEAD, Tells.NOTHING_MORE,
        shapes="voice-heard", whole_as=ANY_NAME, absence=None,
    ),
    Source.VOICE_STDERR: About(
        "a voice-stderr log", _SERVER, _IN_ORDER, _HEAD, Tells.SERVER_LINES,
        shapes="voice-stderr", whole_as=ANY_NAME, absence=None,
    ),
    Source.VOICE_LOCK: About(
        "a voice-lock", _SERVER, _AFTERWARDS, _HEAD, Tells.NOTHING_MORE,
        shapes=None, whole_as=ANY_NAME, absence=None,
    ),
    Source.VOICE_TRACE: About(
        "a voice-trace", _SERVER, _AFTERWARDS, _HEAD, Tells.NOTHING_MORE,
        shapes=None, whole_as=ANY_NAME, absence=None,
    ),
    Source.TODO_FILE: About(
        "a todo-file", _CLIENT, _AFTERWARDS, _CALL, Tells.WORK,
        shapes=None, whole_as=ANY_NAME, absence=None,
    ),
    Source.TASK_FILE: About(
        "a task-file", _CLIENT, _AFTERWARDS, _CALL, Tells.WORK,
        shapes=None, whole_as=ANY_NAME, absence=None,
    ),
    Source.AGENT_META: About(
        "an agent-meta file", _CLIENT, _AFTERWARDS, _HEAD, Tells.NOTHING_MORE,
        shapes=None, whole_as=ANY_NAME, absence=None,
    ),
    Source.WORKFLOW_JOURNAL: About(
        "a workflow-journal", _CLIENT, _LIVE, _HEAD, Tells.NOTHING_MORE,
        shapes="workflow-journal", whole_as=ANY_NAME, absence=None,
    ),
    Source.WORKFLOW_STATE: About(
        "a workflow-state file", _CLIENT, _AFTERWARDS, _HEAD, Tells.NOTHING_MORE,
        shapes=None, whole_as=ANY_NAME, absence=None,
    ),
    Source.TEAM_FILE: About(
        "a team-file", _CLIENT, _AFTERWARDS, _HEAD, Tells.NOTHING_MORE,
        shapes=None, whole_as=ANY_NAME, absence=None,
    ),
    Source.SPILLED_RESULT: About(
        "a spilled-result file", _CLIENT, _AFTERWARDS, _HEAD, Tells.NOTHING_MORE,
        shapes=None, whole_as=ANY_NAME, absence=None,
    ),
    Source.SHELL_SNAPSHOT: About(
        "a shell-snapshot", _CLIENT, _AFTERWARDS, _HEAD, Tells.NOTHING_MORE,
        shapes=None, whole_as=ANY_NAME, absence=None,
    ),
    Source.PROCESS_FILE: About(
        "a process-file", _CLIENT, _AFTERWARDS, _HEAD, Tells.NOTHING_MORE,
        shapes=None, whole_as=ANY_NAME, absence=None,
    ),
    Source.CONSOLE: About(
        "a console log", Author.PERSON, _AFTERWARDS, _HEAD, Tells.SESSION,
        shapes=None, whole_as=NO_NAME, absence=None,
    ),
}
# fmt: on


def telling(what: Tells) -> tuple[Source, ...]:
    """Return the sources whose records tell this."""
    return tuple(source for source in Source if what in source.about.tells)


def written(*ways: Writing) -> tuple[Source, ...]:
    """Return the sources that are written in one of these ways."""
    return tuple(source for source in Source if source.about.writing in ways)
