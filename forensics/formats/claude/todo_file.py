"""Todo files ``todos/<session>-agent-<agent>.json`` (up to 2.1.x): the last state of one agent's list.

The first releases wrote ``todos/<session>.json``: the main agent's.

The main agent's id is the session's. In 2.0.24 the subagent's uuid stands nowhere else. With ``-p``,
1.0.128 and 2.0.24 leave the file empty (``[]``): the list is in the transcript only.
"""

from __future__ import annotations

import re

import msgspec

from forensics.evidence.account import Damage, Reason
from forensics.evidence.file import Evidence
from forensics.formats.base import Parsed
from forensics.formats.claude.lacking import new_state
from forensics.formats.jsonl import UNDECODABLE, mend
from forensics.formats.reading import finish, lines_of_key, rows, unread_document
from forensics.formats.shapes import Tally
from forensics.schema import EVENTS, TODOS, EventKind, Source, TsQuality

NAME = re.compile(r"(?:^|/)(?:([0-9a-f-]{36})-agent-([0-9a-z-]+)|(?<=todos/)([0-9a-f-]{36}))\.json$")
NOT_A_LIST = Reason("not a todo list", Damage.BROKEN)


class TodoItem(msgspec.Struct):
    """One item, as TodoWrite takes it."""

    content: str
    status: str
    activeForm: str | None = None  # noqa: N815 - the file's own name


class TodoFile:
    """The parser of one list."""

    source = Source.TODO_FILE

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise the file by its name; its content may be just ``[]``."""
        return NAME.search(place) is not None and head.lstrip()[:1] in (b"[", b"")

    def parse(self, evidence: Evidence) -> Parsed:
        """Make one snapshot of the list, without a time: the file says only what came last."""
        data, total = evidence.document()
        name = NAME.search(evidence.place)
        session, agent = (name[1] or name[3], name[2]) if name else (None, None)
        try:
            items = msgspec.json.decode(mend(data), type=list[TodoItem])
        except UNDECODABLE:
            return unread_document(session, self.source, NOT_A_LIST, total)
        tally = Tally(records=1)
        tally.lack(1, (state for item in items if (state := new_state(item.status)) is not None))
        line = _telling_line(data, items)
        snapshot = {
            "line": line,
            "ordinal": 0,
            "ts_quality": TsQuality.MISSING.value,
            "kind": EventKind.TODO_SNAPSHOT.value,
            "session_id": session,
            "agent_id": agent if agent != session else None,
            "tool": "TodoWrite",
            "count": len(items),
            "message": f"todo file with {len(items)} item{'' if len(items) == 1 else 's'}",
        }
        listed = [
            {
                "line": line,
                "ordinal": 0,
                "position": position,
                "content": item.content,
                "active_form": item.activeForm,
                "status": item.status,
            }
            for position, item in enumerate(items)
        ]
        return finish(
            [rows([snapshot], EVENTS)], self.source, [], total, todos=[rows(listed, TODOS)], tally=tally
        )


def _telling_line(data: bytes, items: list[TodoItem]) -> int:
    """Return the line that stands for the list: of the first item in progress, or of the first one.

    The items are found by the line of their list, so all have this one.
    """
    lines = lines_of_key(data, "content")
    active = next((n for n, item in enumerate(items) if item.status == "in_progress"), 0)
    return lines[active] if len(lines) == len(items) > 0 else 1
