"""What people copy from a terminal. All content is invented; the forms are Node's, V8's, ink's and aiohttp's."""

from __future__ import annotations

import json

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.errors import NothingReadableError
from forensics.evidence.account import Problem, Unread
from forensics.evidence.discover import discover
from forensics.formats import parser_for
from forensics.formats.claude.console import NOISE, Console
from forensics.schema import Source
from forensics.table.ingest import ingest

CLI = "file:///opt/node/lib/node_modules/@anthropic-ai/claude-code/cli.js"
HEAP = """\
claude --version
1.2.3 (Claude Code)

<--- Last few GCs --->

[4711:0x7f0000008000]   100000 ms: Mark-Compact 4000.0 (4100.0) -> 3990.0 (4090.0) MB, pooled: 1 MB, 900.00 / 0.00 ms  (average mu = 0.2, current mu = 0.1) allocation failure; scavenge might not succeed

FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
----- Native stack trace -----

 1: 0x100000001 node::OOMErrorHandler(char const*, v8::OOMDetails const&) [/opt/node/bin/node]
Aborted (core dumped)
"""
UNCAUGHT = f"""\
{CLI}:100

RangeError: Invalid array length
    at Socket.<anonymous> ({CLI}:100:200)
    at Socket.emit (node:events:500:30)

Node.js v22.1.0
"""
INK = f"""\
TypeError: Cannot read properties of null (reading 'width')
    at Object.render ({CLI}:10:20)

  ERROR  Cannot read properties of null (reading 'width')

 {CLI}:10:20

 -  ({CLI}:10:20)
 -     at Array.map (<anonymous>)
"""
SCREEN = """\
⏺ I will look at the file first.
⏺ Reading 2 files… (ctrl+o to expand)
  ⎿  "src/a.ts"
✶ Thinking… (3m 2s · ↑ 20 tokens)
"""
SPOKEN = """\
 voice - converse (MCP)(message: "Hello there, what shall we talk
                              about today?", listen_duration: 30)
  ⎿  Error: Could not speak message. TTS service connection failed:
    - http://127.0.0.1:8880/v1/audio/speech: Connection refused
    - https://voice.example/v1/audio/speech: Request timed out.
╭──────────────────╮
│ Manage servers   │
╰──────────────────╯
"""
HEARD = """\
STT service connection failed:
  - http://127.0.0.1:2022/v1/audio/transcriptions: Connection refused
"""
UNCLOSED = """\
Unclosed client session
client_session: <aiohttp.client.ClientSession object at 0x10a>
Unclosed connector
connections: ['deque([(<aiohttp.client_proto.ResponseHandler object at 0x10b>, 1.5)])']
connector: <aiohttp.connector.TCPConnector object at 0x10c>
"""
LOGGED = "".join(
    f"2026-03-04 10:00:00,10{n} 4711 MainThread: Unclosed client session\nclient_session: <aiohttp.client.ClientSession object at 0x10{n}>\n"
    for n in range(3)
)
CAPTURES = {"heap": HEAP, "uncaught": UNCAUGHT, "ink": INK, "screen": SCREEN, "spoken": SPOKEN, "heard": HEARD, "unclosed": UNCLOSED, "logged": LOGGED}  # fmt: skip


