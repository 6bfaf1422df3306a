"""The JSON contract, schema version 1: what other programs read."""

from __future__ import annotations

from datetime import datetime

from forensics.analysis.model import Analysis
from forensics.analysis.session_analysis import SessionAnalysis
from forensics.chain.graph import Edge
from forensics.chain.happenings import Happening
from forensics.evidence.account import Blind, InputFile
from forensics.render.markup import json_text
from forensics.schema.finding import EvidenceRef, Finding
from forensics.text.clock_time import format_utc

SCHEMA_VERSION = "1"


def to_json(analysis: Analysis) -> str:
    """Return the whole analysis; the same input gives the same bytes."""
    return json_text(to_dict(analysis))


def to_dict(analysis: Analysis) -> dict[str, object]:
    """Return the analysis in the contract's shape."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "forensics", "version": analysis.tool_version},
        "redacted": analysis.redacted,
        "anonymised": analysis.anonymised,
        "rules": [
            {"code": r.code, "name": r.name, "origin": r.origin.name, "sha256": r.origin.sha256}
            for r in analysis.rules
            if r.origin is not None
        ],
        "settings": {
            "thresholds": {r.code: dict(r.settings) for r in analysis.rules if r.settings},
            "expect": sorted({r.expectation for r in analysis.rules if r.expectation and r.is_expected}),
        },
        "inputs": [_input(i) for i in analysis.inputs],
        "unread": [{"path": u.name, "reason": u.reason, "likeness": u.likeness} for u in analysis.unread],
        "blind": [_blind(b) for b in analysis.blind],
        "unattached": [{"path": path, "records": records} for path, records in analysis.unattached],
        "notes": [{"text": n.text, "places": list(n.places)} for n in analysis.notes],
        "sessions": [_session(s) for s in analysis.sessions],
        "outcomes": [
            {"rule": o.rule, "session_id": o.session_id, "outcome": o.outcome.value, "reason": o.reason}
            for s in analysis.sessions
            for o in s.outcomes
        ],
        "findings": [_finding(f) for f in analysis.findings],
        "chains": [_chain(s) for s in analysis.sessions if s.chain.verdict is not None],
        "errors": [{"rule": e.rule, "session_id": e.session_id, "error": e.error} for e in analysis.errors],
    }


def _input(file: InputFile) -> dict[str, object]:
    return {
        "path": file.evidence.name,
        "sha256": file.evidence.sha256,
        "bytes": file.evidence.size,
        "source": file.source.value,
        "lines_total": file.lines_total,
        "lines_understood": file.lines_understood,
        "problems": [{"line": p.line, "reason": p.reason, "count": p.count} for p in file.problems],
        "records": file.records,
        "unknown": [
            {"shape": s.text, "line": s.line, "count": s.count, "families": list(s.families)}
            for s in file.unknown
        ],
    }


def _blind(spot: Blind) -> dict[str, object]:
    """Return evidence that looks like ours and was not read: without a line, the whole file."""
    return {
        "path": spot.name,
        "line": spot.line,
        "lines": spot.lines,
        "reason": spot.reason,
        "likeness": spot.likeness,
    }


def _session(session: SessionAnalysis) -> dict[str, object]:
    first, last = session.span
    return {
        "session_id": session.session_id,
        "verdict": session.verdict.value,
        "proof": session.proof,
        "runs": [
            {"since": _time(r.since), "verdict": r.ending.verdict.value, "proof": r.ending.proof}
            for r in session.runs
        ],
        "first_ts": _time(first),
        "last_ts": _time(last),
        "client_version": session.client_version,
        "agents": [
            {
                "agent_id": a.agent_id,
                "type": a.agent_type,
                "description": a.description,
                "start": _time(a.start),
                "end": _time(a.end),
                "outcome": a.outcome.value,
            }
            for a in session.agents
        ],
    }


def _chain(session: SessionAnalysis) -> dict[str, object]:
    """Return the failure chain: every happening, what links them, and the paths that are chains."""
    graph = session.chain
    return {
        "session_id": session.session_id,
        "verdict": graph.verdict.value if graph.verdict else None,
        "nodes": [
            {"id": n, "linked": n in graph.linked} | _node(node, session)
            for n, node in enumerate(graph.nodes)
        ],
        "edges": [_edge(edge, session) for edge in graph.edges],
        "paths": [
            {"verdict": p.verdict.value, "nodes": list(p.nodes), "confidence": p.confidence.value}
            for p in graph.paths
        ],
    }


def _node(node: Happening, session: SessionAnalysis) -> dict[str, object]:
    moment = node.moment
    return {
        "text": node.text,
        "rules": list(node.codes),
        "fingerprints": [f.fingerprint for f in node.findings],
        "severity": node.severity.value,
        "placed": node.is_placed,
        "terminal": node.is_terminal,
        "ts": _time(moment) if moment is not None and moment.tzinfo is not None else None,
        "times": node.times,
        "evidence": [_evidence(session.chain_refs[node.proof])],
    }


def _edge(edge: Edge, session: SessionAnalysis) -> dict[str, object]:
    return {
        "from": edge.before,
        "to": edge.after,
        "type": edge.link.value,
        "seconds": edge.seconds,
        "text": edge.text,
        "evidence": [_evidence(session.chain_refs[e]) for e in edge.records],
    }


def _time(moment: datetime | None) -> str | None:
    return format_utc(moment) if moment is not None else None


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "name": finding.name,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "claim": finding.claim.value,
        "nature": finding.nature.value,
        "expected": finding.expected,
        "session_id": finding.session_id,
        "agent_id": finding.agent_id,
        "message": finding.message,
        "facts": dict(finding.facts),
        "fingerprint": finding.fingerprint,
        "sentences": _sentences(finding),
        "evidence": [_evidence(e) for e in finding.evidence],
    }


def _sentences(finding: Finding) -> list[dict[str, object]]:
    """Return what a finding states and asks, in order: each sentence with the lines that it rests on."""
    lines = {ref.event_id: f"{ref.path}:{ref.line}" for ref in finding.evidence}
    return [
        {
            "place": said.slot.value,
            "claim": said.claim.value,
            "text": said.text,
            "lines": list(dict.fromkeys(lines[e] for e in said.cites if e in lines)),
            "settled_by": said.settled_by or None,
        }
        for said in finding.statements
    ]


def _evidence(ref: EvidenceRef) -> dict[str, object]:
    return {
        "path": ref.path,
        "line": ref.line,
        "offset": ref.offset,
        "line_sha256": ref.line_sha256,
        "ts": ref.ts,
        "ts_quality": ref.ts_quality,
        "excerpt": ref.excerpt,
        "also_at": list(ref.also_at),
    }
