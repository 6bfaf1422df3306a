"""Input that nobody should write, and that a dead machine or a stranger does write all the same."""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.cli.app import app
from forensics.evidence.file import count_lines, open_evidence
from forensics.formats import PARSERS

SESSION = "c4f74656-68ad-4973-8f53-0b862ed16d5d"
UTF8_BOM = b"\xef\xbb\xbf"
MB = 1_000_000
NOISE = random.Random(1).randbytes(5 * MB)  # noqa: S311 - the same in every run


def run(*args: object):
    return CliRunner().invoke(app, [str(a) for a in args])


def user(**changes: object) -> dict[str, object]:
    return {"type": "user", "uuid": "u1", "parentUuid": None, "sessionId": SESSION, "timestamp": "2025-10-21T07:00:00.000Z", "version": "2.0.24", "cwd": "/w", "message": {"role": "user", "content": "hello"}} | changes  # fmt: skip


@pytest.mark.parametrize("command", ["check", "report"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({}, "no files under"),
        ({"notes.txt": b"milk, eggs\n"}, "not a log of a known kind"),
        ({"core": NOISE[:4096]}, "binary file"),
        ({f"{SESSION}.jsonl": b""}, "empty file"),
        ({f"{SESSION}.jsonl": b'{"type":"user","sessionId":"x'}, "cut off"),
        ({f"todos/{SESSION}-agent-{SESSION}.json": b'{"content":"a dict"}'}, "not a"),
        ({"debug.txt": "[DEBUG] one\n".encode("utf-16-le")}, "binary file"),
        ({"voicemode.env": b"OPENAI_API_KEY=sk-1234567890abcdef\n"}, "hold keys"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value) or "nothing",
)
def test_where_nothing_can_be_read_the_gate_is_not_green(tmp_path, command, content, says):
    for name, data in content.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    result = run(command, tmp_path)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert says in result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["check", "report"])
def test_a_missing_path_is_a_usage_error(tmp_path, command):
    result = run(command, tmp_path / "gone")
    assert result.exit_code == 2
    assert "gone: no such file or folder" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["check", "report"])
def test_an_unreadable_file_is_named(tmp_path, command, monkeypatch):
    path = tmp_path / f"{SESSION}.jsonl"
    path.write_text(json.dumps(user()))

    def refuse(*args: object, **kwargs: object):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.chdir(tmp_path)  # a project of its own: the checkout's could not be read, either
    monkeypatch.setattr("pathlib.Path.open", refuse)
    result = run(command, tmp_path)
    assert result.exit_code == 3
    assert "cannot be read: Permission denied" in result.stderr


def test_a_truncated_last_line_costs_one_line(tmp_path):
    path = tmp_path / f"{SESSION}.jsonl"
    path.write_text(json.dumps(user()) + '\n{"type":"assistant","sess')
    analysis = analyse(Request([tmp_path]))
    (file,) = analysis.inputs
    assert (file.lines_total, file.lines_understood) == (2, 1)
    assert [(p.line, p.reason) for p in file.problems] == [(2, "not valid JSON: the last line is cut off")]
    assert run("check", tmp_path, "--format", "json").exit_code in {0, 1}


@pytest.mark.parametrize("parser", PARSERS, ids=lambda p: p.source.value)
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(NOISE, id="random"),
        pytest.param(bytes(5 * MB), id="nul"),
        pytest.param(b"[" * 100_000, id="deep-array"),
        pytest.param(b'{"a":' * 100_000, id="deep-object"),
        pytest.param(b'{"type":"user","message":' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="deep-message"),
        pytest.param(b"x^2\n" * 10, id="like-zlib"),
        pytest.param(b"\x1f\x8b\x08\x00" + b"a\n" * 10, id="like-gzip"),
        pytest.param(b"(\xb5/\xfd" + b"a\n" * 10, id="like-zstd"),
        pytest.param("{}\n".encode("utf-16"), id="utf-16"),
        pytest.param(UTF8_BOM, id="only-a-bom"),
        pytest.param(b"\n" * 100_000, id="empty-lines"),
        pytest.param(b"\r" * 1000, id="carriage-returns"),
    ],
)  # fmt: skip
def test_any_parser_survives(write, parser, data):
    evidence = write(f"projects/p/{SESSION}.jsonl", data, batch_bytes=2 * MB)
    before = time.process_time()
    parsed = parser.parse(evidence)
    assert time.process_time() - before < 4
    assert parsed.lines_total == count_lines(data)
    assert parsed.lines_understood + sum(p.count for p in parsed.problems) == parsed.lines_total


