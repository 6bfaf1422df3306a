"""One parser per log format, most particular first; the first that recognises a file reads it."""

from __future__ import annotations

from forensics.parsers.agent_meta import AgentMeta
from forensics.parsers.atif import Atif
from forensics.parsers.base import Parsed, Parser
from forensics.parsers.console import Console
from forensics.parsers.debug_log import DebugLog
from forensics.parsers.error_report import ErrorReport
from forensics.parsers.mcp_log import McpLog
from forensics.parsers.process_traces import ProcessFile, ShellSnapshot
from forensics.parsers.prompt_history import PromptHistory
from forensics.parsers.stream_json import StreamJson
from forensics.parsers.task_file import TaskFile
from forensics.parsers.todo_file import TodoFile
from forensics.parsers.transcript import Transcript
from forensics.parsers.voice_events import VoiceEvents
from forensics.parsers.voice_exchanges import VoiceExchanges
from forensics.parsers.voice_heard import VoiceHeard
from forensics.parsers.voice_lock import VoiceLock
from forensics.parsers.voice_stderr import VoiceStderr
from forensics.parsers.voice_trace import VoiceTrace

__all__ = ["PARSERS", "Parsed", "Parser", "parser_for"]

PARSERS: tuple[Parser, ...] = (
    ShellSnapshot(),
    ProcessFile(),
    AgentMeta(),
    TaskFile(),
    TodoFile(),
    ErrorReport(),
    McpLog(),
    Atif(),
    PromptHistory(),
    VoiceEvents(),
    VoiceExchanges(),
    VoiceHeard(),
    VoiceLock(),
    StreamJson(),
    Transcript(),
    DebugLog(),
    VoiceTrace(),
    VoiceStderr(),
    Console(),
)


def parser_for(place: str, head: bytes) -> Parser | None:
    """Return the parser of a file at this place that begins with ``head``."""
    return next((parser for parser in PARSERS if parser.sniff(place, head)), None)
