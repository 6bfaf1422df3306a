"""The truth of a recording: what the API was asked and answered, and how the process ended. Never the logs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from tools.recorder.request_log import Answered, Asked, Entry, Failed, HungUp, IssuedCall, ToolResult
from tools.recorder.requests import COMPACTION, HELPER, STRANGER, WARMUP
from tools.recorder.scenarios.model import MAIN

SPAWN_TOOLS, WRITE_TOOLS = ("Task", "Agent"), ("Write", "Edit", "MultiEdit")
NO_AGENTS = (COMPACTION, HELPER, STRANGER, WARMUP)
REASON = 160  # characters of a failed write's result
SEVERAL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How one run of the client ended."""

    how: str  # "exit", or the signal that was sent; with "+timeout-kill" if that did not end it
    exit_code: int
    started: float
    ended: float
    signalled: float | None = None

    def row(self) -> dict[str, Any]:
        """Return what the truth says of the run."""
        times = {"t_start": self.started, "t_end": self.ended, "t_kill": self.signalled}
        return {"how": self.how, "rc": self.exit_code, **times}


@dataclass(slots=True)
class Life:
    """From an agent's first request to its last sign."""

    first: float
    last: float
    finished: bool = False

    def holds(self, moment: float) -> bool:
        """Say whether the agent was at work at a moment."""
        return self.first <= moment <= self.last


@dataclass(frozen=True, slots=True)
class SentCall:
    """One tool call, in which answer it went out, and what came back, if anything did."""

    agent: str
    answer: int
    issued: IssuedCall
    result: ToolResult | None
    returned: float | None

    @property
    def worked(self) -> bool:
        """Say whether the client reported a success."""
        return self.result is not None and not self.result.is_error


def actor(name: str) -> str:
    """Name who acts: runs that go on with one session follow scripts of their own, and are one main agent."""
    return MAIN if name.startswith(MAIN) else name


def lives_of(entries: Sequence[Entry]) -> dict[str, Life]:
    """Return the life of each agent. The last word of a run finishes the main agent, until it is asked again."""
    lives: dict[str, Life] = {}
    for entry in entries:
        if not isinstance(entry, Asked | Answered | Failed | HungUp) or entry.agent in NO_AGENTS:
            continue
        life = lives.setdefault(actor(entry.agent), Life(entry.at, entry.at))
        life.last = entry.at
        life.finished = isinstance(entry, Answered) and entry.final
    return lives


def calls_of(entries: Sequence[Entry]) -> list[SentCall]:
    """Return all tool calls in the order in which they went out."""
    returned: dict[str, tuple[ToolResult, float]] = {}
    for entry in entries:
        for result in entry.results if isinstance(entry, Asked) else ():
            returned.setdefault(result.call_id, (result, entry.at))
    return [
        SentCall(actor(entry.agent), number, call, *returned.get(call.call_id, (None, None)))
        for number, entry in enumerate(entries)
        if isinstance(entry, Answered)
        for call in entry.calls
    ]


def most_at_once(lives: Sequence[Life]) -> int:
    """Return the largest number of agents at work at one moment."""
    return max((sum(life.holds(start.first) for life in lives) for start in lives), default=0)


@dataclass(slots=True)
class _Todos:
    """The items in progress, replayed: lists of each agent's own, and the list of tasks that all share."""

    own: dict[str, int]
    shared: dict[str, str]  # task -> who set it in progress

    def apply(self, call: SentCall) -> None:
        arguments = call.issued.arguments
        if call.issued.tool == "TodoWrite":
            self.own[call.agent] = sum(item["status"] == "in_progress" for item in arguments["todos"])
        elif call.issued.tool == "TaskUpdate" and arguments.get("status") == "in_progress":
            self.shared[arguments["taskId"]] = call.agent
        elif call.issued.tool == "TaskUpdate" and "status" in arguments:
            self.shared.pop(arguments["taskId"], None)

    def of(self, agent: str) -> int:
        return self.own.get(agent, 0) + sum(who == agent for who in self.shared.values())


