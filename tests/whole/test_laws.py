"""What every parser promises, for any bytes: it never raises, and it accounts for every line."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.evidence.discover import Found
from forensics.evidence.file import Evidence, count_lines
from forensics.formats import PARSERS, Parsed, Parser, parser_for
from forensics.schema import EVENTS, Source
from forensics.table.ingest import ingest
from tests.support.places import FIXTURES, INCIDENT, RULE_FIXTURES

SESSION = "c4f74656-68ad-4973-8f53-0b862ed16d5d"
STDERR = """\
/x/pydub/utils.py:300: DeprecationWarning: invalid escape
2025-10-21 03:54:21,768 - voicemode - INFO - STT: Starting speech-to-text conversion
2025-10-21 03:54:21,769 - voicemode - INFO -   Available endpoints: ['http://127.0.0.1:2022/v1', 'https://api.openai.com/v1']
2025-10-21 03:54:51,800 - voicemode - WARNING - STT failed for http://127.0.0.1:2022/v1 (whisper): Request timed out.
2025-10-21 03:54:52,100 - voicemode - ERROR - ✗ All STT endpoints failed after 2 attempts
2025-10-21 03:54:52,110 - voice-mode - ERROR - STT service connection failed:
  - http://127.0.0.1:2022/v1/audio/transcriptions: Request timed out.

2025-10-21 03:55:00,000 - asyncio - ERROR - Unclosed client session
client_session: <aiohttp.client.ClientSession object at 0x7f00>
"""
DATED = """\
2026-11-22T07:50:12.519Z [DEBUG] session.start: raised (surface none, not interactive)
2026-11-22T07:50:13.000Z [INFO] [Stall] tool_dispatch_start tool=Agent toolUseId=toolu_01 permissionDecisionMs=3
2026-11-22T07:50:14.000Z [ERROR] "MCP server \\"voicemode\\" Server stderr: 2026-11-22 01:50:13,900 - voicemode - INFO - STT: Starting speech-to-text conversion\\n2026-11-22 01:50:13,910 - asyncio - ERROR - Unclosed client session"
2026-11-22T07:50:15.000Z [INFO] [Stall] agent_completion agentId=a1 agentType=general-purpose exitPath=completed durationMs=10 turns=1
"""
CONSOLE = """\
1.2.3 (Claude Code)
⏺ Looking at it
  ⎿  Error: Could not speak message. TTS service connection failed:
    - http://127.0.0.1:8880/v1/audio/speech: Connection refused

FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
    at f (file:///x/claude-code/cli.js:1:2)
2026-03-04 10:00:00,101 1 MainThread: Unclosed client session
client_session: <aiohttp.client.ClientSession object at 0x10>
"""
TEAM = RULE_FIXTURES / "CCF403/fires/member-of-a-team-gave-up/input"
WORKFLOW = RULE_FIXTURES / "CCF101/fires/two-agents-of-a-workflow/input"
SPILLED = FIXTURES / "spilled-result"
GENUINE: dict[str, bytes] = {
    path.relative_to(INCIDENT).as_posix(): path.read_bytes()
    for path in sorted(INCIDENT.rglob("*"))
    if path.is_file()
}
GENUINE |= {
    f"debug/{SESSION}.txt": DATED.encode(),
    "voicemode_debug.log": STDERR.encode(),
    "mcp-logs-voicemode/x.jsonl": b"".join(
        json.dumps({"debug": text, "timestamp": "2026-11-22T07:50:14.000Z", "sessionId": SESSION, "cwd": "/w"}).encode() + b"\n"
        for text in ("Calling MCP tool: converse", "Server stderr: " + STDERR.partition("\n")[2], "Tool 'converse' completed successfully in 3m 12s")
    ),
    f"projects/p/{SESSION}/subagents/agent-a1b2c3.meta.json": b'{"agentType":"Explore","toolUseId":"toolu_01","finished":true}',
    f"tasks/{SESSION}/1.json": b'{"id":"1","subject":"Write it","status":"in_progress","blocks":[],"blockedBy":[]}',
    **{
        path.relative_to(WORKFLOW).as_posix(): path.read_bytes()
        for path in (*WORKFLOW.rglob("journal.jsonl"), *WORKFLOW.rglob("wf_*.json"))
    },
    **{path.relative_to(TEAM).as_posix(): path.read_bytes() for path in TEAM.rglob("teams/**/*.json")},
    "paste.txt": CONSOLE.encode(),
    "Claude VSCode.log": (RULE_FIXTURES / "CCF901/fires/editor-tells-the-exit-code/input/Claude VSCode.log").read_bytes(),
    "voicemode_trace.log": b"2026-11-22 01:00:00,000 - Called /opt/voice_mode/server.py:12 main\n2026-11-22 01:00:00,001 - Exception: boom\n",
    "run.jsonl": (FIXTURES / "stream-json" / "parallel" / "run.jsonl").read_bytes(),
    "trajectory.json": (FIXTURES / "atif" / "killed.json").read_bytes(),
    "trajectory-in-one-line.json": (FIXTURES / "atif" / "parallel.json").read_bytes(),
    "report.json": json.dumps([{"error": f"Error: {words}\n    at run (cli.js:1:2)", "timestamp": "2026-03-01T10:00:00.000Z"} for words in ("Request was aborted.", "no such file")], indent=1).encode(),
    ".claude/history.jsonl": (FIXTURES / "prompt-history" / "2.1.330" / ".claude" / "history.jsonl").read_bytes(),
    "run-of-voice/conch": (FIXTURES / "voice-killed" / ".voicemode" / "conch").read_bytes(),
    "heard_2026-11-22.jsonl": next((FIXTURES / "voice-killed").rglob("heard_*.jsonl")).read_bytes(),
    "telemetry.jsonl": (FIXTURES / "otel" / "otlp-logs.jsonl").read_bytes(),
    **{str(path.relative_to(SPILLED)): path.read_bytes() for path in sorted(SPILLED.rglob("tool-results/*"))[:1]},
    "sessions/4711.json": b'{"pid":4711,"sessionId":"c4f74656-68ad-4973-8f53-0b862ed16d5d","status":"busy"}',
}  # fmt: skip
MUTANTS = settings(max_examples=10, deadline=None)  # others in each run: they add up


def check(parser: Parser, evidence: Evidence) -> Parsed:
    total = count_lines(evidence.path.read_bytes())
    parsed = parser.parse(evidence)
    assert parsed.lines_total == total
    assert parsed.lines_understood + sum(p.count for p in parsed.problems) == total
    told = sorted(line for p in parsed.problems for line in range(p.line, p.line + p.count))
    assert told == sorted(set(told)), "a line was counted twice"
    assert not told or (told[0] >= 1 and told[-1] <= total)
    assert parsed.events.schema == EVENTS
    lines = parsed.events["line"]
    assert lines.is_empty() or (lines.min() >= 1 and lines.max() <= total)
    parsed.events.rows(), parsed.todos.rows(), parsed.spawns.rows()  # every value can be shown
    ids = ingest(Found((evidence,), ())).events["event_id"]
    assert ids.is_unique().all()
    return parsed


def same(one: Parsed, other: Parsed) -> bool:
    keys = ["line", "ordinal", "kind", "message"]
    return (
        one.events.sort(keys).rows() == other.events.sort(keys).rows()
        and one.todos.rows() == other.todos.rows()
        and one.spawns.rows() == other.spawns.rows()
        and one.problems == other.problems
        and one.lines_total == other.lines_total
    )


def test_there_is_a_genuine_file_for_every_parser():
    seen = {parser_for(name, data[:65536]).source for name, data in GENUINE.items()}
    assert seen == set(Source)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda p: p.source.value)
@given(data=st.binary(max_size=400) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")))
@MUTANTS
def test_any_bytes(parser, write, data):
    check(parser, write(f"projects/p/{SESSION}.jsonl", data))


@pytest.mark.parametrize("name", GENUINE)
def test_genuine_files(write, name):
    evidence = write(name, GENUINE[name])
    parsed = check(parser_for(name, evidence.head), evidence)
    assert parsed.lines_understood == parsed.lines_total


@st.composite
def mutants(draw, data: bytes) -> bytes:
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        length = draw(st.integers(0, 40))
        match draw(st.sampled_from(["delete", "insert", "flip", "cut", "copy", "join"])):
            case "delete":
                data = data[:at] + data[at + length :]
            case "insert":
                data = data[:at] + draw(st.binary(max_size=12)) + data[at:]
            case "flip":
                data = data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]
            case "cut":
                data = data[: max(at, 1)]
            case "copy":
                data = data[:at] + data[max(0, at - length * 20) : at] + data[at:]
            case _:
                data = data[:at] + data[at:].replace(b"\n", b"", 1)
    return data


@pytest.mark.parametrize("name", GENUINE)
@given(choose=st.data())
@MUTANTS
def test_mutants_of_genuine_files(write, name, choose):
    data = choose.draw(mutants(_piece(GENUINE[name], choose)))
    evidence = write(name, data)
    parser = next(p for p in PARSERS if p.sniff(name, GENUINE[name][:65536]))
    parsed = check(parser, evidence)
    assert same(parsed, parser.parse(write(name, data, batch_bytes=1024)))


def _piece(data: bytes, choose) -> bytes:
    """Take some lines: mutations spread over a long file would seldom hit what matters."""
    lines = data.splitlines(keepends=True)
    start = choose.draw(st.integers(0, max(0, len(lines) - 1)))
    return b"".join(lines[start : start + choose.draw(st.integers(1, 40))])


LONG = 500  # lines: read in pieces of a line each, such a log takes a minute


@pytest.mark.parametrize(
    ("size", "name"),
    [
        pytest.param(size, name, marks=pytest.mark.whole if size < 1000 and data.count(b"\n") > LONG else ())
        for size in (1, 100, 1024, 5000)
        for name, data in GENUINE.items()
    ],
)
def test_results_do_not_depend_on_the_size_of_batches(write, name, size):
    data = GENUINE[name]
    parser = parser_for(name, data[:65536])
    assert same(parser.parse(write(name, data)), parser.parse(write(name, data, batch_bytes=size)))


def test_ids_do_not_depend_on_the_order_of_files(write):
    files = tuple(write(name, data) for name, data in GENUINE.items())
    one, other = (ingest(Found(f, ())) for f in (files, files[::-1]))
    columns = pl.exclude("ordinal")
    assert one.events.select(columns).rows() == other.events.select(columns).rows()
    assert one.events["event_id"].is_unique().all()
