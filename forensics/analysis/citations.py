"""From event ids to lines that anybody can look up: path, line, offset, hash and a verbatim excerpt."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import polars as pl

from forensics.evidence.account import InputFile
from forensics.evidence.line_index import LineIndex, RawBytes
from forensics.evidence.near_lines import CONTROL, HELD, NearLine, near_lines
from forensics.evidence.near_lines import LEAD as BEFORE
from forensics.privacy.redact import redact
from forensics.privacy.streamed import without_pieces
from forensics.schema import Quoting, Row, Source
from forensics.schema.finding import Cite, EvidenceRef
from forensics.text.clock_time import format_utc
from forensics.text.lengths import CUT

EXCERPT = 240
# where a line of a server's own log begins in a chunk that wraps it
SERVER_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - ")
LEAD = 24  # characters kept before a quote in a long line
WINDOW = 10_000  # characters looked at on either side of a quote: lines of many megabytes exist
REDACTED = "[redacted: "
NEEDED = ("source", "message", "correlation_id")  # of an event, to find it in its line


GONE = RawBytes(0, 0, 0, "", b"(this line is gone: the log changed while it was read)")


class Citations:
    """Resolves events to evidence: passes once over each cited file, then reads its cited lines alone."""

    def __init__(self, inputs: Sequence[InputFile], events: pl.DataFrame, places: pl.DataFrame) -> None:
        self._inputs = inputs
        self._events = events.select("event_id", "file", "line", "ordinal", "ts", "ts_quality", *NEEDED)
        # where each id stands: dozens of rules cite, and each pass over all events would cost as much as a rule
        self._ids = events.select("event_id", place=pl.int_range(pl.len(), dtype=pl.UInt32)).sort("event_id")
        self._also: dict[int, list[str]] = {}
        for event_id, file, line in places.select("event_id", "file", "line").iter_rows():
            self._also.setdefault(event_id, []).append(f"{inputs[file].evidence.name}:{line}")
        self._lines: dict[tuple[int, int], RawBytes] = {}
        self._indexes: dict[int, LineIndex] = {}

    def resolve(self, cites: Iterable[Cite]) -> tuple[EvidenceRef, ...]:
        """Return the evidence of the cites, in their order. Raises ``KeyError`` for an id without event."""
        wanted = list(cites)
        rows = {row["event_id"]: row for row in self._rows(c.event_id for c in wanted)}
        self._read({(rows[c.event_id]["file"], rows[c.event_id]["line"]) for c in wanted})
        return tuple(self._ref(cite, rows[cite.event_id]) for cite in wanted)

    def _rows(self, event_ids: Iterable[int]) -> Iterable[Row]:
        wanted = pl.Series(sorted(set(event_ids)), dtype=pl.UInt64)
        at = self._ids["event_id"].search_sorted(wanted)
        places = self._ids["place"].gather(at.filter(at < self._ids.height))
        return self._events[places].iter_rows(named=True)

    def accounts_of(self, events: pl.DataFrame) -> Mapping[int, InputFile]:
        """Return what was read of the files that these events stand in, by the number that the events have."""
        return {file: self._inputs[file] for file in events["file"].unique().sort()}

    def names_of(self, events: pl.DataFrame) -> Mapping[int, str]:
        """Return the names of the files that these events stand in, by the number that the events have."""
        return {file: self._inputs[file].evidence.name for file in events["file"].unique().sort()}

    def files_of(self, events: pl.DataFrame) -> frozenset[str]:
        """Return the names of the files that hold these events, copies included."""
        names = {self._inputs[file].evidence.name for file in events["file"].unique()}
        also = (place for e in events["event_id"] for place in self._also.get(e, ()))
        return frozenset(names | {place.rpartition(":")[0] for place in also})

    def around(
        self, places: Iterable[tuple[str, int]], lines: int
    ) -> Mapping[tuple[str, int], tuple[NearLine, ...]]:
        """Return for each place (an input's name and a line) so many lines before it, itself, and as many after it."""
        files = {i.evidence.name: n for n, i in reversed(list(enumerate(self._inputs)))}
        by_file: dict[str, list[int]] = {}
        for name, line in places:
            by_file.setdefault(name, []).append(line)
        return {
            (name, line): shown
            for name, numbers in by_file.items()
            for line, shown in self._windows(files[name], numbers, lines).items()
        }

    def _windows(self, file: int, numbers: Sequence[int], lines: int) -> Mapping[int, tuple[NearLine, ...]]:
        wanted = {n: range(max(1, n - lines - BEFORE), n + lines + 1) for n in numbers}
        index, size = self._index(file), self._inputs[file].evidence.size
        raws = index.read({n for window in wanted.values() for n in window})
        # behind the last line end stands no line
        found = {raw.number: _head(raw.data) for raw in raws if raw.offset < size}
        return {
            n: near_lines([(at, found[at]) for at in window if at in found], max(1, n - lines))
            for n, window in wanted.items()
        }

    def _index(self, file: int) -> LineIndex:
        if file not in self._indexes:
            self._indexes[file] = LineIndex(self._inputs[file].evidence)
        return self._indexes[file]

    def _read(self, places: set[tuple[int, int]]) -> None:
        by_file: dict[int, set[int]] = {}
        for file, line in places - self._lines.keys():
            by_file.setdefault(file, set()).add(line)
        for file, numbers in by_file.items():
            for raw in self._index(file).read(numbers):
                self._lines[file, raw.number] = raw

    def _ref(self, cite: Cite, event: Row) -> EvidenceRef:
        file, line, ts = event["file"], event["line"], event["ts"]
        raw = self._lines.get((file, line), GONE)
        start = _start_in(raw.size, self._inputs[file].places.get(line, ()), event["ordinal"])
        return EvidenceRef(
            event_id=cite.event_id,
            path=self._inputs[file].evidence.name,
            line=line,
            offset=raw.offset + start,
            line_sha256=raw.sha256,
            ts=format_utc(ts) if isinstance(ts, datetime) else None,
            ts_quality=str(event["ts_quality"] or "missing"),
            excerpt=_marked(
                excerpt(_behind(raw, start), cite.quote or _needle(event), cite.most or EXCERPT),
                is_cut=start > 0,
            ),
            also_at=tuple(self._also.get(cite.event_id, ())),
        )


def _behind(raw: RawBytes, start: int) -> str:
    """Return a line's text from a byte on."""
    return raw.data[start:].decode("utf-8", "replace").removesuffix("\r")


def _start_in(size: int, places: Sequence[tuple[int, int]], ordinal: int) -> int:
    """Return where in a line of so many bytes the record of an event begins, where several share the line."""
    before_end = next((left for first, left in reversed(places) if first <= ordinal), size)
    return max(0, size - before_end)


def _marked(text: str, *, is_cut: bool) -> str:
    return f"{CUT}{text}" if is_cut and not text.startswith(CUT) else text


def _head(line: bytes) -> str:
    """Return so much of a line as is looked at; one character is four bytes at most."""
    return line[: 4 * HELD + 4].decode("utf-8", "replace").removesuffix("\r")


def _needle(event: Row) -> str | None:
    """Return what to look for in a line, so that the excerpt shows the record and not its envelope."""
    quoting = Source(event["source"]).about.quoting
    if quoting is Quoting.HEAD:
        return None
    message = str(event["message"] or "")
    if quoting is Quoting.WORDS:
        message = re.sub(r'^MCP server "[^"]*":? ', "", message)
        return _as_json(message.partition("\n")[0][:80])
    return event["correlation_id"] or _as_json(message[:40])


def _as_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def excerpt(line: str, needle: str | None = None, most: int = EXCERPT) -> str:
    """Return a verbatim, redacted part of a line, at most about ``most`` characters; cuts are marked.

    It begins at the line's head, or shortly before ``needle`` where that stands far behind it. Where one
    JSON string holds several log lines side by side, it keeps to the one that ``needle`` is in.
    """
    line = without_pieces(line)
    begin = max(0, line.find(needle) - WINDOW) if needle else 0
    # redacted before it is cut: a part of a secret has no shape
    part = redact(CONTROL.sub("\ufffd", line[begin : begin + 2 * WINDOW]))
    start, end = 0, len(part)
    at = part.find(needle) if needle else -1
    if at < 0 and needle and (found := line.find(needle)) >= 0:
        # what is looked for went with a secret: about there its replacement stands
        before = len(redact(CONTROL.sub("\ufffd", line[begin:found])))
        at = part.find(REDACTED, max(0, before - LEAD))
    if at >= 0 and SERVER_LINE.search(part):
        start, end = _server_line(part, at)
    elif at > 2 * LEAD:
        start = at - LEAD
    end = min(end, start + most)
    is_cut = end < len(part) or begin + 2 * WINDOW < len(line)
    return f"{CUT if begin or start else ''}{part[start:end]}{CUT if is_cut else ''}"


def _server_line(line: str, at: int) -> tuple[int, int]:
    """Return where the server's own line, which ``at`` is in, begins and ends in a wrapped chunk."""
    starts = [m.start() for m in SERVER_LINE.finditer(line) if m.start() <= at]
    after = line.find("\\n", at)
    closing = re.search(r'",?\s*$|", ?"', line[at:])
    ends = [e for e in (after, at + closing.start() if closing else -1) if e > at]
    return (starts[-1] if starts else at), min(ends, default=len(line))
