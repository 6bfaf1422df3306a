"""Where an answer stands that the logs at hand do not hold: what the source is called, and where it lies.

A rule that asks a question names one of these, and what to look for in it.
"""

from __future__ import annotations

from datetime import datetime

from forensics.schema.finding import Insufficient
from forensics.session.speech.endpoints import is_local
from forensics.text.clock_time import clock_time

MACHINE_LOG = "the operating system's log (journalctl and dmesg on Linux, log show on macOS)"
PROVIDER_STATUS = "the API provider's status page"
VOICE_EVENTS = "the voice server's event log (~/.voicemode/logs/events/voicemode_events_<day>.jsonl)"
# clients from 2.1.19 on drop what a server prints once it is connected
VOICE_STDERR = (
    "the voice server's standard error (clients up to 2.0.69 keep it in their MCP log, mcp-logs-voicemode; with "
    "VOICEMODE_DEBUG=true it is in ~/voicemode_debug.log too)"
)
# where a failed speech request would stand: without it several rules cannot judge
UNREAD_CALLS = Insufficient(
    "neither the voice server's own lines nor a result of the voice tool is in the evidence: the server's stderr log "
    "or the session's transcript would tell"
)
WHISPER_PORT, WHISPER_LOGS = ":2022", "~/.voicemode/logs/whisper/ where voicemode's own script runs it"
WORKING_TREE = "the working tree (git status, git diff)"


def around(moment: datetime | None) -> str:
    """Say at which time to look, as far as the record tells it."""
    return "at that time" if moment is None else f"around {clock_time(moment)}"


def speech_log(endpoint: str) -> str:
    """Name the log of a speech service: the user's own keeps one, of another only its provider tells."""
    if not is_local(endpoint):
        return f"the status page of the provider behind {endpoint}"
    place = f" ({WHISPER_LOGS})" if WHISPER_PORT in endpoint else ""
    return f"the log that the speech service at {endpoint} keeps itself{place}"


def server_stderr(server: str) -> str:
    """Name what an MCP server prints."""
    if server == "voicemode":
        return VOICE_STDERR
    return f"the standard error of MCP server “{server}” (clients up to 2.0.69 keep it in mcp-logs-{server})"


def copies(session_id: str) -> str:
    """Name the copies that the client makes of a file before it edits it."""
    return f"the copies that the client may have kept of it (~/.claude/file-history/{session_id}/)"
