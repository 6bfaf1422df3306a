"""Logs as people hand them over: pasted, quoted, grepped, forwarded. All content is invented."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.errors import NothingReadableError
from forensics.evidence.account import Problem
from forensics.evidence.discover import discover
from forensics.evidence.file import count_lines, logs_in, open_evidence
from forensics.evidence.text import to_lines
from forensics.evidence.unwrap import wrapping_of
from forensics.formats import PARSERS, parser_for
from forensics.formats.voicemode.stderr import OTHER_PROGRAM
from forensics.schema import EventKind, Source
from tests.support.analyses import analysis_of
from tests.support.places import FIXTURES, RULE_FIXTURES, matching

ONE = "3f1c0d52-6f0e-4a39-9a62-0e6f4f8c7a11"
TWO = "9b7e2a40-1c55-4d0e-8f6d-2a90d1e3b5c7"
LOG = """\
2026-03-04T10:00:00.000Z [DEBUG] Getting matching hook commands for SessionStart with query: startup
2026-03-04T10:00:01.000Z [DEBUG] executePreToolHooks called for tool: mcp__voicemode__converse
2026-03-04T10:00:01.200Z [DEBUG] MCP server "voicemode": Calling MCP tool: converse
2026-03-04T10:00:02.000Z [ERROR] MCP server "voicemode" Server stderr: 2026-03-04 11:00:01,900 - voicemode - INFO - STT: Starting speech-to-text conversion
2026-03-04 11:00:01,950 - voicemode - INFO -   Available endpoints: ['http://127.0.0.1:2022/v1', 'http://127.0.0.1:2023/v1']
2026-03-04 11:00:01,960 - voicemode - INFO - STT: Attempting primary endpoint: http://127.0.0.1:2022/v1 (whisper)
2026-03-04T10:00:33.000Z [ERROR] MCP server "voicemode" Server stderr: 2026-03-04 11:00:31,960 - voicemode - WARNING - STT failed for http://127.0.0.1:2022/v1 (whisper): Request timed out.
2026-03-04T10:00:34.000Z [ERROR] MCP server "voicemode" Server stderr: 2026-03-04 11:00:33,000 - voicemode - ERROR - ✗ All STT endpoints failed after 2 attempts
2026-03-04T10:00:35.000Z [ERROR] Error in API request: Connection error.
    at fetch (/app/cli.js:1:2)
