"""Scripts name tools as the oldest client did; this says the same in the words of the client that asks.

``Task`` became ``Agent``. ``TodoWrite`` became ``TaskCreate`` and ``TaskUpdate``: a list that was written in one
call is made item by item, and the ids that the client gives are read from its results. Newer clients hand some
tools out only after a ``ToolSearch``. Calls that a script does not contain are extra: they come before its turn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.recorder.request_log import ToolResult
from tools.recorder.requests import Body, blocks_of, messages_of, schemas_of
from tools.recorder.scenarios.model import Call

SPAWN, SPAWN_NOW = "Task", "Agent"
TODOS, TASK_TOOLS = "TodoWrite", frozenset({"TaskCreate", "TaskUpdate"})
SEARCH = "ToolSearch"
CREATED = re.compile(r"Task #(\S+) created successfully: (.*)")
NOTHING = Call("Bash", {"command": "true", "description": "Do nothing"})
NO_ID = "TaskCreate with an id in its result"


@dataclass(frozen=True, slots=True)
class Translated:
    """The calls that go out; ``extra`` if they come before the scripted turn, which is then still to be answered."""

    calls: tuple[Call, ...]
    extra: bool = False
    lacking: tuple[str, ...] = ()


@dataclass(slots=True)
class _Task:
    """An item of the client's task list; without id until its creation was answered."""

    task_id: str | None = None
    status: str = "pending"


@dataclass(slots=True)
class Translator:
    """Translates the calls of one recording; it knows the tasks by their subjects."""

    _tasks: dict[str, _Task] = field(default_factory=dict)

    def learn(self, results: Iterable[ToolResult]) -> None:
        """Take the ids of new tasks from what the client reports."""
        for result in results:
            created = CREATED.match(result.head)
            if created is not None:
                self._tasks.setdefault(created[2].strip(), _Task()).task_id = created[1]

    def translate(self, calls: Sequence[Call], body: Body) -> Translated:
        """Say a turn's calls in the client's words; a search or new tasks come first, alone."""
        offered = schemas_of(body)
        ready: list[Call] = []
        absent: set[str] = set()
        for call in calls:
            if call.tool != TODOS or TODOS in offered or not _has_tasks(offered):
                ready.append(_renamed(call, offered))
                absent |= {ready[-1].tool} - offered.keys()
            elif not offered.keys() >= TASK_TOOLS:
                absent |= TASK_TOOLS
            else:
                new = self._creations(call.arguments["todos"])
                if new:
                    return Translated(new, extra=True)
                ready += self._updates(call.arguments["todos"])
                absent |= self._nameless(call.arguments["todos"])
        search = _search_for(absent - {NO_ID})
        if absent - {NO_ID} and SEARCH in offered and not _was_called(search, body):
            return Translated((search,), extra=True)
        if calls and not ready:  # an answer without a call would end the agent early
            ready.append(NOTHING)
        return Translated(tuple(ready), lacking=tuple(sorted(absent)))

    def _creations(self, items: Sequence[Mapping[str, Any]]) -> tuple[Call, ...]:
        new = [item for item in items if item["content"] not in self._tasks]
        self._tasks |= {item["content"]: _Task() for item in new}
        return tuple(
            Call(
                "TaskCreate",
                {
                    "subject": item["content"],
                    "description": f"{item['content']}.",
                    "activeForm": item["activeForm"],
                },
            )
            for item in new
        )

    def _updates(self, items: Sequence[Mapping[str, Any]]) -> Iterator[Call]:
        """Yield the changes that lead to a list; what is completed first, so that no step has too many at work."""
        for item in sorted(items, key=lambda item: item["status"] != "completed"):
            task = self._tasks[item["content"]]
            if task.task_id is not None and task.status != item["status"]:
                task.status = item["status"]
                yield Call("TaskUpdate", {"taskId": task.task_id, "status": task.status})

    def _nameless(self, items: Sequence[Mapping[str, Any]]) -> set[str]:
        """Say what lacks where the client's answer gave no id: such a task cannot be updated."""
        return {NO_ID for item in items if self._tasks[item["content"]].task_id is None}


def _has_tasks(offered: Mapping[str, object]) -> bool:
    return SEARCH in offered or "TaskUpdate" in offered


def _renamed(call: Call, offered: Mapping[str, Mapping[str, Any]]) -> Call:
    if call.tool != SPAWN:
        return call
    name = SPAWN_NOW if SPAWN not in offered and SPAWN_NOW in offered else SPAWN
    known = offered.get(name, {}).get("properties") or {}
    arguments = {k: v for k, v in call.arguments.items() if k != "run_in_background" or k in known}
    return Call(name, arguments)


def _search_for(tools: Iterable[str]) -> Call:
    return Call(SEARCH, {"query": "select:" + ",".join(sorted(tools)), "max_results": 10})


def _was_called(call: Call, body: Body) -> bool:
    """Say whether the conversation contains a call: what was searched for in vain is not searched again."""
    return any(
        block.get("type") == "tool_use"
        and block.get("name") == call.tool
        and (block.get("input") or {}).get("query") == call.arguments["query"]
        for message in messages_of(body)
        if message["role"] == "assistant"
        for block in blocks_of(message["content"])
    )
