"""One subagent's life: who started it, when it lived, how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# Claude Code's own limit for a background agent that gives no sign
STALL = timedelta(seconds=600)


class AgentEnd(StrEnum):
    """How an agent's life ended, as far as the evidence tells."""

    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"  # by the user, or cancelled with its parent
    REFUSED = "refused"  # the spawn was denied: there was no agent
    LOST = "lost"  # its parent went on, so it was answered; the answer is not in the evidence
    UNKNOWN = "unknown"  # its spawn stands in an excerpt: the answer may stand in what was left out
    UNFINISHED = "unfinished"


# how records word an end
ENDINGS = {
    "ok": AgentEnd.COMPLETED,
    "completed": AgentEnd.COMPLETED,
    "error": AgentEnd.FAILED,
    "failed": AgentEnd.FAILED,
    "interrupted": AgentEnd.STOPPED,
    "cancelled": AgentEnd.STOPPED,
    "killed": AgentEnd.STOPPED,
    "stopped": AgentEnd.STOPPED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLife:
    """One subagent. Events are ids; times are UTC; ``end`` is null where nothing says that it ended."""

    agent_id: str
    parent_id: str | None
    agent_type: str | None
    description: str
    prompt: str
    isolated: bool
    background: bool
    spawn_event: int | None
    message_id: str | None
    end_event: int | None
    last_event: int | None
    start: datetime | None
    end: datetime | None
    last_seen: datetime | None
    outcome: AgentEnd
    workflow: str | None = None  # the run of the workflow that started it
    gone_by: datetime | None = (
        None  # when another process had taken up the session of the one in which it ran
    )
    gone_event: int | None = None
    gave_up_event: int | None = None  # the model API's last refusal, with which its own record ends

    @property
    def name(self) -> str:
        """Return what it is called: by its brief, else its type, else its id."""
        return self.description or self.agent_type or self.agent_id

    @property
    def is_out_of_sight(self) -> bool:
        """Say whether nothing but its launch is known: it may have returned, and its transcript would tell."""
        return self.outcome is AgentEnd.UNFINISHED and self.background and self.last_event is None

    def alive_until(self, horizon: datetime) -> datetime:
        """Return its end; where nothing tells it, the stall limit after its last sign, at most ``horizon``."""
        if self.end is not None:
            return self.end
        horizon = horizon if self.gone_by is None else min(horizon, self.gone_by)
        return horizon if self.last_seen is None else min(horizon, self.last_seen + STALL)
