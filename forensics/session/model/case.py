"""Everything about one session that a rule may look at.

A rule is a pure function of a ``Case``: no clock, no files, no configuration but its own parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, wraps
from typing import Any, TypeVar, cast

import polars as pl

from forensics.schema import EventKind, Row, Source, is_kind, is_work
from forensics.schema.finding import Finding
from forensics.session.model.agent_linking import link_agents
from forensics.session.model.agents import AgentLife
from forensics.session.model.ending import Ending
from forensics.session.model.files import WRITE_TOOLS, FileAccess, _access
from forensics.session.model.runs import Run, runs_of
from forensics.session.model.speech import SpeechRequest, build_requests
from forensics.table.order import in_order

T = TypeVar("T")


def per_case(compute: Callable[[Case], T]) -> Callable[[Case], T]:
    """Make a function of a case that is computed once, for all rules that ask. It may not look at findings."""

    @wraps(compute)
    def ask(case: Case) -> T:
        return case.once(compute)

    return ask


@dataclass(frozen=True, kw_only=True)
class Case:
    """One session's tables. ``events`` are sorted by time, then by place in their file."""

    session_id: str
    events: pl.DataFrame
    todos: pl.DataFrame
    agents: tuple[AgentLife, ...]
    speech_requests: tuple[SpeechRequest, ...]
    runs: tuple[Run, ...]  # the lives of the client's process, in order
    client_version: str | None
    cwd: str | None
    excerpts: frozenset[int]  # files that are not whole: where they begin and stop says nothing
    sifted: frozenset[int]  # those of them in which lines between others are missing
    findings: tuple[Finding, ...] = ()  # of the rules before; only a rule that reads findings has any
    _computed: dict[Callable[[Case], Any], Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def ending(self) -> Ending:
        """Return how the session ended, which is how its last run did."""
        return self.runs[-1].ending

    @cached_property
    def sources(self) -> frozenset[Source]:
        """Return the kinds of logs that hold records of this session."""
        return frozenset(Source(s) for s in self.events["source"].unique())

    @cached_property
    def span(self) -> tuple[datetime | None, datetime | None]:
        """Return the first and the last known time."""
        return self.events["ts"].min(), self.events["ts"].max()  # type: ignore[return-value]

    @property
    def is_voice_only(self) -> bool:
        """Say whether no client log is among the sources."""
        return self.session_id.startswith("voice:")

    @cached_property
    def is_mere_traces(self) -> bool:
        """Say whether nothing tells that the session was at work: no record but what any start leaves."""
        return self.events.filter(is_work()).is_empty()

    def of(self, *kinds: EventKind) -> pl.DataFrame:
        """Return the events of these kinds, in the case's order. Dozens of rules ask: each answer is kept."""
        if kinds not in self._of:
            known = self._by_kind
            found = [known[k.value] for k in dict.fromkeys(kinds) if k.value in known]
            if len(found) > 1:
                self._of[kinds] = self.events.filter(is_kind(kinds))
            else:
                self._of[kinds] = found[0] if found else self._none
        return self._of[kinds]

    @cached_property
    def _of(self) -> dict[tuple[EventKind, ...], pl.DataFrame]:
        return {}

    @cached_property
    def _none(self) -> pl.DataFrame:
        return self.events.clear()

    def once(self, compute: Callable[[Case], T]) -> T:
        """Return what a function says of this case, computed once for all rules. It must not look at findings."""
        if compute not in self._computed:
            self._computed[compute] = compute(self)
        return cast("T", self._computed[compute])

    @cached_property
    def _by_kind(self) -> dict[str, pl.DataFrame]:
        parts = self.events.partition_by("kind", maintain_order=True) if self.events.height else []
        return {part["kind"][0]: part for part in parts}

    def is_partly_told(self, events: pl.DataFrame) -> bool:
        """Say whether any of these events stands in a file that is not whole: what it does not show proves nothing."""
        return bool(self.excerpts) and not self.excerpts.isdisjoint(events["file"].unique())

    def is_excerpt_only(self, events: pl.DataFrame) -> bool:
        """Say whether there are such events, and all of them stand in files that are not whole."""
        files = set(events["file"].unique())
        return bool(files) and files <= self.excerpts

    def with_findings(self, findings: Sequence[Finding]) -> Case:
        """Return the same case for a rule that reads findings: what was computed once stays."""
        other = copy(self)
        object.__setattr__(other, "findings", tuple(findings))
        return other

    def found(self, *codes: str) -> tuple[Finding, ...]:
        """Return the findings of these rules, for a rule that reads findings."""
        return tuple(f for f in self.findings if f.rule in codes)

    def event(self, event_id: int) -> Row:
        """Return one event, without a search: rules ask for thousands. Raises ``KeyError`` for an unknown id."""
        return self.events.row(self._row_of[event_id], named=True)

    @cached_property
    def _row_of(self) -> dict[int, int]:
        return {event_id: n for n, event_id in enumerate(self.events["event_id"])}

    def life_of(self, agent_id: str) -> AgentLife | None:
        """Return the first life of an agent; null where nothing is known of it."""
        return self._lives.get(agent_id)

    @cached_property
    def _lives(self) -> dict[str, AgentLife]:
        return {agent.agent_id: agent for agent in reversed(self.agents)}

    @cached_property
    def file_accesses(self) -> tuple[FileAccess, ...]:
        """Return the calls of file tools in the transcripts, in order, each with its answer."""
        calls = self.of(EventKind.TOOL_CALL).filter(
            pl.col("path").is_not_null() & (pl.col("source") == Source.TRANSCRIPT.value)
        )
        answers = (
            self.of(EventKind.TOOL_RESULT)
            .select(
                "correlation_id",
                answered="ts",
                answer_event="event_id",
                answer_status="status",
                answer="message",
            )
            .unique("correlation_id", keep="first", maintain_order=True)
        )
        joined = calls.join(answers, on="correlation_id", how="left", maintain_order="left")
        return tuple(_access(row, self.cwd) for row in joined.iter_rows(named=True))

    @cached_property
    def writes(self) -> tuple[FileAccess, ...]:
        """Return the file writes that succeeded."""
        return tuple(a for a in self.file_accesses if a.tool in WRITE_TOOLS and a.ok)


def build_case(
    session_id: str,
    events: pl.DataFrame,
    todos: pl.DataFrame,
    spawns: pl.DataFrame,
    excerpts: frozenset[int] = frozenset(),
    sifted: frozenset[int] = frozenset(),
) -> Case:
    """Put one session's tables together. ``excerpts`` and ``sifted`` are files that are not whole."""
    ordered = in_order(events)
    linked = link_agents(ordered, todos, spawns, excerpts)
    metas = linked.events.filter(pl.col("kind") == EventKind.SESSION_META.value)
    return Case(
        session_id=session_id,
        events=linked.events,
        todos=todos.join(ordered.select("event_id"), on="event_id", how="semi"),
        agents=linked.agents,
        speech_requests=build_requests(linked.events, sifted),
        runs=runs_of(linked.events, linked.agents, excerpts),
        client_version=_last(metas["status"].to_list()),
        cwd=_last(metas["path"].to_list()),
        excerpts=excerpts,
        sifted=sifted,
    )


def _last(values: Iterable[str | None]) -> str | None:
    return next((v for v in reversed(list(values)) if v), None)
