"""What voicemode heard: ``heard_<local day>.jsonl`` (9.0.0 and later), local time with its offset.

A ``turn`` is what the user said in one converse call. 9.0.1 also declares ``partial``, ``event``, ``saying`` and
``said`` in its code; they were never recorded. Like an exchange, a record carries both clocks.
"""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from forensics.evidence.file import Evidence
from forensics.formats.base import Parsed
from forensics.formats.reading import parse_lines, unspoken
from forensics.formats.times import to_utc
from forensics.privacy.redact import cut
from forensics.schema import EventKind, Row, Source, TsQuality

HEAD = re.compile(rb'"ts"\s*:\s*"[^"]*"\s*,\s*"seq"\s*:\s*\d+\s*,\s*"kind"\s*:\s*"')
TEXT_KEPT = 400  # it is only shown


class Heard(msgspec.Struct):
    """One line of the log."""

    ts: datetime
    kind: str
    v: int | None = None
    text: str | None = None
    event: str | None = None
    detector: str | None = None


class VoiceHeard:
    """The parser of the heard log."""

    source = Source.VOICE_HEARD

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise the log by its first keys."""
        return place.endswith(".jsonl") and HEAD.search(head[:4096]) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Make one event of each line; ``local_ts`` and ``ts`` together give the offset."""
        return parse_lines(
            evidence, self.source, Heard, lambda heard: f"{heard.kind} version {heard.v}", _row
        )


def _row(line: int, heard: Heard) -> Row:
    moment = to_utc(heard.ts)
    said = heard.text or heard.event or ""
    return {
        "line": line,
        "ordinal": 0,
        "ts": moment,
        "local_ts": heard.ts.replace(tzinfo=None),
        "ts_quality": (TsQuality.EXACT if moment else TsQuality.MISSING).value,
        "kind": EventKind.VOICE_EXCHANGE.value,
        "component": "voicemode",
        "tool": f"heard {heard.kind}",
        "status": heard.detector,
        "text": unspoken(heard.text),
        "message": cut(f"heard {heard.kind}: {said}" if said else f"heard {heard.kind}", TEXT_KEPT),
    }
