"""``subagents/workflows/wf_*/journal.jsonl``: which agents a workflow started, and which of them returned.

The journal has no times. ``agent-*.jsonl`` beside it are the agents' own transcripts.
"""

from __future__ import annotations

import re
from functools import partial

import msgspec

from forensics.evidence.file import Evidence
from forensics.formats.base import Parsed
from forensics.formats.claude.records import UNTYPED
from forensics.formats.claude.tool_calls import ended_agent
from forensics.formats.reading import parse_lines
from forensics.schema import UUID, EventKind, Row, Source, TsQuality

PLACE = re.compile(rf"(?:(?:^|/)({UUID})/)?(?:subagents/)?(?:workflows/)?(?:(wf_[\w-]+)/)?[^/]*$")
HEAD = re.compile(
    rb'\s*\{"type"\s*:\s*"(?:launched"\s*\}|(?:started|result)"\s*,\s*"key"\s*:\s*"v\d+:[0-9a-zA-Z]+")'
)


class Entry(msgspec.Struct, rename="camel"):
    """One line: an agent is started, or has returned."""

    type: str = UNTYPED
    agent_id: str | None = None
    label: str | None = None  # 2.1.332
    session_id: str | None = None


class WorkflowJournal:
    """The parser of one run's journal."""

    source = Source.WORKFLOW_JOURNAL

    def sniff(self, place: str, head: bytes) -> bool:  # noqa: ARG002 - by its content alone
        """Recognise a journal by its first entry."""
        return HEAD.match(head) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Make one event of each entry, in the order of the file."""
        session, run = PLACE.search(evidence.place).groups()  # type: ignore[union-attr]  # it matches any place
        row = partial(_row, session, run)
        return parse_lines(evidence, self.source, Entry, lambda entry: entry.type, row)


def _row(session: str | None, run: str | None, line: int, entry: Entry) -> Row:
    base: Row = {
        "line": line,
        "ordinal": 0,
        "ts_quality": TsQuality.MISSING.value,
        "session_id": entry.session_id or session,
    }
    if entry.agent_id is not None and entry.type == "started":
        return base | {
            "kind": EventKind.AGENT_STARTED.value,
            "target_agent_id": entry.agent_id,
            "message_id": run,
            "component": entry.label,
            "message": f"agent {entry.label or entry.agent_id} of a workflow starts",
        }
    if entry.agent_id is not None and entry.type == "result":
        return base | {
            "kind": EventKind.AGENT_NOTIFICATION.value,
            "target_agent_id": entry.agent_id,
            "message_id": run,
            "status": "completed",
            "message": ended_agent(entry.agent_id, "completed", None),
        }
    return base | {"kind": EventKind.OTHER.value, "message": f"workflow {entry.type}"}
