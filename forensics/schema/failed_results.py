"""Texts with which a tool says that it failed, without flagging its result as an error.

A text counts only at the very beginning of the result of the tool that owns it, or where the result holds nothing
else: in a file that was read, or in what the user said, the same words mean nothing. Versions are those in whose
source the text stands, or that were recorded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from forensics.schema import CONVERSE

MCP_TOOL = "mcp__"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureText:
    """How the results of one server's tool begin when it failed."""

    service: str  # stt | tts: every endpoint of it failed; call: anything else went wrong in the call
    start: str
    seen: str


# of the voice server's tool, the most particular first
VOICE = (
    FailureText(service="stt", start="STT service connection failed:", seen="voicemode 4.7.0..9.0.1"),
    FailureText(service="stt", start="STT request rejected by ", seen="voicemode 9.0.1"),
    FailureText(service="tts", start="Error: Could not speak message", seen="voicemode 2.5.0..9.0.1"),
    FailureText(
        service="tts", start="Error: Could not speak any turn", seen="voicemode 9.0.1, by its source"
    ),
    FailureText(service="tts", start="✗ Failed to speak message", seen="voicemode 4.4.0..9.0.1"),
    # what is spoken without waiting for an answer: the title of the first refusal (6.0.1: the first two recorded)
    *(
        FailureText(service="tts", start=title, seen="voicemode 5.0.0..9.0.1")
        for title in (
            "🔐 OpenAI Authentication Failed",
            "⚠️ OpenAI API Error",
            "💳 OpenAI Quota Exceeded",
            "⏱️ OpenAI Rate Limit",
            "💰 OpenAI Billing Limit Reached",
            "🚫 OpenAI Access Terminated",
            "❌ Invalid Request",
        )
    ),
    FailureText(service="call", start="Error: ", seen="voicemode 4.4.0..9.0.1, by its source"),
)

# of the tools of any server; ``{tool}`` is the tool's own name
ANY_SERVER = (
    FailureText(service="call", start="Error executing tool {tool}:", seen="Python MCP SDK 1.16.0"),
    FailureText(service="call", start="Error calling tool '{tool}'", seen="FastMCP 2.12.5"),
)

# the protocol's own flag inside the text; an object with other keys than these is a tool's data
FLAG = "isError"
PROTOCOL_KEYS = frozenset(
    {FLAG, "content", "structuredContent", "_meta", "error", "message", "code", "details", "result"}
)


def failure_texts(tool: str) -> tuple[FailureText, ...]:
    """Return the texts that a tool owns, by the name that the client gives it; none for the client's own tools."""
    if not tool.startswith(MCP_TOOL):
        return ()
    name = tool.rpartition("__")[2]
    own = VOICE if tool.endswith(CONVERSE) else ()
    return own + tuple(
        FailureText(service=t.service, start=t.start.replace("{tool}", name), seen=t.seen) for t in ANY_SERVER
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeFailure:
    """What the lines of a result say that holds nothing but a failure; ``beside`` are lines that may stand there."""

    tool: re.Pattern[str]
    line: re.Pattern[str]
    seen: str
    beside: re.Pattern[str] | None = None

    def said(self, text: str) -> str | None:
        """Return the first line by which a whole result is a failure; null where anything else stands in it."""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        failed = [line for line in lines if self.line.match(line)]
        others = (line for line in lines if not self.line.match(line))
        if not failed or any(self.beside is None or not self.beside.match(line) for line in others):
            return None
        return failed[0]


# of a request that was never answered, in the words of the libraries that send one
_UNANSWERED = (
    r"(?:Error: )?(?:Request failed with status code \d{3}|HTTP error!? (?:status: )?\d{3}|fetch failed|socket hang up"
    r"|getaddrinfo E\w+|(?:connect|read|write) E[A-Z]{4,}|timeout of \d+ ?ms exceeded|Request timed out"
    r"|maxContentLength size of)"
)
WHOLE = (
    # a search's answer is prose and a list of links: where it has no link, its errors are all that it found
    WholeFailure(
        tool=re.compile(r"WebSearch$"),
        line=re.compile(r"Web search error: \w+|API Error: "),
        beside=re.compile(r"(?!Links: )(?!.*https?://)"),
        seen="2.1.7, by a session of that version",
    ),
    WholeFailure(
        tool=re.compile(r"WebFetch$"),
        line=re.compile(
            rf"{_UNANSWERED}|The server returned HTTP [45]\d\d|Unable to verify if domain |API Error: "
            r"|Claude Code is unable to fetch from "
        ),
        seen="2.0.24..2.1.332, by the client's source",
    ),
    WholeFailure(
        tool=re.compile(MCP_TOOL),
        line=re.compile(
            rf"{_UNANSWERED}|(?:Error: )?MCP error -?\d+|(?:Error: )?(?:Connection closed|Not connected)"
        ),
        seen="MCP SDKs for TypeScript and Python; axios, undici, Node",
    ),
)


def whole_failure(tool: str, text: str) -> str | None:
    """Return the line by which a tool's whole result is a known failure."""
    return next((said for known in WHOLE if known.tool.match(tool) and (said := known.said(text))), None)


def may_fail_unflagged(tool: str) -> bool:
    """Say whether it is known with which texts a tool fails."""
    return tool.startswith(MCP_TOOL) or any(known.tool.match(tool) for known in WHOLE)
