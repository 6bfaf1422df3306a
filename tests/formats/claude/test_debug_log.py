"""What the client's debug log says, in both grammars."""

from __future__ import annotations

import json

import polars as pl
import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.schema import EventKind as K
from tests.support.parsed import problems, told

SESSION = "c4f74656-68ad-4973-8f53-0b862ed16d5d"
STT = "2025-10-21 03:54:21,768 - voicemode - INFO - STT: Starting speech-to-text conversion"
OUT = "2025-10-21 03:54:52,100 - voicemode - ERROR - ✗ All STT endpoints failed after 2 attempts"
UNCLOSED = "2025-10-21 03:55:00,000 - asyncio - ERROR - Unclosed client session"
OBJECT = "client_session: <aiohttp.client.ClientSession object at 0x7f00>"
Z = "2026-11-22T07:50:12.519Z"


def chunk(*lines: str, prefix: str = "") -> str:
    return prefix + '[ERROR] MCP server "voicemode" Server stderr: ' + "\n".join(lines)


HEAP = (
    "",
    "<--- Last few GCs --->",
    "[4711:0x5f]   1234567 ms: Mark-Compact 4051.2 (4130.1) -> 4045.0 (4130.3) MB",
    "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
    "----- Native stack trace -----",
)
UNCAUGHT = (
    "      throw er; // Unhandled 'error' event",
    "      ^",
    "Error: spawn ps ENOENT",
    "Node.js v20.11.0",
)


