"""Subagents: who spawned whom, when each lived, how it ended.

A spawn is a Task (Agent from 2.1.63 on) call. What links it to the agent's own records changed with the
versions: the result's agentId, the metadata's toolUseId, or only the prompt (up to 2.0.24, where the
records stand in the main file and the agent's uuid only in the name of its todo file). A background
launch returns at once: that is not completion.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from forensics.schema import INTERRUPT, UNRECORDED, Row, Source, is_kind
from forensics.schema import EventKind as K
from forensics.session.model.agent_links import Links, link_calls
from forensics.session.model.agents import ENDINGS, AgentEnd, AgentLife
from forensics.session.model.run_starts import run_starts
from forensics.session.model.uncalled_agents import SPOKEN, of_workflows, without_call
from forensics.text.lengths import CELL, shortened


@dataclass(frozen=True, slots=True)
class Linked:
    """The agents of one session, and its events with their agents' final ids."""

    agents: tuple[AgentLife, ...]
    events: pl.DataFrame


# how a spawn's result begins where no agent was started: denied by a hook, a rule, a limit or the user, or a wrong
# input.
# The words may stand in any failure's text: only the client's own sentences count
REFUSALS = re.compile(
    r"(?:<tool_use_error>)?(?:Error: )?(?:"
    r"Hook requested permission behavior: deny"  # by a hook's JSON, 2.0.24
    r"|(?:Hook )?PreToolUse:\S+ (?:hook|\[|denied)|\S+ operation blocked by hook|Execution stopped by PreToolUse hook"
    r"|The user doesn't want to (?:proceed with this tool use|take this action)"
    r"|Permission to use [^\n]*? has been (?:auto-)?denied|Claude requested permissions to "
    r"|InputValidationError: |Agent type '[^']*' (?:not found|has been denied)"
    r"|Concurrent subagent limit reached|Subagent nesting limit reached|Budget limit reached \()"  # 2.1.330
)
STOP_TOOLS = ("TaskStop", "KillShell", "KillTask")
OUTPUT_TOOLS = ("TaskOutput", "AgentOutputTool")
DONE = re.compile(
    r"<status>\s*(completed|failed|killed|stopped)\s*</status>|\"status\":\s*\"(completed|failed|killed)\""
)
CANCELLED = "cancelled"
IN_BACKGROUND = "background"  # the shape of a request, in an agent's metadata


def link_agents(
    events: pl.DataFrame, todos: pl.DataFrame, spawns: pl.DataFrame, excerpts: frozenset[int] = frozenset()
) -> Linked:
    """Build the agents of one session's events (sorted by time). ``excerpts`` are files that are not whole."""
    calls = events.filter(pl.col("kind") == K.AGENT_SPAWN.value).join(
        spawns.drop("file", "line", "ordinal"), on="event_id", how="left", maintain_order="left"
    )
    links = link_calls(events, calls, todos)
    events = _renamed(events, links.names)
    records = _Records(events, set(calls["correlation_id"].drop_nulls()), excerpts)
    lives = _one_each(_told(_life(row, records, links), row, excerpts) for row in calls.iter_rows(named=True))
    lives += [_without_end(_ended_alone(life, records), records) for life in of_workflows(events)]
    lives += without_call(events, {life.agent_id for life in lives}, excerpts)
    return Linked(tuple(sorted(lives, key=lambda a: (a.start is None, a.start, a.agent_id))), events)


class _Records:
    """A session's records about agents, looked up once: a session may have hundreds of agents."""

    def __init__(self, events: pl.DataFrame, calls: set[str], excerpts: frozenset[int]) -> None:
        self.excerpts = excerpts
        wanted = [
            "event_id",
            "ts",
            "kind",
            "tool",
            "status",
            "component",
            "message",
            "message_id",
            "duration_ms",
        ]
        dated = events.filter(pl.col("ts").is_not_null())
        own = dated.filter(pl.col("agent_id").is_not_null()).sort("ts", "event_id")
        self.own = _grouped(own, "agent_id", wanted)
        told = events.filter(pl.col("source") == Source.TRANSCRIPT.value)
        answers = told.filter(pl.col("correlation_id").is_in(list(calls)) & ~is_kind((K.HOOK_RAN,)))
        self.answers = _grouped(answers, "correlation_id", wanted)
        about = events.filter(pl.col("target_agent_id").is_not_null()).sort("ts", "event_id")
        self.about = _grouped(about, "target_agent_id", wanted)
        self.taken_up = run_starts(events)
        said = events.filter(is_kind((K.TEAM_MESSAGE,)) & (pl.col("status") == "message")).sort(
            "ts", "event_id"
        )
        self.messages = _grouped(said, "component", wanted)
        self.control = _control(told)
        self.interrupted = not told.filter(is_kind((K.USER_INTERRUPT,))).is_empty()
        self.next_said = _next_said(told)

    def told_of(self, agent: str, *kinds: K) -> list[Row]:
        """Return the records about an agent, its own stop lines included, in order of time."""
        rows = [
            *self.about.get(agent, ()),
            *(r for r in self.own.get(agent, ()) if r["kind"] == K.AGENT_STOP),
        ]
        return [r for r in rows if r["kind"] in kinds]

    def reported(self, life: AgentLife) -> Row | None:
        """Return the last message of a member of a team to another, if it is the last that is known of it.

        That it is idle is no answer, and one whose own record ends otherwise has not given its last.
        """
        own = [r for r in self.own.get(life.agent_id, ()) if r["kind"] in SPOKEN]
        if own and own[-1]["kind"] != K.ASSISTANT_MESSAGE:
            return None
        return next(reversed(self.messages.get(life.agent_id.partition("@")[0], [])), None)

    def taken_up_after(self, moment: datetime | None) -> Row | None:
        """Return what tells that a later process took up the session of the one that was alive at a moment."""
        return None if moment is None else next((s for s in self.taken_up if s["ts"] > moment), None)


