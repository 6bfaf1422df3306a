"""What the client's own logs say: the debug log in both grammars, MCP logs and transcripts."""

from __future__ import annotations

import json

import polars as pl
import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.formats.jsonl import CUT, NOT_JSON, UNEXPECTED
from forensics.schema import EventKind as K

SESSION = "c4f74656-68ad-4973-8f53-0b862ed16d5d"
STT = "2025-10-21 03:54:21,768 - voicemode - INFO - STT: Starting speech-to-text conversion"
OUT = "2025-10-21 03:54:52,100 - voicemode - ERROR - ✗ All STT endpoints failed after 2 attempts"
UNCLOSED = "2025-10-21 03:55:00,000 - asyncio - ERROR - Unclosed client session"
OBJECT = "client_session: <aiohttp.client.ClientSession object at 0x7f00>"
Z = "2026-11-22T07:50:12.519Z"


def told(parsed, *columns: str) -> list[tuple]:
    """Return the events but for the log's edges: line, kind and some more columns."""
    rows = parsed.events.sort("line", "ordinal").iter_rows(named=True)
    return [(r["line"], r["kind"], *(r[c] for c in columns)) for r in rows if r["kind"] != K.LOG_EDGE.value]


def problems(parsed) -> list[tuple]:
    return [(p.line, p.reason, p.count) for p in parsed.problems]


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
    @pytest.mark.parametrize(("said", "line"), [(HEAP, 5), (UNCAUGHT, 2), (UNCAUGHT[2:], 3)])
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


def record(**changes) -> dict:
    return {"type": "user", "uuid": "u1", "parentUuid": None, "sessionId": SESSION, "timestamp": "2025-10-21T07:00:00.000Z", "version": "2.0.24", "cwd": "/w", "message": {"role": "user", "content": "hello"}} | changes  # fmt: skip


def assistant(*blocks: dict, **changes) -> dict:
    return record(
        type="assistant",
        message={"role": "assistant", "id": "msg_1", "model": "m", "content": list(blocks)},
        **changes,
    )


def call(name: str, **asked) -> dict:
    return {"type": "tool_use", "id": "toolu_1", "name": name, "input": asked}


def result(content, is_error=None) -> dict:
    return record(message={"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": content, "is_error": is_error}]})  # fmt: skip


