"""Sessions as a Chrome trace: for ui.perfetto.dev, about:tracing, Speedscope.

A session is a process, an agent a thread. Viewers draw what one thread does as a stack: two spans of a thread that
overlap, and of which none contains the other, are given threads of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from forensics.analysis.lasting.course import course_of
from forensics.analysis.lasting.spans import MAIN, VOICE, Mark, Span, State
from forensics.analysis.model import Analysis
from forensics.analysis.places import places_of
from forensics.analysis.session_analysis import SessionAnalysis
from forensics.render.markup import json_escaped
from forensics.render.references import short_id
from forensics.text.controls import plain
from forensics.text.lengths import shortened

Entry: TypeAlias = dict[str, object]
NAMED = 60  # characters of a name on a bar
SIDE_BY_SIDE = 1000  # threads of one lane at most: they are numbered so that those of one lane stand together
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


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
    course = course_of(session)
    yield _name("process_name", pid, 0, plain(f"{short_id(session)} {session.verdict}"))
    yield {"ph": "M", "name": "process_sort_index", "pid": pid, "tid": 0, "args": {"sort_index": pid}}
    labels = "the voice server's local time" if course.is_local else plain(session.cwd or "")
    if labels:
        yield {"ph": "M", "name": "process_labels", "pid": pid, "tid": 0, "args": {"labels": labels}}
    threads = _Threads(session, course.marks)
    for span in course.spans:
        yield _complete(pid, threads.taken_by(span), span, places_of(session, span.events))
    for mark in course.marks:
        yield _instant(pid, threads.first(mark.finding.agent_id or MAIN), mark)
    for tid, thread in threads.named():
        yield _name("thread_name", pid, tid, plain(thread))
        yield {"ph": "M", "name": "thread_sort_index", "pid": pid, "tid": tid, "args": {"sort_index": tid}}


def _name(what: str, pid: int, tid: int, name: str) -> Entry:
    return {"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}}


def _complete(pid: int, tid: int, span: Span, places: tuple[str, ...]) -> Entry:
    told = {"state": span.state.recorded} if span.state is not State.PLAIN else {}
    told |= {"status": plain(span.status)} if span.status else {}
    return {
        "ph": "X",
        "name": _short(span.name),
        "cat": span.sort.value,
        "ts": _micros(span.since),
        "dur": span.micros,
        "pid": pid,
        "tid": tid,
        **({"cname": "terrible"} if span.state is State.FAILED else {}),
        "args": {**told, "lines": [plain(p) for p in places]},
    }


def _instant(pid: int, tid: int, mark: Mark) -> Entry:
    finding = mark.finding
    return {
        "ph": "i",
        "s": "t",
        "name": _short(f"{finding.rule} {finding.name}"),
        "cat": "finding",
        "ts": _micros(mark.at),
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


def _micros(moment: datetime) -> int:
    """Return a time of any clock as whole microseconds since 1970 by that clock."""
    return (moment.replace(tzinfo=UTC) - EPOCH) // MICROSECOND


class _Threads:
    """Gives each span a thread on which it nests: the first one of its lane that it fits into."""

    def __init__(self, session: SessionAnalysis, marks: Iterable[Mark]) -> None:
        named = session.agent_names
        whole = "session" if session.is_voice_only else "main agent"
        self._names = {MAIN: whole, **{i: f"agent {n}" for i, n in named.items()}, VOICE: "voice"}
        lanes = dict.fromkeys((MAIN, *named, *(m.finding.agent_id or MAIN for m in marks), VOICE))
        self._order = {lane: n for n, lane in enumerate(lanes)}
        self._open: dict[str, list[list[int]]] = {}  # of each lane: the ends of what is open on each thread
        self._tids: dict[tuple[str, int], int] = {}

    def taken_by(self, span: Span) -> int:
        """Return the thread of a span. They have to come in order of their beginning, the longer ones first."""
        since, until = _micros(span.since), _micros(span.until)
        threads = self._open.setdefault(span.lane, [])
        for number, ends in enumerate(threads):
            while ends and ends[-1] <= since:
                ends.pop()
            if not ends or ends[-1] >= until:
                ends.append(until)
                return self._tid(span.lane, number)
        threads.append([until])
        return self._tid(span.lane, len(threads) - 1)

    def first(self, lane: str) -> int:
        """Return the first thread of a lane."""
        return self._tid(lane, 0)

    def _tid(self, lane: str, thread: int) -> int:
        order = self._order.setdefault(lane, len(self._order))
        return self._tids.setdefault((lane, thread), 1 + order * SIDE_BY_SIDE + min(thread, SIDE_BY_SIDE - 1))

    def named(self) -> Iterator[tuple[int, str]]:
        """Yield the threads that were used, each with its name."""
        for (lane, thread), tid in sorted(self._tids.items(), key=lambda item: item[1]):
            name = self._names.get(lane, f"agent {lane}")
            yield tid, name if not thread else f"{name} ({thread + 1})"
