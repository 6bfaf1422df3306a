"""The failure chain as the templates see it: step by step, each with the lines that show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from forensics.analysis.session_analysis import SessionAnalysis
from forensics.chain.graph import Edge, Link, Path
from forensics.chain.happenings import Happening
from forensics.render.report.exhibits import Exhibits
from forensics.render.report.finding_views import FindingViews
from forensics.render.report.views import Beside, ChainStep, ChainView
from forensics.text.clock_time import format_utc
from forensics.text.durations import duration


def view_chain(session: SessionAnalysis, views: FindingViews, exhibits: Exhibits) -> ChainView:
    """Lay out what a session's findings are to one another."""
    graph, make = session.chain, _Maker(session, views, exhibits)
    names = {n: node.text for n, node in enumerate(graph.nodes)}
    return ChainView(
        verdict=graph.verdict.value if graph.verdict else "",
        findings=views.chain,
        paths=tuple(
            f"{p.verdict.capitalize()} of {len(p.nodes)} events: {' → '.join(names[n] for n in p.nodes)}"
            for p in graph.paths
        ),
        steps=tuple(make.steps(path) for path in graph.paths),
        beside=tuple(make.beside(node) for n, node in enumerate(graph.nodes) if n not in graph.linked),
        followed=tuple(
            f"“{names[e.after]}” {duration(e.seconds)} after “{names[e.before]}”"
            for e in graph.edges
            if e.link is Link.TEMPORAL
        ),
    )


@dataclass(frozen=True, slots=True)
class _Maker:
    """Lays out the happenings of one session."""

    session: SessionAnalysis
    views: FindingViews
    exhibits: Exhibits

    def beside(self, node: Happening) -> Beside:
        """Return what no line and no resource links to others."""
        ref = self.session.chain_refs[node.proof]
        return Beside(
            text=node.text,
            when=_when(node.moment),
            codes=node.codes,
            ref=ref,
            exhibit=self.exhibits.known(ref),
            anchors=self.views.anchors_of(node.findings),
        )

    def steps(self, path: Path) -> tuple[ChainStep, ...]:
        """Return the happenings of a path, each with the line that shows it and, where another links it, that one."""
        entering = {edge.after: edge for edge in path.edges}
        leaving = {edge.before: edge for edge in reversed(path.edges)}
        nodes = self.session.chain.nodes
        return tuple(self._step(nodes[n], entering.get(n), leaving.get(n)) for n in path.nodes)

    def _step(self, node: Happening, into: Edge | None, out: Edge | None) -> ChainStep:
        records = [*([into.second] if into else ()), *([out.first] if out else ())]
        shown = [self.session.chain_refs[e] for e in records or [node.proof]]
        return ChainStep(
            when=_when(node.moment),
            text=node.text + (f" ({node.times} times)" if node.times > 1 else ""),
            link=_link(into) if into else "",
            codes=node.codes,
            anchors=self.views.anchors_of(node.findings),
            severity=node.severity.value,
            exhibits=tuple(dict.fromkeys(self.exhibits.known(ref) for ref in shown)),
        )


def _link(edge: Edge) -> str:
    apart = duration(edge.seconds)
    return f"{edge.link.value}, {apart} later: {edge.text.removesuffix(f', {apart} apart')}"


def _when(moment: datetime | None) -> str:
    if moment is None:
        return "no usable time"
    return format_utc(moment) if moment.tzinfo else f"{moment:%H:%M:%S} by the server's clock"
