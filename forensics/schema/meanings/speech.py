"""What the voice server prints of its requests to the services of speech. Its own lines may stand in any log."""

from __future__ import annotations

from collections.abc import Mapping

from forensics.schema.kinds import EventKind as K
from forensics.schema.meanings.shape import Meaning

LINE = {"component": "the logger"}
TRIED = LINE | {"endpoint": "the endpoint"}
OF_PROVIDER = TRIED | {"tool": "its provider: `whisper`, `openai` …"}
WHY = {"status": "why, in the client library's words"}

STT: Mapping[K, Meaning] = {
    K.STT_START: Meaning("a request of speech-to-text begins", LINE),
    K.STT_ENDPOINTS: Meaning(
        "which endpoints it may use", LINE | {"path": "the list of endpoints, as Python prints it"}
    ),
    K.STT_ATTEMPT: Meaning("the first endpoint is tried", OF_PROVIDER),
    K.STT_RETRY: Meaning("a try fails, and is repeated", TRIED | WHY | {"count": "which try"}),
    K.STT_FAIL: Meaning("an endpoint fails", OF_PROVIDER | WHY),
    K.STT_FALLBACK: Meaning(
        "another endpoint is tried", OF_PROVIDER | {"count": "the number of the fallback"}
    ),
    K.STT_OK: Meaning("an endpoint answers", OF_PROVIDER),
    K.STT_TEXT: Meaning(
        "it answers what is no speech", LINE | {"text": "markup or JSON, its first 100 characters"}
    ),
    K.STT_EMPTY: Meaning("an endpoint answers without a text", OF_PROVIDER),
    K.STT_NO_SPEECH: Meaning("nobody spoke", LINE),
    K.STT_EXHAUSTED: Meaning("every endpoint has failed", LINE | {"count": "how many endpoints were tried"}),
}
TTS: Mapping[K, Meaning] = {
    K.TTS_START: Meaning("a request of text-to-speech begins", LINE),
    K.TTS_ATTEMPT: Meaning("an endpoint is tried", TRIED),
    K.TTS_STREAM_FAIL: Meaning("the stream of an endpoint fails", LINE | WHY),
    K.TTS_FAIL: Meaning("an endpoint fails", TRIED | WHY),
    K.TTS_OK: Meaning("an endpoint has spoken", TRIED),
    K.TTS_MAPPED: Meaning(
        "another voice speaks than was asked for",
        LINE | {"tool": "the voice that was asked for", "status": "the voice that speaks"},
    ),
    K.TTS_EXHAUSTED: Meaning(
        "every endpoint has failed, or none was usable",
        LINE | {"count": "how many endpoints were tried", "status": "why none was usable (to 4.4.0)"},
    ),
}
SPEECH: Mapping[K, Meaning] = {**STT, **TTS}
