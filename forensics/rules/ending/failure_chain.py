"""CCF902: findings of which one led to the next."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.chain.graph import ChainVerdict, FailureGraph, Path, failure_graph
from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.schema import Source
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    FactValue,
    Hit,
    NotApplicable,
    Severity,
    Slot,
    Statement,
    Table,
)
from forensics.session.model.case import Case
from forensics.session.model.speech import Attempt, seconds_between, walk_attempts
from forensics.session.speech.tables import short
from forensics.text.clock_time import clock_time
from forensics.text.durations import duration

FEWEST = 2  # findings that could be linked

GUIDANCE = Guidance(
    contract="A failure is handled where it occurs: it is not handed on to the next step, nor to the session's end.",
    immediate=("Begin with the chain's first link: what follows it may be gone when it is mended",),
    this_week=(
        "For each link decide what should have stopped it there: a fallback that works, a limit, a message",
    ),
    strategic=(
        "Give each call that crosses a process an id that both sides log, so that links can be proven",
    ),
    avoid="Read an order of time as an order of cause",
    instead="Ask of each link which line names it, and leave open what no line does",
    before=("Test each fallback alone: a chain is only as long as its first working link",),
    during=("At the first failure of a service, stop using what depends on it",),
    after=("Mend the first link first, and run the same steps again",),
    metric="No failure led to another one",
)


@rule(
    code="CCF902",
    topic="chain",
    name="failure-chain",
    title="Failure chain",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    any_of=frozenset(Source),
    guidance=GUIDANCE,
    related=("CCF901",),
    reads_findings=True,
)
def failure_chain(
    case: Case, *, resource_within_s: float = 600.0, temporal_within_s: float = 60.0
) -> Iterator[Said]:
    """Link the findings of medium severity or more into chains, where the records themselves link them.

    ## What it detects
    Each failure that a record tells is one happening, however many rules report it; a finding without such a
    record is one as a whole. An edge is EXPLICIT where a line names what went before (a fallback, “all endpoints
    failed”, the number of a try, one call's id, an agent's last record and its open call), RESOURCE where both are
    about one endpoint or file within ``resource_within_s``, TEMPORAL where one followed the other within
    ``temporal_within_s`` and nothing else links them. A path of EXPLICIT and RESOURCE edges with two findings is a
    FAILURE CHAIN. It is a CASCADE only if it has at least three happenings and three findings and ends in the
    session's own abnormal end. Its severity is that of its worst link, one step more for a cascade; its confidence
    that of its weakest edge.

    Happenings that merely stand side by side are CO-OCCURRING: the report and the JSON say so, and this rule is
    clear, because it has looked for links and found none. A finding for them would fail the gate a second time for
    what its parts already say.

    ## Why it matters
    A reader who sees five findings looks for five causes. Where the lines show that one led to the next, there is
    one place to begin; where they do not, a story of cause and effect would send people the wrong way.

    ## How to fix
    Mend the first link. Decide for each edge what should have stopped the failure there.

    ## Known misses
    A link that no line names is not found: a server's lines carry no id of the call that they serve. Leak warnings
    have no place in time, as they are printed when the garbage is collected. A headless stream has no times, so
    nothing in it can be linked. A RESOURCE edge says that two failures met the same thing, not that one led to the
    other.
    """
    graph = failure_graph(case, resource_within_s=resource_within_s, temporal_within_s=temporal_within_s)
    if len({f.fingerprint for node in graph.nodes for f in node.findings}) < FEWEST:
        yield NotApplicable("fewer than two findings of medium severity or more")
        return
    yield from (_hit(case, graph, path) for path in graph.paths)


def _first_try(case: Case, path: Path) -> Attempt | None:
    """Return the first try at the endpoint that the chain begins with; null where its own start is not known."""
    failed = path.edges[0].first
    for chain in case.chains:
        last = next((t for t in chain.tries if t.end_event == failed), None)
        if last is not None:
            first = next(t for t in chain.tries if t.endpoint == last.endpoint)
            return first if first.waited_s is not None else None
    return None


def _span(case: Case, path: Path) -> str:
    """Return how long the chain took, from the start of its first try where that is known; empty for no time at all."""
    seconds = sum(e.seconds for e in path.edges)
    first = _first_try(case, path)
    if first is not None and first.ended is not None:
        failed = next(t.ended for _, t in walk_attempts(case.chains) if t.end_event == path.edges[0].first)
        seconds += (first.waited_s or 0.0) + (seconds_between(first.ended, failed) or 0.0)
    return f", over {duration(seconds)}" if round(seconds, 1) > 0 else ""


def _hit(case: Case, graph: FailureGraph, path: Path) -> Hit:
    nodes = [graph.nodes[n] for n in path.nodes]
    worst = max((n.severity for n in nodes), key=lambda s: s.rank)
    if path.verdict is ChainVerdict.CASCADE:
        worst = list(Severity)[min(worst.rank + 1, Severity.CRITICAL.rank)]
    began = _first_try(case, path)
    begin = began.waited_event if began is not None else None
    named = (e for edge in path.edges for e in (edge.first, edge.second))
    lines = dict.fromkeys(e for e in (begin, *named) if e is not None)
    links: list[FactValue] = [e.link.value for e in path.edges]
    return Hit(
        subject="|".join(n.key for n in nodes),
        message=f"{path.verdict.value.capitalize()} of {len(nodes)} events: {' → '.join(n.text for n in nodes)}",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in lines),
        facts={
            "verdict": path.verdict.value,
            "nodes": len(nodes),
            "links": links,
            "rules": [*sorted({code for n in nodes for code in n.codes})],
        },
        statements=tuple(_statements(graph, path, begin, _span(case, path))),
        tables=(_nodes_table(graph, path), _edges_table(graph, path)),
        severity=worst,
        confidence=path.confidence,
        contract_held=False,
    )


def _statements(graph: FailureGraph, path: Path, begin: int | None, span: str) -> Iterator[Statement]:
    numbers = {node: n for n, node in enumerate(path.nodes, 1)}
    first, last = (graph.nodes[n] for n in (path.nodes[0], path.nodes[-1]))
    ends = (path.edges[0].first, path.edges[-1].second)
    text = f"{len(path.nodes)} events are linked, from “{first.text}” to “{last.text}”{span}"
    yield Statement(Slot.HAPPENED, Claim.DERIVED, text, ends if begin is None else (begin, *ends))
    for edge in path.edges:
        text = f"{numbers[edge.before]} → {numbers[edge.after]} ({edge.link}): {edge.text}"
        yield Statement(Slot.WHY, Claim.DERIVED, text, (edge.first, edge.second))
    terminal = next((n for n in graph.nodes if n.is_terminal), None)
    if path.verdict is ChainVerdict.CASCADE:
        text = "The last link is the session's own end"
    elif terminal is not None and not last.is_terminal:
        text = "No line or resource links the chain to the session's end"
    else:
        text = "Nothing in the record says what the chain did to the session"
        if last.is_terminal:
            text = (
                "The last link is the session's own end, but fewer than three events or findings lead there"
            )
    yield Statement(Slot.IMPACT, Claim.DERIVED, text, ends[1:])


def _nodes_table(graph: FailureGraph, path: Path) -> Table:
    rows = tuple(
        (
            str(n),
            clock_time(node.moment),
            node.text + (f" ({node.times} times)" if node.times > 1 else ""),
            ", ".join(node.codes),
            node.severity.value,
        )
        for n, node in enumerate((graph.nodes[i] for i in path.nodes), 1)
    )
    return Table("The chain", ("#", "time", "event", "found by", "severity"), rows)


def _edges_table(graph: FailureGraph, path: Path) -> Table:
    """Return one row for each edge, with what its two lines say."""
    numbers = {node: n for n, node in enumerate(path.nodes, 1)}
    said = {m.event_id: short(m.said) for n in path.nodes for m in graph.nodes[n].marks}
    rows = tuple(
        (
            f"{numbers[e.before]} → {numbers[e.after]}",
            e.link.value,
            duration(e.seconds),
            said.get(e.first, graph.nodes[e.before].text),
            said.get(e.second, graph.nodes[e.after].text),
        )
        for e in path.edges
    )
    return Table("Its links", ("link", "kind", "apart", "one line", "and the other"), rows)
