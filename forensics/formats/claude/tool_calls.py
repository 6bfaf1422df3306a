"""From a tool's call to one event: who is spawned, what is planned, which file or command it names.

A spawn, a todo list and a change of a task are calls with a side table; the input of any other call is kept as a
digest, so that equal calls can be told, and of a shell command and a voice call what rules ask for.
"""

from __future__ import annotations

import hashlib

from forensics.formats.claude.records import (
    BashInput,
    Block,
    ConverseInput,
    FileInput,
    SpawnInput,
    TaskInput,
    TodoInput,
    TodoWriteInput,
)
from forensics.formats.jsonl import decoded
from forensics.privacy.redact import cut
from forensics.schema import COMMAND_KEPT, CONVERSE, NO_SILENCE_DETECTION, SPAWN_TOOLS, EventKind, Row

FILE_TOOLS = frozenset({"Read", "Write", "Edit", "MultiEdit", "NotebookEdit"})
TEXT_KEPT = 400  # of what is only shown
TODO_TOOLS = {"TaskCreate": EventKind.TASK_CREATE, "TaskUpdate": EventKind.TASK_UPDATE}


def tool_call(block: Block) -> Row:
    """Return the event of a ``tool_use`` block; ``todos`` and ``spawn`` are rows of side tables."""
    call: Row = {
        "kind": EventKind.TOOL_CALL,
        "tool": block.name,
        "correlation_id": block.id,
        "message": f"{block.name} called",
        "text_sha": digest_of(bytes(block.input)),
    }
    if block.name in SPAWN_TOOLS:
        return call | _spawn(block)
    if block.name == "TodoWrite":
        return call | _todo_write(block)
    if block.name in TODO_TOOLS:
        return call | _task_change(block)
    if block.name in FILE_TOOLS:
        return call | _file(block)
    if block.name == "Bash":
        asked = decoded(block.input, BashInput)
        return call | {"command": cut(asked.command, COMMAND_KEPT), "duration_ms": asked.timeout}
    if block.name.endswith(CONVERSE):
        return call | _converse(block)
    return call


def asked_path(block: Block) -> str | None:
    """Return the path that the call of a file tool names."""
    file = decoded(block.input, FileInput)
    return file.file_path or file.notebook_path or file.path


def asked_todos(block: Block) -> list[TodoInput]:
    """Return the items that a call of TodoWrite writes; some callers send the list as a string."""
    asked = decoded(block.input, TodoWriteInput)
    return asked.todos if isinstance(asked.todos, list) else decoded(asked.todos.encode(), list[TodoInput])


def _file(block: Block) -> Row:
    path = asked_path(block)
    return {"path": path, "message": f"{block.name} {path}"}


def _converse(block: Block) -> Row:
    asked = decoded(block.input, ConverseInput)
    silence = NO_SILENCE_DETECTION if asked.disable_silence_detection in (True, "true", "True") else None
    limit = asked.listen_duration_max
    return {"status": silence, "duration_ms": None if limit is None else limit * 1000}


def _spawn(block: Block) -> Row:
    asked = decoded(block.input, SpawnInput)
    return {
        "kind": EventKind.AGENT_SPAWN,
        "component": asked.subagent_type,
        "message": f"{block.name}: {asked.description}",
        "text_sha": digest(asked.prompt),
        "spawn": {
            "agent_type": asked.subagent_type,
            "description": asked.description,
            "prompt": asked.prompt,
            "isolation": asked.isolation,
            "background": asked.run_in_background,
        },
    }


def _todo_write(block: Block) -> Row:
    items = asked_todos(block)
    busy = sum(i.status == "in_progress" for i in items)
    return {
        "kind": EventKind.TODO_SNAPSHOT,
        "count": len(items),
        "message": f"TodoWrite with {len(items)} item{'' if len(items) == 1 else 's'}, {busy} in progress",
        "todos": [
            {"position": n, "content": i.content, "active_form": i.activeForm, "status": i.status}
            for n, i in enumerate(items)
        ],
    }


def _task_change(block: Block) -> Row:
    asked = decoded(block.input, TaskInput)
    number = None if asked.task_id is None else str(asked.task_id)
    return {
        "kind": TODO_TOOLS[block.name],
        "status": asked.status,
        "message": f"{block.name} {asked.subject or number or ''} {asked.status or ''}".strip(),
        "todos": [
            {
                "position": 0,
                "item_id": number,
                "content": asked.subject,
                "active_form": asked.active_form,
                "status": asked.status,
                "owner": asked.owner,
                "blocked_by": _numbers(asked.blocked_by) + _numbers(asked.add_blocked_by),
                "blocks": _numbers(asked.add_blocks),
            }
        ],
    }


def _numbers(tasks: list[str | int] | None) -> list[str]:
    return [str(task) for task in tasks or ()]


def ended_agent(agent: str, status: str, why: str | None) -> str:
    """Say how an agent ended, and why where it did not do what it was asked."""
    reason = (why or "").strip() if status != "completed" else ""
    return cut(f"agent {agent} {status}" + (f": {reason}" if reason else ""), TEXT_KEPT)


def digest(text: str) -> str:
    """Return what tells one prompt from another, wherever they stand."""
    return digest_of(text.encode("utf-8", "surrogatepass"))


def digest_of(data: bytes) -> str:
    """Return what tells one input from another."""
    return hashlib.sha256(data).hexdigest()[:16]
