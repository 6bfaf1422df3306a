"""Open turns: what an agent was doing between two of its records that lie far apart.

A turn is open from a prompt until the agent's last words. While it is, the agent waits for the model's answer, for
a call of its own, or for a person: only of the first two can a silence be said to be one.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import polars as pl

from forensics.schema import ANSWERS, CALLS, MODEL_SAID, SPAWN_TOOLS, Row, Source, is_from, is_kind
from forensics.schema import EventKind as K
from forensics.session.model.case import Case, per_case
from forensics.session.model.last_records import COMMANDS, DECLINED
from forensics.session.turns.silences import Silence

TURN = (*MODEL_SAID, *ANSWERS, K.USER_PROMPT, K.USER_INTERRUPT, K.API_ERROR)
# what shows that the turn before a silence went on behind it
GOES_ON = (*MODEL_SAID, *ANSWERS, K.API_ERROR, K.USER_INTERRUPT)
# tools that never ask a person and never wait: of any other the client may have asked whether it is allowed, and
# some (TaskOutput, a voice call) wait because they are told to
UNASKED = frozenset(
    {"Read", "Glob", "Grep", "LS", "TodoRead", "TodoWrite", "TaskCreate", "TaskUpdate", "TaskList", "TaskGet",
     "ToolSearch"}
)  # fmt: skip
# what begins anew: a silence before it lies between two runs
ANEW = (K.SESSION_START, K.USER_PROMPT, K.PROMPT_TYPED)
ROUNDED = timedelta(milliseconds=1)  # as far as a silence's length is told


class WaitsFor(StrEnum):
    """What an agent in an open turn waits for."""

    MODEL = "the model's answer"
    CALL = "a call of its own"
    AGENTS = "its agents"
    OTHERS = "a person, or what it was told to wait for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """An agent's wait between two of its records; ``until`` is null where it has none behind."""

    agent_id: str | None
    what: WaitsFor
    since: datetime
    until: datetime | None
    events: tuple[int, ...]  # the record before the wait, and the open calls
    tools: tuple[str, ...]
    spawned: tuple[str, ...]  # the agents that it waits for


def waits_of(case: Case, least: timedelta) -> Iterator[Wait]:
    """Yield the waits of at least ``least`` in the open turns of a session's agents, of the transcripts alone."""
    told = case.events.filter(
        is_from((Source.TRANSCRIPT,)) & is_kind(TURN) & pl.col("ts").is_not_null()
    ).sort("ts", maintain_order=True)
    behind = {name: pl.col(name).shift(-1).over("agent_id") for name in ("ts", "kind", "file", "line")}
    pairs = told.with_columns(
        until=behind["ts"],
        after=behind["kind"],
        # times that were written anew later say nothing: what answers stands below what was asked
        above=(behind["file"] == pl.col("file")) & (behind["line"] < pl.col("line")),
    )
    is_main = pl.col("agent_id").is_null()
    goes_on = pl.col("after").is_in([k.value for k in GOES_ON]) & ~pl.col("above")
    at_end = pl.col("until").is_null() & is_main  # where an agent's record stops, its parent's wait goes on
    long = pairs.filter(((pl.col("until") - pl.col("ts") >= least) & goes_on) | at_end)
    if long.is_empty():
        return
    calls = _calls(told)
    for row in long.iter_rows(named=True):
        of_agent = calls.get(row["agent_id"])
        opened = of_agent.during(row["ts"], row["until"]) if of_agent is not None else []
        wait = _wait(row, opened, case)
        if wait is not None:
            yield wait


def waits_during(case: Case, silence: Silence, waits: Sequence[Wait]) -> list[Wait]:
    """Return the waits that last as long as a silence; one without an end is over where a new run or turn begins."""
    meanwhile = [
        w for w in waits if w.since <= silence.since and (w.until is None or w.until >= silence.until)
    ]
    if any(w.until is None for w in meanwhile) and _begins_anew(case, silence):
        return [w for w in meanwhile if w.until is not None]
    return meanwhile


def _begins_anew(case: Case, silence: Silence) -> bool:
    behind = case.events.filter(
        (pl.col("ts") >= silence.until) & (pl.col("ts") <= silence.until + timedelta(seconds=2))
    )
    return bool(set(behind["kind"]) & {k.value for k in ANEW})


