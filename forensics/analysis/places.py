"""Where a session's records stand, for forms that name the lines of most of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from forensics.analysis.session_analysis import SessionAnalysis
from forensics.session.model.case import Case, per_case


def places_of(session: SessionAnalysis, events: Iterable[int]) -> tuple[str, ...]:
    """Return where records stand, as ``file:line``, each place once."""
    stand = _stand(session.case)
    lines = (stand[event] for event in events)
    return tuple(dict.fromkeys(f"{session.file_names[file]}:{line}" for file, line in lines))


@per_case
def _stand(case: Case) -> Mapping[int, tuple[int, int]]:
    """Return the file and line of each event: to look them up one by one would cost more than to draw them."""
    events = case.events
    return dict(zip(events["event_id"], zip(events["file"], events["line"], strict=True), strict=True))
