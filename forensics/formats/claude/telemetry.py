"""The client's own telemetry (OpenTelemetry), as an exporter or a collector wrote it down.

Events are OTLP's log records in JSON (``resourceLogs``: a batch on a line, or printed with an indent), the same one by
one and flattened, or the objects that Node's console exporter shows. Metrics and spans are understood as such: they
say which session they are of, and nothing that a rule asks. Names and addresses of the user are read nowhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from forensics.evidence.account import Damage, Reason
from forensics.evidence.file import Evidence
from forensics.formats.base import Parsed, Places
from forensics.formats.claude.shown_objects import GAP, Shown, objects_in, value_of
from forensics.formats.claude.telemetry_events import KNOWN, Attributes, needles, told_by
from forensics.formats.reading import finish, problems_by_reason, rows
from forensics.formats.shapes import Tally
from forensics.formats.times import parse_time
from forensics.schema import EVENTS, EventKind, Row, Source, TsQuality

PREFIX = "claude_code."
SIGN = re.compile(
    rb"(?s)\"resource(?:Logs|Metrics|Spans)\"\s*:\s*\[.{0,60000}?claude[_-]code"
    rb"|[\"']?\b(?:body|name)[\"']?\s*:\s*(?:\{\s*\"stringValue\"\s*:\s*)?[\"']claude_code\.[a-z_.]+[\"']"
)
SIGNALS = {"resourceLogs": "logRecords", "resourceMetrics": "metrics", "resourceSpans": "spans"}
SCOPES = (
    "scopeLogs",
    "scopeMetrics",
    "scopeSpans",
    "instrumentationLibraryLogs",
    "instrumentationLibrarySpans",
)
NOISE = Reason("output of something else, no telemetry", Damage.NONE)
CUT = Reason("telemetry that is cut off", Damage.CUT_OFF)
AT_ONCE = timedelta(seconds=2)
# so many digits has a moment since 1970 in each unit, up to the year 2286
UNITS = ((17, 1_000_000_000), (14, 1_000_000), (11, 1_000), (0, 1))


@dataclass(frozen=True, slots=True)
class _Signal:
    """One record: an event, a metric or a span, with what names its session."""

    name: str
    attrs: Attributes
    moment: datetime | None
    version: str | None
    is_event: bool


@dataclass(slots=True)
class _Read:
    """What was read of a file so far."""

    rows: list[Row] = field(default_factory=list)
    tally: Tally = field(default_factory=lambda: Tally(KNOWN))
    bad: dict[Reason, list[int]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)  # the sessions whose version was told
    used: Counter[int] = field(default_factory=Counter)  # events of a line
    places: Places = field(default_factory=dict)

    def add(self, line: int, row: Row) -> None:
        self.rows.append({"line": line, "ordinal": self.used[line], **row, "kind": row["kind"].value})
        self.used[line] += 1


class Telemetry:
    """The parser of one file of telemetry."""

    source = Source.OTEL

    def sniff(self, place: str, head: bytes) -> bool:  # noqa: ARG002 - the content tells
        """Recognise the client's name in what an exporter writes."""
        return SIGN.search(head) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Read every object, and account for the lines between them."""
        read, total = _Read(), 0
        lines: list[tuple[int, str]] = []
        for batch in evidence.batches():
            texts = batch.data.decode("utf-8", "replace").removesuffix("\n").split("\n")
            lines += zip(batch.numbered(len(texts)), texts, strict=True)
            total += len(texts)
        for shown in objects_in(lines):
            _take(read, shown)
        told = _told_once(read.rows)
        problems = problems_by_reason(read.bad)
        parsed = finish([rows(told, EVENTS)], self.source, problems, total, tally=read.tally)
        return replace(parsed, places=read.places)


def _take(read: _Read, shown: Shown) -> None:
    value = value_of(shown.text.rstrip(GAP)) if shown.is_object and shown.is_whole else None
    signals = list(_signals(value)) if isinstance(value, dict) else []
    if not signals:
        if shown.text.strip(" \t\r[],"):
            reason = CUT if shown.is_object and not shown.is_whole else NOISE
            read.bad.setdefault(reason, []).extend(range(shown.line, shown.line + shown.lines))
        return
    at = 0
    for signal in signals:
        begin, at = _places_of(shown.text, signal, at)
        line = shown.line + shown.text.count("\n", 0, at)
        line_begins, line_ends = shown.text.rfind("\n", 0, at) + 1, shown.text.find("\n", at)
        rest = shown.text[max(begin, line_begins) : line_ends if line_ends >= 0 else None]
        read.places.setdefault(line, []).append((read.used[line], len(rest.encode("utf-8", "replace"))))
        _note(read, line, signal)


def _places_of(text: str, signal: _Signal, start: int) -> tuple[int, int]:
    """Return where in an object's text a record's name stands, behind the record before, and what says most of it."""
    begin = max(start, text.find(signal.name, start))
    end = text.find(PREFIX, begin + len(signal.name))
    found = (text.find(n, begin, end if end > 0 else len(text)) for n in needles(signal.name, signal.attrs))
    return begin, next((place for place in found if place >= 0), begin)


def _note(read: _Read, line: int, signal: _Signal) -> None:
    session = signal.attrs.get("session.id")
    base: Row = {
        "session_id": session if isinstance(session, str) else None,
        "ts": signal.moment,
        "ts_quality": (TsQuality.EXACT if signal.moment else TsQuality.MISSING).value,
        "record_id": _record_id(signal),
    }
    read.tally.see(line, [signal.name if signal.is_event else next(iter(KNOWN))])
    if not signal.is_event:
        read.add(line, base | {"kind": EventKind.OTHER, "message": f"telemetry: {signal.name}"})
        return
    for row in told_by(signal.name, signal.attrs):
        read.add(line, base | row)
        base["record_id"] = None
    if base["session_id"] is not None and base["session_id"] not in read.seen and signal.version:
        read.seen.add(base["session_id"])
        said = f"Claude Code {signal.version}"
        read.add(line, base | {"kind": EventKind.SESSION_META, "status": signal.version, "message": said})


def _record_id(signal: _Signal) -> str | None:
    """Name an event by its number in its process: what two exporters wrote down is one event."""
    session, number = (signal.attrs.get(name) for name in ("session.id", "event.sequence"))
    return None if number is None else f"otel:{session}:{number}:{signal.attrs.get('event.timestamp')}"


def _told_once(told: list[Row]) -> list[Row]:
    """Leave what ``api_retries_exhausted`` repeats of the failure beside it: one request is given up once."""
    finals = [row for row in told if row["kind"] == EventKind.API_ERROR.value]
    for row in finals:
        if row.pop("repeats", False) and any(other is not row and _is_same(row, other) for other in finals):
            row.update(kind=EventKind.OTHER.value, component=None, status=None, count=None, duration_ms=None)
    return told


def _is_same(row: Row, other: Row) -> bool:
    near = None in (row["ts"], other["ts"]) or abs(row["ts"] - other["ts"]) <= AT_ONCE
    return bool(row["session_id"] == other["session_id"] and not other.get("repeats") and near)


# --- records ------------------------------------------------------------------------------------------


def _signals(value: Mapping[str, object]) -> Iterator[_Signal]:
    """Yield the records of one object that was written down."""
    batches = [key for key in SIGNALS if isinstance(value.get(key), list)]
    for key in batches:
        for of_resource in _objects(value[key]):
            resource = _attributes(_object(of_resource.get("resource")).get("attributes"))
            for scope in (s for name in SCOPES for s in _objects(of_resource.get(name))):
                for record in _objects(scope.get(SIGNALS[key])):
                    yield from _signal(record, resource, is_event=key == "resourceLogs")
    if not batches:
        resource = _attributes(_object(value.get("resource")).get("attributes", value.get("resources")))
        yield from _signal(value, resource, is_event="body" in value)


def _signal(record: Mapping[str, object], resource: Attributes, *, is_event: bool) -> Iterator[_Signal]:
    points = next(_data_points(record), {})
    attrs = {**_attributes(points.get("attributes")), **resource, **_attributes(record.get("attributes"))}
    named = (
        record.get("body") if is_event else record.get("name", _object(record.get("descriptor")).get("name"))
    )
    name = str(_plain(named) or "")
    event = attrs.get("event.name")
    if is_event and isinstance(event, str) and not name.startswith(PREFIX):
        name = event if event.startswith(PREFIX) else PREFIX + event
    if name.startswith(PREFIX):
        version = attrs.get("service.version") or attrs.get("app.version")
        short = name.removeprefix(PREFIX) if is_event else name
        yield _Signal(
            short, attrs, _moment(record, attrs), None if version is None else str(version), is_event
        )


def _data_points(record: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    for holder in (record, *(_object(record.get(kind)) for kind in ("sum", "gauge", "histogram"))):
        yield from _objects(holder.get("dataPoints"))


def _objects(value: object) -> Iterator[Mapping[str, object]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _attributes(value: object) -> dict[str, object]:
    """Return attributes by name, from OTLP's list of pairs or from an object."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    return {str(pair.get("key")): _plain(pair.get("value")) for pair in _objects(value)}


