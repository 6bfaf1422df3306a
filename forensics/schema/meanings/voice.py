"""What else the voice server tells: its lines, its log of events, its conversations, its lock."""

from __future__ import annotations

from collections.abc import Mapping

from forensics.schema.kinds import EventKind as K
from forensics.schema.meanings.shape import Meaning
from forensics.schema.meanings.speech import LINE

AIOHTTP = {"tool": "`aiohttp`, whose it is"}
LINES: Mapping[K, Meaning] = {
    K.VOICE_START: Meaning("the server starts", LINE | {"status": "its version"}),
    K.VOICE_REQUEST: Meaning("the client calls a tool of the server", LINE),
    K.VOICE_CANCELLED: Meaning("a call was cancelled", LINE),
    K.HTTP_RESPONSE: Meaning(
        "a service answers",
        {
            "component": "the logger; in the SDK's log: `attempt` or `request`, as for `api_error`",
            "endpoint": "the URL",
            "status": "the HTTP status",
            "duration_ms": "in the SDK's log: how long after the request",
        },
    ),
    K.AUTH_ERROR: Meaning(
        "a service refuses the key",
        LINE | {"status": "the service's own words where they follow, else the server's"},
    ),
    K.VOICE_FAILURE: Meaning(
        "the voice tool reports that it failed",
        {
            "component": "the logger; on a terminal's screen the service, `stt` or `tts`",
            "status": "the words that it begins with",
        },
    ),
    K.SILENCE_NOT_DETECTED: Meaning(
        "no recording will end at silence", LINE | {"status": "what could not be loaded"}
    ),
    K.RESOURCE_WARNING: Meaning(
        "a client session was not closed", LINE | AIOHTTP | {"status": "the warning"}
    ),
    K.RESOURCE_OBJECT: Meaning(
        "which one, on the line below", AIOHTTP | {"correlation_id": "the object's address"}
    ),
    K.RESOURCE_EXHAUSTED: Meaning(
        "files, connections or memory ran out", LINE | {"status": "the words that say so"}
    ),
}
EVENT = {
    "component": "`voicemode`",
    "tool": "the event's own type",
    "status": "the event's own type",
    "message_id": "the voice call that it belongs to",
}
LOGS: Mapping[K, Meaning] = {
    K.VOICE_CALL_BEGIN: Meaning("a voice call begins", EVENT),
    K.VOICE_CALL_END: Meaning("a voice call ends", EVENT | {"status": "`ok`, or `error`"}),
    K.STT_BEGUN: Meaning("speech-to-text begins", EVENT),
    K.STT_DONE: Meaning(
        "speech-to-text ends",
        EVENT
        | {
            "status": "`ok`, `remote` where no local endpoint answered, or `STT_NO_SPEECH`",
            "text": "what was heard, where it is markup or JSON",
        },
    ),
    K.TTS_BEGUN: Meaning("text-to-speech begins", EVENT),
    K.VOICE_EVENT: Meaning(
        "any other event of a voice call",
        EVENT
        | {
            "duration_ms": "how long what ended took",
            "count": "how many samples were recorded, 24,000 for each second",
        },
    ),
    K.VOICE_LOCK_TAKEN: Meaning("a voice call takes the floor", EVENT),
    K.VOICE_LOCK_LEFT: Meaning(
        "the lock of the floor lies there",
        {
            "component": "the tool that took it",
            "status": "`in a call`, or `floor kept` after one",
            "path": "the project",
        },
    ),
    K.VOICE_EXCHANGE: Meaning(
        "what was said or heard",
        {
            "component": "`voicemode`",
            "tool": "`tts`, `stt`; in the log of what was heard: `heard …`",
            "status": "the server's version; in the log of what was heard: what ended the recording",
            "message_id": "the conversation",
            "endpoint": "the endpoint that served",
            "path": "the project",
            "duration_ms": "how long until the first audio, or the words",
            "silence_detection": "whether the recording was to end at silence",
            "text": "what was heard, where it is markup, JSON or no speech",
        },
    ),
}
VOICE: Mapping[K, Meaning] = {**LINES, **LOGS}
