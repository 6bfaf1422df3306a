"""Which lines are shown around evidence: read while packed inputs are there, for a report that folds them open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from forensics.analysis.citations import Citations
from forensics.analysis.session_analysis import SessionAnalysis
from forensics.evidence.near_lines import NearLine
from forensics.schema.finding import EvidenceRef

MOST_OF_SESSION = 200  # places of one session with lines around them
MOST_PLACES = 2000  # of all: a folder may hold thousands of sessions


def surroundings(
    sessions: Sequence[SessionAnalysis], citations: Citations, lines: int
) -> Mapping[tuple[str, int], tuple[NearLine, ...]]:
    """Return ``lines`` lines before and after each cited one, the newest sessions first."""
    if lines <= 0:
        return {}
    places: dict[tuple[str, int], None] = {}
    for session in reversed(sessions):
        own = dict.fromkeys((ref.path, ref.line) for ref in shown_refs(session))
        places |= dict.fromkeys(list(own)[:MOST_OF_SESSION])
    return citations.around(list(places)[:MOST_PLACES], lines)


def shown_refs(session: SessionAnalysis) -> Iterator[EvidenceRef]:
    """Yield the evidence that a report shows, what matters most first."""
    yield from session.ending_refs
    yield from session.silence_refs
    for finding in session.findings:
        yield from finding.evidence
    yield from session.review.refs
    yield from session.chain_refs.values()
    yield from (m.ref for m in session.timeline if m.cited_by)
    yield from (t.ref for t in session.todos)