def _todo_labels(calls: Sequence[SentCall], lives: Mapping[str, Life]) -> dict[str, Any]:
    """Count after each answer: what changes between two calls of one answer never lasts.

    What an agent that has finished left in a list of its own is open no more.
    """
    answers: dict[int, list[SentCall]] = defaultdict(list)
    for call in calls:
        if call.worked:
            answers[call.answer].append(call)
    state, main, one, one_list = _Todos({}, {}), 0, 0, 0
    for together in answers.values():
        for call in together:
            state.apply(call)
        main = max(main, state.of(MAIN))
        one = max(one, *(state.of(call.agent) for call in together))
        one_list = max(one_list, len(state.shared), *state.own.values(), 0)
    return {
        "multiple_in_progress": one >= SEVERAL,
        "max_in_progress": one_list,
        "max_in_progress_main": main,
        "in_progress_at_end": len(state.shared)
        + sum(n for agent, n in state.own.items() if agent == MAIN or not lives[agent].finished),
    }


def _same_file(calls: Sequence[SentCall], lives: Mapping[str, Life]) -> dict[str, list[str]]:
    """Return the files that two agents wrote, each while the other was at work too."""
    writes: dict[str, list[SentCall]] = defaultdict(list)
    for call in calls:
        if call.worked and call.issued.tool in WRITE_TOOLS:
            writes[call.issued.arguments["file_path"]].append(call)
    found: dict[str, set[str]] = defaultdict(set)
    for path, these in writes.items():
        for one in these:
            if any(_together(one, other, lives) for other in these):
                found[PurePath(path).name].add(one.agent)
    return {name: sorted(agents) for name, agents in found.items()}


def _together(one: SentCall, other: SentCall, lives: Mapping[str, Life]) -> bool:
    if one.agent == other.agent:
        return False
    both = (lives[one.agent], lives[other.agent])
    return all(w.returned is not None and life.holds(w.returned) for w in (one, other) for life in both)


def _unanswered(
    spawns: Sequence[SentCall], lives: Mapping[str, Life], agents: Mapping[str, str]
) -> Iterator[str]:
    """Yield the agents that neither finished nor were answered for; a launch returns before the agent's last sign."""
    for spawn in spawns:
        name = agents.get(spawn.issued.arguments.get("prompt", ""), "")
        life = lives.get(name)
        if life is None or life.finished:
            continue
        if spawn.returned is None or spawn.returned < life.last:
            yield name


def labels_of(
    entries: Sequence[Entry], endings: Sequence[Ending], prompts: Mapping[str, str]
) -> dict[str, Any]:
    """Return the labels; ``prompts`` maps the prompt of each script to its name."""
    lives, calls = lives_of(entries), calls_of(entries)
    subagents = {name: life for name, life in lives.items() if name != MAIN}
    spawns = [call for call in calls if call.issued.tool in SPAWN_TOOLS]
    group = max(Counter(call.answer for call in spawns).values(), default=0)
    simultaneous = most_at_once(list(subagents.values()))
    failed = [c for c in calls if c.issued.tool in WRITE_TOOLS and c.result is not None and c.result.is_error]
    signals = [ending.how for ending in endings if ending.how.startswith("SIG")]
    return {
        "parallel_spawn": group >= SEVERAL and simultaneous >= SEVERAL,
        "largest_spawn_group": group,
        "spawns_total": len(spawns),
        "max_simultaneous_subagents": simultaneous,
        **_todo_labels(calls, lives),
        "same_file_written_by": _same_file(calls, lives),
        "failed_writes": [
            {"agent": c.agent, "path": c.issued.arguments.get("file_path"), "why": c.result.head[:REASON]}
            for c in failed
            if c.result is not None
        ],
        "unanswered_calls": [{"agent": c.agent, "tool": c.issued.tool} for c in calls if c.result is None],
        "unfinished_agents": sorted(name for name, life in lives.items() if not life.finished),
        "unfinished_subagents": sorted(name for name, life in subagents.items() if not life.finished),
        "orphaned_subagents": sorted(_unanswered(spawns, lives, prompts)),
        "crash": "SIGKILL" in signals,
        "ended_by": signals or [ending.how for ending in endings],
        "exit_codes": [ending.exit_code for ending in endings],
        "api_faults": dict(Counter(entry.fault for entry in entries if isinstance(entry, Failed))),
        "compactions": _count(entries, Answered, COMPACTION),
        "warmup_sidechains": _count(entries, Asked, WARMUP),
    }


def _count(entries: Sequence[Entry], kind: type[Asked | Answered], agent: str) -> int:
    return sum(isinstance(entry, kind) and entry.agent == agent for entry in entries)
