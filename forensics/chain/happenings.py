"""What went wrong, and when: the findings of a session as happenings that may have followed one another.

Where a finding's evidence holds records that themselves tell a failure (a timeout, a refusal, an exhausted chain), each
of these is a happening; findings that rest on the same record share it, so that a failure which three rules report is
counted once. A finding without such a record is a state (several todo items in progress, a file that two agents wrote)
and one happening as a whole. Equal failures of one session are one happening with several moments: what happened
three times in the same way is no longer chain than what happened once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from forensics.chain.peers import host_of, peers_in
from forensics.chain.quoted import quoted_errors
from forensics.chain.sightings import AT_END, PLACE, Sighting, sightings_of
from forensics.schema import SERVICES, Row, Source
from forensics.schema import EventKind as K
from forensics.schema.event_ids import same_file
from forensics.schema.finding import Finding, Nature, Severity
from forensics.session.model.case import Case
from forensics.session.model.ending import Verdict
from forensics.session.model.files import real_path
from forensics.session.model.speech import SpeechRequest, seconds_between

CHAIN, ENDING = "CCF902", "CCF901"
LEAST = Severity.MEDIUM
NO_TERMINAL = (Verdict.CLEAN, Verdict.UNKNOWN)

# records that tell a failure by their kind, and those that do by their status
FAILURES = frozenset(
    {
        K.STT_FAIL, K.STT_RETRY, K.STT_FALLBACK, K.STT_EXHAUSTED, K.TTS_FAIL, K.TTS_STREAM_FAIL, K.TTS_EXHAUSTED,
        K.AUTH_ERROR, K.VOICE_FAILURE, K.API_ERROR, K.PROCESS_FATAL, K.RESOURCE_EXHAUSTED, K.CLIENT_ERROR,
        K.HOOK_DENIED,
    }
)  # fmt: skip
FAILED = {
    K.TOOL_RESULT: ("error",),
    K.AGENT_RESULT: ("error", "failed"),
    K.MCP_CALL_END: ("failed",),
    K.MCP_CONNECTION: (
        "Connection failed",
        "Connection timeout",
        "Connection error",
        "STDIO connection closed",
    ),
}
# the client's own books are on nobody's mind: that two records touch them links nothing
BOOKS = re.compile(r"/\.claude/(?:projects|todos|tasks|debug|shell-snapshots)/")
REASON_KEPT = 60
RESTATED_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One node of the failure chain. ``sightings`` are in order; without a usable time there is none."""

    key: str  # stable words: no times, no line numbers, no absolute paths
    text: str
    findings: tuple[Finding, ...]
    events: tuple[int, ...]  # the records that show it, dated or not
    sightings: tuple[Sighting, ...]
    resources: frozenset[str]
    calls: frozenset[str] = frozenset()  # that are open at the end: of the terminal happening only
    is_terminal: bool = False
    is_state: bool = False

    @property
    def is_placed(self) -> bool:
        """Say whether it is known when it happened."""
        return bool(self.sightings)

    @property
    def is_step(self) -> bool:
        """Say whether it only says what was tried next."""
        return bool(self.sightings) and all(m.kind == K.STT_FALLBACK.value for m in self.sightings)

    @property
    def moment(self) -> datetime | None:
        """Return when it first showed."""
        return self.sightings[0].moment if self.sightings else None

    @property
    def times(self) -> int:
        """Return how often it happened: two lines of different kinds may tell one refusal."""
        return max(Counter(m.kind for m in self.sightings).values(), default=1)

    @property
    def proof(self) -> int:
        """Return the record that shows it first."""
        return self.sightings[0].event_id if self.sightings else self.events[0]

    @property
    def severity(self) -> Severity:
        """Return that of its worst finding."""
        return max((f.severity for f in self.findings), key=lambda s: s.rank)

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the codes of the rules that report it."""
        return tuple(sorted({f.rule for f in self.findings}))


def happenings_of(case: Case) -> tuple[Happening, ...]:
    """Return the happenings behind the findings of medium severity or more, in order of their first moment.

    A control gap is a safeguard that was not seen: nothing happened. What a rule makes of other rules' findings says
    more of what these report, and is no further failure; the chain's own finding is one of them.
    """
    counted = [
        f
        for f in case.findings
        if f.severity.rank >= LEAST.rank and f.nature is Nature.EVENT and not f.builds_on_findings
    ]
    if not counted:
        return ()
    cited = {e.event_id for f in counted for e in f.evidence} | set(case.ending.cites)
    rows = _rows(case, cited | {e for e in (case.ending.last_event,) if e is not None})
    found = [*_failures(case, counted, rows), *_states(case, counted, rows)]
    return tuple(
        sorted(found, key=lambda h: (not h.is_placed, h.sightings[0].place if h.sightings else 0, h.key))
    )


def _rows(case: Case, ids: Iterable[int]) -> dict[int, Row]:
    """Look the records up, each with its place in the case's order."""
    wanted = pl.Series(sorted(ids), dtype=pl.UInt64)
    rows = case.events.filter(pl.col("event_id").is_in(wanted.implode())).with_row_index(PLACE)
    return {row["event_id"]: row for row in rows.iter_rows(named=True)}


