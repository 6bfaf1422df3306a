"""A stream tells the same, however its records are laid out."""

from __future__ import annotations

import json

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.evidence.account import Problem
from forensics.evidence.file import count_lines, open_evidence
from forensics.formats import parser_for
from forensics.formats.claude.stream_json import CUT, NOISE
from forensics.schema import EventKind, Source
from tests.support.streams import (
    KILLED,
    LAYOUTS,
    PARALLEL,
    among_words,
    indented_array,
    one_behind_another,
    one_line_array,
    records_of,
)

SESSION = "3f1c0d52-6f0e-4a39-9a62-0e6f4f8c7a11"
TOLD = ("kind", "status", "session_id", "agent_id", "tool", "correlation_id", "message", "record_id")


def written(folder, text, name="out.json"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def parse(path, batch_bytes=1 << 20):
    evidence = open_evidence(path, path.name)
    object.__setattr__(evidence, "batch_bytes", batch_bytes)
    parser = parser_for(evidence.place, evidence.head)
    assert parser is not None
    return parser, parser.parse(evidence)


def judged(path):
    (session,) = analyse(Request([path])).sessions
    found = {(f.rule, f.message, f.severity, len(f.evidence)) for f in session.findings}
    return (
        session.case.ending.verdict,
        session.case.ending.proof,
        found,
        {(o.rule, o.outcome) for o in session.outcomes},
    )


@pytest.mark.parametrize("stream", [PARALLEL, KILLED], ids=["parallel", "killed"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda f: f.__name__)
def test_every_layout_tells_the_same(tmp_path, layout, stream):
    path = written(tmp_path, layout(records_of(stream)))
    _, plain = parse(stream)
    for batch_bytes in (1 << 20, 997):
        parser, parsed = parse(path, batch_bytes)
        assert parser.source is Source.STREAM_JSON
        assert parsed.events.select(TOLD).rows() == plain.events.select(TOLD).rows()
        assert parsed.lines_total == count_lines(path.read_bytes())
        assert {p.reason for p in parsed.problems} <= ({NOISE} if layout is among_words else set())
        assert parsed.unknown == plain.unknown
    assert judged(path) == judged(stream)


def test_an_event_stands_on_its_records_first_line(tmp_path):
    records = records_of(PARALLEL)
    text = indented_array(records)
    _, parsed = parse(written(tmp_path, text))
    begins = [n for n, line in enumerate(text.split("\n"), 1) if line == "  {"]
    assert sorted(set(parsed.events["line"])) == begins


def test_the_evidence_of_an_array_on_one_line_is_found_by_its_offset(tmp_path):
    records = records_of(PARALLEL)
    records[-1] |= {"subtype": "error_max_turns", "is_error": True}
    path = written(tmp_path, one_line_array(records))
    (session,) = analyse(Request([path])).sessions
    data = path.read_bytes()
    (ref,) = [r for r in session.ending_refs if "error_max_turns" in r.excerpt][:1]
    decoder = json.JSONDecoder()
    record, _ = decoder.raw_decode(data[ref.offset :].decode())
    assert (ref.line, record["type"], record["subtype"]) == (1, "result", "error_max_turns")
    calls = [r for f in session.findings if f.rule == "CCF101" for r in f.evidence]
    assert calls
    assert all(
        decoder.raw_decode(data[r.offset :].decode())[0]["type"] in {"assistant", "user"} for r in calls
    )


@pytest.mark.parametrize(
    "result",
    [
        {
            "type": "result",
            "subtype": "error_max_turns",
            "is_error": True,
            "num_turns": 41,
            "session_id": SESSION,
        },
        {
            "is_error": True,
            "num_turns": 41,
            "session_id": SESSION,
            "subtype": "error_max_turns",
            "type": "result",
        },
    ],
    ids=["as printed", "sorted"],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_lone_result_is_a_run(tmp_path, result, indent):
    path = written(tmp_path, json.dumps(result, indent=indent))
    (session,) = analyse(Request([path])).sessions
    assert (session.case.session_id, session.case.ending.verdict) == (SESSION, "ERROR_RESULT")


def test_a_result_that_names_no_session_is_one_of_its_own(tmp_path):
    records = [
        {"type": "system", "subtype": "init", "message": "Claude Code initialized", "model": "m"},
        {"type": "result", "subtype": "success", "is_error": True, "duration_ms": 243, "num_turns": 1},
    ]
    (session,) = analyse(Request([written(tmp_path, among_words(records), "job.txt")])).sessions
    assert session.case.session_id.startswith("log:")
    assert session.case.ending.verdict == "ERROR_RESULT"


def test_a_laid_out_stream_that_is_cut_off_ends_in_a_cut_record(tmp_path):
    text = one_behind_another(records_of(PARALLEL))
    at = text.rindex("\n{\n") + 1
    path = written(tmp_path, text[: at + 60])
    _, parsed = parse(path)
    line = text[:at].count("\n") + 1
    assert parsed.problems == (Problem(line, CUT, count_lines(path.read_bytes()) - line + 1),)
    assert parsed.lines_understood + parsed.problems[0].count == parsed.lines_total
    last = PARALLEL.read_text(encoding="utf-8").rstrip().rindex("\n")
    plain = written(tmp_path, PARALLEL.read_text(encoding="utf-8")[: last + 60], "plain.jsonl")
    assert judged(path)[0] == judged(plain)[0] != "CLEAN"


def test_other_json_among_the_records_is_no_record(tmp_path):
    records = records_of(PARALLEL)
    text = among_words(records).replace(
        "Done: {ok}", '{"type": "commit", "sha": "1"}\n{\n  "type": "object"\n}'
    )
    _, parsed = parse(written(tmp_path, text))
    assert parsed.unknown == parse(PARALLEL)[1].unknown
    assert {p.reason for p in parsed.problems} == {NOISE}


def test_an_array_that_is_cut_off_in_its_only_line_tells_what_is_whole(tmp_path):
    path = written(tmp_path, one_line_array(records_of(PARALLEL))[:-60])
    (session,) = analyse(Request([path])).sessions
    assert {f.rule for f in session.findings} >= {"CCF101", "CCF102"}
    assert parse(path)[1].problems == (Problem(1, CUT),)


def test_json_that_holds_records_deeper_down_is_no_record(tmp_path):
    records = records_of(PARALLEL)
    text = json.dumps({"by_run": {"execution": records}}) + "\n" + json.dumps(records[0]) + "\n"
    _, parsed = parse(written(tmp_path, text))
    assert (parsed.problems, parsed.unknown) == ((Problem(1, NOISE),), ())


def transcript():
    def said(uuid, second, role, content):
        message = {"role": role, "id": f"msg_{uuid}", "content": content}
        return {"parentUuid": None, "isSidechain": False, "type": role, "message": message, "uuid": uuid, "sessionId": SESSION, "timestamp": f"2026-03-04T10:00:{second:02d}.000Z"}  # fmt: skip

    call = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}}
    answer = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "ok"}
    return [said("u1", 0, "user", "go"), said("u2", 1, "assistant", [call]), said("u3", 2, "user", [answer])]


