"""What the HTML templates see beside the incident: ids, where each piece of evidence is quoted, lines around it.

A piece of evidence is quoted at every finding that rests on it; its id, and the lines around it, stand at the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from forensics.analysis.model import Analysis
from forensics.evidence.near_lines import NearLine
from forensics.render.report.exhibits import Exhibit
from forensics.render.report.views import CategoryView, FindingView, Incident, TopicView
from forensics.schema.finding import Claim, Severity

Around: TypeAlias = Mapping[tuple[str, int], tuple[NearLine, ...]]


@dataclass(frozen=True, slots=True)
class Quote:
    """A piece of evidence at one place of the page; only its first place has the id and the lines around."""

    exhibit: Exhibit
    is_first: bool
    near: tuple[NearLine, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One finding with its quotes."""

    view: FindingView
    category: str  # number of its category; empty for the end and the chain
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class TopicSheet:
    """One sub-number with its cards."""

    view: TopicView
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class CategorySheet:
    """One error category with its topics."""

    view: CategoryView
    topics: tuple[TopicSheet, ...]

    @property
    def cards(self) -> tuple[Card, ...]:
        """Return the cards of all topics."""
        return tuple(c for t in self.topics for c in t.cards)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSheet:
    """One session on the page."""

    key: str  # what its ids begin with; empty where the page has one session
    incident: Incident
    ending: tuple[Card, ...]
    end_quotes: tuple[Quote, ...]
    chain: tuple[Card, ...]
    categories: tuple[CategorySheet, ...]
    worst: tuple[Card, ...]  # those that the summary names
    others: tuple[Quote, ...]  # evidence that stands at no finding
    numbers: Mapping[tuple[str, int], str]  # a line -> the number that it is quoted under

    @property
    def cards(self) -> tuple[Card, ...]:
        """Return all cards, worst first."""
        cards = (*self.above, *(c for category in self.categories for c in category.cards))
        return tuple(sorted(cards, key=lambda c: -c.view.finding.severity.rank))

    @property
    def above(self) -> tuple[Card, ...]:
        """Return the cards that stand above those of the categories, and that no filter hides."""
        return (*self.ending, *self.chain)

    @property
    def severities(self) -> tuple[tuple[str, int], ...]:
        """Return how many findings each severity has, worst first."""
        found = Counter(c.view.finding.severity for c in self.cards)
        return tuple((s.value, found[s]) for s in sorted(found, key=lambda s: -s.rank))


@dataclass(frozen=True, slots=True)
class Choices:
    """What the findings of a page can be filtered by."""

    severities: tuple[tuple[str, int], ...]
    rules: tuple[tuple[str, str], ...]
    categories: tuple[tuple[str, str], ...]
    claims: tuple[str, ...]


def sheets_of(analysis: Analysis, incidents: Iterable[Incident]) -> tuple[SessionSheet, ...]:
    """Give the cards and quotations of all sessions their places on one page."""
    quotes = _Quotes(analysis.around)
    return tuple(_sheet(incident, quotes) for incident in incidents)


def choices_of(sheets: Iterable[SessionSheet]) -> Choices:
    """Return what the cards of all categories can be told apart by: the end and the chain are always shown."""
    categories = [c for sheet in sheets for c in sheet.categories if c.cards]
    findings = [card.view.finding for c in categories for card in c.cards]
    counts = Counter(f.severity for f in findings)
    claims = {f.claim for f in findings}
    return Choices(
        severities=tuple((s.value, counts[s]) for s in reversed(Severity) if counts[s]),
        rules=tuple(sorted({(f.rule, f.name) for f in findings})),
        categories=tuple(sorted({(c.view.number, c.view.title) for c in categories})),
        claims=tuple(c.value for c in Claim if c in claims),
    )


class _Quotes:
    """Keeps book of which evidence has its place on the page."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self.placed: set[str] = set()

    def of(self, exhibits: Iterable[Exhibit]) -> tuple[Quote, ...]:
        return tuple(self._quote(e) for e in exhibits)

    def _quote(self, exhibit: Exhibit) -> Quote:
        is_first = exhibit.number not in self.placed
        self.placed.add(exhibit.number)
        near = self._around.get((exhibit.ref.path, exhibit.ref.line), ()) if is_first else ()
        return Quote(exhibit, is_first, near)


def _sheet(incident: Incident, quotes: _Quotes) -> SessionSheet:
    key = f"{incident.label.lower()}-" if incident.label else ""
    made: list[Card] = []

    def cards(views: Iterable[FindingView], category: str = "") -> tuple[Card, ...]:
        before = len(made)
        made.extend(Card(view, category, quotes.of(view.evidence)) for view in views)
        return tuple(made[before:])

    # in the order of the page: the first place of a quotation is the one that readers meet first
    ending = cards(incident.ending)
    end_quotes = quotes.of(() if ending else incident.end_exhibits or incident.proof_exhibits)
    chain = cards(incident.chain.findings)
    categories = tuple(
        CategorySheet(c, tuple(TopicSheet(t, cards(t.findings, c.number)) for t in c.topics))
        for c in incident.categories
    )
    known = {e.number: e for e in (*_beside_findings(incident), *(q.exhibit for c in made for q in c.quotes))}
    others = quotes.of(e for e in known.values() if e.number not in quotes.placed)
    return SessionSheet(
        key=key,
        incident=incident,
        ending=ending,
        end_quotes=end_quotes,
        chain=chain,
        categories=categories,
        worst=tuple(c for view in incident.worst for c in made if c.view.finding is view.finding),
        others=others,
        numbers={(e.ref.path, e.ref.line): e.number for e in reversed(known.values())},
    )


def _beside_findings(incident: Incident) -> Iterator[Exhibit]:
    """Yield the evidence that a page names outside of findings."""
    yield from incident.proof_exhibits
    yield from incident.end_exhibits
    yield from (row.exhibit for row in incident.story.rows if row.exhibit is not None)
    yield from (e for path in incident.chain.steps for step in path for e in step.exhibits)
    yield from (b.exhibit for b in incident.chain.beside)
    yield from (e for f in incident.review.figures for e in f.exhibits)
    yield from incident.unquoted