class TestTranscript:
    def read(self, read, *records, name: str = f"projects/p/{SESSION}.jsonl"):
        return read(name, "".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records))

    def test_damaged_blank_and_foreign_lines_cost_themselves_only(self, read):
        parsed = read(
            f"{SESSION}.jsonl",
            "\n".join(
                [
                    json.dumps(record()),
                    "",
                    "{broken",
                    "[1, 2]",
                    '"text"',
                    "   ",
                    json.dumps(record(uuid="u2")),
                    '{"type":"us',
                ]
            ),
        )
        assert [line for line, kind in told(parsed) if kind == "user_prompt"] == [1, 7]
        assert problems(parsed) == [(3, NOT_JSON, 1), (4, UNEXPECTED, 2), (8, CUT, 1)]
        assert (parsed.lines_total, parsed.lines_understood) == (8, 4)

    def test_a_message_of_another_shape_is_noted_and_is_no_prompt(self, read):
        parsed = self.read(read, record(message="hello"), record(message={"role": "user", "content": 5}))
        assert problems(parsed) == [(1, UNEXPECTED, 2)]
        assert "user_prompt" not in {k for _, k in told(parsed)}

    def test_what_is_asked_for_late_in_a_prompt_is_kept(self, read):
        late = "background " * 200 + "use three agents in parallel"
        parsed = self.read(read, record(message={"role": "user", "content": late}))
        assert told(parsed, "message")[0] == (1, "user_prompt", late)

    def test_a_voice_failure_keeps_its_second_endpoint(self, read):
        failed = (
            "STT service connection failed:\n  - http://127.0.0.1:2022/v1: " + "x" * 400 + "\n  - https://api"
        )
        assert told(self.read(read, result(failed)), "message")[0] == (1, "tool_result", failed)

    def test_content_as_text_or_as_blocks(self, read):
        blocks = {
            "role": "user",
            "content": [{"type": "text", "text": "one"}, {"type": "image", "source": {}}],
        }
        parsed = self.read(read, record(), record(uuid="u2", message=blocks))
        assert told(parsed, "message")[0] == (1, "user_prompt", "hello")
        assert told(parsed, "message")[2:] == [(2, "user_prompt", "one"), (2, "other", "user image")]

    @pytest.mark.parametrize("content", ["text", [{"type": "text", "text": "text"}], [{"type": "text", "text": '{"result":"text"}'}]])  # fmt: skip
    def test_a_result_as_text_or_as_blocks(self, read, content):
        parsed = self.read(read, result(content), result(content, is_error=True))
        found = [r for r in told(parsed, "status", "message") if r[1] == "tool_result"]
        assert found == [(1, "tool_result", "ok", "text"), (2, "tool_result", "error", "text")]

    @pytest.mark.parametrize("as_text", [False, True])
    def test_a_todo_list_as_a_list_or_as_text(self, read, as_text):
        todos = [
            {"content": "a", "status": "in_progress", "activeForm": "Doing a"},
            {"content": "b", "status": "pending"},
        ]
        parsed = self.read(read, assistant(call("TodoWrite", todos=json.dumps(todos) if as_text else todos)))
        assert parsed.todos.select("position", "content", "active_form", "status").rows() == [
            (0, "a", "Doing a", "in_progress"),
            (1, "b", None, "pending"),
        ]
        assert parsed.events.filter(parsed.events["kind"] == "todo_snapshot")["count"].to_list() == [2]

    def test_tasks(self, read):
        parsed = self.read(
            read, assistant(call("TaskCreate", subject="a"), call("TaskUpdate", taskId=3, status="completed"))
        )
        assert parsed.todos.select("ordinal", "item_id", "content", "status").rows() == [(0, None, "a", None), (1, "3", None, "completed")]  # fmt: skip

    def test_tasks_that_wait_for_each_other(self, read):
        # 2.1.330 adds links from either end, by TaskUpdate only
        links = (
            call("TaskUpdate", taskId="2", addBlockedBy=["1"]),
            call("TaskUpdate", taskId="2", addBlocks=["3"]),
        )
        parsed = self.read(read, assistant(*links))
        assert parsed.todos.select("item_id", "blocked_by", "blocks").rows() == [("2", ["1"], []), ("2", [], ["3"])]  # fmt: skip

    @pytest.mark.parametrize("tool", ["Task", "Agent"])
    def test_a_spawn(self, read, tool):
        spawned = assistant(
            call(
                tool, description="Look", prompt="Look at it", subagent_type="Explore", run_in_background=True
            )
        )
        parsed = self.read(read, spawned)
        assert parsed.spawns.select("agent_type", "description", "prompt", "background").rows() == [("Explore", "Look", "Look at it", True)]  # fmt: skip
        (event,) = (
            r for r in told(parsed, "component", "correlation_id", "message_id") if r[1] == "agent_spawn"
        )
        assert event[2:] == ("Explore", "toolu_1", "msg_1")

    def test_a_spawn_and_the_agent_that_answers_have_the_same_digest(self, read):
        parsed = self.read(
            read, assistant(call("Task", prompt="Look at it")), record(uuid="s1", isSidechain=True, message={"role": "user", "content": "Look at it"})
        )  # fmt: skip
        digests = parsed.events.filter(parsed.events["text_sha"].is_not_null())["text_sha"].to_list()
        assert len(digests) == 2
        assert len(set(digests)) == 1

    def test_sidechains_without_an_agent_id_are_named_after_their_root(self, read):
        def side(uuid, parent):
            return record(uuid=uuid, parentUuid=parent, isSidechain=True)

        parsed = self.read(
            read,
            record(),
            side("a1", None),
            side("b1", None),
            side("a2", "a1"),
            side("b2", "b1"),
            side("a3", "a2"),
        )
        agents = [a for _, kind, a in told(parsed, "agent_id") if kind == "user_prompt"]
        assert agents == [
            None,
            "sidechain:a1",
            "sidechain:b1",
            "sidechain:a1",
            "sidechain:b1",
            "sidechain:a1",
        ]

    def test_warm_up_stubs_are_no_agents(self, read):
        warm = record(uuid="w1", isSidechain=True, message={"role": "user", "content": "Warmup"})
        answer = assistant({"type": "text", "text": "none"}, uuid="w2", parentUuid="w1", isSidechain=True)
        kinds = {kind for _, kind in told(self.read(read, warm, answer))}
        assert kinds == {"other", "session_meta"}

    def test_an_interrupt_a_background_agents_end_and_an_api_error(self, read):
        done = (
            "<task-notification>\n<task-id>a1b2</task-id>\n<status>completed</status>\n</task-notification>"
        )
        parsed = self.read(
            read,
            record(
                message={
                    "role": "user",
                    "content": [{"type": "text", "text": "[Request interrupted by user]"}],
                }
            ),
            {"type": "queue-operation", "operation": "enqueue", "sessionId": SESSION, "content": done},
            {"type": "queue-operation", "operation": "dequeue", "sessionId": SESSION},
            assistant({"type": "text", "text": "API Error: 529 overloaded"}, isApiErrorMessage=True),
        )
        found = [
            r for r in told(parsed, "status", "target_agent_id") if r[1] not in {"session_meta", "other"}
        ]
        assert found == [(1, "user_interrupt", None, None), (2, "agent_notification", "completed", "a1b2"), (4, "api_error", "529", None)]  # fmt: skip

    def test_how_hooks_ended(self, read):
        asked = {"hookName": "PostToolUse:Bash", "hookEvent": "PostToolUse", "command": "lint --fix"}
        attached = [
            {
                "type": "hook_non_blocking_error",
                "exitCode": 127,
                "stderr": "lint: not found",
                "durationMs": 7,
                **asked,
            },
            {"type": "hook_cancelled", "timedOut": True, "timeoutMs": 1000, "durationMs": 1009, **asked},
            {"type": "hook_cancelled", "hookName": "PreToolUse:Bash", "hookEvent": "PreToolUse"},
            {"type": "hook_success", "content": "", **asked},
            {"type": "hook_additional_context", "content": ["be careful"], **asked},
        ]
        parsed = self.read(
            read, *(record(type="attachment", attachment=a, uuid=f"a{n}") for n, a in enumerate(attached))
        )
        found = told(parsed, "component", "command", "status", "duration_ms", "correlation_id")
        assert [row for row in found if row[1] == "hook_ran"] == [
            (1, "hook_ran", "PostToolUse:Bash", "lint --fix", "127", 7.0, None),
            (2, "hook_ran", "PostToolUse:Bash", "lint --fix", "timed out", 1009.0, None),
            (3, "hook_ran", "PreToolUse:Bash", None, "cancelled", None, None),
            (4, "hook_ran", "PostToolUse:Bash", "lint --fix", "0", None, None),
        ]
        assert [row[:2] for row in found if row[0] == 5] == [(5, "other")]

    def test_stop_hooks_that_failed_are_told_together(self, read):
        def summary(errors, *commands):
            hooks = [{"command": c} for c in commands]
            return record(
                type="system",
                subtype="stop_hook_summary",
                hookErrors=errors,
                hookInfos=hooks,
                uuid=str(hooks),
            )

        parsed = self.read(
            read, summary([], "a"), summary(["it broke"], "b"), summary(["it broke"], "c", "d")
        )
        found = told(parsed, "component", "command", "status", "message")
        assert [row for row in found if row[1] == "hook_ran"] == [
            (2, "hook_ran", "Stop", "b", "error", "it broke"),
            (3, "hook_ran", "Stop", None, "error", "it broke"),
        ]

    def test_turns_that_are_spent(self, read):
        spent = {"type": "max_turns_reached", "maxTurns": 2, "turnCount": 3, "exitCommitted": False}
        parsed = self.read(read, record(type="attachment", attachment=spent, agentId="a1", isSidechain=True))
        assert told(parsed, "status", "count", "agent_id")[0] == (1, "budget_ended", "max_turns", 2, "a1")

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            ({}, None),
            ({"cause": {"code": "ConnectionRefused", "errno": 0}}, "ConnectionRefused"),
            ({"cause": {}}, None),
            ({"message": "Request timed out."}, "Request timed out"),
            ({"status": 529, "message": "529 {}"}, "529"),
        ],
    )
    def test_why_a_try_failed(self, read, error, status):
        tried = record(type="system", subtype="api_error", error=error, retryAttempt=3, maxRetries=10)
        assert told(self.read(read, tried), "component", "status", "count")[0] == (1, "api_error", "attempt", status, 3)  # fmt: skip

    def test_an_api_error_without_a_class_has_no_status(self, read):
        failed = assistant(
            {"type": "text", "text": "Invalid API key · Fix external API key"}, isApiErrorMessage=True
        )
        assert told(self.read(read, failed), "status")[0] == (1, "api_error", None)

    def test_types_that_a_new_client_invents_are_counted_and_not_refused(self, read):
        parsed = self.read(read, {"type": "quantum-state", "sessionId": SESSION, "spin": [1, 2]})
        assert told(parsed, "message") == [(1, "other", "quantum-state")]
        assert problems(parsed) == []

    def test_copies_of_a_record_share_its_id(self, read):
        one, other = (
            self.read(read, assistant(call("Write", file_path="/w/a")), name=n)
            for n in ("a.jsonl", "b.jsonl")
        )
        ids = [p.events.filter(p.events["kind"] == "tool_call")["record_id"].to_list() for p in (one, other)]
        assert ids[0] == ids[1] != [None]


def test_the_incident_is_understood_to_the_last_line(incident, read):
    for path in sorted(p for p in incident.rglob("*") if p.is_file()):
        data = path.read_bytes()
        parsed = read(path.relative_to(incident).as_posix(), data)
        assert problems(parsed) == []
        assert parsed.lines_total == data.count(b"\n") + (not data.endswith(b"\n"))
        assert parsed.events.height


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