@pytest.mark.parametrize("layout", LAYOUTS[:4], ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", [f"{SESSION}.jsonl", "session.json"])
def test_a_transcript_may_be_laid_out_too(tmp_path, layout, name):
    parser, parsed = parse(written(tmp_path, layout(transcript()), name))
    assert parser.source is Source.TRANSCRIPT
    assert parsed.problems == ()
    kinds = [EventKind.USER_PROMPT, EventKind.TOOL_CALL, EventKind.TOOL_RESULT]
    assert parsed.events["kind"].to_list() == [k.value for k in kinds]
    assert parsed.events.unique(["line", "ordinal"]).height == len(kinds)


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("##[error]The operation was canceled.", "KILLED"),
        ("##[error]Process completed with exit code 137.", "KILLED"),
        ("error: Claude Code process exited with code 1", "ERROR_RESULT"),
    ],
)
def test_a_jobs_log_that_shows_the_runs_beginning_alone_ends_as_its_runner_says(tmp_path, said, verdict):
    """With its full output hidden the action shows no more of a run: the message of that record is a text."""
    init = {"type": "system", "subtype": "init", "message": "Claude Code initialized", "model": "m"}
    lines = [*json.dumps(init, indent=2).splitlines(), said]
    text = "".join(f"2026-03-04T10:00:00.1234567Z {line}\n" for line in lines)
    ending = judged(written(tmp_path, text, "job.txt"))
    assert ending[0] == verdict
    assert said.removeprefix("##[error]") in ending[1]