class TestDebugLog:
    def read(self, read, *lines: str, name: str = f"debug/{SESSION}.txt"):
        return read(name, "\n".join(lines) + "\n")

    def test_records_without_time(self, read):
        parsed = self.read(
            read,
            "[DEBUG] Getting matching hook commands for SessionStart with query: startup",
            "[DEBUG] executePreToolHooks called for tool: Task",
            "[DEBUG] Getting matching hook commands for PostToolUse with query: Task",
            "[DEBUG] something of no meaning",
        )
        assert told(parsed, "tool", "ts") == [
            (1, "session_start", None, None),
            (2, "tool_dispatch", "Task", None),
            (3, "tool_done", "Task", None),
        ]
        assert set(parsed.events["session_id"]) == {SESSION}
        assert set(parsed.events["ts_quality"]) == {"missing"}
        assert parsed.lines_understood == parsed.lines_total == 4

    def test_a_request_and_its_first_byte(self, read):
        parsed = self.read(
            read,
            f"{Z} [DEBUG] [API:timing] dispatching to firstParty model=claude-opus-5-5",
            f"{Z} [DEBUG] [API REQUEST] /v1/messages source=sdk",
            f"{Z} [DEBUG] [API:timing] first byte after 2508ms",
        )
        assert told(parsed, "endpoint", "duration_ms") == [
            (1, "api_request", "claude-opus-5-5", None),
            (3, "api_first_byte", None, 2508.0),
        ]

    def test_records_with_time(self, read):
        parsed = self.read(
            read,
            f"{Z} [DEBUG] session.start: raised (surface none, not interactive)",
            f"{Z} [INFO] [Stall] tool_dispatch_start tool=Agent toolUseId=toolu_01 permissionDecisionMs=3",
            f"{Z} [INFO] [Stall] tool_dispatch_end tool=Agent toolUseId=toolu_01 outcome=aborted durationMs=12",
            f"{Z} [INFO] [Stall] agent_completion agentId=a1 agentType=Explore exitPath=error durationMs=9 turns=1",
        )
        assert told(parsed, "tool", "correlation_id", "status", "duration_ms") == [
            (1, "session_start", None, None, "raised", None),
            (2, "tool_dispatch", "Agent", "toolu_01", None, None),
            (3, "tool_done", "Agent", "toolu_01", "aborted", 12.0),
            (4, "agent_stop", None, None, "error", 9.0),
        ]
        assert {f"{t:%Y-%m-%d %H:%M:%S.%f %Z}" for t in parsed.events["ts"]} == {
            "2026-11-22 07:50:12.519000 UTC"
        }
        assert set(parsed.events["ts_quality"]) == {"exact"}

    @pytest.mark.parametrize("tool", ["TaskCreate", "TaskUpdate", "TaskOutput", "mcp__x__Task"])
    def test_a_tool_whose_name_begins_like_another(self, read, tool):
        parsed = self.read(read, f"[DEBUG] executePreToolHooks called for tool: {tool}")
        assert told(parsed, "tool") == [(1, "tool_dispatch", tool)]

    def test_colours_carriage_returns_and_a_byte_order_mark(self, read):
        parsed = read(
            f"{SESSION}.txt", "\ufeff\x1b[2m[DEBUG] executePreToolHooks called for tool: Task\x1b[22m\r\n"
        )
        assert told(parsed, "tool") == [(1, "tool_dispatch", "Task")]

    def test_a_message_as_a_json_string(self, read):
        parsed = self.read(
            read,
            f'{Z} [ERROR] "Hook denied tool use for Bash\\nstderr:\\nno"',
            f'{Z} [ERROR] "not closed',
            f'{Z} [DEBUG] "Hook denied tool use for \\ud83d"',
        )
        assert told(parsed, "tool", "message") == [
            (1, "hook_denied", "Bash", "Hook denied tool use for Bash\nstderr:\nno"),
            (3, "hook_denied", "\ufffd", "Hook denied tool use for \ufffd"),
        ]

    @pytest.mark.parametrize("prefix", ["", f"{Z} "], ids=["undated", "dated"])
    def test_a_chunk_of_stderr_over_several_lines(self, read, prefix):
        parsed = self.read(
            read, "[DEBUG] a", chunk(STT, OUT, UNCLOSED, OBJECT, prefix=prefix), f"{prefix}[DEBUG] b"
        )
        assert told(parsed, "component") == [
            (2, "stt_start", "voicemode"),
            (3, "stt_exhausted", "voicemode"),
            (4, "resource_warning", "asyncio"),
            (5, "resource_object", None),
        ]
        server = parsed.events.filter(
            parsed.events["kind"].is_in(["stt_start", "stt_exhausted", "resource_warning"])
        )
        assert [f"{t:%H:%M:%S.%f}" for t in server["local_ts"]] == [
            "03:54:21.768000",
            "03:54:52.100000",
            "03:55:00.000000",
        ]
        assert server["ts"].is_null().all() == (not prefix)

    def test_a_chunk_as_a_json_string(self, read):
        wrapped = json.dumps(f'MCP server "voicemode" Server stderr: {STT}\n{OUT}', ensure_ascii=False)
        parsed = self.read(read, f"{Z} [ERROR] {wrapped}")
        assert told(parsed) == [(1, "stt_start"), (1, "stt_exhausted")]

    @pytest.mark.parametrize("batch_bytes", [50, 200, 1 << 20])
    def test_a_chunk_whose_head_is_in_the_batch_before(self, read, batch_bytes):
        noise = ["  no record"] * 30
        text = "\n".join([chunk(STT, *noise, OUT), "[DEBUG] end"])
        assert told(read(f"{SESSION}.txt", text, batch_bytes)) == [(1, "stt_start"), (32, "stt_exhausted")]

    @pytest.mark.parametrize(
        "quoted",
        [
            ["[DEBUG] The log says:", STT, OUT, UNCLOSED, OBJECT],
            [chunk(STT), "[DEBUG] Tool result:", OUT],
            [f"[DEBUG] I saw {STT}"],
            ['[DEBUG] "executePreToolHooks called for tool: Task" is what it says'],
            ["[DEBUG] x", "executePreToolHooks called for tool: Task"],
            ["[DEBUG] > [DEBUG] executePreToolHooks called for tool: Task"],
            [f'[DEBUG] Hook output: MCP server "voicemode" Server stderr: {STT}', OUT],
            ["[DEBUG] Tool result:", *HEAP, "[DEBUG] end"],
            ["[ERROR] FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"],
            [chunk("node:events:497"), "      throw er; // Unhandled 'error' event", "Node.js v20.11.0"],
        ],
    )
    def test_a_quoted_log_is_no_event(self, read, quoted):
        kinds = {k for _, k in told(self.read(read, *quoted))}
        assert kinds <= ({"stt_start"} if quoted[0] == chunk(STT) else set())

    @pytest.mark.parametrize("batch_bytes", [50, 1 << 20])
    @pytest.mark.parametrize(("said", "line"), [(HEAP, 5), (UNCAUGHT, 4), (UNCAUGHT[2:], 2)])
    def test_what_a_dying_process_prints_last(self, read, said, line, batch_bytes):
        parsed = read(f"{SESSION}.txt", "\n".join([f"{Z} [DEBUG] a", *said]) + "\n", batch_bytes)
        assert told(parsed) == [(line, "process_fatal")]
        assert parsed.events["ts"].is_not_null().all()

    def test_a_traceback_of_the_server_says_what_ran_out(self, read):
        told_by = "OSError: [Errno 24] Too many open files"
        assert told(self.read(read, chunk(STT, "Traceback:", told_by))) == [(1, "stt_start"), (3, "resource_exhausted")]  # fmt: skip
        assert told(self.read(read, "[DEBUG] it said:", told_by)) == []

    def test_the_first_and_the_last_record_are_kept_whatever_they_say(self, read):
        parsed = self.read(read, "[DEBUG] a", *["[DEBUG] b"] * 3000, "[INFO] c", *["of c"] * 3000)
        edges = parsed.events.filter(parsed.events["kind"] == K.LOG_EDGE.value)
        assert edges.select("line", "message").rows() == [(1, "a"), (3002, "c")]

    def test_lines_before_the_first_record_are_not_understood(self, read):
        parsed = self.read(read, "who wrote", "this?", "[DEBUG] a")
        assert problems(parsed) == [(1, "line before the first record", 2)]

    def test_line_numbers_are_the_editors(self, read):
        text = "[DEBUG] a\u2028b\x0bc\x85d\rerased\n[DEBUG] executePreToolHooks called for tool: Task"
        parsed = read(f"{SESSION}.txt", text)
        assert told(parsed) == [(2, "tool_dispatch")]
        assert parsed.lines_total == 2

    def test_durations_and_anchors(self, read):
        parsed = self.read(
            read,
            "[DEBUG] MCP server \"voicemode\": Tool 'converse' completed successfully in 3m 12s",
            "[DEBUG] Writing to temp file: /home/dev/.claude.json.tmp.48213.1761030003412",
            "[DEBUG] Writing to temp file: /w/app.py.tmp.48213.1761030004412",
            "[DEBUG] Writing to temp file: /w/app.py.tmp.48213.018a92ae00ff",
        )
        assert told(parsed, "duration_ms", "pid", "path") == [
            (1, "mcp_call_end", 192_000.0, None, None),
            (2, "clock_anchor", None, 48213, "/home/dev/.claude.json"),
            (3, "disk_write", None, 48213, "/w/app.py"),
            (4, "disk_write", None, 48213, "/w/app.py"),
        ]
        assert [t and f"{t:%H:%M:%S}" for t in parsed.events.sort("line").unique("line", maintain_order=True)["ts"]] == [None, "07:00:03", "07:00:04", None]  # fmt: skip

    def test_a_log_without_a_sessions_name(self, read):
        parsed = self.read(
            read, "[DEBUG] executePreToolHooks called for tool: Task", name="debug-logs/debug.txt"
        )
        assert parsed.events["session_id"].is_null().all()


