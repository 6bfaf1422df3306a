"""What a scenario is made of: the answers that the API gives, and how the client is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from signal import Signals
from typing import Any, TypeAlias

MAIN = "main"  # the names of all scripts that the main agent follows begin so, one for each run


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call, by the tool's oldest name: ``Task`` and ``TodoWrite``, whatever the client calls them now."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong instead of an answer: once, or each time that the client asks again."""

    status: int | None = None
    words: str = ""  # the message of its error document, else the usual one of its status
    retry_after_s: int | None = None
    drop: bool = False  # close the connection without a word
    drop_midway: bool = False  # close it in the middle of the answer
    hang_s: float | None = None
    forever: bool = False

    @property
    def name(self) -> str:
        """Return the fault's name in the labels."""
        if self.status is not None:
            return str(self.status)
        return "hang" if self.hang_s is not None else "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One answer of the API to one agent."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    delay_s: float = 0.05
    context_tokens: int | None = None  # how full the API says that the context is
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """What one agent is answered; a request is the agent's if its last prompt contains ``prompt``."""

    prompt: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A signal, some time after each of so many subagents had so many answers, or after a call went out."""

    signal: Signals
    after_s: float
    agents: int = 0
    answers_each: int = 0
    call: str | None = None  # words of its arguments


class Start(Enum):
    """How a run begins."""

    NEW = "new"
    CONTINUE = "continue"
    FORK = "fork"


class Output(Enum):
    """What a headless run prints: the value is its options."""

    TEXT = ()
    JSON = ("--output-format", "json")
    JSON_VERBOSE = ("--output-format", "json", "--verbose")
    STREAM_JSON = ("--output-format", "stream-json", "--verbose")

    @property
    def folder(self) -> str:
        """Return the name of its folder among twins."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One start of the client with a prompt."""

    prompt: str
    start: Start = Start.NEW
    kill: Kill | None = None
    output: Output = Output.TEXT
    options: tuple[str, ...] = ()  # what the client is asked for besides


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What the scenario is meant to show; where the truth is otherwise, that is a deviation."""

    parallel_spawns: int = 0
    sequential_spawns: int = 0
    max_in_progress: int = 0
    same_file: tuple[str, ...] = ()
    compactions: int = 0
    api_faults: tuple[str, ...] = ()
    finishes: bool = True  # every agent has its last answer, and the client exits with 0
    voice_fails: bool = False
    expect: Mapping[str, bool] = field(default_factory=dict)  # by rule: whether it must find something


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything that one recording needs."""

    scripts: Mapping[str, Script]
    runs: tuple[Run, ...]
    intent: Intent = field(default_factory=Intent)
    summary: str = ""  # what a request for a compaction is answered
    env: Mapping[str, str] = field(default_factory=dict)
    hooks: Mapping[str, Any] = field(default_factory=dict)
    servers: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float = 120.0
    file_limit: int | None = None  # bytes that a file of the client may have


@dataclass(frozen=True, slots=True)
class Place:
    """Where and with which client a scenario is recorded."""

    project: Path
    version: str


Maker: TypeAlias = Callable[[Place], Scenario]
