"""A text that a terminal or the kernel kept joins a session where pid, folder or words prove it, and else none."""

from __future__ import annotations

import json

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request

ONE, TWO = "5e551011-0000-4000-8000-000000000001", "5e551011-0000-4000-8000-000000000002"
FAILED = 'API Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
KERNEL = "[ 912.3] Out of memory: Killed process {} (claude) total-vm:7000kB, anon-rss:5000kB\n"


def record(session, number, kind, **more):
    return {
        "type": kind, "sessionId": session, "uuid": f"{session[-1]}-{number}", "version": "2.1.183", "cwd": "/w",
        "timestamp": f"2026-01-17T01:0{session[-1]}:{number:02d}.000Z", **more,
    }  # fmt: skip


def transcript(session, *, turns=None, failure=None):
    told = [record(session, 1, "user", message={"role": "user", "content": "go"})]
    text = failure or "Done."
    said = {"id": f"m{session[-1]}", "role": "assistant", "content": [{"type": "text", "text": text}]}
    told.append(record(session, 2, "assistant", message=said, isApiErrorMessage=failure is not None))
    if turns:
        told.append(
            record(session, 3, "attachment", attachment={"type": "max_turns_reached", "maxTurns": turns})
        )
    return "".join(json.dumps(r) + "\n" for r in told)


def put(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return {s.case.session_id for s in analyse(Request([folder])).sessions}


def debug(pid):
    lines = ["[DEBUG] Getting matching hook commands for UserPromptSubmit with query: x"] * 2
    return "".join(
        f"2026-01-17T01:01:0{n}.000Z {line}\n"
        for n, line in enumerate([*lines, f"[DEBUG] Writing to temp file: /w/a.tmp.{pid}.1768612861000"])
    )


def test_a_kernels_word_joins_the_process_of_its_pid(tmp_path):
    files = {
        f"p/{ONE}.jsonl": transcript(ONE),
        f"debug/{ONE}.txt": debug(4711),
        "dmesg.txt": KERNEL.format(4711),
    }
    assert put(tmp_path, files) == {ONE}


def test_a_kernels_word_of_another_process_joins_nobody(tmp_path):
    files = {
        f"p/{ONE}.jsonl": transcript(ONE),
        f"debug/{ONE}.txt": debug(4711),
        "dmesg.txt": KERNEL.format(99),
    }
    assert {s[:4] for s in put(tmp_path, files)} == {ONE[:4], "log:"}


def test_an_output_beside_the_only_transcript_joins_it(tmp_path):
    files = {f"run/{ONE}.jsonl": transcript(ONE), "run/stdout.txt": "Error: Reached max turns (7)"}
    assert put(tmp_path, files) == {ONE}


def test_a_text_of_another_name_beside_a_transcript_joins_nobody(tmp_path):
    files = {f"run/{ONE}.jsonl": transcript(ONE), "run/notes.txt": "Error: Reached max turns (7)"}
    assert len(put(tmp_path, files)) == 2


def test_a_spent_budget_joins_the_only_session_that_ended_so(tmp_path):
    files = {
        f"p/{ONE}.jsonl": transcript(ONE, turns=3),
        f"p/{TWO}.jsonl": transcript(TWO, turns=5),
        "console/out.txt": "Error: Reached max turns (3)",
    }
    assert put(tmp_path, files) == {ONE, TWO}


def test_a_failure_joins_the_only_session_that_ended_in_these_words(tmp_path):
    files = {f"p/{ONE}.jsonl": transcript(ONE, failure=FAILED), "console/out.txt": FAILED + "\n"}
    assert put(tmp_path, files) == {ONE}


def test_words_in_which_two_sessions_ended_join_neither(tmp_path):
    files = {
        f"p/{ONE}.jsonl": transcript(ONE, turns=3),
        f"p/{TWO}.jsonl": transcript(TWO, turns=3),
        "console/out.txt": "Error: Reached max turns (3)",
    }
    assert len(put(tmp_path, files)) == 3
