"""An agent's life as a span: the one place that says how an agent's end is shown."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from forensics.analysis.lasting.spans import Sort, Span, State, records
from forensics.session.model.agents import ENDINGS, AgentEnd, AgentLife


class Shown(NamedTuple):
    """How an end is shown: as a colour or a tag, and in words."""

    state: State
    words: str


# an agent that was refused never ran, and is shown nowhere
ENDS = {
    AgentEnd.COMPLETED: Shown(State.OK, "completed"),
    AgentEnd.FAILED: Shown(State.FAILED, "failed"),
    AgentEnd.STOPPED: Shown(State.STOPPED, "stopped"),
    AgentEnd.LOST: Shown(State.UNTOLD, "its answer is not in the evidence"),
    AgentEnd.UNKNOWN: Shown(State.UNTOLD, "its end is not known: the record is an excerpt"),
    AgentEnd.UNFINISHED: Shown(State.OPEN, "no end in the record"),
}


def life_span(
    life: AgentLife, since: datetime, until: datetime, *events: int | None, seen: datetime | None = None
) -> Span:
    """Return the life of an agent that ran, with the records that show its beginning and its end."""
    shown = ENDS[life.outcome]
    return Span(
        sort=Sort.AGENT,
        lane=life.agent_id,
        name=life.name,
        since=since,
        until=max(since, until),
        state=shown.state,
        words=shown.words,
        status=life.outcome.value,
        events=records(*events),
        seen=seen,
    )


def answered_state(status: object) -> State:
    """Return how a call ended that was answered with this status: in the words in which agents end, too."""
    return ENDS[ENDINGS.get(str(status), AgentEnd.COMPLETED)].state
