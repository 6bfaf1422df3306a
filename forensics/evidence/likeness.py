"""What looks like one of the logs that this program is for, also where no format reads it.

A gate that passes over such a file is green because it is blind. Decided here alone, by words that the client, its
runtime or the voice server write and that nobody writes by chance. What quotes them is no log: sources, documents and
settings are known by their names. A file that cannot be opened is known by where it lies.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping

from forensics.schema import UUID

ID = UUID.encode()
FOREIGN = re.compile(
    r"(?i)\.(?:md|markdown|rst|adoc|html?|css|svg|xml|toml|ini|cfg|conf|lock|py|pyi|ipynb|[cm]?[jt]sx?|sh|bash"
    r"|ps1|bat|rs|go|c|h|cc|cpp|hpp|java|kt|rb|php|swift|sql|j2|patch|diff)$"
    r"|(?:^|/)(?:package(?:-lock)?|tsconfig|\.?mcp|settings(?:\.local)?|\.claude|marketplace|plugin)\.json$"
)
OWN_PLACE = re.compile(
    rf"(?i)(?:^|/)(?:\.claude/(?:projects/(?!.*/tool-results/)|debug/|todos/|tasks/|teams/)|claude-cli-nodejs/|mcp-logs-|\.voicemode/logs/)"
    rf"|(?:^|/)(?:agent-[0-9a-f]{{7,}}|{UUID})[^/]*\.(?:jsonl?|txt)(?:\.|$)"
)
# what this program itself wrote, into a folder that it is given again
OWN_OUTPUT = re.compile(rb'\A\s*+(?:\[\s*+)?\{\s*+"(?:schema_version"\s*:\s*"\d+"\s*,\s*"tool|event_id)"\s*:')
# what it is a sign of, and the ways in which it is written; the first that is found is told
SIGNS: Mapping[str, tuple[bytes, ...]] = {
    "its records name a session": (
        rb'"(?:sessionId|session_id|session\.id)"\s*:\s*"' + ID + rb'"',
        rb'"session\.id"[^\n]{0,60}' + ID,
        # as Python, YAML and other printers write it
        rb"\b(?:sessionId|session_?id|session\.id)['\"]?\s*[=:]\s*['\"]?" + ID,
    ),
    "its records have the client's own fields": (
        rb'"(?:parentUuid|isSidechain|toolUseResult|parent_tool_use_id|isApiErrorMessage|leafUuid)"\s*:',
        rb'"(?:hook_event_name|total_cost_usd|leadSessionId|permission_denials)"\s*:',
    ),
    "its records are messages of the client's SDK": (
        rb'"type"\s*:\s*"(?:system|result)"\s*,\s*"subtype"\s*:\s*"[a-z_]+"',
        rb'"type"\s*:\s*"(?:assistant|user)"\s*,\s*"message"\s*:',
        rb"\b(?:Result|Assistant|System)Message\((?:subtype|content|data)=",
    ),
    "its records tell of the client's tool calls": (rb'"(?:id|tool_use_id|toolUseId)"\s*:\s*"toolu_',),
    "its records are the client's telemetry": (rb"\bclaude_code\.[a-z_]+",),
    "it tells of a crash of the client's runtime": (
        rb"oh no: Bun has crashed|^.{0,80}panic\((?:main thread|thread \d+)\): ",
        rb"\bstandalone_executable\b|//bun\.report/",
        rb"JavaScript heap out of memory|<--- Last few GCs --->|^# Fatal error in ",
        rb"^.{0,40} at .{0,200}(?:claude-code/cli\.m?js|/\$bunfs/root/(?:src/)?(?:claude|cli\.js))",
    ),
    "it tells how the client's process ended": (
        rb"^.{0,120}\b(?:[Kk]illed|[Tt]erminated|Aborted|Abort trap)\b[^\n]{0,80}\bclaude\b",
        rb"^.{0,120}\b(?:Segmentation fault|Bus error|Illegal instruction)\b[^\n]{0,80}\bclaude\b",
        rb"\bclaude\b[^\n]{0,60}\b(?:exited with code|exit code|exit status|signal) \d+",
        rb"\bClaude Code process exited with code \d+",
    ),
    "it holds what the client shows on its screen": ("^.{0,40}\u23bf".encode(),),
    "it holds what the client prints of the API": (rb"^.{0,120}\bAPI Error: (?:\d{3}\b|[A-Z][a-z])",),
    "it holds what the client prints of its end": (rb"^.{0,120}\bError: Reached max turns \(\d+\)",),
    "it holds what the client prints of its hooks": (
        rb"\b(?:Pre|Post)ToolUse(?::\w+)? hook (?:error|failed|cancelled|timed out|\[)",
        rb"\b(?:UserPromptSubmit|PreCompact) hook (?:error|failed|cancelled|timed out|\[)",
        rb"\b(?:(?:Subagent)?Stop|Session(?:Start|End)) hook (?:error|failed|cancelled|timed out|\[)",
    ),
    "it is the client's report of a bug": (rb"^\*\*Bug Description\*\*",),
    "it holds lines of the client's debug log": (
        rb'\[(?:DEBUG|INFO|WARN|ERROR)\] "?(?:MCP server "|Hook|API error|Stream started)',
    ),
    "it holds lines of the voice server": (
        rb"\bvoice[_-]?mode(?:\.[\w.]+)? - (?:DEBUG|INFO|WARNING|ERROR|CRITICAL) - ",
    ),
}
FOUND = {told: re.compile(b"|".join(shapes), re.MULTILINE) for told, shapes in SIGNS.items()}
# a whole file whose lines name the client is one of its logs; beside a log's records such a line is talk
NAMES = re.compile(
    rb"\bClaude Code v?\d+\.\d+\.\d+|\bclaude-c(?:ode|li)/\d+\.\d+\.\d+|claude-code-action"
    rb"|(?m:^.{0,120}(?:\[(?:info|warn|warning|error|debug)\]|From claude:)[^\n]{0,60}\b[Cc]laude\b)"
)


def like_ours(place: str, head: bytes) -> str | None:
    """Return what says of a file at this place that it is one of ours; null for what is somebody else's."""
    if FOREIGN.search(place) or OWN_OUTPUT.match(head) or not head.strip():
        return None
    named = "it names the client" if NAMES.search(_legible(head)) else None
    return said_by_ours(head) or named or placed_like_ours(place)


def said_by_ours(text: bytes) -> str | None:
    """Return what says of these lines that they are the client's, its runtime's or the voice server's."""
    legible = _legible(text)
    return next((told for told, shape in FOUND.items() if shape.search(legible)), None)


def placed_like_ours(place: str) -> str | None:
    """Return what says of a file that could not be opened that it is one of ours."""
    return "it lies where the client writes its logs" if OWN_PLACE.search(place) else None


def _legible(text: bytes) -> bytes:
    """Return UTF-16 as UTF-8: what a shell of Windows redirected is no less ours."""
    if text.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return text[: len(text) // 2 * 2].decode("utf-16", "replace").encode()
    return b"" if b"\0" in text else text