# a process of its own in between: until a child runs its program, it counts the memory of what started it as its own
MEASURING = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""
LINES = {
    "text": (b"[DEBUG] executePreToolHooks called for tool: Read\n[DEBUG] ", b"x", b"\n[DEBUG] Stream started\n"),
    "json": (json.dumps(user()).encode() + b'\n{"type":"user","text":"', b"x", b'"}\n' + json.dumps(user(uuid="u2")).encode() + b"\n"),
    "unended": (json.dumps(user()).encode() + b"\n" + json.dumps(user(uuid="u2")).encode() + b"\n", b"\0x", b""),
    "array": (json.dumps(user()).encode() + b"\n[", b"[1],", b"]\n" + json.dumps(user(uuid="u2")).encode() + b"\n"),
}  # fmt: skip


@pytest.mark.whole
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize("kind", LINES)
def test_a_line_of_500_megabytes_is_cut_and_told(tmp_path, kind, packed):
    before, filling, behind = LINES[kind]
    name = f"{SESSION}.{'txt' if kind == 'text' else 'jsonl'}"
    path = tmp_path / (f"{name}.gz" if packed else name)
    with gzip.open(path, "wb", compresslevel=1) if packed else path.open("wb") as file:
        file.write(before)
        for _ in range(500):
            file.write(filling * (MB // len(filling)))
        file.write(behind)
    asked = [sys.executable, "-m", "forensics", "check", "--format", "json", tmp_path]
    with (tmp_path / "said").open("wb") as out:
        measured = subprocess.run(
            [sys.executable, "-c", MEASURING, *asked], stdout=out, stderr=subprocess.PIPE, check=False
        )
    code, peak = map(int, measured.stderr.split()[-2:])
    assert code == 3
    (told,) = [i for i in json.loads((tmp_path / "said").read_text())["inputs"] if i["path"] == name]
    assert (told["lines_total"], told["lines_understood"]) == (3, 2)
    (problem,) = told["problems"]
    assert problem["line"] == (3 if kind == "unended" else 2)
    assert "more than 32 MiB" in problem["reason"]
    assert peak < 400_000  # KiB


@pytest.mark.parametrize("bom", [b"", UTF8_BOM], ids=["plain", "bom"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (f"{SESSION}.jsonl", [json.dumps(user()).encode()] * 2),
        ("debug.txt", [b"[DEBUG] executePreToolHooks called for tool: Task", b"[DEBUG] Stream started"]),
        ("voicemode_debug.log", [b"2025-10-21 03:54:21,768 - voicemode - INFO - STT: Starting speech-to-text conversion"]),
        (f"todos/{SESSION}-agent-{SESSION}.json", [b'[{"content":"a","status":"pending"}]']),
        (f"tasks/{SESSION}/1.json", [b'{"id":"1","subject":"a","status":"pending"}']),
        ("mcp-logs-v/x.txt", [b"[", b"  {", b'    "debug": "Calling MCP tool: converse",', b'    "timestamp": "2025-10-21T07:00:03.653Z",', b'    "sessionId": "s"', b"  }", b"]"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_byte_order_marks_and_carriage_returns_change_nothing(read, name, lines, bom, end):
    parsed = read(name, bom + end.join([*lines, b""]))
    plain = read(name, b"\n".join([*lines, b""]))
    assert parsed.lines_understood == parsed.lines_total == len(lines)
    assert parsed.events.rows() == plain.events.rows()
    assert parsed.todos.rows() == plain.todos.rows()


def test_half_an_emoji_does_not_cost_the_line(read):
    parsed = read("s.jsonl", b'{"type":"user","sessionId":"s","message":{"role":"user","content":"cut \\ud83d here \\\\ud83d \\ud83d\\ude00"}}\n')  # fmt: skip
    assert parsed.lines_understood == 1
    assert parsed.events["message"].to_list() == ["cut \ufffd here \\ud83d 😀"]


def test_one_invalid_byte_costs_no_event(read):
    parsed = read("s.jsonl", json.dumps(user()).encode().replace(b"hello", b"h\xffllo") + b"\n" + json.dumps(user()).encode())  # fmt: skip
    assert [m for m in parsed.events["message"] if "llo" in m] == ["h\ufffdllo", "hello"]
    assert [(p.line, p.count) for p in parsed.problems] == [(1, 1)]
    debug = read(
        "d.txt", b"[DEBUG] a\xff\n[DEBUG] executePreToolHooks called for tool: Task\n[DEBUG] \xef\xbf\xbd\n"
    )
    assert "Task" in debug.events["tool"].to_list()
    assert [(p.line, p.count) for p in debug.problems] == [(1, 1)]


ODD_VALUES = [None, True, -1, 0.5, 10**30, 1e300, "", "text", [], [None], {}, {"a": {"b": []}}]


@pytest.mark.parametrize("value", ODD_VALUES, ids=repr)
def test_wrong_types_in_every_field(read, tmp_path, value):
    call = {"type": "tool_use", "id": "toolu_1", "name": "TodoWrite", "input": {"todos": [{"content": "a", "status": "pending"}]}}  # fmt: skip
    message = {"role": "assistant", "id": "msg_1", "model": "m", "content": [call]}
    record = user(type="assistant", message=message, toolUseResult={"status": "completed", "agentId": "a", "totalDurationMs": 5}, requestId="r")  # fmt: skip
    extra = {"type": "system", "subtype": "compact_boundary", "sessionId": SESSION, "compactMetadata": {"trigger": "auto", "preTokens": value}}  # fmt: skip
    variants = [record | {key: value} for key in record]
    variants += [record | {"message": message | {key: value}} for key in message]
    variants += [record | {"message": message | {"content": [call | {key: value}]}} for key in call]
    variants += [record | {"message": message | {"content": [call | {"input": {"todos": value}}]}}]
    variants += [record | {"message": message | {"content": [call | {"name": name, "input": value}]}} for name in ("Task", "TaskUpdate", "Write")]  # fmt: skip
    variants += [extra, extra | {"compactMetadata": value}, {"type": "system", "subtype": "api_error", "sessionId": SESSION, "error": {"status": value, "message": value}, "retryAttempt": value}]  # fmt: skip
    (tmp_path / f"{SESSION}.jsonl").write_text("".join(json.dumps(v) + "\n" for v in [user(), *variants]))
    analysis = analyse(Request([tmp_path]))
    assert analysis.errors == ()
    event = {"timestamp": "2025-10-21T07:00:00+00:00", "event_type": "STT_COMPLETE", "session_id": "conv_1", "data": {"duration": 1, "pid": 1, "metrics": {"is_local": False}}}  # fmt: skip
    lines = [
        event | {"data": value},
        *({**event, "data": {**event["data"], key: value}} for key in event["data"]),
    ]
    lines += [event | {key: value} for key in event]
    read("e.jsonl", "".join(json.dumps(v) + "\n" for v in [event, *lines]))
    exchange = {"timestamp": "2025-10-21T02:00:00-05:00", "conversation_id": "conv_1", "type": "stt", "text": "a", "project_path": "/w", "metadata": {"voice_mode_version": "6.0.1"}}  # fmt: skip
    lines = [exchange | {key: value} for key in exchange]
    read("x.jsonl", "".join(json.dumps(v) + "\n" for v in [exchange, *lines, exchange | {"metadata": {"voice_mode_version": value}}]))  # fmt: skip


ODD_TIMES = ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "99999-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z", "2025-02-30T00:00:00.000Z", "1969-12-31T23:59:59.999Z", "", "yesterday", "2025-10-21T07:00:00"]  # fmt: skip


@pytest.mark.parametrize("moment", ODD_TIMES)
def test_impossible_times_are_no_times(tmp_path, moment):
    (tmp_path / "debug").mkdir()
    (tmp_path / f"{SESSION}.jsonl").write_text(
        json.dumps(user()) + "\n" + json.dumps(user(uuid="u2", timestamp=moment))
    )
    (tmp_path / "debug" / f"{SESSION}.txt").write_text(f"2025-10-21T07:00:00.000Z [DEBUG] a\n{moment} [DEBUG] executePreToolHooks called for tool: Task\n2025-10-21T07:00:01.000Z [DEBUG] b\n")  # fmt: skip
    (tmp_path / "voicemode_events_1.jsonl").write_text(json.dumps({"timestamp": moment, "event_type": "STT_START", "session_id": None, "data": None}) + "\n")  # fmt: skip
    (tmp_path / "exchanges_1.jsonl").write_text(json.dumps({"timestamp": moment, "conversation_id": "conv_1", "type": "stt"}) + "\n")  # fmt: skip
    (tmp_path / "heard_1.jsonl").write_text(json.dumps({"ts": moment, "seq": 1, "kind": "turn", "text": "x", "v": 1}) + "\n")  # fmt: skip
    (tmp_path / "conch").write_text(json.dumps({"pid": 1, "agent": "converse", "acquired": moment, "held": False}))  # fmt: skip
    (tmp_path / "errors.json").write_text(json.dumps([{"error": "Error: x", "timestamp": moment}]))
    step = {"step_id": 1, "timestamp": moment, "source": "agent", "message": "", "tool_calls": [{"tool_call_id": "t1", "function_name": "Task", "arguments": {}}], "observation": {"results": [{"source_call_id": "t1", "content": "x", "extra": {"tool_result_metadata": {"tool_use_result": {"totalDurationMs": 1e300}}}}]}}  # fmt: skip
    (tmp_path / "trajectory.json").write_text(json.dumps({"schema_version": "ATIF-v1.8", "session_id": "22222222-2222-4222-8222-222222222222", "agent": {"name": "claude-code", "version": "2.0.24"}, "steps": [step]}))  # fmt: skip
    (tmp_path / "voicemode_debug.log").write_text(f"{moment[:10]} 00:00:00,000 - voicemode - INFO - STT: Starting speech-to-text conversion\n2025-10-21 02:00:00,000 - voicemode - INFO - STT: No speech detected\n")  # fmt: skip
    analysis = analyse(Request([tmp_path], zone="America/Chicago"))
    assert analysis.errors == ()
    for session in analysis.sessions:
        assert all(t is None or 2000 <= t.year < 2100 for t in session.case.events["ts"])
    assert run("report", tmp_path, "--tz", "America/Chicago").exit_code == 0


@pytest.mark.parametrize("millis", ["9999999999999", "0000000000000", "99999999999999999999999"])
def test_impossible_numbers_in_names(tmp_path, millis):
    (tmp_path / f"snapshot-bash-{millis}-x.sh").write_text("# Snapshot file\n")
    (tmp_path / f"{SESSION}.txt").write_text(f"[DEBUG] Writing to temp file: /w/a.py.tmp.{millis}.{millis}\n[DEBUG] executePreToolHooks called for tool: Task\n")  # fmt: skip
    (tmp_path / "history.jsonl").write_text(f'{{"display":"x","pastedContents":{{}},"timestamp":{millis.lstrip("0") or 0},"project":"/w","sessionId":"{SESSION}"}}\n')  # fmt: skip
    assert analyse(Request([tmp_path])).errors == ()


def test_names_that_are_not_text(tmp_path):
    folder = tmp_path / os.fsdecode(b"mcp-logs-\xff\x1b[31m")
    folder.mkdir()
    item = {
        "debug": "Calling MCP tool: converse",
        "timestamp": "2025-10-21T07:00:03.653Z",
        "sessionId": SESSION,
    }
    (folder / "a\n.jsonl").write_text(json.dumps(item))
    (file,) = analyse(Request([tmp_path])).inputs
    assert file.evidence.name.isprintable()
    assert run("check", tmp_path, "--format", "json").exit_code == 0


def test_a_live_log_is_read_as_far_as_it_was_hashed(tmp_path):
    path = tmp_path / "debug.txt"
    path.write_text("[DEBUG] one\n")
    evidence = open_evidence(path, path.name)
    path.write_text("[DEBUG] one\n[DEBUG] two\n")
    assert b"".join(b.data for b in evidence.batches()) == b"[DEBUG] one\n"


def test_a_line_number_that_nobody_counted_to(tmp_path):
    (tmp_path / "a.txt").write_text(
        "x.log:" + "1" * 5000 + ":[DEBUG] executePreToolHooks called for tool: Bash\n"
    )
    assert run("check", tmp_path).exit_code in {0, 3}


def test_a_duration_longer_than_time(tmp_path):
    call = {"type": "tool_use", "id": "t1", "name": "Task", "input": {"description": "d", "prompt": "p"}}
    answer = {"type": "tool_result", "tool_use_id": "t1", "content": "done"}
    asked = user(type="assistant", uuid="u2", message={"role": "assistant", "id": "m1", "content": [call]})
    took = {"status": "completed", "agentId": "a1", "totalDurationMs": 999_999_999_999_999}
    told = user(uuid="u3", message={"role": "user", "content": [answer]}, toolUseResult=took)
    (tmp_path / f"{SESSION}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in (asked, told)))
    stalls = "".join(f"2025-10-21T07:00:0{n}.000Z [DEBUG] [Stall] {text}\n" for n, text in enumerate((
        "tool_dispatch_start tool=Agent toolUseId=t1",
        "tool_dispatch_start tool=Agent toolUseId=t2",
        "agent_completion agentId=a1 agentType=x exitPath=completed durationMs=" + "9" * 400,
    )))  # fmt: skip
    (tmp_path / f"{SESSION}.txt").write_text(stalls)
    analysis = analyse(Request([tmp_path]))
    assert analysis.errors == ()
    assert analysis.sessions[0].case.agents[0].end is not None


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.tar.gz", b"\x1f\x8b\x08"),
        ("t.zip", b"PK\x05\x06" + b"\xff" * 18),
        ("t.xz", b"\xfd7zXZ\x00"),
        ("t.zst", b"(\xb5/\xfd"),
    ],
)
def test_an_archive_that_is_none(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    result = run("check", tmp_path)
    assert result.exit_code == 3
    assert "cannot be unpacked" in result.output


def test_a_terminals_title_over_several_lines_costs_no_line(read):
    data = "> \x1b]0;t\n> [DEBUG] a\n> \x07[DEBUG] b\n> [DEBUG] c\n"
    parsed = read("debug/x.txt", data)
    assert (parsed.lines_total, parsed.lines_understood + sum(p.count for p in parsed.problems)) == (4, 4)


def test_an_event_of_a_grepped_document_stands_on_its_own_line(tmp_path):
    item = '{{"error": "Error: {}\\n    at run (/app/cli.js:1:2)", "timestamp": "2025-10-21T07:00:0{}.000Z"}}'
    arrays = {
        name: ["[", item.format(f"{name} one", n) + ",", item.format(f"{name} two", n), "]"]
        for n, name in enumerate(("a", "b"), 1)
    }
    lines = [f"errors/{name}.txt:{line}" for name, rows in arrays.items() for line in rows]
    (tmp_path / "grep.txt").write_text("\n".join(lines) + "\n")
    analysis = analyse(Request([tmp_path]))
    caught = [s.case.events.filter(s.case.events["kind"] == "client_error") for s in analysis.sessions]
    told = {line: text for rows in caught for line, text in rows.select("line", "message").iter_rows()}
    names = {2: "a one", 3: "a two", 6: "b one", 7: "b two"}
    assert set(told) == set(names)
    assert all(names[line] in text for line, text in told.items())


@pytest.mark.parametrize("blank", ["\n", " \n", "\t\n", "\r\n"])
def test_a_file_of_blank_lines_is_looked_at_once(write, blank):
    evidence = write("x.txt", blank * 30_000)
    began = time.process_time()
    assert not any(parser.sniff(evidence.place, evidence.head) for parser in PARSERS)
    assert time.process_time() - began < 2


def test_many_prompts_and_entries_of_one_session_are_not_paired_each_with_each(tmp_path):
    n = 4000
    prompts = [user(uuid=f"u{i}", timestamp=f"2025-10-21T{i // 600 + 1:02d}:{i // 10 % 60:02d}:{i % 10 * 6:02d}.000Z") for i in range(n)]  # fmt: skip
    (tmp_path / f"{SESSION}.jsonl").write_text("".join(json.dumps(p) + "\n" for p in prompts))
    entry = {"display": "hello", "pastedContents": {}, "project": "/w", "sessionId": SESSION}
    typed = [entry | {"timestamp": 1_761_008_400_000 + i * 6000} for i in range(n)]
    (tmp_path / "history.jsonl").write_text("".join(json.dumps(t) + "\n" for t in typed))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    analyse(Request([tmp_path]))
    assert (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000
    )  # KiB; each with each were GB


SECRET = "ghp_" + "Q1w2E3r4T5" * 4


def test_a_secret_in_an_id_or_a_name_is_printed_nowhere(tmp_path):
    (tmp_path / f"{SECRET}.jsonl").write_text(
        json.dumps(user(sessionId=SECRET))
        + "\n"
        + json.dumps(user(uuid="u2", sessionId=SECRET, agentId=SECRET))
        + "\n"
    )
    for args in (["check"], ["check", "--format", "json"], ["report"], ["sessions"], ["sessions", "--format", "json"], ["doctor"]):  # fmt: skip
        result = run(*args, tmp_path)
        assert SECRET not in result.output, args