def judged(tmp_path, text, name="paste.txt"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    (session,) = analyse(Request([path])).sessions
    return session


def events(read, text):
    return read("paste.txt", text).events.sort("line").select("line", "kind", "status").rows()


@pytest.mark.parametrize("name", CAPTURES)
def test_a_capture_is_known_and_understood_to_the_last_line(read, write, name):
    evidence = write("paste.txt", CAPTURES[name])
    assert isinstance(parser_for(evidence.place, evidence.head), Console)
    parsed = read("paste.txt", CAPTURES[name])
    assert parsed.problems == ()
    assert parsed.lines_total == CAPTURES[name].count("\n")


@pytest.mark.parametrize("name", CAPTURES)
def test_a_capture_is_known_indented_quoted_and_coloured(write, name):
    text = CAPTURES[name]
    for lead in ("    ", "> ", "\x1b[31m"):
        evidence = write("paste.txt", "".join(lead + line for line in text.splitlines(keepends=True)))
        assert isinstance(parser_for(evidence.place, evidence.head), Console), lead


def test_a_full_heap_is_one_death_and_names_the_version(read, tmp_path):
    assert [(e[0], e[1]) for e in events(read, HEAP)] == [(2, "session_meta"), (8, "process_fatal")]
    session = judged(tmp_path, HEAP)
    assert session.case.ending.verdict == "CRASHED"
    assert [(e.path, e.line) for e in session.ending_refs] == [("paste.txt", 8)]
    assert session.case.client_version == "1.2.3"
    assert session.case.session_id.startswith("log:")


def test_a_cut_dump_is_a_death_all_the_same(read):
    cut = HEAP.partition("FATAL")[0]
    assert events(read, cut)[-1] == (4, "process_fatal", "<--- Last few GCs --->")


@pytest.mark.parametrize(("text", "line"), [(UNCAUGHT, 3), (INK, 4)], ids=["node", "ink"])
def test_an_uncaught_exception_is_a_death(tmp_path, text, line):
    session = judged(tmp_path, text)
    assert session.case.ending.verdict == "CRASHED"
    assert [e.line for e in session.ending_refs] == [line]


def test_a_screen_says_nothing_of_the_end(tmp_path):
    session = judged(tmp_path, SCREEN)
    assert session.case.ending.verdict == "UNKNOWN"
    assert "an excerpt" in session.case.ending.proof
    assert [(f.rule, f.severity.value) for f in session.findings] == [("CCF901", "note")]


def test_a_failure_that_the_user_saw_names_its_endpoints(tmp_path):
    session = judged(tmp_path, SPOKEN)
    found = {f.rule: f for f in session.findings}
    assert found["CCF201"].facts["endpoints"] == ["http://127.0.0.1:8880/v1", "https://voice.example/v1"]
    assert [e.line for e in found["CCF201"].evidence] == [3]
    assert found["CCF204"].facts["endpoint"] == "https://voice.example/v1"
    heard = {f.rule: f for f in judged(tmp_path, HEARD, "heard.txt").findings}
    assert (heard["CCF201"].facts["service"], heard["CCF201"].facts["endpoints"]) == ("stt", ["http://127.0.0.1:2022/v1"])  # fmt: skip


def test_a_session_and_its_connector_are_one_client(tmp_path):
    (found,) = [f for f in judged(tmp_path, UNCLOSED).findings if f.rule == "CCF203"]
    assert found.facts["count"] == 1
    assert [e.line for e in found.evidence] == [1, 2]
    alone = UNCLOSED.replace("Unclosed connector", "filler\nUnclosed connector").replace("<aiohttp.client.", "<aiohttp.client.", 1)  # fmt: skip
    (found,) = [f for f in judged(tmp_path, alone, "b.txt").findings if f.rule == "CCF203"]
    assert found.facts["count"] == 2


def test_another_loggers_columns_give_the_time(read):
    parsed = read("paste.txt", LOGGED)
    warnings = parsed.events.filter(parsed.events["kind"] == "resource_warning")
    assert warnings["line"].to_list() == [1, 3, 5]
    assert [t.microsecond for t in warnings["local_ts"]] == [100000, 101000, 102000]


def test_what_is_no_terminals_line_is_told(read):
    assert read("paste.txt", "my notes\n" + HEAP + "more notes\n").problems == (
        Problem(1, NOISE),
        Problem(14, NOISE),
    )


def test_what_was_written_over_is_not_read(read):
    text = HEAP.replace("FATAL", "90%\r91%\rFATAL")
    assert events(read, text)[-1][:2] == (8, "process_fatal")


README = f"""\
# Trouble

When the client runs out of memory it prints this, and you should give it more:

{HEAP.partition("<---")[1]}{HEAP.partition("<---")[2].partition("[4711")[0]}
That is: set the option for the size of the old space in your environment.
Then start the client again, and look whether it happens once more.
If so, open an issue and tell us the version and the size of your project.
"""
SCRIPT = """\
#!/bin/sh
run_client() {
  node cli.js 2>err.log || true
  if grep -q 'FATAL ERROR: .*JavaScript heap out of memory' err.log; then
    echo "Unclosed client session"
    echo "STT service connection failed:"
  fi
}
"""
SOURCE = """\
class Session:
    def __del__(self):
        if not self.closed:
            context = {"client_session": self, "message": "Unclosed client session"}
            raise RuntimeError("STT service connection failed:")
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("README", README),
        ("README.md", HEAP),
        ("run", SCRIPT),
        ("client", SOURCE),
        ("notes.txt", "STT service connection failed:\nI do not know why, it worked last week.\nAny idea?\n"),
        ("app.log", "Error: listen EADDRINUSE\n    at Server.listen (/srv/app.js:1:2)\n\nNode.js v22.1.0\n"),
        ("page.txt", "Node.js v22.1.0\nClaude Code 1.2.3\n"),
    ],
)
def test_what_only_mentions_these_words_is_no_capture(write, name, text):
    evidence = write(name, text)
    assert parser_for(evidence.place, evidence.head) is None


def test_a_log_of_claude_desktop_is_named(tmp_path):
    path = tmp_path / "mcp-server-x.log"
    path.write_text("2026-03-04T10:00:00.000Z [x] [info] Initializing server... { metadata: undefined }\n")
    (unread,) = ingest(discover([path])).unread
    assert unread == Unread("mcp-server-x.log", "a log of Claude Desktop (mcp-server-*.log), which is another program than Claude Code")  # fmt: skip


def test_a_death_before_a_pasted_debug_log_is_that_sessions(tmp_path):
    text = UNCAUGHT + "\n[DEBUG] executePreToolHooks called for tool: Grep\n[DEBUG] Stream started\n"
    session = judged(tmp_path, text)
    assert session.case.ending.verdict == "CRASHED"
    assert [e.line for e in session.ending_refs] == [3]
    (file,) = analyse(Request([tmp_path])).inputs
    assert (file.source, file.problems) == (Source.CLAUDE_DEBUG, ())


def test_a_client_that_was_started_again_did_not_die(tmp_path):
    text = (
        UNCAUGHT
        + "[DEBUG] Getting matching hook commands for SessionStart with query: startup\n[DEBUG] executePreToolHooks called for tool: Grep\n"
    )
    assert judged(tmp_path, text).case.ending.verdict == "UNKNOWN"


def test_a_record_that_was_pasted_with_other_text(tmp_path):
    text = (
        '{"type":"assistant","isApiErrorMessage":true,"message":{"content":[{"type":"text","text":"API Error: lost"}]}}\n'
        "<task-notification>\n<task-id>x</task-id>\n</task-notification>\n"
    )
    session = judged(tmp_path, text)
    (file,) = analyse(Request([tmp_path])).inputs
    assert (file.source, file.lines_total, file.lines_understood) == (Source.TRANSCRIPT, 4, 1)
    assert session.case.events["kind"].to_list() == ["api_error"]
    assert (session.case.ending.verdict, "an excerpt" in session.case.ending.proof) == ("UNKNOWN", True)


EXPORT = """\
▗ ▗   ▖ ▖  Claude Code v2.1.240
           Sonnet · Claude Pro
  ▘▘ ▝▝    ~/app


❯ Explain this, in simple words, as you would
  to somebody who is new to it.

⏺ Skill(explain)
  ⎿  Error: Skill explain cannot be used

⏺ This is the entry. It reads its options first, and
  then it serves requests.

  A second paragraph of what was said.

⏺ API Error: 529 Overloaded
"""


def test_an_exported_conversation_is_understood_to_the_last_line(read, write):
    evidence = write("2026-01-02-explain.txt", EXPORT)
    assert isinstance(parser_for(evidence.place, evidence.head), Console)
    parsed = read("2026-01-02-explain.txt", EXPORT)
    assert parsed.problems == ()
    told = [e for e in parsed.events.sort("line").select("line", "kind", "status").rows() if e[1] != "other"]
    assert told == [
        (1, "session_meta", "2.1.240"),
        (6, "user_prompt", None),
        (9, "tool_dispatch", None),
        (10, "tool_done", "Error"),
        (12, "assistant_message", None),
        (17, "api_error", "529"),
    ]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Error: Reached max turns (3)\n", "error_max_turns"),
        ("Execution error\n", "error_during_execution"),
        ("Error: Exceeded USD budget (0.5)\n", "error_max_budget_usd"),
    ],
)
def test_what_a_headless_run_prints_of_its_own_end(tmp_path, text, status):
    session = judged(tmp_path, text, "out.txt")
    assert session.case.ending.verdict == "ERROR_RESULT"
    assert status in session.case.ending.proof


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("Killed\nme@box:~/app$ \n", "KILLED"),
        ("Segmentation fault (core dumped)\n", "CRASHED"),
        ("zsh: killed     npm test\n", "UNKNOWN"),
        ("Killed\n⏺ It goes on.\n", "UNKNOWN"),
        ("me@box:~/app$ make\nKilled\n", "UNKNOWN"),
    ],
)
def test_the_shells_word_below_the_clients_screen(tmp_path, said, verdict):
    assert judged(tmp_path, SCREEN + "\n" + said).case.ending.verdict == verdict


@pytest.mark.parametrize(
    "said",
    [
        "Claude AI usage limit reached|1772445600",
        "You've hit your session limit · resets 3pm",
        "Credit balance is too low",
        "Prompt is too long",
        "Invalid API key · Fix external API key",
        'API Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    ],
)
def test_a_failure_printed_in_the_place_of_the_answer_is_the_runs_end(tmp_path, said):
    (tmp_path / "run.stdout.txt").write_text(f"{said}\n", encoding="utf-8")
    (session,) = analyse(Request([tmp_path])).sessions
    assert session.case.ending.verdict == "ERROR_RESULT"
    assert said in session.case.ending.proof


def test_an_answer_that_speaks_of_a_failure_is_none(tmp_path):
    (tmp_path / "run.stdout.txt").write_text("The API Error: 529 means an overload.\n", encoding="utf-8")
    with pytest.raises(NothingReadableError):
        analyse(Request([tmp_path]))


def test_a_shells_lines_around_it_hide_no_failure(tmp_path):
    text = "$ claude -p 'go on'\nAPI Error: 500 Internal server error\n$ echo $?\n1\n"
    (tmp_path / "nightly.log").write_text(text, encoding="utf-8")
    (session,) = analyse(Request([tmp_path])).sessions
    assert session.case.ending.verdict == "ERROR_RESULT"


@pytest.mark.parametrize(
    "said", ["API Error: 529 Overloaded", "You've hit your limit · resets 7pm (Europe/Madrid)"]
)
def test_a_screen_that_ends_in_a_failure_ended_in_it(tmp_path, said):
    shown = f" ▐▛███▜▌   Claude Code v2.1.150\n\n❯ Go on\n\n● Bash(ls)\n  ⎿  a\n\n  ⎿  {said}\n"
    (tmp_path / "export.txt").write_text(shown, encoding="utf-8")
    (session,) = analyse(Request([tmp_path])).sessions
    assert session.case.ending.verdict == "ERROR_RESULT"
    assert said in session.case.ending.proof


def test_a_hook_that_failed_with_a_status_code_is_one(tmp_path):
    shown = (
        " ▐▛███▜▌   Claude Code v1.0.60\n\n> Edit it\n\n⏺ Edit(a.py)\n"
        "  ⎿  PostToolUse:Edit [./check.sh] failed with non-blocking status code 1: Warning\n"
    )
    (tmp_path / "export.txt").write_text(shown, encoding="utf-8")
    (session,) = analyse(Request([tmp_path])).sessions
    assert [e["command"] for e in session.case.events.to_dicts() if e["kind"] == "hook_ran"] == ["./check.sh"]


def test_an_output_that_the_runs_own_result_denies_is_another_runs(tmp_path):
    session_id = "5e551011-0000-4000-8000-000000000001"
    run = [
        {"type": "system", "subtype": "init", "session_id": session_id, "cwd": "/home/dev", "tools": []},
        {
            "type": "result",
            "subtype": "success",
            "is_error": False,
            "session_id": session_id,
            "result": "Done.",
        },
    ]
    (tmp_path / "run.jsonl").write_text("".join(json.dumps(r) + "\n" for r in run), encoding="utf-8")
    (tmp_path / "run.out").write_text("Error: Reached max turns (3)\n", encoding="utf-8")
    ended = {s.session_id: s.case.ending for s in analyse(Request([tmp_path])).sessions}
    assert ended.pop(session_id).verdict == "CLEAN"
    (other,) = ended.values()
    assert other.proof == "the run's output says error_max_turns: “Error: Reached max turns (3)”"
