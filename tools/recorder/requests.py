"""Reading a request to the Messages API: who asks, for which turn, and what came back from the tools.

Everything is read from the request itself, so that retries, resumed sessions and agents that run side by side
need no memory on the API's side.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tools.recorder.request_log import ToolResult
from tools.recorder.scenarios.model import Script

Body: TypeAlias = Mapping[str, Any]

# Who asks, where no script is meant
COMPACTION = "compaction"  # the client wants the conversation summarised
HELPER = "helper"  # titles, topics, quota: requests that offer no tools
WARMUP = "warmup"  # up to 2.0.69 a start warms up subagents that nobody spawned
STRANGER = "stranger"  # something that the scripts do not know: the client has changed

COMPACTION_MARKS = (
    "create a detailed summary of the conversation",
    "create a detailed summary of this conversation",
    "create a detailed summary of the RECENT portion",
)
LATELY = 3  # messages at the end in which a mark counts; an older one was obeyed long ago
HEAD = 300  # characters of a tool's result that are kept


@dataclass(frozen=True, slots=True)
class Asker:
    """The script that a request belongs to, and how many of its turns were answered before."""

    name: str
    turn: int = 0


def texts_of(content: object) -> list[str]:
    """Return the texts of a message's content, or of a system prompt: one string, or blocks."""
    if isinstance(content, str):
        return [content]
    return [block.get("text", "") for block in blocks_of(content) if block.get("type") == "text"]


def blocks_of(content: object) -> list[dict[str, Any]]:
    """Return the blocks of a message's content; none if it is a string."""
    return content if isinstance(content, list) else []


def messages_of(body: Body) -> Sequence[Mapping[str, Any]]:
    """Return the conversation so far."""
    messages: Sequence[Mapping[str, Any]] = body.get("messages") or []
    return messages


def schemas_of(body: Body) -> dict[str, Mapping[str, Any]]:
    """Return the input schemas of the tools that the client offers."""
    return {tool.get("name", ""): tool.get("input_schema") or {} for tool in body.get("tools") or []}


def last_text(body: Body) -> str:
    """Return the last text of the last message."""
    texts = [text for message in messages_of(body)[-1:] for text in texts_of(message["content"])]
    return texts[-1] if texts else ""


def who_asks(body: Body, scripts: Mapping[str, Script], extra_calls: Collection[str]) -> Asker:
    """Find the script of a request by the last prompt of a script in it.

    ``extra_calls`` are the ids of calls that no script contains: answers that consist of them count as no turn.
    """
    messages = messages_of(body)
    lately = [t for m in messages[-LATELY:] if m["role"] != "assistant" for t in texts_of(m["content"])]
    if any(mark in text for mark in COMPACTION_MARKS for text in lately):
        return Asker(COMPACTION)
    if last_text(body).strip() == "Warmup":
        return Asker(WARMUP)
    if not body.get("tools"):
        return Asker(HELPER)
    for index in range(len(messages) - 1, -1, -1):
        name = _script_begun_by(messages[index], scripts)
        if name is not None:
            return Asker(name, _turns(messages[index + 1 :], extra_calls))
    return Asker(STRANGER)


def scripts_in(body: Body, scripts: Mapping[str, Script]) -> frozenset[str]:
    """Return the scripts whose prompts a conversation contains: more than one, if it goes on from an earlier one."""
    begun = (_script_begun_by(message, scripts) for message in messages_of(body))
    return frozenset(name for name in begun if name is not None)


def _script_begun_by(message: Mapping[str, Any], scripts: Mapping[str, Script]) -> str | None:
    if message["role"] != "user":
        return None
    texts = texts_of(message["content"])
    return next((name for name, s in scripts.items() if any(s.prompt in text for text in texts)), None)


def _turns(messages: Sequence[Mapping[str, Any]], extra_calls: Collection[str]) -> int:
    """Count answers; one that the client split into several messages is one turn."""
    turns, previous = 0, None
    for message in messages:
        ids = {block.get("id") for block in blocks_of(message["content"]) if block.get("type") == "tool_use"}
        if message["role"] == "assistant" and previous != "assistant" and ids.isdisjoint(extra_calls):
            turns += 1
        previous = message["role"]
    return turns


def new_results(body: Body) -> tuple[ToolResult, ...]:
    """Return the tools' results since the last answer."""
    return tuple(_results_backwards(body))


def _results_backwards(body: Body) -> Iterator[ToolResult]:
    for message in reversed(messages_of(body)):
        if message["role"] == "assistant":
            return
        for block in blocks_of(message["content"]):
            if block.get("type") == "tool_result":
                head = " ".join(texts_of(block.get("content")))[:HEAD]
                yield ToolResult(block.get("tool_use_id", ""), bool(block.get("is_error")), head)
