"""The failure chain: which happenings of a session led to which, as far as the records say so.

An edge is EXPLICIT where a line names what went before it, RESOURCE where both happenings are about one endpoint or
file within ten minutes, TEMPORAL where one merely followed the other within a minute. Only the first two make a chain:
what stands side by side is said to stand side by side.

Keys that would link what has nothing to do with each other are none: the name of a model or of a server, the client's
process id, the client's own books, a file that only a call among the evidence touched. Two happenings that rest on the
same record are not linked either: they restate it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations, islice, pairwise

from forensics.chain.happenings import Happening, happenings_of
from forensics.chain.naming import died_of, naming_records
from forensics.chain.sightings import Sighting
from forensics.schema.finding import Confidence, Finding, Severity
from forensics.session.model.case import Case
from forensics.text.durations import duration

RESOURCE_WITHIN_S = 600.0
TEMPORAL_WITHIN_S = 60.0
FEWEST_IN_CASCADE = 3  # happenings, and findings behind them: one failure told in three lines is no cascade
FEWEST_IN_CHAIN = 2


class Link(StrEnum):
    """What an edge rests on, the strongest first."""

    EXPLICIT = "EXPLICIT"
    RESOURCE = "RESOURCE"
    TEMPORAL = "TEMPORAL"


CONFIDENCE = {
    Link.EXPLICIT: Confidence.HIGH,
    Link.RESOURCE: Confidence.MEDIUM,
    Link.TEMPORAL: Confidence.LOW,
}


class ChainVerdict(StrEnum):
    """What the happenings of a session are to one another."""

    CASCADE = "CASCADE"
    FAILURE_CHAIN = "FAILURE CHAIN"
    CO_OCCURRING = "CO-OCCURRING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One happening went before another. ``first`` and ``second`` are the records that show it."""

    before: int  # index into the graph's nodes
    after: int
    link: Link
    first: int
    second: int
    seconds: float
    text: str
    named: tuple[int, ...] = ()  # what else its text names: no end of the arrow

    @property
    def records(self) -> tuple[int, ...]:
        """Return the records that it rests on."""
        return (self.first, *self.named, self.second)


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Connected happenings in order, each led to the next one by a line or a resource."""

    nodes: tuple[int, ...]
    edges: tuple[Edge, ...]
    verdict: ChainVerdict

    @property
    def confidence(self) -> Confidence:
        """Return that of the weakest edge."""
        return min((CONFIDENCE[e.link] for e in self.edges), key=lambda c: c.rank)

    @property
    def records(self) -> tuple[int, ...]:
        """Return the records that show its edges."""
        return tuple(record for edge in self.edges for record in edge.records)

    @property
    def ends(self) -> tuple[int, int]:
        """Return the first and the last of these records."""
        return self.edges[0].first, self.edges[-1].second

    @property
    def links(self) -> Iterator[tuple[int, int, Edge]]:
        """Yield its edges, each with the numbers of the two happenings on the way, from 1 on."""
        numbers = {node: n for n, node in enumerate(self.nodes, 1)}
        yield from ((numbers[edge.before], numbers[edge.after], edge) for edge in self.edges)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGraph:
    """The happenings of one session, what links them, and the chains that follow from it, the longest first.

    ``verdict`` is null where there are fewer than two happenings, or findings, that could be linked.
    """

    nodes: tuple[Happening, ...]
    edges: tuple[Edge, ...]
    paths: tuple[Path, ...]
    verdict: ChainVerdict | None

    @property
    def shown(self) -> tuple[int, ...]:
        """Return the records that show it: those of the edges, and one of each happening."""
        ends = (e for edge in self.edges for e in edge.records)
        return tuple(dict.fromkeys((*ends, *(n.proof for n in self.nodes))))

    def along(self, path: Path) -> list[Happening]:
        """Return the happenings of a chain, in order."""
        return [self.nodes[n] for n in path.nodes]

    def severity_of(self, path: Path) -> Severity:
        """Return that of its worst link, for a cascade one step more."""
        worst = max(n.severity.rank for n in self.along(path))
        more = path.verdict is ChainVerdict.CASCADE
        return list(Severity)[min(worst + more, Severity.CRITICAL.rank)]

    @property
    def linked(self) -> frozenset[int]:
        """Return the nodes that some chain goes through."""
        return frozenset(n for path in self.paths for n in path.nodes)


def failure_graph(
    case: Case, *, resource_within_s: float = RESOURCE_WITHIN_S, temporal_within_s: float = TEMPORAL_WITHIN_S
) -> FailureGraph:
    """Build the graph from a case with the findings of the other rules."""
    nodes = happenings_of(case)
    edges = _strongest(
        (*_explicit(case, nodes), *_resource(nodes, resource_within_s)),
    )
    beside = _temporal(nodes, edges, temporal_within_s)
    paths = tuple(_paths(nodes, edges))
    verdict = None
    if len(nodes) >= FEWEST_IN_CHAIN and len(_behind(nodes, range(len(nodes)))) >= FEWEST_IN_CHAIN:
        verdict = paths[0].verdict if paths else ChainVerdict.CO_OCCURRING
    ordered = sorted((*edges, *beside), key=lambda e: (e.before, e.after))
    return FailureGraph(nodes=nodes, edges=tuple(ordered), paths=paths, verdict=verdict)


def _strongest(edges: Sequence[Edge]) -> list[Edge]:
    """Keep one edge of each pair: an explicit one before one by a resource, the first of its kind."""
    best: dict[tuple[int, int], Edge] = {}
    for edge in edges:
        known = best.get((edge.before, edge.after))
        if known is None or list(Link).index(edge.link) < list(Link).index(known.link):
            best[edge.before, edge.after] = edge
    return list(best.values())


def _edge(
    nodes: Sequence[Happening], ends: tuple[int, int], link: Link, records: tuple[int, int], text: str
) -> Edge | None:
    """Make an edge if it goes forward, from what showed first; null where the order is not known."""
    (before, after), (first, second) = ends, records
    if before == after or not _may_link(nodes[before], nodes[after]):
        return None
    here = next((m for m in nodes[before].sightings if m.event_id == first), None)
    there = next((m for m in nodes[after].sightings if m.event_id == second), None)
    seconds = here.seconds_to(there) if here and there else None
    if seconds is None or not _goes_before(nodes, before, after):
        return None
    return Edge(before=before, after=after, link=link, first=first, second=second, seconds=seconds, text=text)


def _goes_before(nodes: Sequence[Happening], before: int, after: int) -> bool:
    """Say whether one happening showed first, and the other not after the end. Nodes are in the case's order."""
    end = next((n.sightings[-1].place for n in nodes if n.is_terminal and n.sightings), None)
    first = nodes[after].sightings[0]
    return (
        before < after
        and (end is None or first.place <= end)
        and nodes[before].sightings[0].seconds_to(first) is not None
    )


