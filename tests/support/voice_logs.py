"""Records of the voice server, as its versions write them."""

from __future__ import annotations

import json

STDERR = """\
/x/pydub/utils.py:300: DeprecationWarning: invalid escape
╭─ FastMCP ─╮
[11/22/26 01:30:15] INFO     Starting MCP server
2025-10-21 03:54:21,768 - voicemode - INFO - STT: Starting speech-to-text conversion
2025-10-21 03:54:21,769 - voicemode - INFO -   Available endpoints: ['http://127.0.0.1:2022/v1', 'https://api.openai.com/v1']
2025-10-21 03:54:21,770 - voicemode - INFO - STT: Attempting primary endpoint: http://127.0.0.1:2022/v1 (whisper)
2025-10-21 03:54:51,800 - voicemode - WARNING - STT failed for http://127.0.0.1:2022/v1 (whisper): Request timed out.
2025-10-21 03:54:51,801 - voicemode - WARNING - STT: Primary failed, attempting fallback #1: https://api.openai.com/v1 (openai)
2025-10-21 03:54:52,000 - voicemode - ERROR -   🔐 OpenAI Authentication Failed: Check your key
2025-10-21 03:54:52,001 - voicemode - ERROR - STT failed for final endpoint https://api.openai.com/v1 (openai): Error code: 401 - {'error': {}}
2025-10-21 03:54:52,100 - voicemode - ERROR - ✗ All STT endpoints failed after 2 attempts
2025-10-21 03:54:52,110 - voice-mode - ERROR - STT service connection failed:
  - http://127.0.0.1:2022/v1/audio/transcriptions: Request timed out.

2025-10-21 03:55:00,000 - asyncio - ERROR - Unclosed client session
client_session: <aiohttp.client.ClientSession object at 0x7f00>
"""


def voice_event(kind: str, **more) -> str:
    return json.dumps({"timestamp": "2025-10-21T07:00:50.707105+00:00", "event_type": kind, "session_id": "conv_1", "data": {}} | more) + "\n"  # fmt: skip
