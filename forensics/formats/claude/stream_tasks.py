"""The tasks of a headless stream that are agents: when each began, and how it ended (2.1.185 on).

``system``/``task_started`` links a task to the call that asked for it, ``task_updated`` and ``task_notification``
tell its end. A shell in the background is a task, too, and no agent.
"""

from __future__ import annotations

from collections.abc import Iterator

from forensics.formats.claude.records import StreamRecord, TaskPatch
from forensics.formats.claude.tool_calls import ended_agent
from forensics.formats.jsonl import decoded
from forensics.schema import EventKind, Row

ENDED = frozenset({"completed", "failed", "killed", "stopped", "cancelled"})
OF_AGENT = "agent"  # in a task's type: ``local_agent``, ``remote_agent``


class Tasks:
    """Which tasks of one stream are agents."""

    def __init__(self, spawn_calls: set[str]) -> None:
        self._spawn_calls = spawn_calls
        self._agents: set[str] = set()

    def take(self, record: StreamRecord) -> Iterator[Row]:
        """Yield what a record says of an agent."""
        if record.task_id is None or not self._is_agent(record):
            return
        self._agents.add(record.task_id)
        if record.subtype == "task_started":
            yield {
                "kind": EventKind.AGENT_STARTED.value,
                "target_agent_id": record.task_id,
                "correlation_id": record.tool_use_id,
                "message": f"agent {record.task_id} starts",
            }
        elif record.subtype in ("task_updated", "task_notification"):
            yield from _end(record, record.task_id)

    def _is_agent(self, record: StreamRecord) -> bool:
        asked = record.tool_use_id in self._spawn_calls
        return asked or record.task_id in self._agents or OF_AGENT in (record.task_type or "")


def _end(record: StreamRecord, agent: str) -> Iterator[Row]:
    patch = decoded(record.patch, TaskPatch)
    status = patch.status or decoded(record.status, str)
    if status in ENDED:
        why = patch.error or decoded(record.summary, str)
        yield {
            "kind": EventKind.AGENT_NOTIFICATION.value,
            "target_agent_id": agent,
            "correlation_id": record.tool_use_id,
            "status": status,
            "message": ended_agent(agent, status, why),
        }
