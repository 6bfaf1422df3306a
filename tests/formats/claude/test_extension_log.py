"""The log of the VS Code extension: its own lines, and those of the client that it wraps. All content is invented."""

from __future__ import annotations

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.formats import parser_for
from forensics.formats.claude.extension_log import ExtensionLog
from tests.support.parsed import problems

LOG = """\
2026-03-04 12:00:00.100 [info] Spawning Claude with SDK query function
2026-03-04 12:00:01.201 [info] From claude: 2026-03-04T10:00:01.200Z [DEBUG] Getting matching hook commands for SessionStart with query: startup
2026-03-04T10:00:01.201Z [ERROR] API error (attempt 7/7): 529 529 {"type":"error"}

2026-03-04 12:00:02.000 [error] Error spawning Claude (on channel x1): Error: Query closed before response received
2026-03-04 12:00:03.000 [error] Error from Claude (on channel x1): Error: Claude Code process exited with code {code}
"""
NAME = "Claude VSCode.log"


def log(code):
    return LOG.replace("{code}", str(code))


def judged(tmp_path, text):
    path = tmp_path / NAME
    path.write_text(text, encoding="utf-8")
    (session,) = analyse(Request([path])).sessions
    return session


def test_both_programs_lines_are_read_and_the_clients_give_the_zone(read, write):
    evidence = write(NAME, log(137))
    assert isinstance(parser_for(evidence.place, evidence.head), ExtensionLog)
    parsed = read(NAME, log(137))
    assert problems(parsed) == []
    told = parsed.events.sort("line").select("line", "source", "kind", "ts_quality").rows()
    assert told == [
        (1, "extension-log", "session_start", "aligned"),
        (2, "claude-debug", "session_start", "exact"),
        (3, "claude-debug", "api_error", "exact"),
        (5, "extension-log", "client_error", "aligned"),
        (6, "extension-log", "process_exited", "aligned"),
    ]
    assert str(parsed.events.sort("line")["ts"][-1]) == "2026-03-04 10:00:03+00:00"


@pytest.mark.parametrize(
    ("code", "verdict"),
    [(3, "CRASHED"), (139, "CRASHED"), (3221225477, "CRASHED"), (-1073741819, "CRASHED"), (137, "KILLED"), (143, "KILLED"), (130, "INTERRUPTED"), (1, "ERROR_RESULT")],
)  # fmt: skip
def test_the_exit_code_is_the_end(tmp_path, code, verdict):
    session = judged(tmp_path, log(code))
    assert session.case.ending.verdict == verdict
    assert f"exited with code {code}" in session.case.ending.proof
    assert [e.line for e in session.ending_refs][:1] == [6]


def test_a_client_that_was_spawned_again_did_not_end(tmp_path):
    again = "2026-03-04 12:01:00.000 [info] Spawning Claude with SDK query function\n"
    assert judged(tmp_path, log(137) + again).case.ending.verdict == "UNKNOWN"


def test_a_panic_in_what_the_client_printed_is_a_crash(tmp_path):
    panic = (
        "2026-03-04 12:00:02.500 [info] From claude: ============================================================\n"
        "Bun v1.3.9 (d5628db2) Linux x64\nElapsed: 15017ms | User: 9445ms | Sys: 5472ms\n"
        "panic(main thread): Bus error at address 0x5\noh no: Bun has crashed. This indicates a bug in Bun, not your code.\n"
    )
    session = judged(tmp_path, log(3) + panic)
    assert session.case.ending.verdict == "CRASHED"
    assert "panic(main thread): Bus error at address 0x5" in session.case.ending.proof


def life(channel, minute, *, code=None, start="Launching Claude on channel: {channel} - cwd: /w", first=""):
    """Return the lines of one client: its launch, its work, and how it ended."""
    lines = [f"2026-03-04 12:{minute:02d}:00.100 [info] {start.format(channel=channel)}"] if start else []
    lines += [
        f"2026-03-04 12:{minute:02d}:0{n}.201 [info] From claude: 2026-03-04T10:{minute:02d}:0{n}.200Z [DEBUG] {said}"
        for n, said in enumerate(filter(None, (first, "Stream started - received first chunk")), 1)
    ]
    return "".join(f"{line}\n" for line in lines) + ("" if code is None else died(channel, minute, code))


def died(channel, minute, code):
    words = f"Error from Claude (on channel {channel}): Error: Claude Code process exited with code {code}"
    return f"2026-03-04 12:{minute:02d}:30.000 [error] {words}\n"


PANIC = (
    "2026-03-04 12:00:20.000 [info] From claude: ====\nBun v1.3.9 (d5628db2) Linux x64\n"
    "panic(main thread): Bus error at address 0x5\noh no: Bun has crashed. This indicates a bug in Bun, not your code.\n"
)


def undated(text):
    return "".join(line for line in text.splitlines(keepends=True) if "10:" not in line)


@pytest.mark.parametrize("kept", [str, undated], ids=["dated", "undated"])
@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        (life("a", 0, code=137) + life("b", 5), ["KILLED", "UNKNOWN"]),
        (life("a", 0, code=137) + life("b", 5, code=3), ["KILLED", "CRASHED"]),
        (life("a", 0, code=3) + life("b", 5, code=1), ["CRASHED", "ERROR_RESULT"]),
        (life("a", 0, code=3) + life("b", 5, code=137) + life("c", 9), ["CRASHED", "KILLED", "UNKNOWN"]),
        (life("a", 0) + life("b", 5, code=137), ["KILLED"]),
        (life("a", 0) + PANIC + life("b", 5) + died("a", 6, 3), ["CRASHED", "UNKNOWN"]),
    ],
)
def test_each_launch_behind_a_death_is_a_run_of_its_own(tmp_path, text, verdicts, kept):
    session = judged(tmp_path, kept(text))
    assert [run.ending.verdict for run in session.runs] == verdicts
    assert session.case.ending.verdict == verdicts[-1]
    dead = {v for v in verdicts[:-1] if v in ("CRASHED", "KILLED")}
    assert {f.facts["verdict"] for f in session.findings if f.rule == "CCF903"} == dead


def test_a_client_that_starts_behind_a_death_is_another_also_without_a_launch(tmp_path):
    again = life("b", 5, start="", first="[STARTUP] Loading MCP configs...")
    session = judged(tmp_path, life("a", 0, code=137) + again)
    assert [run.ending.verdict for run in session.runs] == ["KILLED", "UNKNOWN"]
