"""CCF902: findings of which one led to the next. What it says of them stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.chain.beginning import course_of
from forensics.chain.graph import ChainVerdict, FailureGraph, Path, failure_graph
from forensics.rulekit import Case, Confidence, Hit, Said, Severity, Source, Table, rule, words
from forensics.rulekit.names import clock_time
from forensics.schema import MOMENT
from forensics.session.speech.tables import short
from forensics.text.durations import duration

FEWEST = 2  # findings that could be linked
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF902",
    topic="chain",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    any_of=frozenset(Source),
    related=("CCF901",),
    reads_findings=True,
)
def failure_chain(
    case: Case, *, resource_within_s: float = 600.0, temporal_within_s: float = 60.0
) -> Iterator[Said]:
    """Link the findings of medium severity or more into chains, where the records themselves link them."""
    graph = failure_graph(case, resource_within_s=resource_within_s, temporal_within_s=temporal_within_s)
    if not graph.paths and case.events.select(MOMENT.is_null().all()).item():
        yield TEXT.insufficient("no-times")
        return
    if len({f.fingerprint for node in graph.nodes for f in node.findings}) < FEWEST:
        yield TEXT.not_applicable("few-findings")
        return
    yield from (_hit(case, graph, path) for path in graph.paths)


def _hit(case: Case, graph: FailureGraph, path: Path) -> Hit:
    nodes, course = graph.along(path), course_of(case, path)
    say = TEXT.saying(
        events=len(nodes),
        way=" → ".join(n.text for n in nodes),
        first=nodes[0].text,
        last=nodes[-1].text,
        lasted=duration(course.seconds),
    )
    return say.hit(
        "cascade" if path.verdict is ChainVerdict.CASCADE else "chain",
        subject="|".join(n.key for n in nodes),
        severity=graph.severity_of(path),
        confidence=path.confidence,
        cites=(course.begin, *path.records),
        facts={
            "verdict": path.verdict.value,
            "nodes": len(nodes),
            "links": [e.link.value for e in path.edges],
            "rules": [*sorted({code for n in nodes for code in n.codes})],
        },
        statements=(
            say.sentence("linked-over" if course.lasts else "linked", course.begin, *path.ends),
            *(
                say.sentence("link", *e.records, before=before, after=after, kind=e.link, told=e.text)
                for before, after, e in path.links
            ),
            say.sentence(_end(graph, path), path.ends[1]),
        ),
        tables=(_nodes_table(graph, path), _links_table(graph, path)),
    )


def _end(graph: FailureGraph, path: Path) -> str:
    """Choose what is said of the chain and the session's end."""
    if path.verdict is ChainVerdict.CASCADE:
        return "is-end"
    if graph.along(path)[-1].is_terminal:
        return "end-of-few"
    return "not-to-end" if any(n.is_terminal for n in graph.nodes) else "no-end"


def _nodes_table(graph: FailureGraph, path: Path) -> Table:
    rows = tuple(
        (
            str(n),
            clock_time(node.moment),
            TEXT.part("repeated", event=node.text, times=node.times) if node.times > 1 else node.text,
            ", ".join(node.codes),
            node.severity.value,
        )
        for n, node in enumerate(graph.along(path), 1)
    )
    return Table("The chain", ("#", "time", "event", "found by", "severity"), rows)


def _links_table(graph: FailureGraph, path: Path) -> Table:
    """Return one row for each link, with what its two lines say."""
    said = {m.event_id: short(m.said) for node in graph.along(path) for m in node.sightings}
    rows = tuple(
        (
            f"{before} → {after}",
            edge.link.value,
            duration(edge.seconds),
            said.get(edge.first, graph.nodes[edge.before].text),
            said.get(edge.second, graph.nodes[edge.after].text),
        )
        for before, after, edge in path.links
    )
    return Table("Its links", ("link", "kind", "apart", "one line", "and the other"), rows)