@pytest.mark.parametrize(
    ("message", "kind", "status", "count", "duration_ms"),
    [
        ("API error (attempt 3/7): 429 429 {}", "api_error", "429", 3, None),
        ("API error (attempt 1/11): Failed to parse JSON", "api_error", None, 1, None),
        ("Error in API request: Failed to parse JSON", "api_error", None, None, None),
        ("Error in API request: Request was aborted.", "api_error", "Request was aborted", None, None),
        ("Error streaming, falling back to non-streaming mode: Stream ended", "api_error", None, None, None),
        ("Stream connection error (ECONNRESET) — retrying streaming (2/6)", "api_error", "ECONNRESET", None, None),
        ("Stream connection closed (ECONNRESET) before first event — retrying", "api_error", "ECONNRESET", None, None),
        ("Streaming stall detected: 150.5s gap between events (stall #2)", "api_stall", None, 2, 150_500.0),
    ],
)  # fmt: skip
def test_what_the_debug_log_says_of_the_model_api(read, message, kind, status, count, duration_ms):
    events = read("debug/x.txt", f"2026-01-22T07:00:00.000Z [WARN] {message}\n").events
    (event,) = events.filter(pl.col("kind") == kind).iter_rows(named=True)
    assert (event["status"], event["count"], event["duration_ms"]) == (status, count, duration_ms)
    assert event["message"] == message


