"""Subagents: who spawned whom, when each lived, how it ended.

A spawn is a Task (Agent from 2.1.63 on) call. What links it to the agent's own records changed with the
versions: the result's agentId, the metadata's toolUseId, or only the prompt (up to 2.0.24, where the
records stand in the main file and the agent's uuid only in the name of its todo file). A background
launch returns at once: that is not completion.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import polars as pl

from forensics.schema import EventKind, Source


class AgentEnd(StrEnum):
    """How an agent's life ended, as far as the evidence tells."""

    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"  # by the user, or cancelled with its parent
    REFUSED = "refused"  # the spawn was denied: there was no agent
    UNFINISHED = "unfinished"


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

    def overlaps(self, other: AgentLife, until: datetime) -> bool:
        """Say whether both were alive at one moment; an agent without end lives ``until`` then."""
        if self.start is None or other.start is None:
            return False
        return max(self.start, other.start) < min(self.end or until, other.end or until)


@dataclass(frozen=True, slots=True)
class Linked:
    """The agents of one session, and its events with their agents' final ids."""

    agents: tuple[AgentLife, ...]
    events: pl.DataFrame


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
DENIED = ("denied", "hook", "rejected", "doesn't want to")

Row = dict[str, object]


def link_agents(events: pl.DataFrame, todos: pl.DataFrame, spawns: pl.DataFrame) -> Linked:
    """Build the agents of one session's events (sorted by time)."""
    calls = events.filter(pl.col("kind") == EventKind.AGENT_SPAWN.value).join(
        spawns, on="event_id", how="left"
    )
    names = _names(events, calls, todos)
    events = _renamed(events, names)
    lives = [_life(row, events, names) for row in calls.iter_rows(named=True)]
    lives += _without_spawn(events, {life.agent_id for life in lives})
    return Linked(tuple(sorted(lives, key=lambda a: (a.start is None, a.start, a.agent_id))), events)


def _names(events: pl.DataFrame, calls: pl.DataFrame, todos: pl.DataFrame) -> dict[str, str]:
    """Map each spawning call (tool_use id) and each sidechain to the agent's final id."""
    results = events.filter(pl.col("target_agent_id").is_not_null() & pl.col("correlation_id").is_not_null())
    names: dict[str, str] = dict(results.select("correlation_id", "target_agent_id").iter_rows())
    taken = set(names.values())
    roots = _roots(events)
    for call in calls.iter_rows(named=True):
        call_id = str(call["correlation_id"])
        named = names.get(call_id)
        candidates = [r for r in roots.get(str(call["text_sha"]), []) if r not in taken and r not in names]
        if named is None and candidates:
            root = candidates[0]
            final = (
                root if not root.startswith("sidechain:") else _todo_file_id(root, events, todos) or call_id
            )
            names[call_id] = final
            names[root] = final
            taken |= {root, final}
        elif named is not None:
            sidechains = [r for r in candidates if r.startswith("sidechain:")]
            if sidechains:
                names[sidechains[0]] = named
        names.setdefault(call_id, call_id)
    return names


def _roots(events: pl.DataFrame) -> dict[str, list[str]]:
    """Map the digest of a prompt to the agents whose first record it is, in order of time."""
    firsts = (
        events.filter((pl.col("kind") == EventKind.USER_PROMPT.value) & pl.col("agent_id").is_not_null())
        .sort("ts", "event_id")
        .unique("agent_id", keep="first", maintain_order=True)
    )
    found: dict[str, list[str]] = {}
    for digest, agent in firsts.select("text_sha", "agent_id").iter_rows():
        found.setdefault(str(digest), []).append(agent)
    return found


def _todo_file_id(sidechain: str, events: pl.DataFrame, todos: pl.DataFrame) -> str | None:
    """Find the uuid of a 2.0.24 subagent: the todo file that holds exactly its last list."""
    lists = events.filter(pl.col("kind") == EventKind.TODO_SNAPSHOT.value)
    own = lists.filter((pl.col("agent_id") == sidechain) & (pl.col("tool") == "TodoWrite")).sort(
        "ts", "event_id"
    )
    if own.is_empty():
        return None
    wanted = _items(own["event_id"][-1], todos)
    files = lists.filter((pl.col("source") == Source.TODO_FILE.value) & pl.col("agent_id").is_not_null())
    same = [
        agent
        for event, agent in files.select("event_id", "agent_id").iter_rows()
        if _items(event, todos) == wanted
    ]
    return same[0] if len(same) == 1 else None


def _items(event: int, todos: pl.DataFrame) -> list[tuple[str, str]]:
    return todos.filter(pl.col("event_id") == event).sort("position").select("content", "status").rows()


