"""What a record of a known kind always has, and one that a later client changed does not: then it was half read.

A field that was renamed looks like one that is absent, and a state that is new like none. Each is told as a shape
that was never recorded, in words that name what the record is about.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from forensics.formats.claude.records import (
    EMPTY,
    AgentCounts,
    Block,
    Message,
    Record,
    ServerStatus,
    StreamRecord,
    TaskPatch,
)
from forensics.formats.claude.stream_tasks import ENDED
from forensics.formats.claude.tool_calls import FILE_TOOLS, asked_path, asked_todos
from forensics.formats.jsonl import decoded
from forensics.privacy.redact import cut
from forensics.schema import SPAWN_TOOLS, TODO_STATES

# of tasks that are agents, in a stream: those that are no end
RUNNING = frozenset({"pending", "running", "in_progress", "paused"})
KEPT = 40  # characters of a state that is new


class Held(msgspec.Struct):
    """A message, as far as it says that it has a content."""

    content: msgspec.Raw = EMPTY


def lacking(record: Record, message: Message) -> Iterator[str]:
    """Yield what a record of a conversation lacks, or has of a state that is new."""
    if record.type in ("user", "assistant"):
        if message.content == "" and decoded(record.message, Held).content == EMPTY:
            yield f"{record.type} message without content: turn, tool, result"
        if isinstance(message.content, list):
            for block in message.content:
                yield from _of_block(record.type, block)
    elif record.type == "system" and record.subtype in ("api_error", "api_retry") and record.error == EMPTY:
        yield f"system {record.subtype} without an error"


def _of_block(kind: str, block: Block) -> Iterator[str]:
    if block.type == "tool_result" and not block.tool_use_id:
        yield f"{kind} tool_result without the id of its call, of a tool or an agent"
    if block.type == "tool_use":
        if not block.id or not block.name:
            yield f"{kind} tool_use without its {'name' if block.id else 'id'}, of a tool, a file, a list or an agent"
        yield from _of_call(block)


def _of_call(block: Block) -> Iterator[str]:
    """Yield what a call lacks in its input. An empty input is a call that was cut off while it was said."""
    if bytes(block.input) in (b"null", b"{}"):
        return
    if block.name in FILE_TOOLS and asked_path(block) is None:
        yield f"{block.name} without a path of a file"
    elif block.name == "TodoWrite":
        yield from _of_todos(block)
    elif block.name in SPAWN_TOOLS and not _has(block.input, b'"prompt"'):
        yield f"agent asked for by {block.name} without a prompt"


def _of_todos(block: Block) -> Iterator[str]:
    if not _has(block.input, b'"todos"'):
        yield "TodoWrite without todos"
    yield from (state for item in asked_todos(block) if (state := new_state(item.status)) is not None)


def new_state(status: str) -> str | None:
    """Name a todo's state that is new; null for one that is known."""
    if status in TODO_STATES:
        return None
    return cut(f"todo of status {status}", KEPT) if status else "todo without a status"


def lacking_in_stream(record: StreamRecord) -> Iterator[str]:
    """Yield what a record that only a stream has lacks, or has of a state that is new."""
    if record.type == "result":
        if record.subtype is None:
            yield "result without a subtype"
        stats = record.subagent_stats
        if stats != EMPTY and (
            not _has(stats, b'"spawned"') or decoded(stats, AgentCounts, or_else=_NONE) is _NONE
        ):
            yield "result with subagent_stats of another form"
    elif record.type == "system" and record.subtype == "init":
        servers = decoded(record.mcp_servers, list[ServerStatus])
        if any("?" in (server.name, server.status) for server in servers):
            yield "system init with an mcp server without its name or status"
    elif record.type == "system" and record.subtype in ("task_notification", "task_updated"):
        status = decoded(record.patch, TaskPatch).status or decoded(record.status, str)
        if not status and record.subtype == "task_notification":
            yield "system task_notification without a status"
        elif status and status not in ENDED | RUNNING:
            yield cut(f"system {record.subtype} of status {status}", 2 * KEPT)


_NONE = AgentCounts()


def _has(raw: msgspec.Raw, key: bytes) -> bool:
    return key in bytes(raw)
