"""From event ids to lines that anybody can look up: path, line, offset, hash and a verbatim excerpt."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

import polars as pl

from forensics.finding import Cite, EvidenceRef
from forensics.ingest import InputFile
from forensics.redact import redact
from forensics.schema import Source

EXCERPT = 240
LEAD = 24  # characters kept before a quote in a long line
CUT = "…"
# what must not reach a terminal or a document as it stands: control characters, but for the tab
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
JSON_SOURCES = frozenset({Source.TRANSCRIPT, Source.MCP_LOG, Source.TODO_FILE, Source.TASK_FILE})


@dataclass(frozen=True, slots=True)
class RawLine:
    """One line as it stands in its file."""

    offset: int
    sha256: str
    text: str


class Citations:
    """Resolves events to evidence. Reads each cited file once, in batches."""

    def __init__(self, inputs: Sequence[InputFile], events: pl.DataFrame, places: pl.DataFrame) -> None:
        self._inputs = inputs
        self._events = events
        self._also: dict[int, list[str]] = {}
        for event_id, file, line in places.select("event_id", "file", "line").iter_rows():
            self._also.setdefault(event_id, []).append(f"{inputs[file].evidence.name}:{line}")
        self._lines: dict[tuple[int, int], RawLine] = {}

    def resolve(self, cites: Iterable[Cite]) -> tuple[EvidenceRef, ...]:
        """Return the evidence of the cites, in their order. Raises ``KeyError`` for an id without event."""
        wanted = list(cites)
        rows = {
            row["event_id"]: row
            for row in self._events.filter(pl.col("event_id").is_in([c.event_id for c in wanted])).iter_rows(
                named=True
            )
        }
        self._read(
            {(rows[c.event_id]["file"], rows[c.event_id]["line"]) for c in wanted} - self._lines.keys()
        )
        return tuple(self._ref(cite, rows[cite.event_id]) for cite in wanted)

    def _read(self, places: set[tuple[int, int]]) -> None:
        by_file: dict[int, set[int]] = {}
        for file, line in places:
            by_file.setdefault(file, set()).add(line)
        for file, numbers in by_file.items():
            for line, raw in _lines_of(self._inputs[file], numbers):
                self._lines[file, line] = raw

    def _ref(self, cite: Cite, event: Mapping[str, object]) -> EvidenceRef:
        file, line = int(str(event["file"])), int(str(event["line"]))
        raw = self._lines[file, line]
        ts = event["ts"]
        return EvidenceRef(
            event_id=cite.event_id,
            path=self._inputs[file].evidence.name,
            line=line,
            offset=raw.offset,
            line_sha256=raw.sha256,
            ts=format_utc(ts) if isinstance(ts, datetime) else None,
            ts_quality=str(event["ts_quality"] or "missing"),
            excerpt=excerpt(raw.text, cite.quote or _needle(event)),
            also_at=tuple(self._also.get(cite.event_id, ())),
        )


def _lines_of(file: InputFile, wanted: set[int]) -> Iterable[tuple[int, RawLine]]:
    offset = 0
    for batch in file.evidence.batches():
        lines = batch.data.split(b"\n")
        last = batch.first_line + len(lines) - 1
        here = sorted(n for n in wanted if batch.first_line <= n <= last)
        if here:
            starts = list(accumulate((len(x) + 1 for x in lines), initial=offset))
            for number in here:
                index = number - batch.first_line
                data = lines[index]
                digest = hashlib.sha256(data).hexdigest()
                yield (
                    number,
                    RawLine(starts[index], digest, data.decode("utf-8", "replace").removesuffix("\r")),
                )
        offset += len(batch.data)


def _needle(event: Mapping[str, object]) -> str | None:
    """Return what to look for in a long line, so that the excerpt shows the record and not its envelope."""
    source = Source(str(event["source"]))
    if source not in JSON_SOURCES:
        return None
    message = str(event["message"] or "")
    if source is Source.MCP_LOG:
        message = re.sub(r'^MCP server "[^"]*":? ', "", message)
        return json.dumps(message.partition("\n")[0][:80], ensure_ascii=False)[1:-1]
    call = event["correlation_id"]
    return str(call) if call else json.dumps(message[:40], ensure_ascii=False)[1:-1]


def excerpt(line: str, needle: str | None = None) -> str:
    """Return a verbatim, redacted part of a line, at most about ``EXCERPT`` characters; cuts are marked."""
    start, end = 0, len(line)
    at = line.find(needle) if needle else -1
    if at >= 0:
        # inside a JSON string several log lines stand side by side: keep to the one that is meant
        before = line.rfind("\\n", 0, at)
        after = line.find("\\n", at)
        start = before + 2 if before >= 0 and end - start > EXCERPT else start
        end = after if after >= 0 and end - start > EXCERPT else end
        if at - start > EXCERPT - len(needle or ""):
            start = max(start, at - LEAD)
    end = min(end, start + EXCERPT)
    shown = redact(CONTROL.sub("\ufffd", line[start:end]))
    return f"{CUT if start else ''}{shown}{CUT if end < len(line) else ''}"


def format_utc(moment: datetime) -> str:
    """Write a UTC time as ISO 8601 with milliseconds and ``Z``."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
