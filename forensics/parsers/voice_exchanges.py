"""voicemode's conversation log: ``exchanges_<day>.jsonl``, local time with its offset.

The offset tells the zone in which the server's stderr must be read; ``voice_mode_version`` is the best
evidence of the release. ``provider_url`` of an stt row is the first configured endpoint, not the one that
answered (4.4.0 to 9.0.1). What was said is not kept; that nothing was, or markup, is.
"""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from forensics.evidence import Evidence
from forensics.parsers.base import Parsed, parse_lines, unspoken
from forensics.patterns.voicemode import NO_SPEECH
from forensics.records import to_utc
from forensics.schema import EventKind, Row, Source, TsQuality

HEAD = re.compile(rb'"conversation_id"\s*:\s*"conv_[^"]*"\s*,\s*"type"\s*:\s*"(?:stt|tts)"')


class Exchange(msgspec.Struct):
    """One spoken or heard utterance."""

    timestamp: datetime
    conversation_id: str
    type: str
    text: object = None
    version: int | None = None
    project_path: str | None = None
    metadata: dict[str, object] | None = None


class VoiceExchanges:
    """The parser of the conversation log."""

    source = Source.VOICE_EXCHANGES

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise the log by its conversation ids."""
        return place.endswith(".jsonl") and HEAD.search(head) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Make one event of each exchange; ``local_ts`` and ``ts`` together give the offset."""
        return parse_lines(evidence, self.source, Exchange, lambda e: f"{e.type} version {e.version}", _row)


def _row(line: int, exchange: Exchange) -> Row:
    moment = to_utc(exchange.timestamp)
    about = exchange.metadata or {}
    version, first, took = (
        about.get(k) for k in ("voice_mode_version", "provider_url", "transcription_time")
    )
    is_stt = exchange.type == "stt"
    text = (exchange.text if exchange.text == NO_SPEECH else unspoken(exchange.text)) if is_stt else None
    return {
        "line": line,
        "ordinal": 0,
        "ts": moment,
        "local_ts": exchange.timestamp.replace(tzinfo=None),
        "ts_quality": (TsQuality.EXACT if moment else TsQuality.MISSING).value,
        "kind": EventKind.VOICE_EXCHANGE.value,
        "component": "voicemode",
        "tool": exchange.type,
        "status": version if isinstance(version, str) else None,
        "endpoint": first if is_stt and isinstance(first, str) else None,
        "text": text,
        "duration_ms": took * 1000 if is_stt and isinstance(took, int | float) else None,
        "path": exchange.project_path,
        "message": f"voice exchange ({exchange.type})",
        "message_id": exchange.conversation_id,
    }
