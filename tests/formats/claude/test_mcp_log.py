"""What the client's logs of MCP servers say."""

from __future__ import annotations

import json

from forensics.formats.jsonl import NOT_JSON
from tests.support.parsed import problems, told

SESSION = "c4f74656-68ad-4973-8f53-0b862ed16d5d"
STT = "2025-10-21 03:54:21,768 - voicemode - INFO - STT: Starting speech-to-text conversion"
OUT = "2025-10-21 03:54:52,100 - voicemode - ERROR - ✗ All STT endpoints failed after 2 attempts"


def item(text: str, key: str = "debug", **more) -> dict:
    return {key: text, "timestamp": "2025-10-21T07:00:03.653Z", "sessionId": SESSION, "cwd": "/w"} | more


ITEMS = [
    item("Calling MCP tool: converse"),
    item(f"Server stderr: {STT}\n{OUT}\n", "error"),
    item("Tool 'converse' completed successfully in 39s"),
]


class TestMcpLog:
    name = "mcp-logs-voicemode/2025-10-21T07-00-03-241Z"

    def test_json_lines(self, read):
        parsed = read(self.name + ".jsonl", "".join(json.dumps(i) + "\n" for i in ITEMS))
        assert told(parsed, "component", "session_id") == [
            (1, "mcp_call", "voicemode", SESSION),
            (2, "stt_start", "voicemode", SESSION),
            (2, "stt_exhausted", "voicemode", SESSION),
            (3, "mcp_call_end", "voicemode", SESSION),
        ]
        assert parsed.events["ts"].is_not_null().all()
        assert parsed.events["local_ts"].is_not_null().sum() == 2

    def test_how_long_a_call_took(self, read):
        failed = item("Tool 'search' failed after 1m 5s: MCP error -32001: Request timed out")
        parsed = read(self.name + ".jsonl", "".join(json.dumps(i) + "\n" for i in (*ITEMS, failed)))
        assert parsed.events.filter(parsed.events["kind"] == "mcp_call_end")["duration_ms"].to_list() == [39_000, 65_000]  # fmt: skip

    def test_a_pretty_array(self, read):
        parsed = read(self.name + ".txt", json.dumps(ITEMS, indent=2))
        assert told(parsed) == [(3, "mcp_call"), (9, "stt_start"), (9, "stt_exhausted"), (15, "mcp_call_end")]
        assert parsed.events["ts"].is_not_null().all()
        assert parsed.lines_understood == parsed.lines_total == 20

    def test_a_pretty_array_that_was_cut_off(self, read):
        text = json.dumps(ITEMS, indent=2)
        parsed = read(self.name + ".txt", text[: text.index("converse' comp")])
        assert told(parsed) == [(3, "mcp_call"), (9, "stt_start"), (9, "stt_exhausted")]
        assert problems(parsed) == [(15, "not a line of a log item", 1)]

    def test_an_empty_array(self, read):
        parsed = read(self.name + ".txt", "[]")
        assert (told(parsed), problems(parsed)) == ([], [])

    def test_a_value_that_is_no_json(self, read):
        parsed = read(self.name + ".txt", json.dumps(ITEMS, indent=2).replace("Calling MCP", "\\x MCP"))
        assert problems(parsed) == [(3, NOT_JSON, 1)]

    def test_recognised_without_its_folder(self, read):
        parsed = read("log.jsonl", json.dumps(ITEMS[0]))
        assert told(parsed, "component") == [(1, "mcp_call", "?")]
