"""An analysis as tables: what ``forensics events`` writes and ``forensics query`` asks.

The columns are documented here, those of an event in ``schema/meanings``: docs/exploring.md is made of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from forensics.analysis.model import Analysis
from forensics.analysis.session_analysis import SessionAnalysis
from forensics.rulekit.rule import Rule
from forensics.schema import EVENTS, UTC, Row
from forensics.schema.finding import EvidenceRef, Finding, cited_codes
from forensics.schema.meanings import COLUMNS
from forensics.text.controls import CONTROL


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, and what it holds."""

    name: str
    dtype: pl.DataType
    told: str


STRING, WHOLE, REAL, YES = pl.String(), pl.Int64(), pl.Float64(), pl.Boolean()
BIG, SMALL = pl.UInt64(), pl.UInt32()

CITED_BY = Column("cited_by", STRING, "codes of the findings that cite it, between blanks")


def _event_columns() -> Iterator[Column]:
    """Yield the columns of an event as they are put out: words for enums, and the file by its name."""
    for name, told in COLUMNS.items():
        dtype = EVENTS[name]
        as_words = isinstance(dtype, pl.Enum) or name == "file"
        yield Column(name, STRING if as_words else dtype, told)
        if name == "message":
            yield CITED_BY


EVENT_COLUMNS = tuple(_event_columns())
FINDING_COLUMNS = (
    Column("session_id", STRING, "the session"),
    Column("rule", STRING, "the rule's code"),
    Column("name", STRING, "the rule's name"),
    Column("severity", STRING, "note, low, medium, high or critical"),
    Column("severity_rank", WHOLE, "the same as a number, 0 for note: to sort and compare by"),
    Column("confidence", STRING, "low, medium or high"),
    Column("claim", STRING, "observed, derived or hypothesis"),
    Column("nature", STRING, "event or control-gap"),
    Column("agent_id", STRING, "the agent that it is about; null: the main agent, or the session"),
    Column("message", STRING, "the sentence"),
    Column("ts", UTC, "when the first dated line that it cites was written"),
    Column("file", STRING, "the first line that it cites: its file"),
    Column("line", SMALL, "and its number"),
    Column("cited", WHOLE, "how many lines it cites: `evidence` has them"),
    Column("facts", STRING, "its numbers and names, as JSON"),
    Column("fingerprint", STRING, "names the finding across runs"),
)
EVIDENCE_COLUMNS = (
    Column("fingerprint", STRING, "the finding"),
    Column("rule", STRING, "its code"),
    Column("session_id", STRING, "the session"),
    Column("position", WHOLE, "the line's place among those that the finding cites, from 1"),
    Column("ts", UTC, "when the line was written"),
    Column("ts_quality", STRING, "how well that is known"),
    Column("file", STRING, "the file"),
    Column("line", SMALL, "the line"),
    Column("excerpt", STRING, "the part of the line that is quoted"),
    Column("also_at", STRING, "other places where the same record stands, as file:line, between blanks"),
    Column("line_sha256", STRING, "SHA-256 of the line's bytes"),
    Column("event_id", BIG, "the record in `events`"),
)
SESSION_COLUMNS = (
    Column("session_id", STRING, "the session's id; `voice:…` and `log:…` where no log names one"),
    Column("project", STRING, "the working folder"),
    Column("version", STRING, "of the client"),
    Column("start", UTC, "its first record that has a time"),
    Column("end", UTC, "its last one"),
    Column("duration_s", REAL, "the seconds between"),
    Column("verdict", STRING, "how it ended"),
    Column("agents", WHOLE, "how many agents it spawned"),
    Column("events", WHOLE, "how many records it has"),
    Column("findings", WHOLE, "how many findings"),
    Column("sources", STRING, "which log formats hold its records, between blanks"),
)
AGENT_COLUMNS = (
    Column("session_id", STRING, "the session"),
    Column("agent_id", STRING, "the agent, as `events` names it"),
    Column("parent_id", STRING, "the agent that spawned it; null: the main agent"),
    Column("type", STRING, "its type, as the call names it"),
    Column("description", STRING, "what it was spawned for"),
    Column("start", UTC, "when it began"),
    Column("end", UTC, "when it ended; null where nothing tells"),
    Column("outcome", STRING, "completed, failed, stopped, refused, lost, unknown or unfinished"),
)
GAP_COLUMNS = (
    Column("session_id", STRING, "the session"),
    Column("since", UTC, "the last record before the silence"),
    Column("until", UTC, "the first one after it"),
    Column("seconds", REAL, "how long no source wrote: five minutes at least"),
)
OUTCOME_COLUMNS = (
    Column("session_id", STRING, "the session"),
    Column("rule", STRING, "the rule's code"),
    Column("name", STRING, "the rule's name"),
    Column("outcome", STRING, "fired, clear, not-applicable or insufficient"),
    Column("reason", STRING, "why it could not judge, or had nothing to judge; null where it judged"),
)
INPUT_COLUMNS = (
    Column("file", STRING, "the file, as reports name it"),
    Column("source", STRING, "its log format; null where it was not read"),
    Column("lines", WHOLE, "how many lines it has"),
    Column("understood", WHOLE, "how many of them were understood"),
    Column("unknown", WHOLE, "how many of its records have a shape that was never recorded"),
    Column("reason", STRING, "why the file was not read; null where it was"),
    Column("sha256", STRING, "SHA-256 of its bytes"),
)
TABLES = {
    "events": EVENT_COLUMNS,
    "findings": FINDING_COLUMNS,
    "evidence": EVIDENCE_COLUMNS,
    "sessions": SESSION_COLUMNS,
    "agents": AGENT_COLUMNS,
    "gaps": GAP_COLUMNS,
    "outcomes": OUTCOME_COLUMNS,
    "inputs": INPUT_COLUMNS,
}