@per_case
def silence_before_end(case: Case) -> float | None:
    """Return for how many seconds nothing was written before the last records; null where no turn was open then.

    Without a dated transcript it is not known whether one was.
    """
    end = case.ending
    if end.gap_s is None or end.gap_from is None or end.last_event is None:
        return end.gap_s
    dated = is_from((Source.TRANSCRIPT,)) & is_kind(TURN) & pl.col("ts").is_not_null()
    if case.events.filter(dated).is_empty():
        return end.gap_s
    since = case.event(end.gap_from)["ts"]
    silence = Silence(since, since + timedelta(seconds=end.gap_s) - ROUNDED, end.gap_from, end.last_event)
    waits = list(waits_of(case, timedelta(seconds=end.gap_s) - ROUNDED))
    return end.gap_s if waits_during(case, silence, waits) else None


class _Calls:
    """One agent's calls in order of time. It is asked in that order, too: what was answered once is not open again."""

    def __init__(self) -> None:
        self._coming: deque[Row] = deque()
        self._open: list[Row] = []

    def add(self, call: Row) -> None:
        """Take the next call."""
        self._coming.append(call)

    def during(self, since: datetime, until: datetime | None) -> list[Row]:
        """Return the calls that were open all that time."""
        while self._coming and self._coming[0]["ts"] <= since:
            self._open.append(self._coming.popleft())
        self._open = [c for c in self._open if c["answered"] is None or c["answered"] > since]
        return [c for c in self._open if _is_open(c, since, until)]


def _calls(told: pl.DataFrame) -> dict[str | None, _Calls]:
    """Return each agent's calls that were open for a while, with when they were answered."""
    answers = told.filter(is_kind(ANSWERS)).select("correlation_id", answered="ts")
    calls = told.filter(is_kind(CALLS)).join(
        answers.unique("correlation_id", keep="first", maintain_order=True),
        on="correlation_id",
        how="left",
        maintain_order="left",
    )
    found: defaultdict[str | None, _Calls] = defaultdict(_Calls)
    slow = pl.col("answered").is_null() | (pl.col("answered") - pl.col("ts") >= timedelta(seconds=1))
    columns = ["agent_id", "event_id", "ts", "answered", "tool", "kind"]
    for row in calls.filter(slow).select(columns).iter_rows(named=True):
        found[row["agent_id"]].add(row)
    return found


def _wait(row: Row, opened: Sequence[Row], case: Case) -> Wait | None:
    """Say what an agent waited for behind one of its records; null where its turn had ended."""
    if not opened and not _asks_model(row):
        return None
    spawns = [c for c in opened if _is_spawn(c)]
    others = [c for c in opened if not _is_spawn(c)]
    if any(c["tool"] not in UNASKED for c in others):
        what = WaitsFor.OTHERS
    elif others:
        what = WaitsFor.CALL
    else:
        what = WaitsFor.AGENTS if spawns else WaitsFor.MODEL
    started = _agents_by_spawn(case)
    return Wait(
        agent_id=row["agent_id"],
        what=what,
        since=row["ts"],
        until=row["until"],
        events=tuple(dict.fromkeys((row["event_id"], *(c["event_id"] for c in opened)))),
        tools=tuple(dict.fromkeys(c["tool"] for c in opened)),
        spawned=tuple(agent for c in spawns for agent in started.get(c["event_id"], ())),
    )


def _is_spawn(call: Row) -> bool:
    return call["kind"] == K.AGENT_SPAWN.value or call["tool"] in SPAWN_TOOLS


@per_case
def _agents_by_spawn(case: Case) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for agent in case.agents:
        if agent.spawn_event is not None:
            found.setdefault(agent.spawn_event, []).append(agent.agent_id)
    return found


def _is_open(call: Row, since: datetime, until: datetime | None) -> bool:
    answered = call["answered"]
    if answered is None:
        return until is None
    return answered > since and (until is None or answered >= until)


def _asks_model(row: Row) -> bool:
    """Say whether the model is asked after this record."""
    kind, message = K(row["kind"]), str(row["message"] or "")
    if kind is K.USER_PROMPT:
        return COMMANDS.match(message) is None
    if kind is K.TOOL_RESULT:
        return row["status"] != "interrupted" and DECLINED.match(message) is None
    return kind is K.AGENT_LAUNCHED
