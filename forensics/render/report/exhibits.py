"""Numbered evidence, and the sentences that rest on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from forensics.schema.finding import Claim, EvidenceRef


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One numbered piece of evidence."""

    number: str
    ref: EvidenceRef


class Exhibits:
    """Numbers the evidence, one number for each quoted piece of a line, and keeps book of what has been quoted."""

    def __init__(self) -> None:
        self._exhibits: dict[tuple[str, int, str], Exhibit] = {}
        self._of_event: dict[int, Exhibit] = {}
        self._quoted: set[str] = set()

    def number(self, ref: EvidenceRef) -> str:
        """Return ``E<n>`` for a piece of evidence; the same words of the same line have the same number."""
        new = Exhibit(f"E{len(self._exhibits) + 1}", ref)
        exhibit = self._exhibits.setdefault((ref.path, ref.line, ref.excerpt), new)
        self._of_event[ref.event_id] = exhibit
        return exhibit.number

    def of(self, event_id: int) -> str | None:
        """Return the number of a record that has one."""
        exhibit = self._of_event.get(event_id)
        return exhibit.number if exhibit else None

    def unique(self, refs: Iterable[EvidenceRef]) -> tuple[Exhibit, ...]:
        """Return the refs with their numbers, each piece once."""
        return tuple({(n := self.number(ref)): Exhibit(n, ref) for ref in refs}.values())

    def known(self, ref: EvidenceRef) -> Exhibit:
        """Return what is already numbered of a record, whatever its words, else a new number."""
        if ref.event_id not in self._of_event:
            self.number(ref)
        return self._of_event[ref.event_id]

    def quote(self, exhibits: Iterable[Exhibit], most: int | None = None) -> tuple[Exhibit, ...]:
        """Return those of them that are to be quoted here: what is quoted once is only referred to from then on."""
        fresh = [e for e in exhibits if e.number not in self._quoted][:most]
        self._quoted.update(e.number for e in fresh)
        return tuple(fresh)

    def rest(self) -> tuple[Exhibit, ...]:
        """Return what has a number and was quoted nowhere: it is to be quoted now."""
        return self.quote(self._exhibits.values())


@dataclass(frozen=True, slots=True)
class Sentence:
    """A statement with its claim level and the numbers of what it rests on."""

    text: str
    claim: Claim
    exhibits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """Another finding, by its code, its name and the section that it stands in."""

    code: str
    name: str
    section: str