def tells_failure(row: Row) -> bool:
    """Say whether a record itself tells that something failed."""
    kind = K(row["kind"])
    if kind is K.RESULT:
        return bool(row["status"] != "success")
    if kind is K.HTTP_RESPONSE:
        return str(row["status"] or "").startswith(("4", "5"))
    return kind in FAILURES or row["status"] in FAILED.get(kind, ())


# --- failures ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kind:
    """What equal failures have in common, with the words for it."""

    key: str
    text: str
    apart: str = ""  # keeps failures apart whose words are equal


def _failures(case: Case, findings: Sequence[Finding], rows: Mapping[int, Row]) -> Iterator[Happening]:
    """Yield the failures that records tell; equal ones are one happening."""
    kinds = _Kinds(case, rows)
    groups: dict[_Kind, list[int]] = {}
    resting: dict[int, list[Finding]] = {}
    for finding in findings:
        for event in _rests_on(case, finding):
            if tells_failure(rows[event]):
                resting.setdefault(event, []).append(finding)
    for event in sorted(resting):
        kind = kinds.kind_of(rows[event], sorted(f.fingerprint for f in resting[event]))
        groups.setdefault(kind, []).append(event)
    for kind, events in groups.items():
        by = {f.fingerprint: f for e in events for f in resting[e]}
        ends = any(f.rule == ENDING for f in by.values())
        # the same failure may have been cured before: of the end only the records that prove it are its moment
        at = [kinds.quoted.get(e, e) for e in events if e in case.ending.cites] if ends else events
        yield Happening(
            key=kind.key,
            text=kind.text,
            findings=tuple(by.values()),
            events=tuple(events),
            sightings=sightings_of(rows[e] for e in at),
            resources=frozenset().union(*(kinds.resources(rows[e]) for e in events)),
            is_terminal=ends,
        )


def _rests_on(case: Case, finding: Finding) -> tuple[int, ...]:
    """Return the records of a finding, each once; of the end its proof, and not the silence quoted beside it."""
    if finding.rule == ENDING:
        return tuple(dict.fromkeys(case.ending.cites))
    return tuple(dict.fromkeys(e.event_id for e in finding.evidence))


