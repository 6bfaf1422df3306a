"""Everything a renderer may know about a run. Made by ``engine``, read by ``render``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from forensics.analysis.session_analysis import SessionAnalysis
from forensics.evidence.account import Blind, InputFile, Unread
from forensics.evidence.coverage import Coverage, coverage_of
from forensics.evidence.custody import Custody
from forensics.evidence.near_lines import NearLine
from forensics.rulekit.rule import Rule
from forensics.schema.finding import Finding


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
    blind: tuple[Blind, ...]  # what looks like one of ours and was not read, or not understood
    notes: tuple[Note, ...]  # what had to be said about the clock
    unattached: tuple[tuple[str, int], ...]  # file, records that belong to no session
    sessions: tuple[SessionAnalysis, ...]
    left_out: int  # inputs that hold records of other sessions only, where sessions were chosen
    rules: tuple[Rule, ...]
    errors: tuple[RuleError, ...]
    # lines around cited ones, by their input's name and their number; empty where none were asked for
    around: Mapping[tuple[str, int], tuple[NearLine, ...]] = field(default_factory=dict)
    redacted: bool = True  # secrets are replaced by their kind and length
    custody: Custody = field(default_factory=Custody)
    anonymised: bool = False  # people, hosts and home folders are replaced by pseudonyms

    def spare(self, *outputs: Path) -> None:
        """Refuse to write over a file that was found, whichever sessions are told of. Raises ``UsageError``."""
        self.custody.spare(outputs)

    def only(self, sessions: Sequence[SessionAnalysis]) -> Analysis:
        """Narrow the result to some of its sessions, and the inputs to the files that hold their records."""
        if len(sessions) == len(self.sessions):
            return replace(self, sessions=tuple(sessions))
        held = frozenset[str]().union(*(s.files for s in sessions))
        inputs = tuple(i for i in self.inputs if i.evidence.name in held)
        elsewhere = frozenset[str]().union(*(s.files for s in self.sessions)) - held
        blind = tuple(b for b in self.blind if b.name not in elsewhere)
        left_out = len(self.inputs) - len(inputs)
        notes = tuple(n for n in self.notes if any(place.rpartition(":")[0] in held for place in n.places))
        kept = replace(self, sessions=tuple(sessions), inputs=inputs, notes=notes, left_out=left_out)
        return replace(kept, blind=blind)

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
