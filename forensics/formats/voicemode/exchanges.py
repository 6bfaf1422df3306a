"""voicemode's conversation log: ``exchanges_<day>.jsonl``, local time with its offset.

The offset tells the zone in which the server's stderr must be read; ``voice_mode_version`` is the best
evidence of the release. ``provider_url`` of an stt row is the first configured endpoint, not the one that
answered (4.4.0 to 9.0.1); that of a tts row is the one that spoke. What was said is not kept; that nothing was, or
markup, is.
"""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from forensics.evidence.file import Evidence
from forensics.formats.base import Parsed
from forensics.formats.reading import parse_lines, unspoken
from forensics.formats.times import to_utc
from forensics.schema import NO_SPEECH, EventKind, Row, Source, TsQuality

# how long the service took until there was something to hear, or the words: in seconds
LATENCIES = {"tts": "time_to_first_audio", "stt": "transcription_time"}
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
        """Make one event of each exchange; ``local_ts`` and ``ts`` together give the offset.

        ``duration_ms`` is the time to the first audio, or to the words (a fallback's included).
        """
        return parse_lines(evidence, self.source, Exchange, lambda e: f"{e.type} version {e.version}", _row)


def _row(line: int, exchange: Exchange) -> Row:
    moment = to_utc(exchange.timestamp)
    about = exchange.metadata or {}
    version, url = about.get("voice_mode_version"), about.get("provider_url")
    took = about.get(LATENCIES.get(exchange.type, ""))
    silence = about.get("silence_detection")
    enabled = silence.get("enabled") if isinstance(silence, dict) else None
    text = exchange.text if exchange.text == NO_SPEECH else unspoken(exchange.text)
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
        "endpoint": url if isinstance(url, str) else None,
        "text": text if exchange.type == "stt" else None,
        "path": exchange.project_path,
        "duration_ms": took * 1000 if isinstance(took, int | float) else None,
        "silence_detection": enabled if isinstance(enabled, bool) else None,
        "message": f"voice exchange ({exchange.type})",
        "message_id": exchange.conversation_id,
    }