class _Kinds:
    """Says which failures are equal."""

    def __init__(self, case: Case, rows: Mapping[int, Row]) -> None:
        self._case = case
        self._steps = {
            event: kind for request in case.speech_requests for event, kind in _voice_steps(request, rows)
        }
        # a refusal's own line names no endpoint: it is that of the try which it ended
        self._refused_at = {
            a.end_event: a.endpoint
            for c in case.speech_requests
            for a in c.tries
            if a.end_event in c.auth_events
        }
        ids = {r["correlation_id"] for r in rows.values() if r["kind"] == K.TOOL_RESULT.value}
        calls = case.of(K.TOOL_CALL, K.AGENT_SPAWN).filter(
            pl.col("correlation_id").is_in(sorted(ids - {None}))
        )
        self._calls = {row["correlation_id"]: row for row in calls.iter_rows(named=True)}
        self._rows, self.quoted = rows, quoted_errors(rows)
        api = [r for r in rows.values() if r["kind"] == K.API_ERROR.value]
        self._classes = _classes_of_tries(api)
        self._agents: dict[str | None, set[str | None]] = {}
        for row in api:
            if row["source"] == Source.TRANSCRIPT.value:
                self._agents.setdefault(row["status"], set()).add(row["agent_id"])

    def kind_of(self, row: Row, fingerprints: Sequence[str]) -> _Kind:
        kind = K(row["kind"])
        status = str(row["status"] or "")[:REASON_KEPT]
        if row["event_id"] in self.quoted:
            return self.kind_of(self._rows[self.quoted[row["event_id"]]], fingerprints)
        if row["event_id"] in self._steps:
            return self._steps[row["event_id"]]
        if kind is K.API_ERROR:
            return self._of_api(row, status)
        if kind is K.VOICE_FAILURE and (exhausted := self._restated(row)):
            return exhausted
        if kind is K.TOOL_RESULT:
            call = self._calls.get(row["correlation_id"])
            tool = (call["tool"] if call else None) or "a tool"
            path = self._path(row)
            file = f" on {path.rpartition('/')[2]}" if path else ""
            said = f"{tool}{file} failed"
            return _Kind(f"call|{tool}|{file}|{row['agent_id'] or ''}", said, "|".join(fingerprints))
        parts = [p for p in (row["component"], row["tool"], row["endpoint"], status) if p]
        name = kind.value.replace("_", " ")
        return _Kind("|".join((kind.value, *parts)), f"{name}: {', '.join(parts)}" if parts else name)

    def _restated(self, row: Row) -> _Kind | None:
        """Return the exhaustion that the server's other logger tells again, in the same log right after it."""
        for request in self._case.speech_requests:
            event = request.exhausted_event
            told = event is not None and same_file(event, row["event_id"])
            waits = [seconds_between(request.exhausted_at, row[clock]) for clock in ("ts", "local_ts")]
            if told and any(w is not None and w <= RESTATED_WITHIN_S for w in waits):
                return _exhausted(request)
        return None

    def _of_api(self, row: Row, status: str) -> _Kind:
        """One request's tries and its end are one failure, if they are of one class; two logs may tell it.

        A try whose record names no class is of that of its request's end: nothing tells the two apart.
        """
        agent, status = row["agent_id"], status or self._classes.get(row["event_id"], "")
        told = self._agents.get(row["status"], set())
        if row["source"] != Source.TRANSCRIPT.value and len(told) == 1:
            agent = next(iter(told))
        of = " (a subagent)" if agent else ""
        return _Kind(f"api|{status}|{agent or ''}", f"model API{of}: {status or 'an error without a class'}")

    def _path(self, row: Row) -> str | None:
        call = self._calls.get(row["correlation_id"]) if row["kind"] == K.TOOL_RESULT.value else None
        path = call["path"] if call else None
        return None if path is None or BOOKS.search(path) else real_path(path, self._case.cwd)

    def resources(self, row: Row) -> frozenset[str]:
        """Return what a failure was about: the endpoint's host and port, and the file of a call."""
        path = self._path(row)
        named = peers_in(row["message"])
        endpoint = host_of(row["endpoint"] or self._refused_at.get(row["event_id"]))
        return frozenset({*named, *((endpoint,) if endpoint else ()), *((f"file {path}",) if path else ())})


def _classes_of_tries(errors: Sequence[Row]) -> dict[int, str]:
    """Return the class of the request's end for each try without one (2.1.2 logs ``"error": {}`` for a timeout)."""
    classes: dict[int, str] = {}
    waiting: dict[tuple[int, str | None], list[int]] = {}
    for row in sorted(errors, key=lambda r: (r["file"], r["line"], r["ordinal"])):
        tries = waiting.setdefault((row["file"], row["agent_id"]), [])
        if row["component"] == "final":
            classes |= dict.fromkeys(tries, str(row["status"] or "")[:REASON_KEPT])
            tries.clear()
        elif not row["status"]:
            tries.append(row["event_id"])
    return classes