def _may_link(one: Happening, other: Happening) -> bool:
    """Say whether two happenings could follow one another: not from an end, and not where both rest on one record."""
    if not (one.is_placed and other.is_placed) or one.is_terminal:
        return False
    return not ((one.is_state or other.is_state) and set(one.events) & set(other.events))


# --- edges that a line names ---------------------------------------------------------------------


def _explicit(case: Case, nodes: Sequence[Happening]) -> Iterator[Edge]:
    of_event = {e: n for n, node in enumerate(nodes) for e in node.events if not node.is_state}
    for named in naming_records(case, nodes):
        if named.first in of_event and named.second in of_event:
            ends = of_event[named.first], of_event[named.second]
            edge = _edge(nodes, ends, Link.EXPLICIT, (named.first, named.second), named.text)
            if edge is not None:
                yield edge
    yield from _into_open_calls(case, nodes)


def _into_open_calls(case: Case, nodes: Sequence[Happening]) -> Iterator[Edge]:
    """Link the failure that is an agent's last record to an end in which the agent's call is open."""
    ends = [(n, node) for n, node in enumerate(nodes) if node.is_terminal and node.calls and node.sightings]
    for n, sighting, call, spawn in died_of(case, nodes):
        for end, node in ends:
            if call in node.calls:
                text = f"the agent's record ends with it, and the agent's call {call} was never answered"
                edge = _edge(nodes, (n, end), Link.EXPLICIT, (sighting.event_id, node.proof), text)
                if edge is not None:
                    yield replace(edge, named=(spawn,))


# --- edges by what happenings share --------------------------------------------------------------


def _resource(nodes: Sequence[Happening], within_s: float) -> Iterator[Edge]:
    about = [(n, node) for n, node in enumerate(nodes) if node.resources]
    for (n, one), (m, other) in combinations(about, 2):
        shared = sorted(one.resources & other.resources)
        if not shared or not _may_link(one, other):
            continue
        near = _nearest(one, other, within_s)
        if near is None:
            continue
        first, second, seconds = near
        text = f"both are about {shared[0]}, {duration(seconds)} apart"
        edge = _edge(nodes, (n, m), Link.RESOURCE, (first.event_id, second.event_id), text)
        if edge is not None:
            yield edge


