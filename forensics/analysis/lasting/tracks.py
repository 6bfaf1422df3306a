"""What is to be drawn of a session: agents, todo items, calls of services, each where there is something to see."""

from __future__ import annotations

from forensics.analysis.lasting.agents import agents_track
from forensics.analysis.lasting.lanes import Track
from forensics.analysis.lasting.latency import latency_track
from forensics.analysis.lasting.todos import todos_track
from forensics.analysis.session_analysis import SessionAnalysis


def tracks_of(session: SessionAnalysis) -> tuple[Track, ...]:
    """Return a track for each picture that shows something."""
    case, findings = session.case, session.findings
    tracks = (agents_track(case, findings), todos_track(case, findings), latency_track(case, findings))
    return tuple(track for track in tracks if track is not None)
