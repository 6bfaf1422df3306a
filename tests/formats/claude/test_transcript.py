"""What a transcript says."""

from __future__ import annotations

import json

import pytest

from forensics.evidence.account import Damage
from forensics.formats.jsonl import CUT, NOT_JSON, UNEXPECTED
from tests.support.parsed import problems, told

SESSION = "c4f74656-68ad-4973-8f53-0b862ed16d5d"


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

    @pytest.mark.parametrize(
        ("ran", "status"),
        [
            ({"durationMs": 600_020}, "timed out"),
            ({"durationMs": 60_004}, "timed out"),
            ({"durationMs": 2_050, "timeoutMs": 2_000}, "timed out"),
            ({"durationMs": 700, "timeoutMs": 2_000}, "cancelled"),
            ({"durationMs": 45_000}, "cancelled"),
            ({}, "cancelled"),
        ],
    )
    def test_a_hook_that_was_cancelled_at_its_limit_timed_out(self, read, ran, status):
        about = {"type": "hook_cancelled", "hookName": "PreToolUse:Bash", "hookEvent": "PreToolUse", **ran}
        parsed = self.read(read, record(type="attachment", attachment=about, uuid="a1"))
        assert [row[2] for row in told(parsed, "status") if row[1] == "hook_ran"] == [status]

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


def test_what_a_shell_printed_around_the_records_is_no_damage(read):
    record = json.dumps({"type": "user", "sessionId": "s", "message": {"role": "user", "content": "go"}})
    lines = ["$ npm test", "added 312 packages", record, "a torn line", record, "$ exit"]
    parsed = read("a.jsonl", "\n".join(lines) + "\n")
    told = [(p.line, p.count, p.reason.damage) for p in parsed.problems]
    assert told == [(1, 2, Damage.NONE), (4, 1, Damage.BROKEN), (6, 1, Damage.NONE)]


@pytest.mark.parametrize("rest", ['{"type":"us', 'er"}', "\x00\x00\x00"])
def test_what_may_be_the_rest_of_a_record_is_damage_behind_the_records_too(read, rest):
    record = json.dumps({"type": "user", "sessionId": "s", "message": {"role": "user", "content": "go"}})
    assert read("a.jsonl", f"{record}\n{rest}\n").problems[0].reason.damage is Damage.BROKEN
