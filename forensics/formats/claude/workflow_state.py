"""``workflows/wf_*.json``: what a workflow came to, and when its agents ran. It is written when the run is over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from forensics.evidence.account import Damage, Problem, Reason
from forensics.evidence.file import Evidence
from forensics.formats.base import Parsed
from forensics.formats.claude.tool_calls import ended_agent
from forensics.formats.jsonl import UNDECODABLE, mend
from forensics.formats.reading import finish, lines_of_key, rows
from forensics.schema import EVENTS, UUID, EventKind, Row, Source, TsQuality

PLACE = re.compile(rf"(?:(?:^|/)({UUID})/)?(?:workflows/)?wf_[\w-]+\.json$")
HEAD = re.compile(rb'\s*\{\s*"runId"\s*:\s*"wf_')
NO_STATE = Reason("not the state of a workflow", Damage.BROKEN)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# how an agent of a workflow ended, by its state
ENDS = {
    "done": "completed",
    "error": "failed",
    "failed": "failed",
    "killed": "killed",
    "cancelled": "cancelled",
}


class Progress(msgspec.Struct, rename="camel"):
    """One entry of the progress: a phase, or an agent."""

    type: str = ""
    agent_id: str | None = None
    label: str | None = None
    state: str | None = None
    started_at: float | None = None
    duration_ms: float | None = None
    error: str | None = None


class State(msgspec.Struct, rename="camel"):
    """The whole file, as far as it tells of agents."""

    run_id: str
    workflow_progress: list[Progress] = []


class WorkflowState:
    """The parser of one run's state."""

    source = Source.WORKFLOW_STATE

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise the file by its place, or by its first key."""
        return (PLACE.search(place) is not None and head.lstrip()[:1] == b"{") or HEAD.match(head) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Make one event of each agent: that it started, or how it ended."""
        data, total = evidence.document()
        named = PLACE.search(evidence.place)
        try:
            state = msgspec.json.decode(mend(data), type=State)
        except UNDECODABLE:
            return finish([], self.source, [Problem(1, NO_STATE, total)] if total else [], total)
        session = named.group(1) if named else None
        return finish([rows(list(_agents(state, data, session)), EVENTS)], self.source, [], total)


def _agents(state: State, data: bytes, session: str | None) -> Iterator[Row]:
    agents = [entry for entry in state.workflow_progress if entry.agent_id is not None]
    lines = lines_of_key(data, "agentId")
    places = lines if len(lines) == len(agents) else [1] * len(agents)
    for ordinal, (line, entry) in enumerate(zip(places, agents, strict=True)):
        agent, ended = str(entry.agent_id), ENDS.get(entry.state or "")
        moment = _moment(entry, ended=ended is not None)
        told: Row = {
            "line": line,
            "ordinal": ordinal,
            "ts": moment,
            "ts_quality": (TsQuality.EXACT if moment else TsQuality.MISSING).value,
            "session_id": session,
            "target_agent_id": agent,
            "message_id": state.run_id,
        }
        if ended is None:
            words = f"agent {entry.label or agent} of a workflow starts"
            yield told | {"kind": EventKind.AGENT_STARTED.value, "component": entry.label, "message": words}
        else:
            words = ended_agent(agent, ended, entry.error)
            yield told | {"kind": EventKind.AGENT_NOTIFICATION.value, "status": ended, "message": words}


def _moment(entry: Progress, *, ended: bool) -> datetime | None:
    if entry.started_at is None or (ended and entry.duration_ms is None):
        return None
    try:
        return EPOCH + timedelta(milliseconds=entry.started_at + (entry.duration_ms or 0 if ended else 0))
    except (OverflowError, ValueError):
        return None
