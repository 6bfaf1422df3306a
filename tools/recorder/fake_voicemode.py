"""A speech server in miniature, for the scenario f_mcp: its recognition always fails, with a refused fallback.

It speaks MCP over its pipes, and writes to standard error what voicemode writes when the local recogniser times
out and the fallback has no key. Only the waiting is shorter. With the argument ``dies`` it ends in the
middle of its second call, without a word.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from typing import Any

SPEAKING_S, TIMEOUT_S, REFUSAL_S = 0.3, 2.0, 0.4
DIES, LAST_CALL = "dies", 2
FAILED = "STT service connection failed: all endpoints failed"
REFUSED = (
    "  🔐 OpenAI Authentication Failed: The OpenAI API key is invalid or missing.\n"
    "Error code: 401 - {'error': {'message': \"You didn't provide an API key.\", "
    "'type': 'invalid_request_error', 'param': None, 'code': None}}"
)
CONNECTOR = (
    "Unclosed connector\n"
    "connections: ['[(<aiohttp.client_proto.ResponseHandler object at 0x7f6d5c0f3d70>, 1234.5)]']\n"
    "connector: <aiohttp.connector.TCPConnector object at 0x7f6d5c1b2b10>"
)
SESSION = "Unclosed client session\nclient_session: <aiohttp.client.ClientSession object at 0x7f6d5c1b2a50>"
CONVERSE = {
    "name": "converse",
    "description": "Speak a message and listen for the answer.",
    "inputSchema": {
        "type": "object",
        "properties": {"message": {"type": "string"}, "wait_for_response": {"type": "boolean"}},
        "required": ["message"],
    },
}


def log(name: str, level: str, message: str) -> None:
    """Write one record as Python's logging does: local time, milliseconds after a comma."""
    now = datetime.now()  # noqa: DTZ005 - the server's own records carry no zone
    moment = f"{now:%Y-%m-%d %H:%M:%S},{now.microsecond // 1000:03d}"
    print(f"{moment} - {name} - {level} - {message}", file=sys.stderr, flush=True)


def converse(message: str) -> str:
    """Speak, listen, and fail to understand: at the local endpoint first, then at the fallback."""
    log("voicemode", "INFO", f"Converse: '{message[:50]}' (wait_for_response: True)")
    log("voicemode", "INFO", "TTS: Starting text-to-speech conversion")
    time.sleep(SPEAKING_S)
    log("voicemode", "INFO", "✓ TTS streamed successfully - TTFA: 0.312s, Total: 0.934s")
    log("voicemode", "INFO", "STT: Starting speech-to-text conversion")
    log("voicemode", "INFO", "STT: Attempting primary endpoint: http://127.0.0.1:2022/v1 (whisper)")
    time.sleep(TIMEOUT_S)
    log("voicemode", "WARNING", "STT failed for http://127.0.0.1:2022/v1 (whisper): Request timed out.")
    fallback = "STT: Primary failed, attempting fallback #1: https://api.openai.com/v1 (openai)"
    log("voicemode", "WARNING", fallback)
    time.sleep(REFUSAL_S)
    log("voicemode", "ERROR", REFUSED)
    log("voicemode", "ERROR", "✗ All STT endpoints failed after 2 attempts")
    log("voice-mode", "ERROR", FAILED)
    log("asyncio", "ERROR", SESSION)
    log("asyncio", "ERROR", CONNECTOR)
    return FAILED


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a request, or the error that there is no such method."""
    parameters = asked.get("params") or {}
    if asked["method"] == "initialize":
        about = {"name": "voicemode", "version": "0.0.0"}
        protocol = parameters.get("protocolVersion", "2024-11-05")
        return {"result": {"protocolVersion": protocol, "capabilities": {"tools": {}}, "serverInfo": about}}
    if asked["method"] == "tools/list":
        return {"result": {"tools": [CONVERSE]}}
    if asked["method"] == "tools/call":
        said = converse((parameters.get("arguments") or {}).get("message", ""))
        return {"result": {"content": [{"type": "text", "text": said}], "isError": True}}
    return {"error": {"code": -32601, "message": "Method not found"}}


def main() -> None:
    """Answer requests, one a line, until the client closes the pipe; notifications want no answer."""
    log("voicemode", "INFO", "Starting VoiceMode MCP Server")
    calls = 0
    for line in sys.stdin:
        asked = json.loads(line)
        calls += asked.get("method") == "tools/call"
        if DIES in sys.argv and calls == LAST_CALL:
            sys.exit(1)
        if asked.get("id") is not None and "method" in asked:
            print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **answer(asked)}), flush=True)
    log("asyncio", "ERROR", SESSION)


if __name__ == "__main__":
    main()
