"""Task files ``tasks/<session>/<n>.json`` (2.1.x): the last state of one task of the shared list."""

from __future__ import annotations

import re

import msgspec

from forensics.evidence.account import Damage, Reason
from forensics.evidence.file import Evidence
from forensics.formats.base import Parsed
from forensics.formats.jsonl import UNDECODABLE, mend
from forensics.formats.reading import finish, lines_of_key, rows, unread_document
from forensics.schema import EVENTS, TODOS, EventKind, Source, TsQuality

NAME = re.compile(r"(?:^|/)tasks/([0-9a-f-]{36})/(\d+)\.json$")
NOT_A_TASK = Reason("not a task", Damage.BROKEN)


class TaskState(msgspec.Struct):
    """One task of the list that main agent and subagents share."""

    id: str
    subject: str
    status: str
    activeForm: str | None = None  # noqa: N815 - the file's own name
    owner: str | None = None
    blockedBy: list[str | int] = []  # noqa: N815
    blocks: list[str | int] = []


class TaskFile:
    """The parser of one task."""

    source = Source.TASK_FILE

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise the file by its place."""
        return NAME.search(place) is not None and head.lstrip()[:1] in (b"{", b"")

    def parse(self, evidence: Evidence) -> Parsed:
        """Make one event of the task, without a time: the file says only what came last."""
        data, total = evidence.document()
        name = NAME.search(evidence.place)
        session = name.group(1) if name else None
        try:
            task = msgspec.json.decode(mend(data), type=TaskState)
        except UNDECODABLE:
            return unread_document(session, self.source, NOT_A_TASK, total)
        line = next(iter(lines_of_key(data, "status")), 1)
        state = {
            "line": line,
            "ordinal": 0,
            "ts_quality": TsQuality.MISSING.value,
            "kind": EventKind.TODO_SNAPSHOT.value,
            "session_id": session,
            "tool": "TaskList",
            "status": task.status,
            "message": f"task {task.id} is {task.status}",
        }
        item = {
            "line": line,
            "ordinal": 0,
            "position": 0,
            "item_id": task.id,
            "content": task.subject,
            "active_form": task.activeForm,
            "status": task.status,
            "owner": task.owner,
            "blocked_by": [str(number) for number in task.blockedBy],
            "blocks": [str(number) for number in task.blocks],
        }
        return finish([rows([state], EVENTS)], self.source, [], total, todos=[rows([item], TODOS)])