def _nearest(one: Happening, other: Happening, within_s: float) -> tuple[Sighting, Sighting, float] | None:
    """Return the first pair of records of which the later one came within the time."""
    for second in other.sightings:
        for first in reversed(one.sightings):
            seconds = first.seconds_to(second)
            if seconds is not None and seconds <= within_s:
                return first, second, seconds
    return None


def _temporal(nodes: Sequence[Happening], edges: Sequence[Edge], within_s: float) -> Iterator[Edge]:
    """Link what merely followed soon, to the next happening only: a burst of n would be n² edges."""
    known = {frozenset((e.before, e.after)) for e in edges}
    placed = [
        (n, node, {f.fingerprint for f in node.findings}) for n, node in enumerate(nodes) if node.is_placed
    ]
    for at, (n, one, own) in enumerate(placed):
        for m, other, others in islice(placed, at + 1, None):
            seconds = one.sightings[0].seconds_to(other.sightings[0])
            if seconds is not None and seconds > within_s:
                break
            if seconds is None or frozenset((n, m)) in known or own & others or not _may_link(one, other):
                continue
            records = one.sightings[0].event_id, other.sightings[0].event_id
            edge = _edge(
                nodes, (n, m), Link.TEMPORAL, records, f"{duration(seconds)} later; no key in common"
            )
            if edge is not None:
                yield edge
                break


# --- paths ---------------------------------------------------------------------------------------


def _paths(nodes: Sequence[Happening], edges: Sequence[Edge]) -> Iterator[Path]:
    """Yield the chain of each connected part: a cascade where there is one, else the longest."""
    found = []
    for part in _parts(len(nodes), edges):
        to_end = _longest(nodes, part, edges, {n for n in part if nodes[n].is_terminal})
        # that a fallback was tried is a step to the failure after it, and none by itself
        longest = _longest(nodes, part, edges, {n for n in part if not nodes[n].is_step})
        if len(to_end) >= FEWEST_IN_CASCADE and len(_behind(nodes, to_end)) >= FEWEST_IN_CASCADE:
            found.append(_path(to_end, edges, ChainVerdict.CASCADE))
        elif min(len(longest), len(_behind(nodes, longest))) >= FEWEST_IN_CHAIN:
            found.append(_path(longest, edges, ChainVerdict.FAILURE_CHAIN))
    yield from sorted(found, key=lambda p: (p.verdict is not ChainVerdict.CASCADE, -len(p.nodes), p.nodes))


def _path(nodes: tuple[int, ...], edges: Sequence[Edge], verdict: ChainVerdict) -> Path:
    by_ends = {(e.before, e.after): e for e in edges}
    return Path(nodes=nodes, edges=tuple(by_ends[pair] for pair in pairwise(nodes)), verdict=verdict)


def _behind(nodes: Sequence[Happening], path: Sequence[int]) -> dict[str, Finding]:
    return {f.fingerprint: f for n in path for f in nodes[n].findings}


def _parts(count: int, edges: Sequence[Edge]) -> list[list[int]]:
    """Return the connected parts of more than one node, in order."""
    part = list(range(count))
    for edge in edges:
        low, high = sorted((part[edge.before], part[edge.after]))
        part = [low if p == high else p for p in part]
    groups: dict[int, list[int]] = {}
    for n, p in enumerate(part):
        groups.setdefault(p, []).append(n)
    return [g for g in groups.values() if len(g) > 1]


def _longest(
    nodes: Sequence[Happening], part: Sequence[int], edges: Sequence[Edge], ends: set[int]
) -> tuple[int, ...]:
    """Return the longest way along the edges to one of ``ends``; of equal ones that with more findings behind it.

    Edges go forward in the order of the nodes, so there is no circle.
    """
    best: dict[int, tuple[int, ...]] = {}

    def rank(way: tuple[int, ...]) -> tuple[int, int]:
        return len(way), len(_behind(nodes, way))

    for node in sorted(part):
        ways = [best[e.before] for e in edges if e.after == node]
        best[node] = (*max(ways, key=rank, default=()), node)
    return max((best[n] for n in sorted(part) if n in ends), key=rank, default=())
