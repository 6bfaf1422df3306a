"""What a sentence of the review rests on: a few lines that show it, never dozens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from forensics.analysis.citations import Citations
from forensics.analysis.review.shape import Exclusion, Figure, Told
from forensics.schema.finding import Cite, Claim, EvidenceRef, Severity
from forensics.session.model.case import Case
from forensics.session.model.ending import DIED, Verdict
from forensics.text.lengths import CELL, SENTENCE, shortened

SHOWN = 4  # lines for one sentence


@dataclass(frozen=True, slots=True)
class Basis:
    """One session with its findings, and the way from its records to their lines."""

    case: Case
    citations: Citations

    @property
    def is_troubled(self) -> bool:
        """Say whether anything went wrong at all: where nothing did, nothing held against it, and nothing was lost."""
        low = Severity.LOW.rank
        found = (f.severity.rank >= low and f.contract_held is not True for f in self.case.findings)
        return any(found) or self.case.ending.verdict in (*DIED, Verdict.ERROR_RESULT)

    def told(self, text: str, claim: Claim, events: Iterable[int]) -> Told:
        """Return a sentence with the lines that show it. Raises ``ValueError`` where there are none."""
        return Told(shortened(text, SENTENCE), claim, self._lines(text, events))

    def figure(self, name: str, value: str, claim: Claim, events: Iterable[int]) -> Figure:
        """Return a number of the impact with its lines. Raises ``ValueError`` where there are none."""
        return Figure(name, shortened(value, CELL), claim, self._lines(name, events))

    def excluded(self, cause: str, text: str, events: Iterable[int]) -> Exclusion:
        """Return a cause with what contradicts it. Raises ``ValueError`` where no line does."""
        return Exclusion(shortened(cause, CELL), self.told(text, Claim.DERIVED, events))

    def _lines(self, what: str, events: Iterable[int]) -> tuple[EvidenceRef, ...]:
        chosen = few(events)
        if not chosen:
            msg = f"nothing shows: {what}"
            raise ValueError(msg)
        return self.citations.resolve(Cite(e) for e in chosen)


def few(events: Iterable[int]) -> tuple[int, ...]:
    """Return at most so many of the events as are shown, each once: the first ones, and the last."""
    once = tuple(dict.fromkeys(events))
    return once if len(once) <= SHOWN else (*once[: SHOWN - 1], once[-1])


def of_all(part: int, whole: int) -> str:
    """Write ``2 of 3``."""
    return f"{part} of {whole}"
