"""One file for each log format. It never raises for what a file says, and accounts for every line.

The most particular format comes first, and the first that recognises a file reads it. A format knows no other.
"""

from __future__ import annotations

from forensics.formats.atif.document import Atif
from forensics.formats.base import Parsed, Parser
from forensics.formats.claude.agent_meta import AgentMeta
from forensics.formats.claude.console import Console
from forensics.formats.claude.debug_log import DebugLog
from forensics.formats.claude.error_report import ErrorReport
from forensics.formats.claude.extension_log import ExtensionLog
from forensics.formats.claude.mcp_log import McpLog
from forensics.formats.claude.process_traces import ProcessFile, ShellSnapshot
from forensics.formats.claude.prompt_history import PromptHistory
from forensics.formats.claude.spilled_result import SpilledResult
from forensics.formats.claude.stream_json import StreamJson
from forensics.formats.claude.task_file import TaskFile
from forensics.formats.claude.team_file import TeamFile
from forensics.formats.claude.telemetry import Telemetry
from forensics.formats.claude.todo_file import TodoFile
from forensics.formats.claude.transcript import Transcript
from forensics.formats.claude.workflow_journal import WorkflowJournal
from forensics.formats.claude.workflow_state import WorkflowState
from forensics.formats.voicemode.events import VoiceEvents
from forensics.formats.voicemode.exchanges import VoiceExchanges
from forensics.formats.voicemode.heard import VoiceHeard
from forensics.formats.voicemode.lock import VoiceLock
from forensics.formats.voicemode.stderr import VoiceStderr
from forensics.formats.voicemode.trace import VoiceTrace

__all__ = ["PARSERS", "Parsed", "Parser", "parser_for"]

PARSERS: tuple[Parser, ...] = (
    ShellSnapshot(),
    ProcessFile(),
    SpilledResult(),
    AgentMeta(),
    WorkflowJournal(),
    WorkflowState(),
    TeamFile(),
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
    Telemetry(),
    ExtensionLog(),
    DebugLog(),
    VoiceTrace(),
    VoiceStderr(),
    Console(),
)


def parser_for(place: str, head: bytes) -> Parser | None:
    """Return the parser of a file at this place that begins with ``head``."""
    return next((parser for parser in PARSERS if parser.sniff(place, head)), None)