def _voice_steps(request: SpeechRequest, rows: Mapping[int, Row]) -> Iterator[tuple[int, _Kind]]:
    """Yield the steps of a speech request: each failed try with the refusal's own line, each fallback, the end."""
    name = SERVICES[request.service]
    kinds: dict[int, _Kind] = {}
    for attempt in (*request.attempts, *request.retries):
        start = rows.get(attempt.start_event) if attempt.start_event is not None else None
        if start is not None and start["kind"] == K.STT_FALLBACK.value:
            text = f"fallback to {attempt.endpoint}"
            yield start["event_id"], _Kind(f"{request.service}|fallback|{attempt.endpoint}", text)
        if attempt.reason is not None and attempt.end_event is not None:
            code = attempt.http_status
            how = "timed out" if attempt.timed_out else f"HTTP {code}" if code else "failed"
            text = f"{name} at {attempt.endpoint}: {how}"
            kinds[attempt.end_event] = _Kind(f"{request.service}|{how}|{attempt.endpoint}", text)
    yield from kinds.items()
    refused = [a.end_event for a in request.failures if a.http_status and a.end_event is not None]
    ends = refused or [a.end_event for a in request.failures if a.end_event is not None]
    for event in request.auth_events if ends else ():  # a line of its own about the refusal that follows it
        yield event, kinds[next((end for end in ends if end >= event), ends[-1])]
    if request.exhausted_event is not None:
        yield request.exhausted_event, _exhausted(request)


def _exhausted(request: SpeechRequest) -> _Kind:
    return _Kind(f"{request.service}|exhausted", f"every {SERVICES[request.service]} endpoint failed")


# --- states --------------------------------------------------------------------------------------


def _states(case: Case, findings: Sequence[Finding], rows: Mapping[int, Row]) -> Iterator[Happening]:
    """Yield a happening for the findings without a record that tells a failure, and one for the session's end.

    Findings that rest on exactly the same records say the same in other words, and are one.
    """
    alike: dict[frozenset[int], list[Finding]] = {}
    for finding in findings:
        ids = _rests_on(case, finding)
        if any(tells_failure(rows[e]) for e in ids):
            continue
        if finding.rule == ENDING:
            yield _end(case, finding, rows)
        else:
            alike.setdefault(frozenset(ids), []).append(finding)
    for group in alike.values():
        ids = _rests_on(case, group[0])
        yield Happening(
            key="|".join(f"{f.rule}|{f.fingerprint}" for f in group),
            text=group[0].message,
            findings=tuple(group),
            events=ids,
            sightings=next((m for e in ids if (m := sightings_of([rows[e]]))), ()),
            resources=frozenset(r for f in group for r in _named_resources(case, f)),
            is_state=True,
        )


def _named_resources(case: Case, finding: Finding) -> Iterator[str]:
    """Yield what a state is about, by its facts: that a call among its evidence touched a file is no link."""
    endpoint, path = host_of(_fact(finding, "endpoint")), _fact(finding, "path")
    if endpoint:
        yield endpoint
    if path and not BOOKS.search(path):
        yield f"file {real_path(path, case.cwd)}"


def _end(case: Case, finding: Finding, rows: Mapping[int, Row]) -> Happening:
    """Return the end where no failure proves it: it is the last moment of the record, and knows what was open."""
    ending = case.ending
    opened = case.events.filter(pl.col("event_id").is_in(list(ending.open_calls)))["correlation_id"]
    last = [rows[ending.last_event] | {PLACE: AT_END}] if ending.last_event is not None else []
    return Happening(
        key=f"{ENDING}|{ending.verdict}",
        text=f"the session ended {ending.verdict}",
        findings=(finding,),
        events=_rests_on(case, finding) or tuple(e.event_id for e in finding.evidence),
        sightings=sightings_of(last),
        resources=frozenset(),
        calls=frozenset(opened.drop_nulls()),
        is_terminal=ending.verdict not in NO_TERMINAL,
        is_state=True,
    )


def _fact(finding: Finding, name: str) -> str | None:
    value = finding.facts.get(name)
    return value if isinstance(value, str) else None