def _grouped(events: pl.DataFrame, key: str, columns: list[str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in events.select(*dict.fromkeys((key, *columns))).iter_rows(named=True):
        found.setdefault(str(row[key]), []).append(row)
    return found


def _control(told: pl.DataFrame) -> list[Row]:
    """Return the results of the tools that stop an agent or fetch its output: they name it in their text."""
    calls = told.filter(pl.col("tool").is_in([*STOP_TOOLS, *OUTPUT_TOOLS])).select(
        "correlation_id", by="tool"
    )
    results = told.filter((pl.col("kind") == K.TOOL_RESULT.value) & (pl.col("status") == "ok"))
    joined = results.join(calls, on="correlation_id", maintain_order="left")
    return joined.select("event_id", "ts", "message", "by").rows(named=True)


def _next_said(told: pl.DataFrame) -> dict[tuple[str | None, str], Row]:
    """Map each agent's message to the next thing that it said or was told."""
    kinds = (K.AGENT_SPAWN, K.TOOL_CALL, K.ASSISTANT_MESSAGE, K.USER_PROMPT, K.USER_INTERRUPT)
    said = told.filter(is_kind(kinds)).sort("ts", "event_id")
    last: dict[str | None, str | None] = {}
    found: dict[tuple[str | None, str], Row] = {}
    for row in said.select("event_id", "ts", "kind", "agent_id", "message_id").iter_rows(named=True):
        before = last.get(row["agent_id"])
        if before is not None and before != row["message_id"]:
            found.setdefault((row["agent_id"], before), row)
        last[row["agent_id"]] = row["message_id"]
    return found


def _renamed(events: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    """Give every record its agent's final id: sidechains have names of ours, streams name agents by their call."""
    changed = {old: new for old, new in names.items() if old != new}
    return events.with_columns(pl.col("agent_id", "target_agent_id").replace(changed)) if changed else events


def _life(call: Row, records: _Records, links: Links) -> AgentLife:
    call_id, names = str(call["correlation_id"]), links.names
    agent = names.get(call_id, call_id)
    own = records.own.get(agent, [])
    answers = records.answers.get(call_id, [])
    life = AgentLife(
        agent_id=agent,
        parent_id=names.get(call["agent_id"], call["agent_id"]) if call["agent_id"] else None,
        agent_type=shortened(call["agent_type"], CELL) if call["agent_type"] else call["agent_type"],
        description=shortened(links.shared.get(call_id, call["description"] or ""), CELL),
        prompt=call["prompt"] or "",
        isolated=call["isolation"] == "worktree",
        background=bool(call["background"])
        or any(a["kind"] == K.AGENT_LAUNCHED for a in answers)
        or any(m["tool"] == IN_BACKGROUND for m in records.told_of(agent, K.AGENT_META)),
        spawn_event=call["event_id"],
        message_id=call["message_id"],
        end_event=None,
        last_event=own[-1]["event_id"] if own else None,
        start=call["ts"],
        end=None,
        last_seen=own[-1]["ts"] if own else None,
        outcome=AgentEnd.UNFINISHED,
    )
    # what the client fills in where it takes up a session is not the agent's answer
    result = next((a for a in answers if a["kind"] == K.TOOL_RESULT and a["status"] != UNRECORDED), None)
    if result is not None:
        return _returned(life, result)
    return _without_end(_ended_alone(_left_behind(life, call, records), records), records)


def _without_end(life: AgentLife, records: _Records) -> AgentLife:
    """Say of an agent without end why it runs no more: no other process goes on with it, and it gave up itself."""
    if life.outcome is not AgentEnd.UNFINISHED:
        return life
    spoken = [r for r in records.own.get(life.agent_id, ()) if r["kind"] in SPOKEN]
    failed = spoken and spoken[-1]["kind"] == K.API_ERROR and spoken[-1]["component"] == "final"
    life = replace(life, gave_up_event=spoken[-1]["event_id"] if failed else None)
    taken_up = records.taken_up_after(life.last_seen or life.start)
    if taken_up is None:
        return life
    return replace(life, gone_by=taken_up["ts"], gone_event=taken_up["event_id"])


def _told(life: AgentLife, call: Row, excerpts: frozenset[int]) -> AgentLife:
    """Conclude nothing from an answer that is not in an excerpt. Alive was the agent as far as it is seen."""
    if life.outcome is not AgentEnd.UNFINISHED or call["file"] not in excerpts:
        return life
    return replace(life, end=life.last_seen or life.start, outcome=AgentEnd.UNKNOWN)


def _left_behind(life: AgentLife, call: Row, records: _Records) -> AgentLife:
    """Read the fate of a foreground agent without result from what its parent's record says next.

    The API takes no further answer before each call has its result: where the parent went on in the same turn,
    there was one, and its record is lost.
    """
    after = records.next_said.get((call["agent_id"], call["message_id"]))
    if after is None or life.background or after["kind"] == K.USER_PROMPT:
        return life
    if call["file"] in records.excerpts:
        return life  # its answer may stand in what was left out
    taken_up = records.taken_up_after(call["ts"])
    if taken_up is not None and after["ts"] is not None and taken_up["ts"] <= after["ts"]:
        return life  # another process went on: it drops the call, or fills in that its result is lost
    outcome = AgentEnd.STOPPED if after["kind"] == K.USER_INTERRUPT else AgentEnd.LOST
    return replace(life, end=after["ts"], end_event=after["event_id"], outcome=outcome)


def _returned(life: AgentLife, result: Row) -> AgentLife:
    outcome = ENDINGS.get(str(result["status"]), AgentEnd.COMPLETED)
    text = str(result["message"])
    if outcome is AgentEnd.FAILED and life.last_event is None and REFUSALS.match(text):
        outcome = AgentEnd.REFUSED
    if text.startswith(INTERRUPT):
        outcome = AgentEnd.STOPPED
    start, end, took = life.start, result["ts"], result["duration_ms"]
    if took is not None and end is not None and start is not None:
        start = max(start, end - timedelta(milliseconds=took))
    return replace(life, start=start, end=end, end_event=result["event_id"], outcome=outcome)


def _ended_alone(life: AgentLife, records: _Records) -> AgentLife:
    """Find the end of an agent whose call was never answered, or was answered by its launch only."""
    if life.outcome is not AgentEnd.UNFINISHED:
        return life
    told = records.told_of(life.agent_id, K.AGENT_NOTIFICATION) or records.told_of(
        life.agent_id, K.AGENT_STOP
    )
    if told:
        return _told_end(life, told, records)
    reported = records.reported(life)
    if reported is not None:
        return replace(life, end=reported["ts"], end_event=reported["event_id"], outcome=AgentEnd.COMPLETED)
    for row in records.control:
        done = _told_by_tool(row, life.agent_id)
        if done is not None:
            return replace(life, end=row["ts"], end_event=row["event_id"], outcome=done)
    metas = records.told_of(life.agent_id, K.AGENT_META)
    finished = next((m for m in metas if m["status"] == "finished"), None)
    if finished is not None:
        return replace(life, end=life.last_seen, end_event=finished["event_id"], outcome=AgentEnd.COMPLETED)
    spoken = [r for r in records.own.get(life.agent_id, ()) if r["kind"] in SPOKEN]
    answered = bool(spoken) and spoken[-1]["kind"] == K.ASSISTANT_MESSAGE
    if answered and life.background and not any(m["status"] for m in metas):
        return replace(life, end=life.last_seen, end_event=life.last_event, outcome=AgentEnd.COMPLETED)
    return life


def _told_end(life: AgentLife, told: Sequence[Row], records: _Records) -> AgentLife:
    """Read how a notification or a stop line says that it ended; a workflow's journal tells it without a time."""
    first = next((row for row in told if row["ts"] is not None), told[0])
    outcome = ENDINGS.get(str(first["status"]), AgentEnd.COMPLETED)
    if first["status"] == CANCELLED and not records.interrupted:
        outcome = AgentEnd.UNFINISHED  # its client was told to end (SIGTERM, 2.1.220): nobody stopped it
    return replace(life, end=first["ts"] or life.last_seen, end_event=first["event_id"], outcome=outcome)


def _told_by_tool(result: Row, agent_id: str) -> AgentEnd | None:
    text = str(result["message"])
    if agent_id not in text:
        return None
    if result["by"] in STOP_TOOLS:
        return AgentEnd.STOPPED
    done = DONE.search(text)
    return ENDINGS[done.group(1) or done.group(2)] if done else None


def _one_each(lives: Iterable[AgentLife]) -> list[AgentLife]:
    """Join the lives of an agent that was resumed before anything told its end: it is one agent."""
    found: list[AgentLife] = []
    for life in lives:
        before = next((n for n, o in enumerate(found) if o.agent_id == life.agent_id), None)
        if before is not None and found[before].outcome is AgentEnd.UNFINISHED:
            old = found[before]
            found[before] = replace(
                life, start=old.start, spawn_event=old.spawn_event, message_id=old.message_id
            )
        else:
            found.append(life)
    return found
