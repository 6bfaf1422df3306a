"""Everything a renderer may know about a run. Made by ``engine``, read by ``render``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from forensics.analysis.review.shape import Review
from forensics.chain.graph import FailureGraph
from forensics.evidence.account import InputFile, Unread
from forensics.evidence.coverage import Coverage, coverage_of
from forensics.evidence.near_lines import NearLine
from forensics.rulekit.rule import Rule
from forensics.schema.finding import EvidenceRef, Finding, Outcome
from forensics.session.model.case import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One row of a session's timeline. ``text`` is observed: the line in ``ref`` says it."""

    ts: datetime | None
    local: datetime | None  # by the voice server's clock, where the record carries it
    kind: str
    agent_id: str | None
    text: str
    ref: EvidenceRef
    cited_by: tuple[str, ...]  # codes of the findings that cite this record


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence: no record of any source between two moments of a session."""

    since: datetime
    until: datetime

    @property
    def seconds(self) -> float:
        """Return its length."""
        return (self.until - self.since).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class TodoEntry:
    """One item of an agent's last list, with where the list stands."""

    agent_id: str | None
    content: str
    status: str
    ref: EvidenceRef


@dataclass(frozen=True, slots=True)
class DiskWrite:
    """A file that the client's log shows written, with the last such line."""

    path: str
    ref: EvidenceRef


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAnalysis:
    """One session with what the rules say of it."""

    case: Case
    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]
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
    def modified(self) -> datetime | None:
        """Return the time of the last record, if any record has one."""
        return self.case.span[1]


@dataclass(frozen=True, slots=True)
class RuleError:
    """A rule that failed on a session: a bug of ours, shown and never silent."""

    rule: str
    session_id: str
    error: str


@dataclass(frozen=True, slots=True)
class Note:
    """What has to be said of the evidence as a whole, and where (``file:line``) it shows."""

    text: str
    places: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Return the sentence with its places."""
        return f"{self.text} ({', '.join(self.places)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The result of a run over some evidence."""

    tool_version: str
    inputs: tuple[InputFile, ...]
    unread: tuple[Unread, ...]
    notes: tuple[Note, ...]  # what had to be said about the clock
    unattached: tuple[tuple[str, int], ...]  # file, records that belong to no session
    sessions: tuple[SessionAnalysis, ...]
    left_out: int  # inputs that hold records of other sessions only, where sessions were chosen
    rules: tuple[Rule, ...]
    errors: tuple[RuleError, ...]
    # lines around cited ones, by their input's name and their number; empty where none were asked for
    around: Mapping[tuple[str, int], tuple[NearLine, ...]] = field(default_factory=dict)
    redacted: bool = True  # secrets are replaced by their kind and length
    anonymised: bool = False  # people, hosts and home folders are replaced by pseudonyms

    def has_input(self, path: Path) -> bool:
        """Say whether a path is one of the files that were read."""
        files = [i.evidence.path for i in self.inputs if i.evidence.path.exists()]
        return path.exists() and any(path.samefile(file) for file in files)

    def only(self, sessions: Sequence[SessionAnalysis]) -> Analysis:
        """Narrow the result to some of its sessions, and the inputs to the files that hold their records."""
        if len(sessions) == len(self.sessions):
            return replace(self, sessions=tuple(sessions))
        held = frozenset[str]().union(*(s.files for s in sessions))
        inputs = tuple(i for i in self.inputs if i.evidence.name in held)
        left_out = len(self.inputs) - len(inputs)
        notes = tuple(n for n in self.notes if any(place.rpartition(":")[0] in held for place in n.places))
        return replace(self, sessions=tuple(sessions), inputs=inputs, notes=notes, left_out=left_out)

    @property
    def is_customised(self) -> bool:
        """Say whether rules or settings of the user's took part."""
        return any(r.origin is not None or r.settings or r.is_expected for r in self.rules)

    @property
    def coverage(self) -> Coverage:
        """Return what of the inputs was understood."""
        return coverage_of(self.inputs, self.unread)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return all findings, worst first within each session."""
        return tuple(f for s in self.sessions for f in s.findings)