@pytest.mark.parametrize(
    ("message", "component", "command", "status", "duration_ms"),
    [
        ("Hook command completed with status 2: python3 /h.py pre", None, "python3 /h.py pre", "2", None),
        ('Matched 2 unique hooks for query "Bash" (2 before deduplication)', None, None, None, None),
        ("Hook PostToolUse:Bash (PostToolUse) error:\n/bin/sh: 1: lint: not found", "PostToolUse:Bash", None, None, None),
        ("Hooks: PreToolUse:Bash [jq -r .[0] in] finished with status 2 (103ms)", "PreToolUse:Bash", "jq -r .[0] in", "2", 103.0),
        ("Hooks: PreToolUse:Bash [sleep 5] timed out after 1000ms (1009ms)", "PreToolUse:Bash", "sleep 5", "timed out", 1009.0),
        ("SessionEnd:other [python3 /h.py end] completed with status 0", "SessionEnd:other", "python3 /h.py end", "0", None),
    ],
)  # fmt: skip
def test_what_the_debug_log_says_of_hooks(read, message, component, command, status, duration_ms):
    events = read(f"debug/{SESSION}.txt", f"[DEBUG] {message}\n").events
    (event,) = events.filter(pl.col("kind") == "hook_ran").iter_rows(named=True)
    assert event["line"] == 1
    assert (event["component"], event["command"]) == (component, command)
    assert (event["status"], event["duration_ms"]) == (status, duration_ms)


def test_a_hooks_error_is_told_once_where_its_end_is_logged(read):
    said = (
        "[DEBUG] Hooks: PreToolUse:Bash [guard] finished with status 2 (9ms)\n"
        '[ERROR] "Hook PreToolUse:Bash (PreToolUse) error: status code 2\\nstderr:\\nno"\n'
    )
    assert read(f"debug/{SESSION}.txt", said).events["kind"].to_list().count("hook_ran") == 1


def test_hooks_that_no_matcher_chose_did_not_run(read):
    line = '[DEBUG] Matched 0 unique hooks for query "Bash" (0 before deduplication)\n'
    assert "hook_ran" not in read(f"debug/{SESSION}.txt", line).events["kind"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (' Connection failed (ENOENT): ENOENT: no such file or directory, posix_spawn "x"', "Connection failed"),
        (": HTTP Connection failed after 30ms: fetch failed (code: none, errno: none)", "HTTP Connection failed"),
        (": Connection timeout triggered after 3012ms (limit: 3000ms)", "Connection timeout"),
        (": STDIO connection closed after 5s (cleanly)", "STDIO connection closed"),
        (": SSE connection dropped after 300s uptime", "SSE connection dropped"),
        (": CLAUDEAI-PROXY connection closed after 9s (with errors)", "CLAUDEAI-PROXY connection closed"),
        (": Connection error: read ECONNRESET", "Connection error"),
        (": Max reconnection attempts (5) reached, giving up", "Max reconnection attempts"),
        (" STT service connection failed: all endpoints failed", None),
    ],
)  # fmt: skip
def test_what_the_debug_log_says_of_an_mcp_servers_connection(read, text, status):
    events = read(f"debug/{SESSION}.txt", f'[DEBUG] MCP server "tickets"{text}\n').events
    found = events.filter(pl.col("kind") == "mcp_connection").select("component", "status").rows()
    assert found == ([] if status is None else [("tickets", status)])


def test_a_log_that_says_only_how_the_stream_stalled_is_a_session(tmp_path):
    line = "2026-05-02T18:18:28.508Z [WARN] Streaming stall detected: 54.4s gap between events (stall #1)\n"
    (tmp_path / "stalls.txt").write_text(line)
    (session,) = analyse(Request([tmp_path])).sessions
    assert [m.text for m in session.timeline if m.kind == "api_stall"] == [line.rstrip().partition("] ")[2]]
