"""One session with what the rules say of it: whatever a form asks of a session, it asks here.

The words that its answers are made of are handed on: how a session ends, an agent's life and its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from forensics.analysis.entries import DiskWrite, Gap, Moment, TodoEntry
from forensics.analysis.review.shape import Review
from forensics.chain.graph import FailureGraph
from forensics.schema import Source
from forensics.schema.finding import EvidenceRef, Finding, Outcome
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.case import Case
from forensics.session.model.ending import Verdict
from forensics.session.model.runs import Run
from forensics.session.turns.open_turns import silence_before_end
from forensics.session.turns.silences import LONG_S

__all__ = ["AgentEnd", "AgentLife", "SessionAnalysis", "Verdict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAnalysis:
    """One session with what the rules say of it."""

    case: Case
    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]
    denied: Mapping[str, str]  # rules whose metric a finding of another rule denies, with that rule
    timeline: tuple[Moment, ...]
    timeline_omitted: int
    gaps: tuple[Gap, ...]
    todos: tuple[TodoEntry, ...]  # items that were open when the record ends
    ending_refs: tuple[EvidenceRef, ...]
    silence_refs: tuple[EvidenceRef, ...]  # the records before and after the silence before the end
    disk_writes: tuple[DiskWrite, ...]  # that no call of a file tool explains
    chain: FailureGraph  # what its findings are to one another
    chain_refs: Mapping[int, EvidenceRef]  # the records that show it
    review: Review  # what is to be said of it beside its findings
    files: frozenset[str]  # names of the inputs that hold its records, copies included
    file_names: Mapping[int, str]  # of the files in its case's tables, by number

    @property
    def session_id(self) -> str:
        """Return the Claude session id, or ``voice:<start>``."""
        return self.case.session_id

    @property
    def is_voice_only(self) -> bool:
        """Say whether no client log is among its sources."""
        return self.case.is_voice_only

    @property
    def sources(self) -> frozenset[Source]:
        """Return the kinds of logs that hold its records."""
        return self.case.sources

    @property
    def events(self) -> pl.DataFrame:
        """Return its records, in order of time."""
        return self.case.events

    @property
    def span(self) -> tuple[datetime | None, datetime | None]:
        """Return the times of its first and its last record, as far as they are known in UTC."""
        return self.case.span

    @property
    def modified(self) -> datetime | None:
        """Return the time of the last record, if any record has one."""
        return self.span[1]

    @property
    def client_version(self) -> str | None:
        """Return the client's version, where that is in the evidence."""
        return self.case.client_version

    @property
    def cwd(self) -> str | None:
        """Return the folder that the client worked in, where that is in the evidence."""
        return self.case.cwd

    @property
    def agents(self) -> tuple[AgentLife, ...]:
        """Return its subagents, in order of their start."""
        return self.case.agents

    @property
    def agent_names(self) -> dict[str, str]:
        """Return what its subagents are called, by their ids."""
        return {agent.agent_id: agent.name for agent in self.agents}

    @property
    def verdict(self) -> Verdict:
        """Return how it ended."""
        return self.case.ending.verdict

    @property
    def proof(self) -> str:
        """Return what shows that it ended so, in a sentence."""
        return self.case.ending.proof

    @property
    def runs(self) -> tuple[Run, ...]:
        """Return the lives of the client's process, in order: the last one's end is the session's."""
        return self.case.runs

    @property
    def long_silence(self) -> float | None:
        """Return the seconds of silence before its last records; null where that is not long, or no turn was open."""
        silence = silence_before_end(self.case)
        return silence if silence is not None and silence >= LONG_S else None