def _plain(value: object) -> object:
    """Take the value out of OTLP's ``{"stringValue": …}``."""
    if isinstance(value, dict) and len(value) == 1:
        (kind, inner), *_ = value.items()
        if kind in ("stringValue", "boolValue", "doubleValue", "intValue"):
            return inner
    return value


def _moment(record: Mapping[str, object], attrs: Attributes) -> datetime | None:
    said = attrs.get("event.timestamp")
    told = parse_time(said) if isinstance(said, str) else None
    if told is not None:
        return told
    for name in (
        "timeUnixNano",
        "observedTimeUnixNano",
        "hrTime",
        "timestamp",
        "startTimeUnixNano",
        "startTime",
    ):
        moment = _since_1970(record.get(name))
        if moment is not None:
            return moment
    return None


def _since_1970(value: object) -> datetime | None:
    """Read seconds and nanoseconds, a number in whichever unit its size tells, or a date."""
    if isinstance(value, list) and len(value) == 2 and all(isinstance(n, int) for n in value):  # noqa: PLR2004 - a pair
        seconds = float(value[0]) + value[1] / 1e9
    elif isinstance(value, str) and not value.isdigit():
        return parse_time(value)
    elif isinstance(value, (int, str)) and not isinstance(value, bool):
        number = int(value)
        unit = next(unit for digits, unit in UNITS if len(str(abs(number))) >= digits)
        seconds = number / unit
    else:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
