"""Lines of the voicemode server (PyPI ``voice-mode``), wherever they stand.

The same line may be in the server's stderr, wrapped in a Claude debug log or in an MCP log. Versions
are release tags in which the message's template stands in the source; ``U`` below is an endpoint URL.
"""

from __future__ import annotations

from forensics.formats.patterns import Pattern
from forensics.schema import EventKind as K

# `2025-10-21 03:54:21,768 - voicemode - INFO - …`: local time of the server, no zone; v2.5.0..v9.0.1
LINE = (
    r"^(?<local_text>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) - (?<component>[A-Za-z0-9_.\-]+) - "
    r"(?<level_text>DEBUG|INFO|WARNING|ERROR|CRITICAL) - (?<message>.*)$"
)

# what the consoles that forward the server's stderr print between its lines (Gemini CLI)
FOREIGN = (
    r"^(?:Flushing log events to Clearcut\.|Error flushing log events\b|\[(?:DEBUG|WARN|ERROR)\] \[\w+\] )"
)

PATTERNS = (
    Pattern(
        kind=K.VOICE_START,
        literal="Starting VoiceMode v",
        regex=r"^Starting VoiceMode v(?<status>\S+)",
        seen="2.9.0..6.0.1 (hidden from 6.0.2 on)",
    ),
    Pattern(
        kind=K.VOICE_REQUEST,
        literal="Processing request of type CallToolRequest",
        regex=r"^Processing request of type CallToolRequest",
        seen="2.5.0..9.0.1",
    ),
    Pattern(
        kind=K.VOICE_CANCELLED,
        literal="cancelled - duplicate response suppressed",
        regex=r"^Request \S+ cancelled - duplicate response suppressed",
        seen="6.0.1, 9.0.1",
    ),
    # speech to text
    Pattern(
        kind=K.STT_START,
        literal="STT: Starting speech-to-text conversion",
        regex=r"^STT: Starting speech-to-text conversion",
        seen="4.5.0..9.0.1 (hidden from 6.0.2 on)",
    ),
    Pattern(
        kind=K.STT_ENDPOINTS,
        literal="Available endpoints: ",
        regex=r"^  Available endpoints: (?<path>\[.*\])",
        seen="4.5.0..9.0.1 (hidden from 6.0.2 on)",
    ),
    Pattern(
        kind=K.STT_ATTEMPT,
        literal="STT: Attempting primary endpoint: ",
        regex=r"^STT: Attempting primary endpoint: (?<endpoint>\S+) \((?<tool>[^)]*)\)",
        seen="4.5.0..9.0.1 (hidden from 6.0.2 on)",
    ),
    Pattern(
        kind=K.STT_FALLBACK,
        literal="STT: Primary failed, attempting fallback #",
        regex=r"^STT: Primary failed, attempting fallback #(?<count>\d+): (?<endpoint>\S+) \((?<tool>[^)]*)\)",
        seen="4.5.0..9.0.1",
    ),
    Pattern(
        kind=K.STT_RETRY,
        literal="STT transient failure on ",
        regex=r"^STT transient failure on (?<endpoint>\S+) \(try (?<count>\d+)/\d+\): (?<status>.*); retry in ",
        seen="8.11.0..9.0.1",
    ),
    Pattern(
        kind=K.STT_FAIL,
        literal="STT failed for ",
        regex=r"^STT failed for (?:final endpoint )?(?<endpoint>\S+) \((?<tool>[^)]*)\): (?<status>.*)$",
        seen="4.5.0..9.0.1",
    ),
    Pattern(
        kind=K.STT_FAIL,
        literal="STT failed for ",
        regex=r"^STT failed for (?<endpoint>\S+): (?<status>.*)$",
        seen="2.17.0..4.4.0",
    ),
    Pattern(
        kind=K.STT_OK,
        literal="STT succeeded with ",
        regex=r"^(?:✓ )?STT succeeded with (?:(?<tool>\S+) at )?(?<endpoint>\S+)$",
        seen="2.17.0..9.0.1 (hidden from 6.0.2 on)",
    ),
    # what was heard, where it is no speech: a person's words are not taken. The server prints 100 characters
    Pattern(
        kind=K.STT_TEXT,
        literal="  Transcribed: ",
        regex=r"^  Transcribed: (?<text>\s*[<{].*)$",
        seen="4.5.0..9.0.1 (hidden from 6.0.2 on)",
    ),
    Pattern(
        kind=K.STT_EMPTY,
        literal="STT returned empty result from ",
        regex=r"^STT returned empty result from (?<endpoint>\S+) \((?<tool>[^)]*)\)",
        seen="4.5.0..9.0.1",
    ),
    Pattern(
        kind=K.STT_NO_SPEECH,
        literal="STT: No speech detected",
        regex=r"^STT: No speech detected",
        seen="4.7.0..9.0.1 (hidden from 6.0.2 on)",
    ),
    # every endpoint answered, without any text: these releases have no other line for silence
    Pattern(
        kind=K.STT_NO_SPEECH,
        literal="All STT endpoints failed. Last error: None",
        regex=r"^All STT endpoints failed\. Last error: None$",
        seen="2.5.0..4.4.0, by its source",
    ),
    Pattern(
        kind=K.STT_EXHAUSTED,
        literal="All STT endpoints failed",
        regex=r"^(?:✗ )?All STT endpoints failed(?: after (?<count>\d+) attempts)?",
        seen="2.5.0..9.0.1",
    ),
    # text to speech
    Pattern(
        kind=K.TTS_START,
        literal="simple_tts_failover called with: ",
        regex=r"^simple_tts_failover called with: ",
        seen="2.17.0..8.x (hidden from 6.0.2 on)",
    ),
    Pattern(
        kind=K.TTS_ATTEMPT,
        literal="Trying TTS endpoint: ",
        regex=r"^Trying TTS endpoint: (?<endpoint>\S+)",
        seen="2.17.0..9.0.1 (hidden from 6.0.2 on)",
    ),
    # the voice that was asked for is none of the cloud's: another one speaks
    Pattern(
        kind=K.TTS_MAPPED,
        literal="Mapped voice ",
        regex=r"^Mapped voice (?<tool>\S+) to (?<status>\S+) for OpenAI$",
        seen="2.17.0..9.0.1 (hidden from 6.0.2 on)",
    ),
    Pattern(
        kind=K.TTS_STREAM_FAIL,
        literal="PCM streaming failed: ",
        regex=r"^PCM streaming failed: (?<status>.*)$",
        seen="6.0.1, 9.0.1",
    ),
    Pattern(
        kind=K.TTS_FAIL,
        literal="TTS failed for ",
        regex=r"^TTS failed for (?<endpoint>\S+): (?<status>.*)$",
        seen="2.17.0..9.0.1",
    ),
    Pattern(
        kind=K.TTS_OK,
        literal="TTS succeeded with ",
        regex=r"^TTS succeeded with (?<endpoint>\S+) using voice ",
        seen="2.17.0..9.0.1 (hidden from 6.0.2 on)",
    ),
    # before there was a chain of endpoints: none of them was usable
    Pattern(
        kind=K.TTS_EXHAUSTED,
        literal="Failed to get TTS client: ",
        regex=r"^Failed to get TTS client: (?<status>No healthy .*)$",
        seen="2.4.0..4.4.0, by its source",
    ),
    Pattern(
        kind=K.TTS_EXHAUSTED,
        literal="All TTS endpoints failed",
        regex=r"^All TTS endpoints failed(?: after (?<count>\d+) attempts)?",
        seen="2.5.0..9.0.1",
    ),
    # the library that detects silence could not be loaded: each recording runs as long as it may
    Pattern(
        kind=K.SILENCE_NOT_DETECTED,
        literal="webrtcvad not available, falling back",
        regex=r"^(?<status>webrtcvad not available), falling back to fixed duration recording$",
        seen="2.5.0..9.0.1, by its source",
    ),
    # what the services answered
    Pattern(
        kind=K.AUTH_ERROR,
        literal="🔐 OpenAI Authentication Failed",
        regex=r"^  🔐 OpenAI Authentication Failed: (?<status>.*)$",
        seen="5.0.0..9.0.1",
    ),
    Pattern(
        kind=K.HTTP_RESPONSE,
        literal="HTTP Request: ",
        regex=r'^HTTP Request: [A-Z]+ (?<endpoint>\S+) "HTTP/[\d.]+ (?<status>\d{3})',
        seen="httpx to 2.31.0; httpx2 9.0.1",
    ),
    Pattern(
        kind=K.VOICE_FAILURE,
        literal="STT service connection failed:",
        regex=r"^(?<status>STT service connection failed):",
        seen="4.7.0..9.0.1",
    ),
    Pattern(
        kind=K.VOICE_FAILURE,
        literal="STT request rejected by ",
        regex=r"^(?<status>STT request rejected by \S+ \(HTTP \d+)",
        seen="9.0.1",
    ),
    # aiohttp's ClientSession.__del__; httpx never prints it (verified in both sources)
    Pattern(
        kind=K.RESOURCE_WARNING,
        literal="Unclosed c",
        regex=r"^(?<status>Unclosed client session|Unclosed connector)\s*$",
        seen="livekit probe, v0.1.27..v7.4.2",
        columns={"tool": "aiohttp"},
    ),
    # a resource ran out; last, so that a failure that names its service is that service's failure
    *(
        Pattern(kind=K.RESOURCE_EXHAUSTED, literal=words, regex=regex, seen="Python, httpx")
        for words, regex in (
            ("[Errno 24]", r"^.*(?<status>OSError: \[Errno 24\])"),
            ("Too many open files", r"^.*(?<status>Too many open files)"),
            ("PoolTimeout", r"^.*\b(?<status>PoolTimeout)\b"),
            ("MemoryError", r"^.*\b(?<status>MemoryError)\b"),
        )
    ),
)

# the last line of a Python traceback, which says the same without a record's head
EXHAUSTED_LINE = r"^(?<status>(?:[A-Za-z_]\w*\.)*(?:OSError: \[Errno 24\]|PoolTimeout\b|MemoryError\b))"

# the line after aiohttp's message: which object was left open
OBJECT_MARK = "client_session: <aiohttp."
OBJECT_LINE = (
    r"^client_session: <(?<tool>aiohttp)\.client\.ClientSession object at (?<correlation_id>0x[0-9a-f]+)>"
)

# the line after a refusal's own record: the service's words, where no record of the failed try carries them
REFUSAL_MARK = "Error code: 40"
REFUSAL_LINE = r"^(?<status>Error code: (?:401|403) - \{.*)$"
