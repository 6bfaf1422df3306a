"""Whether a session holds anything that a rule could have judged: nothing found in nothing is no result."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from forensics.schema import ANSWERS, CALLS, LISTS, SPAWN_TOOLS, EventKind
from forensics.schema.families import Family
from forensics.session.model.case import Case
from forensics.session.model.files import WRITE_TOOLS

K = EventKind
SPEECH = tuple(k for k in EventKind if k.value.startswith(("voice_", "stt_", "tts_", "resource_")))
# what shows that there was one of the kind: an agent spawned, a request answered or failed, a call made
SHOWN_BY: Mapping[Family, tuple[EventKind, ...]] = {
    "agents": (
        K.AGENT_SPAWN, K.AGENT_STARTED, K.AGENT_LAUNCHED, K.AGENT_RESULT, K.AGENT_NOTIFICATION, K.AGENT_TALLY,
        K.AGENT_META, K.AGENT_STOP, K.TEAM_MEMBER,
    ),
    "api": (
        K.API_REQUEST, K.API_FIRST_BYTE, K.API_ERROR, K.API_STALL, K.ASSISTANT_MESSAGE, K.TOOL_CALL, K.TOOL_DISPATCH,
        K.AGENT_SPAWN, K.TASK_CREATE, K.TASK_UPDATE, K.TURN_END, K.RESULT,
    ),
    "files": (K.FILE_WRITE, K.DISK_WRITE),
    "hooks": (K.HOOK_RAN, K.HOOK_DENIED),
    "lists": LISTS,
    "mcp": (K.MCP_CONNECTION, K.MCP_CALL, K.MCP_CALL_END),
    "speech": (*SPEECH, K.SILENCE_NOT_DETECTED, K.HTTP_RESPONSE, K.AUTH_ERROR),
    "tools": (*CALLS, *ANSWERS, K.TOOL_DISPATCH, K.TOOL_DONE, K.MCP_CALL, K.MCP_CALL_END),
    "turns": (K.USER_PROMPT, K.ASSISTANT_MESSAGE, *CALLS, *ANSWERS, K.TOOL_DISPATCH, K.TURN_END, K.RESULT),
}  # fmt: skip
NAMES: Mapping[Family, str] = {
    "agents": "agent",
    "api": "request to the model API",
    "ending": "end",
    "files": "write of a file",
    "hooks": "hook",
    "lists": "list of todos or tasks",
    "mcp": "MCP server",
    "speech": "request of speech",
    "tools": "call of a tool",
    "turns": "turn",
}


def holds(case: Case, family: Family) -> bool:
    """Say whether there is one of the kind in a session."""
    if family == "ending":
        return True
    if not case.of(*SHOWN_BY[family]).is_empty():
        return True
    match family:
        case "agents":
            return bool(case.agents) or _has_tool(case, pl.col("tool").is_in(list(SPAWN_TOOLS)))
        case "files":
            return any(access.tool in WRITE_TOOLS for access in case.file_accesses)
        case "mcp":
            return _has_tool(case, pl.col("tool").str.starts_with("mcp__"))
        case "speech":
            return bool(case.speech_requests) or _has_tool(case, pl.col("tool").str.ends_with("converse"))
        case _:
            return False


def _has_tool(case: Case, named: pl.Expr) -> bool:
    return not case.events.filter(named.fill_null(value=False)).is_empty()
