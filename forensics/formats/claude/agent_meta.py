"""``agent-<id>.meta.json`` beside a subagent's transcript (2.1.330): the call that spawned it.

``finished`` is written only when the agent is done, by clients that write the shape of its request, too: without that,
the file does not tell.
"""

from __future__ import annotations

import re

import msgspec

from forensics.evidence.account import Damage, Problem, Reason
from forensics.evidence.file import Evidence
from forensics.formats.base import Parsed
from forensics.formats.jsonl import UNDECODABLE, mend
from forensics.formats.reading import finish, rows
from forensics.schema import EVENTS, UUID, EventKind, Source, TsQuality

NAME = re.compile(
    rf"(?:(?:^|/)({UUID})/subagents/)?(?:(?:.*/)?workflows/(wf_[\w-]+)/)?agent-([0-9a-z][\w-]*)\.meta\.json$"
)
NOT_META = Reason("not an agent's metadata", Damage.BROKEN)


class Meta(msgspec.Struct):
    """The fields that link an agent to its spawn."""

    agentType: str | None = None  # noqa: N815 - the file's own names
    description: str | None = None
    toolUseId: str | None = None  # noqa: N815
    requestShape: str | None = None  # noqa: N815
    finished: bool = False
    name: str | None = None  # of a member of a team
    teamName: str | None = None  # noqa: N815
    inWorkflowRun: bool = False  # noqa: N815 - such an agent is never marked as finished


class AgentMeta:
    """The parser of one metadata file."""

    source = Source.AGENT_META

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise the file by its name."""
        return NAME.search(place) is not None and head.lstrip()[:1] == b"{"

    def parse(self, evidence: Evidence) -> Parsed:
        """Make one event: agent, spawning call, finished or not."""
        data, total = evidence.document()
        name = NAME.search(evidence.place)
        try:
            meta = msgspec.json.decode(mend(data), type=Meta)
        except UNDECODABLE:
            return finish([], self.source, [Problem(1, NOT_META, total)] if total else [], total)
        run = name.group(2) if name else None
        event = {
            "line": 1,
            "ordinal": 0,
            "ts_quality": TsQuality.MISSING.value,
            "kind": EventKind.AGENT_META.value,
            "session_id": name.group(1) if name else None,
            "target_agent_id": name.group(3) if name else None,
            "correlation_id": meta.toolUseId,
            "message_id": f"{meta.name}@{meta.teamName}" if meta.name and meta.teamName else run,
            "component": meta.agentType,
            "tool": meta.requestShape,
            "status": _status(meta),
            "message": meta.description,
        }
        return finish([rows([event], EVENTS)], self.source, [], total)


def _status(meta: Meta) -> str | None:
    if meta.finished:
        return "finished"
    return None if meta.requestShape is None or meta.inWorkflowRun else "unfinished"
