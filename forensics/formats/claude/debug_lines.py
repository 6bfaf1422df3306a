"""Messages of Claude Code's debug log, with the client versions that they were recorded from.

Measured on 1.0.128, 2.0.24, 2.0.69, 2.1.19 and 2.1.330. ``executePreToolHooks`` is gone from 2.1.330,
which logs ``[Stall] tool_dispatch_*`` instead. A tool's name is anchored: ``Task`` is a prefix of
``TaskCreate``, ``TaskUpdate`` and others.
"""

from __future__ import annotations

from forensics.formats.patterns import Pattern
from forensics.schema import EventKind as K

# `[LEVEL] message` up to 2.0.37, `2025-11-22T07:50:12.519Z [LEVEL] message` from 2.0.46 on
RECORD_START = (
    r"^(?:(?<iso>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) )?"
    r"\[(?<level_text>DEBUG|INFO|WARN|ERROR|VERBOSE)\] "
)
DATED_START = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z \[(?:DEBUG|INFO|WARN|ERROR|VERBOSE)\] "
RECORD = RECORD_START + r"(?<message>.*)$"
STDERR = r'(?s)^MCP server "([^"]+)":? Server stderr: (.*)$'

PATTERNS = (
    Pattern(
        kind=K.SESSION_START,
        literal="hook commands for SessionStart with query: ",
        regex=r"^Getting matching hook commands for SessionStart with query: (?<status>\w+)$",
        seen="1.0.128..2.1.19",
    ),
    Pattern(
        kind=K.SESSION_START,
        literal="session.start: raised",
        regex=r"^session\.start: (?<status>raised)",
        seen="2.1.330",
    ),
    # once for each process, in every version recorded
    Pattern(
        kind=K.RUN_START,
        literal="Watching for changes in setting files ",
        regex=r"^Watching for changes in setting files ",
        seen="1.0.128..2.1.332",
        columns={"status": "process"},
    ),
    # where the process before left its session's file behind (2.1.183)
    Pattern(
        kind=K.RUN_START,
        literal="Prior session exited uncleanly: ",
        regex=r"^Prior session exited uncleanly: ",
        seen="2.1.183",
        columns={"status": "unclean"},
    ),
    Pattern(
        kind=K.TURN_START,
        literal="hook commands for UserPromptSubmit with query: ",
        regex=r"^Getting matching hook commands for (?<status>UserPromptSubmit) with query: ",
        seen="1.0.128..2.1.19",
    ),
    Pattern(
        kind=K.TURN_END,
        literal="hook commands for Stop with query: ",
        regex=r"^Getting matching hook commands for (?<status>Stop) with query: ",
        seen="1.0.128..2.1.19",
    ),
    Pattern(
        kind=K.SESSION_END,
        literal="hook commands for SessionEnd with query: ",
        regex=r"^Getting matching hook commands for (?<status>SessionEnd) with query: ",
        seen="1.0.128..2.1.19",
    ),
    Pattern(
        kind=K.SESSION_END,
        literal="Cleaned up session snapshot: ",
        regex=r"^(?<status>Cleaned up session snapshot): (?<path>\S+)",
        seen="1.0.128..2.1.330",
    ),
    # printed by every orderly end, also where no shell was used and no hook is looked for (2.1.100 on)
    Pattern(
        kind=K.SESSION_END,
        literal="LSP server manager shut down successfully",
        regex=r"^(?<status>LSP server manager shut down) successfully",
        seen="2.0.46..2.1.330",
    ),
    Pattern(
        kind=K.SESSION_END,
        literal="BigQuery metrics exporter shutdown complete",
        regex=r"^BigQuery metrics exporter (?<status>shutdown complete)",
        seen="1.0.128..2.1.100",
    ),
    Pattern(
        kind=K.SESSION_END,
        literal="[uds-messaging] Shutting down",
        regex=r"^\[uds-messaging\] (?<status>Shutting down)",
        seen="2.1.330",
    ),
    Pattern(
        kind=K.TOOL_DISPATCH,
        literal="executePreToolHooks called for tool: ",
        regex=r"^executePreToolHooks called for tool: (?<tool>\S+)\s*$",
        seen="1.0.128..2.1.19",
    ),
    Pattern(
        kind=K.TOOL_DONE,
        literal="hook commands for PostToolUse",
        regex=r"^Getting matching hook commands for (?<status>PostToolUse(?:Failure)?) with query: (?<tool>\S+)\s*$",
        seen="1.0.128..2.1.19",
    ),
    Pattern(
        kind=K.TOOL_DISPATCH,
        literal="[Stall] tool_dispatch_start ",
        regex=r"^\[Stall\] tool_dispatch_start tool=(?<tool>\S+) toolUseId=(?<correlation_id>\S+)",
        seen="2.1.330",
    ),
    Pattern(
        kind=K.TOOL_DONE,
        literal="[Stall] tool_dispatch_end ",
        regex=(
            r"^\[Stall\] tool_dispatch_end tool=(?<tool>\S+) toolUseId=(?<correlation_id>\S+) "
            r"outcome=(?<status>\S+) durationMs=(?<duration_ms>\d+)"
        ),
        seen="2.1.330",
    ),
    Pattern(
        kind=K.AGENT_STOP,
        literal="[Stall] agent_completion ",
        regex=(
            r"^\[Stall\] agent_completion agentId=(?<agent_id>\S+) agentType=(?<component>\S+) "
            r"exitPath=(?<status>\S+) durationMs=(?<duration_ms>\d+)"
        ),
        seen="2.1.330",
    ),
    Pattern(
        kind=K.AGENT_STOP,
        literal="hook commands for SubagentStop with query: ",
        regex=r"^Getting matching hook commands for (?<status>SubagentStop) with query: ",
        seen="2.0.24..2.1.19",
    ),
    Pattern(
        kind=K.HOOK_DENIED,
        literal="Hook denied tool use for ",
        regex=r"^Hook denied tool use for (?<tool>\S+)",
        seen="1.0.128..2.1.330",
    ),
    # a hook that no matcher chose leaves no line; how it ended was not logged between these two
    Pattern(
        kind=K.HOOK_RAN,
        literal="Hook command completed with status ",
        regex=r"^Hook command completed with status (?<status>-?\d+): (?<command>.+)$",
        seen="1.0.128",
    ),
    Pattern(
        kind=K.HOOK_RAN,
        literal="unique hooks for query ",
        regex=r"^Matched [1-9]\d* unique hooks for query ",
        seen="1.0.128..2.1.19",
    ),
    # a hook that denies is an error, too: which of them it was, only a transcript's attachments tell
    Pattern(
        kind=K.HOOK_RAN,
        literal=") error:",
        regex=r"^Hook (?<component>\S+) \(\w+\) error:\s*$",
        seen="2.1.100",
    ),
    Pattern(
        kind=K.HOOK_RAN,
        literal="] finished with status ",
        regex=(
            r"^Hooks: (?<component>\S+) \[(?<command>.*)\] finished with status (?<status>-?\d+) "
            r"\((?<duration_ms>\d+)ms\)"
        ),
        seen="2.1.330",
    ),
    Pattern(
        kind=K.HOOK_RAN,
        literal="] timed out after ",
        regex=(
            r"^Hooks: (?<component>\S+) \[(?<command>.*)\] (?<status>timed out) after \d+ms "
            r"\((?<duration_ms>\d+)ms\)"
        ),
        seen="2.1.330",
    ),
    Pattern(
        kind=K.HOOK_RAN,
        literal="] completed with status ",
        regex=r"^(?<component>SessionEnd\S*) \[(?<command>.*)\] completed with status (?<status>-?\d+)",
        seen="2.1.330",
    ),
    Pattern(
        kind=K.API_ERROR,
        literal="Error streaming, falling back to non-streaming mode: ",
        regex=(
            r"^Error streaming, falling back to non-streaming mode: "
            r"(?<status>\d{3}|Request timed out|Connection error|terminated)?"
        ),
        seen="1.0.128..2.1.100",
        columns={"component": "streaming"},
    ),
    Pattern(
        kind=K.API_ERROR,
        literal="Error in non-streaming fallback: ",
        regex=(
            r"^Error in non-streaming fallback: "
            r"(?<status>\d{3}|Request timed out|Connection error|Request was aborted|terminated)?"
        ),
        seen="1.0.128..2.1.19",
        columns={"component": "final"},
    ),
    Pattern(
        kind=K.API_ERROR,
        literal="API error (attempt ",
        regex=(
            r"^API error \(attempt (?<count>\d+)/\d+\): (?:\d{3} |undefined )?"
            r"(?<status>\d{3}|Request timed out|Connection error|Request was aborted)?"
        ),
        seen="2.1.330",
        columns={"component": "attempt"},
    ),
    Pattern(
        kind=K.API_ERROR,
        literal="Error in API request: ",
        regex=r"^Error in API request: (?<status>\d{3}|Request timed out|Connection error|Request was aborted)?",
        seen="2.1.330",
        columns={"component": "final"},
    ),
    Pattern(
        kind=K.API_ERROR,
        literal="Stream connection ",
        regex=r"^Stream connection (?:error|closed)(?: \((?<status>[A-Z_]+)\))?",
        seen="2.1.150..2.1.330",
        columns={"component": "attempt"},
    ),
    Pattern(
        kind=K.API_REQUEST,
        literal="[API:timing] dispatching to ",
        regex=r"^\[API:timing\] dispatching to (?<status>\S+) model=(?<endpoint>\S+)$",
        seen="2.1.330",
    ),
    Pattern(
        kind=K.API_FIRST_BYTE,
        literal="[API:timing] first byte after ",
        regex=r"^\[API:timing\] first byte after (?<duration_ms>\d+)ms$",
        seen="2.1.330",
    ),
    # says neither of whose request it was, nor how long it took
    Pattern(
        kind=K.API_FIRST_BYTE,
        literal="Stream started - received first chunk",
        regex=r"^Stream started - received first chunk",
        seen="1.0.128..2.1.183",
    ),
    Pattern(
        kind=K.API_STALL,
        literal="Streaming stall detected: ",
        regex=r"^Streaming stall detected: (?<elapsed>[\d.]+s) gap between events \(stall #(?<count>\d+)\)",
        seen="2.0.46..2.1.173, as published",
    ),
    Pattern(
        kind=K.MCP_CONNECTION,
        literal='MCP server "',
        regex=(
            r'^MCP server "(?<component>[^"]+)":? (?<status>Starting connection|Successfully connected|'
            r"Connection established|(?:HTTP |SSE )?Connection failed|Connection timeout|Connection error|"
            r"(?:[A-Z][A-Z\-]+) connection (?:closed|dropped)|Max reconnection attempts|Sending SIGINT|"
            r"MCP server process exited cleanly)"
        ),
        seen="1.0.128..2.1.330",
    ),
    Pattern(
        kind=K.MCP_CALL,
        literal="Calling MCP tool: ",
        regex=r'^MCP server "(?<component>[^"]+)": Calling MCP tool: (?<tool>\S+)',
        seen="1.0.128..2.1.330",
    ),
    Pattern(
        kind=K.MCP_CALL_END,
        literal="Tool '",
        regex=(
            r"^MCP server \"(?<component>[^\"]+)\": Tool '(?<tool>[^']+)' "
            r"(?<status>completed successfully|failed) (?:in|after) (?<elapsed>[\dhms ]+)"
        ),
        seen="1.0.128..2.1.330",
    ),
    Pattern(
        kind=K.CLOCK_ANCHOR,
        literal="Creating snapshot at: ",
        regex=r"^Creating snapshot at: (?<path>\S+-(?<anchor>\d{13})-\w+\.sh)$",
        seen="1.0.128..2.1.330",
    ),
    Pattern(
        kind=K.DISK_WRITE,
        literal="Writing to temp file: ",
        regex=r"^Writing to temp file: (?<path>.+)\.tmp\.(?<pid>\d+)\.(?<anchor>[0-9a-f]+)$",
        seen="1.0.128..2.1.330",
    ),
)