def tables_of(analysis: Analysis) -> dict[str, pl.DataFrame]:
    """Return all tables, by name."""
    found, told = analysis.findings, analysis.sessions
    return {
        "events": events_of(analysis),
        "findings": _table("findings", (_finding(f) for f in found)),
        "evidence": _table("evidence", (_ref(f, n, r) for f in found for n, r in enumerate(f.evidence, 1))),
        "sessions": _table("sessions", (_session(s) for s in told)),
        "agents": _table("agents", (row for s in told for row in _agents(s))),
        "gaps": _table("gaps", (row for s in told for row in _gaps(s))),
        "outcomes": _table("outcomes", (row for s in told for row in _outcomes(s, analysis.rules))),
        "inputs": _table("inputs", _inputs(analysis)),
    }


def events_of(analysis: Analysis) -> pl.DataFrame:
    """Return the records of all sessions, session by session, each in order of time.

    Records that belong to no session are not among them: the analysis counts them.
    """
    empty = _table("events", ())
    return pl.concat([empty, *(_events(s) for s in analysis.sessions)], rechunk=False)


def _events(session: SessionAnalysis) -> pl.DataFrame:
    cited = cited_codes(session.findings)
    codes_of = pl.DataFrame(
        {"event_id": [*cited], "cited_by": [" ".join(sorted(codes)) for codes in cited.values()]},
        schema={"event_id": BIG, "cited_by": STRING},
    )
    names = pl.col("file").replace_strict(dict(session.file_names), return_dtype=STRING)
    told = session.events.join(codes_of, on="event_id", how="left", maintain_order="left")
    return _plain(told.select(_kept(c, names) for c in EVENT_COLUMNS))


def _kept(column: Column, names: pl.Expr) -> pl.Expr:
    return (names if column.name == "file" else pl.col(column.name)).cast(column.dtype)


def _table(name: str, rows: Iterable[Row]) -> pl.DataFrame:
    schema = pl.Schema({c.name: c.dtype for c in TABLES[name]})
    return _plain(pl.DataFrame(list(rows), schema=schema, orient="row"))


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Take out what moves a terminal: a value is printed sooner or later."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    return frame.with_columns(
        pl.col(texts).str.replace_all("\r\n", "\n", literal=True).str.replace_all(CONTROL, "\ufffd")
    )


def _finding(finding: Finding) -> Row:
    first = finding.evidence[0]
    return {
        "session_id": finding.session_id,
        "rule": finding.rule,
        "name": finding.name,
        "severity": finding.severity.value,
        "severity_rank": finding.severity.rank,
        "confidence": finding.confidence.value,
        "claim": finding.claim.value,
        "nature": finding.nature.value,
        "agent_id": finding.agent_id,
        "message": finding.message,
        "ts": next((at for r in finding.evidence if (at := _moment(r))), None),
        "file": first.path,
        "line": first.line,
        "cited": len(finding.evidence),
        "facts": json.dumps(finding.facts, ensure_ascii=False),
        "fingerprint": finding.fingerprint,
    }


def _ref(finding: Finding, position: int, ref: EvidenceRef) -> Row:
    return {
        "fingerprint": finding.fingerprint,
        "rule": finding.rule,
        "session_id": finding.session_id,
        "position": position,
        "ts": _moment(ref),
        "ts_quality": ref.ts_quality,
        "file": ref.path,
        "line": ref.line,
        "excerpt": ref.excerpt,
        "also_at": " ".join(ref.also_at) or None,
        "line_sha256": ref.line_sha256,
        "event_id": ref.event_id,
    }


def _moment(ref: EvidenceRef) -> datetime | None:
    return datetime.fromisoformat(ref.ts) if ref.ts else None


def _session(session: SessionAnalysis) -> Row:
    first, last = session.span
    return {
        "session_id": session.session_id,
        "project": session.cwd,
        "version": session.client_version,
        "start": first,
        "end": last,
        "duration_s": (last - first).total_seconds() if first and last else None,
        "verdict": session.verdict.value,
        "agents": len(session.agents),
        "events": session.events.height,
        "findings": len(session.findings),
        "sources": " ".join(sorted(s.value for s in session.sources)),
    }


def _agents(session: SessionAnalysis) -> Sequence[Row]:
    return [
        {
            "session_id": session.session_id,
            "agent_id": agent.agent_id,
            "parent_id": agent.parent_id,
            "type": agent.agent_type,
            "description": agent.description,
            "start": agent.start,
            "end": agent.end,
            "outcome": agent.outcome.value,
        }
        for agent in session.agents
    ]


def _gaps(session: SessionAnalysis) -> Sequence[Row]:
    return [
        {"session_id": session.session_id, "since": gap.since, "until": gap.until, "seconds": gap.seconds}
        for gap in session.gaps
    ]


def _outcomes(session: SessionAnalysis, rules: Sequence[Rule]) -> Sequence[Row]:
    names = {rule.code: rule.name for rule in rules}
    return [
        {
            "session_id": session.session_id,
            "rule": outcome.rule,
            "name": names[outcome.rule],
            "outcome": outcome.outcome.value,
            "reason": outcome.reason,
        }
        for outcome in session.outcomes
    ]


def _inputs(analysis: Analysis) -> Iterator[Row]:
    """Yield what was read, and then what was not."""
    for file in analysis.inputs:
        yield {
            "file": file.evidence.name,
            "source": file.source.value,
            "lines": file.lines_total,
            "understood": file.lines_understood,
            "unknown": sum(shape.count for shape in file.unknown),
            "sha256": file.evidence.sha256,
        }
    for unread in analysis.unread:
        yield {"file": unread.name, "reason": unread.reason}