def _renamed(events: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    sidechains = {old: new for old, new in names.items() if old.startswith("sidechain:")}
    if not sidechains:
        return events
    return events.with_columns(agent_id=pl.col("agent_id").replace(sidechains))


def _life(call: Row, events: pl.DataFrame, names: dict[str, str]) -> AgentLife:
    call_id = str(call["correlation_id"])
    agent = names.get(call_id, call_id)
    own = events.filter(pl.col("agent_id") == agent).sort("ts", "event_id", nulls_last=False)
    seen = own.filter(pl.col("ts").is_not_null())
    answers = events.filter(
        (pl.col("correlation_id") == call_id) & (pl.col("source") == Source.TRANSCRIPT.value)
    )
    launched = answers.filter(pl.col("kind") == EventKind.AGENT_LAUNCHED.value)
    life = AgentLife(
        agent_id=agent,
        parent_id=names.get(str(call["agent_id"]), call["agent_id"]) if call["agent_id"] else None,
        agent_type=call["agent_type"],
        description=call["description"] or "",
        prompt=call["prompt"] or "",
        isolated=call["isolation"] == "worktree",
        background=bool(call["background"]) or not launched.is_empty(),
        spawn_event=call["event_id"],
        message_id=call["message_id"],
        end_event=None,
        last_event=seen["event_id"][-1] if not seen.is_empty() else None,
        start=call["ts"],
        end=None,
        last_seen=seen["ts"][-1] if not seen.is_empty() else None,
        outcome=AgentEnd.UNFINISHED,
    )
    results = answers.filter(pl.col("kind") == EventKind.TOOL_RESULT.value)
    if not results.is_empty():
        return _returned(life, next(results.iter_rows(named=True)))
    return _ended_alone(life, events, seen)


def _returned(life: AgentLife, result: Row) -> AgentLife:
    outcome = ENDINGS.get(str(result["status"]), AgentEnd.COMPLETED)
    text = str(result["message"])
    if outcome is AgentEnd.FAILED and life.last_event is None and any(word in text for word in DENIED):
        outcome = AgentEnd.REFUSED
    if "[Request interrupted by user" in text:
        outcome = AgentEnd.STOPPED
    start, end = life.start, result["ts"]
    took = result["duration_ms"]
    if isinstance(took, float) and isinstance(end, datetime):
        start = end - timedelta(milliseconds=took)
    return replace(life, start=start, end=end, end_event=result["event_id"], outcome=outcome)


def _ended_alone(life: AgentLife, events: pl.DataFrame, seen: pl.DataFrame) -> AgentLife:
    """Find the end of an agent whose call was never answered, or was answered by its launch only."""
    about = events.filter(pl.col("target_agent_id") == life.agent_id)
    notices = about.filter(pl.col("kind") == EventKind.AGENT_NOTIFICATION.value)
    stops = events.filter(
        (pl.col("kind") == EventKind.AGENT_STOP.value) & (pl.col("agent_id") == life.agent_id)
    )
    for told in (notices, stops):
        if not told.is_empty():
            row = next(told.sort("ts", "event_id").iter_rows(named=True))
            outcome = ENDINGS.get(str(row["status"]), AgentEnd.COMPLETED)
            return replace(life, end=row["ts"], end_event=row["event_id"], outcome=outcome)
    finished = about.filter((pl.col("kind") == EventKind.AGENT_META.value) & (pl.col("status") == "finished"))
    if not finished.is_empty():
        return replace(
            life, end=life.last_seen, end_event=finished["event_id"][0], outcome=AgentEnd.COMPLETED
        )
    spoken = seen.filter(
        pl.col("kind").is_in(
            [EventKind.ASSISTANT_MESSAGE.value, EventKind.TOOL_CALL.value, EventKind.API_ERROR.value]
        )
    )
    unmarked = about.filter(pl.col("kind") == EventKind.AGENT_META.value).is_empty()
    if (
        unmarked
        and life.background
        and not spoken.is_empty()
        and spoken["kind"][-1] == EventKind.ASSISTANT_MESSAGE.value
    ):
        return replace(life, end=life.last_seen, end_event=life.last_event, outcome=AgentEnd.COMPLETED)
    return life


def _without_spawn(events: pl.DataFrame, known: Iterable[str]) -> list[AgentLife]:
    """Agents whose transcript is there and whose spawn is not: the parent was not supplied."""
    strangers = events.filter(
        pl.col("agent_id").is_not_null()
        & ~pl.col("agent_id").is_in(list(known))
        & ~pl.col("agent_id").str.starts_with("sidechain:")
        & (pl.col("source") == Source.TRANSCRIPT.value)
        & (pl.col("kind") != EventKind.OTHER.value)
        & pl.col("ts").is_not_null()
    ).sort("ts", "event_id")
    return [
        AgentLife(
            agent_id=agent,
            parent_id=None,
            agent_type=None,
            description="(spawn not in the evidence)",
            prompt="",
            isolated=False,
            background=False,
            spawn_event=None,
            message_id=None,
            end_event=None,
            last_event=rows["event_id"][-1],
            start=rows["ts"][0],
            end=rows["ts"][-1],
            last_seen=rows["ts"][-1],
            outcome=AgentEnd.COMPLETED,
        )
        for (agent,), rows in strangers.group_by("agent_id", maintain_order=True)
    ]
