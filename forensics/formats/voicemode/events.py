"""voicemode's event log: ``voicemode_events_<local day>.jsonl``, times in UTC.

One ``session_id`` (``conv_…``) is one converse call that waits for an answer, not a conversation.
Failures were declared as event types and never written by any release: a failed chain is STT_START
followed by TOOL_REQUEST_END with success false, nothing in between.
"""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from forensics.evidence.file import Evidence
from forensics.formats.base import Parsed
from forensics.formats.reading import parse_lines, unspoken
from forensics.formats.times import to_utc
from forensics.schema import EventKind, Row, Source, TsQuality

HEAD = re.compile(rb'"timestamp"\s*:\s*"[^"]+"\s*,\s*"event_type"\s*:\s*"[A-Z_]+"')
KINDS = {
    "TOOL_REQUEST_START": EventKind.VOICE_CALL_BEGIN,
    "TOOL_REQUEST_END": EventKind.VOICE_CALL_END,
    "STT_START": EventKind.STT_BEGUN,
    "STT_COMPLETE": EventKind.STT_DONE,
    "STT_NO_SPEECH": EventKind.STT_DONE,
    "TTS_START": EventKind.TTS_BEGUN,
    "CONCH_ACQUIRE": EventKind.VOICE_LOCK_TAKEN,
}


class VoiceEvent(msgspec.Struct):
    """One line of the log."""

    timestamp: datetime
    event_type: str
    session_id: str | None = None
    data: dict[str, object] | None = None


class VoiceEvents:
    """The parser of the event log."""

    source = Source.VOICE_EVENTS

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise the log by its first keys."""
        return place.endswith(".jsonl") and HEAD.search(head[:4096]) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Make one event of each line; ``tool`` is the event's own type, ``message_id`` its call.

        ``count`` is the number of samples of a recording, which are 24,000 for each second (6.0.1 and 9.0.1).
        """
        return parse_lines(evidence, self.source, VoiceEvent, lambda event: event.event_type, _row)


def _row(line: int, event: VoiceEvent) -> Row:
    data = event.data or {}
    metrics = data.get("metrics")
    local = metrics.get("is_local") if isinstance(metrics, dict) else None
    status = event.event_type
    if event.event_type == "TOOL_REQUEST_END":
        status = "ok" if data.get("success") else "error"
    elif event.event_type == "STT_COMPLETE":
        status = "remote" if local is False else "ok"
    seconds, samples = data.get("duration"), data.get("samples")
    return {
        "line": line,
        "ordinal": 0,
        "ts": to_utc(event.timestamp),
        "ts_quality": TsQuality.EXACT.value,
        "kind": KINDS.get(event.event_type, EventKind.VOICE_EVENT).value,
        "component": "voicemode",
        "tool": event.event_type,
        "status": status,
        "text": unspoken(data.get("text")) if event.event_type == "STT_COMPLETE" else None,
        "message_id": event.session_id,
        "message": f"{event.event_type} {event.session_id or ''}".strip(),
        "duration_ms": seconds * 1000 if isinstance(seconds, int | float) else None,
        "count": samples if isinstance(samples, int) else None,
        # of a lock that was cleared: the process that had taken it
        "pid": data.get("pid", data.get("stale_pid")),
    }
