"""The cited lines, one JSON object on a line: where each stands, its hash, and its words without secrets.

``excerpt`` is what the report quotes. ``begins`` is the beginning of the whole line, redacted side by side with the
lines around it and at most 300 characters long; null for what only the timeline shows, and for lines beyond the 200
of a session, or 2000 of all, that a report keeps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain

from forensics.analysis.model import Analysis
from forensics.analysis.surroundings import shown_refs
from forensics.render.markup import json_escaped
from forensics.schema.finding import EvidenceRef


def cited_lines(analysis: Analysis) -> str:
    """Return every line that report or findings cite, each quoted piece once, by file and line."""
    refs = {(r.path, r.line, r.offset, r.excerpt): r for r in _refs(analysis)}
    lines = (_line(ref, analysis) for _, ref in sorted(refs.items()))
    return "".join(f"{json_escaped(json.dumps(line, ensure_ascii=False))}\n" for line in lines)


def _refs(analysis: Analysis) -> Iterator[EvidenceRef]:
    for session in analysis.sessions:
        yield from chain(shown_refs(session), (moment.ref for moment in session.timeline))


def _line(ref: EvidenceRef, analysis: Analysis) -> dict[str, object]:
    near = analysis.around.get((ref.path, ref.line), ())
    return {
        "path": ref.path,
        "line": ref.line,
        "offset": ref.offset,
        "line_sha256": ref.line_sha256,
        "excerpt": ref.excerpt,
        "begins": next((line.text for line in near if line.number == ref.line), None),
    }
