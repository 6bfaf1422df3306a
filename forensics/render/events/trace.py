"""Sessions as a Chrome trace: for ui.perfetto.dev, about:tracing, Speedscope.

A session is a process, an agent a thread. Viewers draw what one thread does as a stack: two spans of a thread that
overlap, and of which none contains the other, are given lanes of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeAlias

from forensics.analysis.lasting.spans import VOICE, Mark, Span, Spans, State, micros_of, short_id
from forensics.analysis.model import Analysis
from forensics.analysis.session_analysis import SessionAnalysis
from forensics.render.markup import json_escaped, plain
from forensics.text.lengths import shortened

Entry: TypeAlias = dict[str, object]
NAMED = 60  # characters of a name on a bar
LANES = 1000  # of one track: threads are numbered so that those of one track stand together


def to_trace(analysis: Analysis) -> str:
    """Return the trace as JSON, one entry on each line. Times and lengths are microseconds."""
    entries = [e for number, s in enumerate(analysis.sessions, 1) for e in _process(number, s)]
    entries.sort(key=_place)
    lines = ",\n".join(json.dumps(e, ensure_ascii=False) for e in entries)
    about = {"tool": f"forensics {analysis.tool_version}", "redacted": analysis.redacted}
    text = f'{{"displayTimeUnit": "ms",\n"otherData": {json.dumps(about)},\n"traceEvents": [\n{lines}\n]}}\n'
    return json_escaped(text)


def _place(entry: Entry) -> tuple[bool, int, int, int, int]:
    """Sort names before what they name, then by time, what contains another before it."""
    ts, dur, pid, tid = (int(str(entry.get(key, 0))) for key in ("ts", "dur", "pid", "tid"))
    return entry["ph"] != "M", ts, -dur, pid, tid


def _process(pid: int, session: SessionAnalysis) -> Iterator[Entry]:
    told = Spans(session)
    yield _name("process_name", pid, 0, plain(f"{short_id(session)} {session.verdict}"))
    yield {"ph": "M", "name": "process_sort_index", "pid": pid, "tid": 0, "args": {"sort_index": pid}}
    labels = "the voice server's local time" if told.is_local else plain(session.cwd or "")
    if labels:
        yield {"ph": "M", "name": "process_labels", "pid": pid, "tid": 0, "args": {"labels": labels}}
    spans, marks = told.all(), told.marks()
    lanes = _Lanes(session, marks)
    for span in spans:
        yield _complete(pid, lanes.of(span), span)
    for mark in marks:
        yield _instant(pid, lanes.main(mark.finding.agent_id or ""), mark)
    for tid, thread in lanes.named():
        yield _name("thread_name", pid, tid, plain(thread))
        yield {"ph": "M", "name": "thread_sort_index", "pid": pid, "tid": tid, "args": {"sort_index": tid}}


def _name(what: str, pid: int, tid: int, name: str) -> Entry:
    return {"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}}


def _complete(pid: int, tid: int, span: Span) -> Entry:
    told = {"state": span.state.value} if span.state else {}
    told |= {"status": plain(span.status)} if span.status else {}
    return {
        "ph": "X",
        "name": _short(span.name),
        "cat": span.sort.value,
        "ts": micros_of(span.start),
        "dur": span.micros,
        "pid": pid,
        "tid": tid,
        **({"cname": "terrible"} if span.state is State.FAILED else {}),
        "args": {**told, "lines": [plain(p) for p in span.places]},
    }


def _instant(pid: int, tid: int, mark: Mark) -> Entry:
    finding = mark.finding
    return {
        "ph": "i",
        "s": "t",
        "name": _short(f"{finding.rule} {finding.name}"),
        "cat": "finding",
        "ts": micros_of(mark.at),
        "pid": pid,
        "tid": tid,
        "args": {
            "message": plain(finding.message),
            "severity": finding.severity.value,
            "claim": finding.claim.value,
            "lines": [plain(f"{ref.path}:{ref.line}") for ref in finding.evidence],
        },
    }


def _short(text: str) -> str:
    return shortened(plain(text), NAMED)


class _Lanes:
    """Gives each span a thread on which it nests: the first lane of its track that it fits into."""

    def __init__(self, session: SessionAnalysis, marks: list[Mark]) -> None:
        named = session.agent_names
        whole = "session" if session.is_voice_only else "main agent"
        self._names = {"": whole, **{i: f"agent {n}" for i, n in named.items()}, VOICE: "voice"}
        tracks = dict.fromkeys(("", *named, *(m.finding.agent_id or "" for m in marks), VOICE))
        self._order = {track: n for n, track in enumerate(tracks)}
        self._lanes: dict[str, list[list[int]]] = {}  # of each track: the ends of what is open on each lane
        self._tids: dict[tuple[str, int], int] = {}

    def of(self, span: Span) -> int:
        """Return the thread of a span. They have to come in order of their start, the longer ones first."""
        start, end = micros_of(span.start), micros_of(span.start) + span.micros
        lanes = self._lanes.setdefault(span.track, [])
        for number, ends in enumerate(lanes):
            while ends and ends[-1] <= start:
                ends.pop()
            if not ends or ends[-1] >= end:
                ends.append(end)
                return self._tid(span.track, number)
        lanes.append([end])
        return self._tid(span.track, len(lanes) - 1)

    def main(self, track: str) -> int:
        """Return the first thread of a track."""
        return self._tid(track, 0)

    def _tid(self, track: str, lane: int) -> int:
        order = self._order.setdefault(track, len(self._order))
        return self._tids.setdefault((track, lane), 1 + order * LANES + min(lane, LANES - 1))

    def named(self) -> Iterator[tuple[int, str]]:
        """Yield the threads that were used, each with its name."""
        for (track, lane), tid in sorted(self._tids.items(), key=lambda item: item[1]):
            name = self._names.get(track, f"agent {track}")
            yield tid, name if not lane else f"{name} ({lane + 1})"
