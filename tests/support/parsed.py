"""What parsed logs hold, in rows that a test can spell out."""

from __future__ import annotations

from forensics.formats import Parsed
from forensics.schema import EventKind as K


def told(parsed: Parsed, *columns: str) -> list[tuple]:
    """Return the events but for the log's edges: line, kind and some more columns."""
    rows = parsed.events.sort("line", "ordinal").iter_rows(named=True)
    return [(r["line"], r["kind"], *(r[c] for c in columns)) for r in rows if r["kind"] != K.LOG_EDGE.value]


def problems(parsed: Parsed) -> list[tuple]:
    """Return what was not understood: line, reason, count."""
    return [(p.line, p.reason, p.count) for p in parsed.problems]