2026-03-04T10:05:35.000Z [DEBUG] executePreToolHooks called for tool: Task
"""
SERVER = """\
2026-03-04 11:00:01,900 - voicemode - INFO - STT: Starting speech-to-text conversion
2026-03-04 11:00:01,960 - voicemode - INFO - STT: Attempting primary endpoint: http://127.0.0.1:2022/v1 (whisper)
2026-03-04 11:00:31,960 - voicemode - WARNING - STT failed for http://127.0.0.1:2022/v1 (whisper): Request timed out.
2026-03-04 11:00:33,000 - voicemode - ERROR - ✗ All STT endpoints failed after 1 attempts
"""


def each(text, lead, *, blank=False):
    """Put something before each line; editors leave empty lines empty, grep and loggers do not."""
    return "".join(
        lead(n) + line if blank or line.strip() else line
        for n, line in enumerate(text.splitlines(keepends=True), 1)
    )


def grepped(text, name="debug/x.txt", start=1, context=()):
    def lead(n):
        sep = "-" if n in context else ":"
        return f"{name}{sep}{n + start - 1}{sep}"

    return each(text, lead, blank=True)


DECORATIONS = {
    "indent": lambda t: each(t, lambda _: "    "),
    "tab": lambda t: each(t, lambda _: "\t"),
    "indent but for the first line": lambda t: each(t, lambda n: "" if n == 1 else "  "),
    "quote": lambda t: each(t, lambda _: "> "),
    "quote in an indent": lambda t: each(t, lambda _: "  > "),
    "grep -n": lambda t: each(t, lambda n: f"{n}:", blank=True),
    "grep -Hn": grepped,
    "grep with context": lambda t: grepped(t, context=(5, 6, 10)),
    "grep on Windows": lambda t: grepped(t, r"C:\Users\somebody\.claude\debug\y.txt"),
    "quoted grep": lambda t: each(grepped(t, "a b/c-2-d.txt"), lambda _: "> "),
    "cat -n": lambda t: each(t, lambda n: f"{n:6d}\t", blank=True),
    "coloured": lambda t: each(grepped(t), lambda _: "\x1b[35m\x1b[K"),
    "journal": lambda t: each(t, lambda _: "Mar  4 11:00:01 host claude[4711]: ", blank=True),
    "compose": lambda t: each(t, lambda _: "voice-1  | ", blank=True),
    "CRLF": lambda t: each(t, lambda _: "  ").replace("\n", "\r\n"),
    "script": lambda t: each(t, lambda _: "10%\r20%\r").replace("\n", "\r\r\n"),
}


def parsed(write, text, name="notes.txt"):
    (log,) = logs_in(write(name, text))
    parser = parser_for(log.place, log.head)
    assert parser is not None, log.head[:200]
    return parser.parse(log)


def told(found, *left_out):
    kinds = {EventKind.LOG_EDGE.value, EventKind.OTHER.value, *left_out}
    columns = ("line", "kind", "ts", "local_ts", "endpoint", "status", "tool", "message")
    return found.events.filter(~pl.col("kind").is_in(list(kinds))).sort("line", "kind").select(columns).rows()


@pytest.mark.parametrize("text", [LOG, SERVER], ids=["client", "server"])
@pytest.mark.parametrize("how", DECORATIONS)
def test_what_stands_around_the_lines_changes_no_event(write, how, text):
    plain, dressed = parsed(write, text), parsed(write, DECORATIONS[how](text))
    assert told(dressed) == told(plain)
    assert dressed.problems == ()
    assert dressed.lines_total == dressed.lines_understood == count_lines(text.encode())


@pytest.mark.parametrize("how", DECORATIONS)
def test_what_stands_around_the_lines_changes_no_finding(tmp_path, how):
    def findings(name, text):
        path = tmp_path / name / "log.txt"
        path.parent.mkdir()
        path.write_bytes(text.encode())
        (session,) = analyse(Request([path])).sessions
        return {
            (f.rule, f.message, f.severity, tuple((e.line, e.event_id) for e in f.evidence))
            for f in session.findings
            if f.rule != "CCF901"
        }

    assert findings("dressed", DECORATIONS[how](LOG)) == findings("plain", LOG) != set()


STDERR = matching(RULE_FIXTURES, "CCF20*/fires/*/input/stderr.log")
RECORDED = sorted([*matching(FIXTURES, "**/debug/*.txt"), *STDERR])
OF_THE_END = ("CCF405", "CCF901")
HANDED_OVER = ("indent", "quote", "grep -n", "grep -Hn", "CRLF")


def handed_over():
    """Yield each recorded log in each way; ``make test`` tries each way on some of them."""
    for n, log in enumerate(RECORDED):
        for way, how in enumerate(HANDED_OVER):
            marks = () if n % 20 == 2 * way else pytest.mark.whole
            yield pytest.param(how, log, id=f"{how}-{log.relative_to(FIXTURES)}", marks=marks)


@pytest.mark.parametrize(("how", "log"), list(handed_over()))
def test_what_stands_around_a_recorded_log_changes_no_finding(tmp_path, how, log):
    """But for its end, which only a whole log shows."""

    def findings(path):
        try:
            sessions = analysis_of(path).sessions
        except NothingReadableError:
            return set()
        assert len(sessions) == 1
        found = [f for f in sessions[0].findings if f.rule not in OF_THE_END]
        return {(f.rule, f.message, f.severity, tuple(e.line for e in f.evidence)) for f in found}

    text = log.read_text(encoding="utf-8")
    dressed = grepped(text, log.as_posix()) if how == "grep -Hn" else DECORATIONS[how](text)
    (tmp_path / log.name).write_bytes(dressed.encode())
    assert findings(tmp_path / log.name) == findings(log)


@pytest.mark.parametrize(
    "log",
    [pytest.param(p, marks=pytest.mark.whole if n % 4 else ()) for n, p in enumerate(STDERR)],
    ids=lambda p: "/".join(p.parts[-5:-2]),
)
def test_a_forwarded_recording_changes_no_finding(tmp_path, log):
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    forwarded = (("" if i % 3 else "MCP STDERR (voicemode): ") + line for i, line in enumerate(lines))
    (tmp_path / log.name).write_text("".join(forwarded), encoding="utf-8")
    found = [[(s.case.ending.verdict, [(f.rule, f.message, [e.line for e in f.evidence]) for f in s.findings]) for s in analysis_of(p).sessions] for p in (log, tmp_path / log.name)]  # fmt: skip
    assert found[0] == found[1] != []


def test_a_citation_is_the_line_as_it_stands_in_the_file(tmp_path):
    path = tmp_path / "log.txt"
    text = grepped(LOG, "debug/x.txt")
    path.write_text(text)
    (session,) = analyse(Request([path])).sessions
    lines = text.split("\n")
    refs = [e for f in session.findings for e in f.evidence]
    assert refs
    assert all(text.encode()[e.offset :].decode().startswith(lines[e.line - 1]) for e in refs)
    assert any("debug/x.txt:" in e.excerpt for e in refs)


@pytest.mark.parametrize(
    "text", [LOG, SERVER, "[DEBUG] one\n[DEBUG]   two\n", '{"type":"user","message":{}}\n']
)
def test_a_log_that_begins_as_a_log_is_taken_as_it_stands(write, text):
    evidence = write("a.txt", text)
    assert evidence.wrapping.is_plain
    assert not evidence.is_excerpt
    assert evidence.head == text.encode()


def test_two_blanks_and_padded_levels(write):
    text = "2026-03-04T10:00:00.000Z  [DEBUG] executePreToolHooks called for tool: Task\n2026-03-04T10:00:01.000Z  [WARN]  Hook denied tool use for Bash\n"
    found = parsed(write, text)
    assert [(e[0], e[1], e[6]) for e in told(found)] == [
        (1, "tool_dispatch", "Task"),
        (2, "hook_denied", "Bash"),
    ]
    assert found.events["level"].drop_nulls().to_list()[1:2] == ["warning"]


def test_a_quoted_record_behind_a_carriage_return_is_no_record(write):
    text = "[DEBUG] output: 10%\r[ERROR] Error in API request: Connection error.\n[DEBUG] next\n"
    assert told(parsed(write, text)) == []


# --- the voice server's lines in another client's output ------------------------------------------------


def test_a_mark_on_the_first_line_of_a_chunk_and_console_lines_between(write):
    lines = SERVER.splitlines()
    text = "\n".join([
        lines[0],
        "Flushing log events to Clearcut.",
        f"MCP STDERR (voicemode): {lines[1]}",
        "",
        f"MCP STDERR (voicemode): {lines[2]}",
        lines[3],
    ]) + "\n"  # fmt: skip
    found = parsed(write, text)
    assert [(e[0], e[1]) for e in told(found)] == [(1, "stt_start"), (3, "stt_attempt"), (5, "stt_fail"), (6, "stt_exhausted")]  # fmt: skip
    assert found.problems == (Problem(2, OTHER_PROGRAM),)


def test_a_client_log_may_quote_another_clients_output(write):
    text = f"2026-03-04T10:00:00.000Z [DEBUG] tool output follows\nMCP STDERR (voicemode): {SERVER}"
    assert write("a.txt", text).wrapping.is_plain


# --- several files in one -------------------------------------------------------------------------------


def at(second, text, level="DEBUG"):
    return f"2026-03-04T10:00:{second:02d}.000Z [{level}] {text}\n"


def test_a_grep_over_several_files_holds_several_sessions(tmp_path):
    one = at(1, "executePreToolHooks called for tool: Task") + at(
        2, "executePreToolHooks called for tool: Task"
    )
    two = at(3, "executePreToolHooks called for tool: Bash")
    text = grepped(one, f"debug/{ONE}.txt", 7) + "--\n" + grepped(two, f"debug/{TWO}.txt", 3)
    path = tmp_path / "grep.txt"
    path.write_text(text)
    analysis = analyse(Request([path]))
    assert sorted(s.case.session_id for s in analysis.sessions) == [ONE, TWO]
    tools = {s.case.session_id: s.case.of(EventKind.TOOL_DISPATCH).select("line", "tool").rows() for s in analysis.sessions}  # fmt: skip
    assert tools == {ONE: [(1, "Task"), (2, "Task")], TWO: [(4, "Bash")]}
    assert [(i.evidence.name, i.lines_total, i.lines_understood) for i in analysis.inputs] == [("grep.txt", 3, 3), ("grep.txt", 1, 1)]  # fmt: skip


def test_lines_of_files_in_turn_stay_apart(write):
    text = "".join(
        f"logs/{'ab'[n % 2]}.txt:{at(n, f'executePreToolHooks called for tool: T{n}')}" for n in range(6)
    )
    logs = logs_in(write("grep.txt", text))
    found = {log.part.name: parser_for(log.place, log.head).parse(log) for log in logs}
    assert {name: p.events.drop_nulls("tool")["line"].to_list() for name, p in found.items()} == {"logs/a.txt": [1, 3, 5], "logs/b.txt": [2, 4, 6]}  # fmt: skip
    assert sum(p.lines_total for p in found.values()) == 6


def test_a_file_that_is_named_only_later_is_known(write):
    filler = "".join(f"a.txt:{at(n % 60, 'nothing of note')}" for n in range(2000))
    logs = logs_in(
        write("grep.txt", filler + f"late.txt:{at(9, 'executePreToolHooks called for tool: Task')}")
    )
    late = next(log for log in logs if log.part.name == "late.txt")
    assert parser_for(late.place, late.head).parse(late).events.drop_nulls("tool")["line"].to_list() == [2001]


def said(session, uuid, second, role, content):
    message = {"role": role, "id": f"msg_{uuid}", "content": content}
    return json.dumps({"type": role, "sessionId": session, "isSidechain": False, "uuid": uuid, "timestamp": f"2026-03-04T10:00:{second:02d}.000Z", "message": message}) + "\n"  # fmt: skip


def test_transcripts_in_a_grep(tmp_path):
    path = tmp_path / "grep.txt"
    one, two = said(ONE, "u1", 1, "user", "hello"), said(TWO, "u2", 2, "user", "hello")
    path.write_text(f"projects/p/{ONE}.jsonl:4:{one}--\nprojects/p/{TWO}.jsonl:9:{two}")
    analysis = analyse(Request([path]))
    assert {s.case.session_id for s in analysis.sessions} == {ONE, TWO}
    assert all(i.source is Source.TRANSCRIPT and not i.problems for i in analysis.inputs)


def test_a_grep_beside_its_log_counts_nothing_twice(tmp_path):
    folder = tmp_path / "debug"
    folder.mkdir()
    (folder / f"{ONE}.txt").write_text(
        LOG + at(50, "Cleaned up session snapshot: /x/s.sh").replace("10:00", "10:06")
    )
    (alone,) = analyse(Request([tmp_path])).sessions
    lines = LOG.splitlines(keepends=True)
    grep = "".join(f"debug/{ONE}.txt:{n + 1}:{lines[n]}" for n in (1, 6, 8))
    (tmp_path / "a-grep.txt").write_text(grep)
    (both,) = analyse(Request([tmp_path])).sessions
    assert len(both.case.events) - len(both.case.of(EventKind.OTHER)) == len(alone.case.events)
    assert both.case.ending.verdict == alone.case.ending.verdict == "CLEAN"
    assert {(f.rule, f.message) for f in both.findings} == {(f.rule, f.message) for f in alone.findings}


# --- what an excerpt does not tell ---------------------------------------------------------------------


def transcript(*, answered):
    asked = {"description": "look", "prompt": "look", "subagent_type": "Explore"}
    call = {"type": "tool_use", "id": "toolu_1", "name": "Task", "input": asked}
    lines = said(ONE, "u1", 0, "user", "go") + said(ONE, "u2", 1, "assistant", [call])
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "done"}
    return lines + said(ONE, "u3", 9, "user", [result]) if answered else lines


def judged(tmp_path, text, name=f"{ONE}.jsonl"):
    path = tmp_path / name
    path.write_text(text)
    (session,) = analyse(Request([path])).sessions
    return session


def test_a_whole_transcript_that_stops_in_a_call_is_truncated(tmp_path):
    session = judged(tmp_path, transcript(answered=False))
    assert session.case.ending.verdict == "TRUNCATED"
    assert "CCF403" in {f.rule for f in session.findings}


@pytest.mark.parametrize(
    "dress",
    [lambda t: each(t, lambda _: "  "), lambda t: grepped(t, f"p/{ONE}.jsonl", 40)],
    ids=["indent", "grep"],
)
def test_the_end_of_an_excerpt_is_no_end(tmp_path, dress):
    session = judged(tmp_path, dress(transcript(answered=False)), "notes.jsonl")
    assert session.case.ending.verdict == "UNKNOWN"
    assert "an excerpt" in session.case.ending.proof
    assert {f.rule for f in session.findings} == {"CCF901"}
    reasons = {o.rule: o.reason for o in session.outcomes if o.outcome == "insufficient"}
    assert "excerpt" in reasons["CCF403"]
    assert "excerpt" in reasons["CCF101"]


def test_an_answer_in_an_excerpt_counts(tmp_path):
    session = judged(tmp_path, each(transcript(answered=True), lambda _: "  "), "notes.jsonl")
    assert session.case.agents[0].outcome == "completed"
    assert not [f for f in session.findings if f.rule == "CCF403"]
    # of the agents in the lines that were left out nothing is known
    outcome = next(o for o in session.outcomes if o.rule == "CCF403")
    assert (outcome.outcome, "an excerpt" in outcome.reason) == ("insufficient", True)


def test_an_excerpt_beside_a_whole_transcript_leaves_its_end_alone(tmp_path):
    (tmp_path / f"{ONE}.jsonl").write_text(transcript(answered=False))
    (tmp_path / "grep.txt").write_text(grepped(at(30, "executePreToolHooks called for tool: Task"), f"debug/{ONE}.txt", 99))  # fmt: skip
    (session,) = analyse(Request([tmp_path])).sessions
    assert session.case.ending.verdict == "TRUNCATED"
    assert "shutdown line" not in session.case.ending.proof


def test_a_shutdown_in_an_excerpt_does_not_show_that_nothing_was_open(tmp_path):
    text = at(1, "executePreToolHooks called for tool: Task") + at(2, "Cleaned up session snapshot: /x/s.sh")
    assert judged(tmp_path, text, f"{ONE}.txt").case.ending.verdict == "CLEAN"
    assert judged(tmp_path, each(text, lambda _: "  "), f"{ONE}.txt").case.ending.verdict == "UNKNOWN"


def quiet_for(minutes):
    return at(1, "executePreToolHooks called for tool: Task") + at(2, "executePreToolHooks called for tool: Task").replace("10:00", f"10:{minutes:02d}")  # fmt: skip


def test_a_pasted_log_may_be_silent_and_a_sifted_one_is_not(tmp_path):
    assert judged(tmp_path, each(quiet_for(20), lambda _: "  "), f"{ONE}.txt").gaps
    sifted = quiet_for(20).replace("\n", "\n--\n", 1)
    session = judged(tmp_path, sifted, f"{ONE}.txt")
    assert session.gaps == ()
    assert session.case.ending.gap_s is None
    assert session.case.of(EventKind.LOG_EDGE).is_empty()


def test_what_stands_behind_a_hole_continues_nothing(write):
    head, tail = LOG.splitlines()[3], LOG.splitlines()[4]
    other = at(40, "something else").rstrip()
    whole = f"{head}\n{tail}\n{other}\n"
    assert "stt_endpoints" in {e[1] for e in told(parsed(write, whole))}
    holed = f"a.txt:4:{head}\n--\na.txt-9-{tail}\na.txt:10:{other}\n"
    assert {e[1] for e in told(parsed(write, holed))} == {"stt_start"}
    jumps = f"a.txt:4:{head}\na.txt:9:{tail}\na.txt:10:{other}\n"
    assert {e[1] for e in told(parsed(write, jumps))} == {"stt_start"}
    alone = f"a.txt:{head}\na.txt:{tail}\na.txt:{other}\n"
    assert {e[1] for e in told(parsed(write, alone))} == {"stt_start"}


def test_a_chain_of_picked_lines_is_no_chain_that_nothing_answered(tmp_path):
    picked = SERVER.replace("✗ All STT endpoints failed after 1 attempts", "something").splitlines()
    picked.insert(1, picked[0].replace("STT: Starting speech-to-text conversion", "  Available endpoints: ['http://127.0.0.1:2022/v1']"))  # fmt: skip
    text = "\n".join(picked) + "\n"
    rules = {f.rule for f in judged(tmp_path, text, "voicemode_debug.log").findings}
    assert "CCF201" in rules
    sifted = judged(tmp_path, grepped(text, "v.log").replace("v.log:3:", "v.log:30:"), "grep.log")
    found = {f.rule: f for f in sifted.findings}
    assert "CCF201" not in found
    assert found["CCF204"].facts["waited_s"] is None


def test_a_quoted_separator_is_part_of_a_record(write):
    text = at(1, "tool output:") + "first\n--\nsecond\n" + at(2, "next")
    assert write("a.txt", text).wrapping.is_plain


# --- laws --------------------------------------------------------------------------------------------------

DRESSES = st.sampled_from(sorted(DECORATIONS))
DOCUMENTS = (
    Source.TODO_FILE,
    Source.SPILLED_RESULT,
    Source.TASK_FILE,
    Source.AGENT_META,
    Source.WORKFLOW_STATE,
    Source.TEAM_FILE,
    Source.SHELL_SNAPSHOT,
    Source.PROCESS_FILE,
)
PIECES = st.binary(max_size=12) | st.sampled_from(
    [b"\n", b"--\n", b"> ", b"a.txt:3:", b"7-", b"\r", b"\x1b[31m", b"  "]
)


@given(text=st.sampled_from([LOG, SERVER]), how=DRESSES, data=st.data())
@settings(max_examples=30, deadline=None)
def test_every_line_of_a_decorated_mutant_is_accounted_for(write, text, how, data):
    raw = DECORATIONS[how](text).encode()
    for _ in range(data.draw(st.integers(0, 4))):
        at_, length = data.draw(st.integers(0, len(raw))), data.draw(st.integers(0, 30))
        raw = raw[:at_] + data.draw(PIECES) + raw[at_ + length :]
    logs = logs_in(write("notes.txt", raw))
    lines = [n for log in logs for b in log.batches() for n in b.numbered(count_lines(b.data))]
    assert sorted(lines) == list(range(1, count_lines(raw) + 1))
    for log in logs:
        own = {n for b in log.batches() for n in b.numbered(count_lines(b.data))}
        for parser in data.draw(st.permutations(PARSERS))[:3]:
            found = parser.parse(replace(log, batch_bytes=data.draw(st.sampled_from([1 << 20, 64]))))
            assert found.lines_total == len(own)
            assert found.lines_understood + sum(p.count for p in found.problems) == len(own)
            if parser.source not in DOCUMENTS:
                assert set(found.events["line"]) <= own


@given(head=st.binary(max_size=300) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")))
@settings(max_examples=300, deadline=None)
def test_unwrapping_keeps_the_number_of_lines(head):
    wrapping = wrapping_of(head)
    data = wrapping.joined(wrapping.split(head))
    assert count_lines(data) == count_lines(head) or wrapping.is_plain


def test_names_of_lines_are_those_of_the_file_whatever_the_size_of_batches(write):
    text = grepped(LOG, "a.txt") + "--\n" + grepped(LOG, "b.txt")
    for log in logs_in(write("grep.txt", text)):
        whole = [row for b in log.batches() for row in to_lines(b).select("line", "text").rows()]
        small = [row for b in replace(log, batch_bytes=50).batches() for row in to_lines(b).select("line", "text").rows()]  # fmt: skip
        assert small == whole


def test_one_file_is_found_once(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(LOG)
    (log,) = discover([path]).files
    assert log == open_evidence(path, "a.txt")
    assert re.fullmatch("[0-9a-f]{12}", log.digest)


def test_lines_that_were_picked_out_make_no_chain(tmp_path):
    said = {
        10: "03:00:00,000 - voicemode - INFO - STT: Starting speech-to-text conversion",
        13: "03:00:01,000 - voicemode - WARNING - STT failed for http://127.0.0.1:2022/v1 (whisper): Connection error.",
        900: "04:00:00,000 - voicemode - ERROR - ✗ All STT endpoints failed after 2 attempts",
    }
    (tmp_path / "voice.txt").write_text("".join(f"{n}:2025-10-21 {text}\n" for n, text in said.items()))
    (session,) = analyse(Request([tmp_path])).sessions
    (finding,) = (f for f in session.findings if f.rule == "CCF201")
    assert [e.line for e in finding.evidence] == [3]
    assert "127.0.0.1" not in finding.message
    assert not [s for s in finding.statements if "3600" in s.text]


def test_a_grep_of_hundreds_of_logs_is_not_read_hundreds_of_times(tmp_path):
    line = "p/{}.txt:1:2026-01-22T07:00:00.000Z [DEBUG] executePreToolHooks called for tool: Bash\n"
    (tmp_path / "grep.txt").write_text("".join(line.format(n) for n in range(300)))
    with pytest.raises(NothingReadableError, match="lines of 300 logs: give the logs themselves"):
        analyse(Request([tmp_path]))
