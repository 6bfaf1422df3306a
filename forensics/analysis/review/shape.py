"""What a reviewer says of a session beside its findings: shapes only. Made by ``reviewing``, read by ``render``."""

from __future__ import annotations

from dataclasses import dataclass

from forensics.schema.finding import Claim, EvidenceRef


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence about a session, with its claim level and the lines that it rests on."""

    text: str
    claim: Claim
    refs: tuple[EvidenceRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the impact: what was counted or measured, and the lines that give it."""

    name: str
    value: str  # with its unit
    claim: Claim
    refs: tuple[EvidenceRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Factor:
    """What made the failure possible or worse, as far as findings tell; no order of cause is claimed."""

    told: Told
    codes: tuple[str, ...]  # of the findings that it sums up


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A cause that somebody may suspect, and what in the evidence contradicts it."""

    cause: str
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Beside findings: impact in numbers, what contributed, what held, where luck helped, what is ruled out."""

    figures: tuple[Figure, ...] = ()
    factors: tuple[Factor, ...] = ()
    worked: tuple[Told, ...] = ()
    lucky: tuple[Told, ...] = ()
    excluded: tuple[Exclusion, ...] = ()

    @property
    def refs(self) -> tuple[EvidenceRef, ...]:
        """Return every line that it rests on, as often as it does."""
        told = (
            *(f.told for f in self.factors),
            *self.worked,
            *self.lucky,
            *(e.told for e in self.excluded),
        )
        return (*(ref for f in self.figures for ref in f.refs), *(ref for t in told for ref in t.refs))
