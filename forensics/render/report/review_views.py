"""What the templates see of the review: figures, factors, what worked, what is ruled out."""

from __future__ import annotations

from dataclasses import dataclass

from forensics.render.report.exhibits import Exhibit, Related, Sentence
from forensics.schema.finding import Claim


@dataclass(frozen=True, slots=True)
class FigureView:
    """One number of the impact."""

    name: str
    value: str
    claim: Claim
    exhibits: tuple[Exhibit, ...]


@dataclass(frozen=True, slots=True)
class FactorView:
    """One contributing factor, with the findings that it sums up and where they stand."""

    sentence: Sentence
    related: tuple[Related, ...]


@dataclass(frozen=True, slots=True)
class Excluded:
    """A cause that the evidence contradicts, and by what."""

    cause: str
    sentence: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """What is said of a session beside its findings; its exhibits are numbered with all others."""

    figures: tuple[FigureView, ...]
    factors: tuple[FactorView, ...]
    worked: tuple[Sentence, ...]
    lucky: tuple[Sentence, ...]
    excluded: tuple[Excluded, ...]
