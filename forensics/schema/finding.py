"""What a rule says (``Hit``) and what the engine makes of it (``Finding``).

A rule names event ids and facts; it never invents a line number, a fingerprint or a default.
Every sentence carries its claim level, so that a renderer cannot print a guess as a fact.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

FactValue: TypeAlias = "str | int | float | bool | list[FactValue] | dict[str, FactValue] | None"


class _Ordered(StrEnum):
    """A StrEnum whose members compare by their position."""

    @property
    def rank(self) -> int:
        return list(type(self)).index(self)


class Severity(_Ordered):
    """One scale for all rules, lowest first."""

    NOTE = "note"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Confidence(_Ordered):
    """How sure the rule is that its reading of the evidence is right."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Claim(StrEnum):
    """observed: a line says it. derived: arithmetic or a join over lines. hypothesis: needs a person."""

    OBSERVED = "observed"
    DERIVED = "derived"
    HYPOTHESIS = "hypothesis"


class Nature(StrEnum):
    """event: something happened. control-gap: a safeguard was not observed."""

    EVENT = "event"
    CONTROL_GAP = "control-gap"


class Slot(StrEnum):
    """Where in a finding's section a statement stands."""

    HAPPENED = "happened"
    WHY = "why"
    IMPACT = "impact"
    QUESTION = "question"


class OutcomeKind(StrEnum):
    """The four ends of a rule for one session. Never clear when the needed events are not there."""

    FIRED = "fired"
    CLEAR = "clear"
    NOT_APPLICABLE = "not-applicable"
    INSUFFICIENT = "insufficient"


@dataclass(frozen=True, slots=True)
class Cite:
    """One event as evidence.

    ``quote`` is the part of its line worth showing (else the line's head), ``most`` how many characters
    of it (else as many as fit into a paragraph).
    """

    event_id: int
    quote: str | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of a finding, with what it rests on.

    ``settled_by`` belongs to a question: the source that would answer it, and what to look for there.
    """

    slot: Slot
    claim: Claim
    text: str
    cites: tuple[int, ...] = ()
    settled_by: str = ""


def question(text: str, settled_by: str, cites: tuple[int, ...]) -> Statement:
    """Ask what the evidence leaves open: always a hypothesis, and never without the source that would settle it."""
    return Statement(Slot.QUESTION, Claim.HYPOTHESIS, text, cites, settled_by)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that say more than a sentence (an agent table, a fallback chain)."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One occurrence of a rule's pattern in one session.

    ``subject`` says what the finding is about in words that survive unrelated lines, for the
    fingerprint: an endpoint, an item list, a path; never a time, a line number or an absolute path.
    ``apart`` tells it from another hit of the same subject in the same session, in words of the same kind.
    ``contract`` replaces the rule's where this occurrence falls under another. ``contract_held`` is true
    for a circumstance that breaks nothing, null where the evidence does not decide it. ``nature`` replaces the
    rule's where it finds both events and control gaps.
    """

    subject: str
    message: str
    claim: Claim
    cites: tuple[Cite, ...]
    facts: Mapping[str, FactValue]
    statements: tuple[Statement, ...] = ()
    tables: tuple[Table, ...] = ()
    severity: Severity | None = None
    confidence: Confidence | None = None
    agent_id: str | None = None
    apart: str = ""
    contract: str | None = None
    contract_held: bool | None = False
    nature: Nature | None = None


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The session holds nothing that this rule judges."""

    reason: str


@dataclass(frozen=True, slots=True)
class Insufficient:
    """The rule needs a source that was not supplied."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRef:
    """One cited line: enough to find it, to prove it unchanged, and to read it."""

    event_id: int
    path: str
    line: int
    offset: int  # of the line's first byte in the file (after decompression)
    line_sha256: str
    ts: str | None  # UTC, ISO 8601
    ts_quality: str
    excerpt: str  # verbatim part of the line; redactions and cuts are marked
    also_at: tuple[str, ...] = ()  # other places where the same happening stands, as path:line


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A hit with the rule's metadata, its evidence resolved and its identity."""

    rule: str
    name: str
    severity: Severity
    confidence: Confidence
    claim: Claim
    nature: Nature
    session_id: str
    agent_id: str | None
    message: str
    facts: Mapping[str, FactValue]
    fingerprint: str
    evidence: tuple[EvidenceRef, ...]
    statements: tuple[Statement, ...] = ()
    tables: tuple[Table, ...] = ()
    contract: str | None = None
    contract_held: bool | None = False
    builds_on_findings: bool = False  # its rule reads those of others: it says more of what they report
    expected: bool = False  # the safeguard that is missing is one that the configuration declares

    def fails(self, at: Severity) -> bool:
        """Say whether it fails a gate: a control gap does only where the safeguard was declared."""
        counts = self.nature is Nature.EVENT or self.expected
        return counts and self.severity.rank >= at.rank


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one rule ended for one session."""

    rule: str
    session_id: str
    outcome: OutcomeKind
    reason: str | None = None


def by_reason(outcomes: Iterable[Outcome]) -> dict[str, list[str]]:
    """Return the rules that could not judge by why, in the order of the first of each."""
    alike: dict[str, list[str]] = {}
    for outcome in outcomes:
        alike.setdefault(outcome.reason or "the evidence is insufficient", []).append(outcome.rule)
    return alike


def fingerprint(rule: str, session_id: str, agent_id: str | None, subject: str) -> str:
    """Identify a finding across runs: no times, no line numbers, no absolute paths."""
    key = "\x1f".join((rule, session_id, agent_id or "", " ".join(subject.split())))
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def cited_codes(findings: Iterable[Finding]) -> dict[int, list[str]]:
    """Return for each record that findings cite their rules' codes, each once, in the order of the findings."""
    cited: dict[int, list[str]] = {}
    for finding in findings:
        for ref in finding.evidence:
            codes = cited.setdefault(ref.event_id, [])
            if finding.rule not in codes:
                codes.append(finding.rule)
    return cited
