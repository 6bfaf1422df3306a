"""ATIF trajectories: what Harbor's converter makes of Claude Code's sessions, and what its schema allows."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.evidence.file import open_evidence
from forensics.formats import parser_for
from forensics.formats.atif.document import NO_DOCUMENT, NO_STEPS, Atif
from forensics.formats.jsonl import TORN, UNEXPECTED
from tests.support.analyses import analysis_of
from tests.support.places import FIXTURES

LOGS = FIXTURES / "atif"
KILLED, PARALLEL = LOGS / "killed.json", LOGS / "parallel.json"
SESSION = "c4f74656-68ad-4973-8f53-0b862ed16d5d"


def step(number: int, source: str = "agent", message="", second: int | None = None, **more) -> dict:
    moment = {"timestamp": f"2026-01-05T10:00:{number if second is None else second:02d}.000Z"}
    return {"step_id": number, **moment, "source": source, "message": message} | more


def call(name: str, number: int = 1, **arguments) -> dict:
    return {"tool_call_id": f"toolu_{number}", "function_name": name, "arguments": arguments}


def result(content="done", number: int = 1, **more) -> dict:
    return {"source_call_id": f"toolu_{number}", "content": content} | more


def trajectory(*steps: dict, version: str = "1.8", name: str = "claude-code", **more) -> dict:
    agent = {"name": name, "version": "2.0.24", "extra": {"cwds": ["/w"]}}
    return {
        "schema_version": f"ATIF-v{version}",
        "session_id": SESSION,
        "agent": agent,
        "steps": list(steps),
    } | more


USER = step(1, "user", "Fix the build")
WROTE = step(2, message="On it.", tool_calls=[call("Write", file_path="/w/a.py", content="x")], observation={"results": [result()]})  # fmt: skip
# every version, with what it brought; each validates against the models of harbor 0.25.0
VERSIONS = {
    **{f"1.{n}": trajectory(USER, WROTE, version=f"1.{n}") for n in range(9)},
    "1.5 copied": trajectory(step(1, "user", "Old", is_copied_context=True), step(2, "user", "New"), version="1.5"),
    "1.6 parts": trajectory(
        step(1, "user", [{"type": "text", "text": "Look"}, {"type": "image", "source": {"media_type": "image/png", "path": "a.png"}}]),
        step(2, tool_calls=[call("Bash", command="ls")], observation={"results": [result([{"type": "text", "text": "a.png"}])]}),
        version="1.6",
    ),
    "1.7 embedded": trajectory(
        USER,
        step(2, tool_calls=[call("Task", description="Look", prompt="Look around")], observation={"results": [result(subagent_trajectory_ref=[{"trajectory_id": "sub-1"}])]}),
        step(9, message="Done.", llm_call_count=1) | {"step_id": 3},
        version="1.7",
        subagent_trajectories=[trajectory(step(1, "user", "Look around", 3), step(2, "agent", "Seen.", 4, tool_calls=[call("Read", 2, file_path="/w/a.py")]), version="1.7", session_id=None, trajectory_id="sub-1")],
    ),
    "1.8 audio": trajectory(step(1, "user", [{"type": "audio", "source": {"media_type": "audio/wav", "path": "a.wav"}}]), step(2, "system", "ready")),
}  # fmt: skip


def lines(parsed, *columns: str) -> list[tuple]:
    told = parsed.events.filter(~pl.col("kind").is_in(["session_meta"]) & (pl.col("source") == "transcript"))
    return told.sort("line", "ordinal").select("line", "kind", *columns).rows()


def pretty(document: dict) -> str:
    return json.dumps(document, indent=2) + "\n"


def at(text: str, words: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if words in line)


@pytest.mark.parametrize("name", VERSIONS)
def test_every_version_of_the_schema_is_read_to_the_last_line(read, name):
    for text in (pretty(VERSIONS[name]), json.dumps(VERSIONS[name])):
        parsed = read("trajectory.json", text)
        assert (parsed.problems, parsed.unknown) == ((), ())
        assert parsed.lines_understood == parsed.lines_total == len(text.splitlines())
        assert parsed.records == text.count('"step_id"')


def test_a_record_stands_at_its_own_line(read):
    text = pretty(trajectory(USER, WROTE))
    parsed = read("trajectory.json", text)
    assert lines(parsed, "message") == [
        (at(text, "Fix the build"), "user_prompt", "Fix the build"),
        (at(text, "On it."), "assistant_message", "On it."),
        (at(text, '"tool_call_id"'), "tool_call", "Write /w/a.py"),
        (at(text, '"source_call_id"'), "tool_result", "done"),
    ]


def test_in_one_line_everything_stands_in_line_one_and_each_has_an_id(read):
    parsed = read("trajectory.json", json.dumps(trajectory(USER, WROTE)))
    assert set(parsed.events["line"]) == {1}
    assert parsed.events["ordinal"].to_list() == list(range(parsed.events.height))


def test_a_result_has_no_time_of_its_own(read):
    later = step(3, "agent", "Done.", second=40)
    parsed = read("t.json", pretty(trajectory(USER, WROTE, later)))
    (answer,) = parsed.events.filter(pl.col("kind") == "tool_result").iter_rows(named=True)
    assert (f"{answer['ts']:%S}", answer["ts_quality"]) == ("40", "inferred")


def test_an_agents_result_is_dated_by_how_long_it_took(read):
    told = {"tool_result_metadata": {"tool_use_result": {"status": "completed", "agentId": "a1", "totalDurationMs": 5000}}}  # fmt: skip
    spawn = step(2, tool_calls=[call("Task", prompt="Look")], observation={"results": [result(extra=told)]})
    parsed = read("t.json", pretty(trajectory(USER, spawn, step(3, "agent", "Done.", second=40))))
    (answer,) = parsed.events.filter(pl.col("kind") == "tool_result").iter_rows(named=True)
    assert (f"{answer['ts']:%S}", answer["target_agent_id"], answer["duration_ms"]) == ("07", "a1", 5000)
    assert parsed.spawns["prompt"].to_list() == ["Look"]


@pytest.mark.parametrize(
    "failed",
    [
        {"extra": {"tool_result_is_error": True}},
        {"extra": {"tool_result_metadata": {"is_error": True}}},
        {"content": "no such file\n\n[error] tool reported failure"},
    ],
)
def test_a_failed_call(read, failed):
    document = trajectory(USER, WROTE | {"observation": {"results": [result(**failed)]}})
    assert lines(read("t.json", pretty(document)), "status")[-1][1:] == ("tool_result", "error")


def test_the_raw_result_is_what_the_tool_said(read):
    raw = {"tool_result_metadata": {"raw_tool_result": {"content": "File created"}}}
    document = trajectory(USER, WROTE | {"observation": {"results": [result("File created\n\n[metadata] {}", extra=raw)]}})  # fmt: skip
    assert lines(read("t.json", pretty(document)), "message", "status")[-1][1:] == ("tool_result", "File created", "ok")  # fmt: skip


@pytest.mark.parametrize(
    ("said", "kind", "status"),
    [
        ("API Error: 529 {}", "api_error", "529"),
        ("Request timed out", "api_error", "Request timed out"),
        ("No response requested.", "assistant_message", None),
    ],
)
def test_the_clients_own_words_are_an_api_failure(read, said, kind, status):
    parsed = read("t.json", pretty(trajectory(USER, step(2, message=said, model_name="<synthetic>"))))
    assert lines(parsed, "status")[-1][1:] == (kind, status)


def test_copied_context_is_no_second_happening(read):
    parsed = read("t.json", pretty(VERSIONS["1.5 copied"]))
    assert [(kind, message) for _, kind, message in lines(parsed, "message")] == [
        ("other", "copied step"),
        ("user_prompt", "New"),
    ]


def test_parts_that_are_no_text_are_named(read):
    parsed = read("t.json", pretty(VERSIONS["1.6 parts"]))
    assert [message for _, _, message in lines(parsed, "message")] == [
        "Look\n[image]",
        "Bash called",
        "a.png",
    ]


def test_an_embedded_trajectory_is_its_agents(tmp_path):
    (tmp_path / "trajectory.json").write_text(pretty(VERSIONS["1.7 embedded"]))
    (session,) = analyse(Request([tmp_path])).sessions
    (agent,) = session.case.agents
    assert (agent.agent_id, agent.outcome.value) == ("sub-1", "completed")
    read_call = session.case.events.row(by_predicate=pl.col("tool") == "Read", named=True)
    assert (session.session_id, read_call["agent_id"]) == (SESSION, "sub-1")


def sidechain(number: int, source: str = "agent", message="", **more) -> dict:
    return step(number, source, message, extra={"is_sidechain": True}, **more)


WRITE_TWO = [call("Task", n, prompt=f"Part {n}", description=f"Part {n}") for n in (1, 2)]


def test_the_steps_of_two_sidechains_at_once_are_nobodys(tmp_path):
    steps = [
        USER,
        step(2, tool_calls=WRITE_TWO, observation={"results": [result(number=1), result(number=2)]}),
        sidechain(3, "user", "Part 1"),
        sidechain(4, "user", "Part 2"),
        sidechain(5, tool_calls=[call("Write", 5, file_path="/w/a.py")], observation={"results": [result(number=5)]}),
        sidechain(6, message="Done."),
        sidechain(7, message="Done, too."),
        step(8, message="All done."),
    ]  # fmt: skip
    (tmp_path / "t.json").write_text(pretty(trajectory(*steps)))
    (session,) = analyse(Request([tmp_path])).sessions
    assert len(session.case.agents) == 2
    write = session.case.events.row(by_predicate=pl.col("tool") == "Write", named=True)
    assert write["agent_id"] == "sidechain:?"
    assert {o.rule: o.outcome.value for o in session.outcomes}["CCF104"] == "insufficient"


def test_the_steps_of_one_sidechain_after_the_other_are_each_ones_own(tmp_path):
    def run(number: int, at: int) -> list[dict]:
        return [
            step(at, tool_calls=[WRITE_TWO[number - 1]], observation={"results": [result(number=number)]}),
            sidechain(at + 1, "user", f"Part {number}"),
            sidechain(at + 2, tool_calls=[call("Write", at, file_path="/w/a.py")]),
            sidechain(at + 3, message="Done."),
        ]

    (tmp_path / "t.json").write_text(
        pretty(trajectory(USER, *run(1, 2), *run(2, 6), step(10, message="All.")))
    )
    (session,) = analyse(Request([tmp_path])).sessions
    writes = session.case.events.filter(pl.col("tool") == "Write")
    assert writes["agent_id"].to_list() == ["toolu_1", "toolu_2"]


def test_another_agents_tools_mean_nothing_here(read):
    calls = [call("Task", 1, prompt="x"), call("TodoWrite", 2, todos=[{"content": "a", "status": "in_progress"}]), call("Write", 3, file_path="/w/a.py")]  # fmt: skip
    document = trajectory(
        USER, step(2, tool_calls=calls, observation={"results": [result()]}), name="other-agent"
    )
    parsed = read("t.json", pretty(document))
    assert [row[1:] for row in lines(parsed, "tool", "path", "status")] == [
        ("user_prompt", None, None, None),
        ("tool_call", "Task", None, None),
        ("tool_call", "TodoWrite", None, None),
        ("tool_call", "Write", None, None),
        ("tool_result", None, None, None),
    ]
    assert parsed.todos.is_empty()
    assert parsed.spawns.is_empty()
    assert "session_meta" not in parsed.events["kind"].to_list()


def test_it_says_that_it_is_a_trajectory_and_whose(read):
    text = pretty(trajectory(USER, name="other-agent"))
    (head,) = read("t.json", text).events.filter(pl.col("source") == "atif").iter_rows(named=True)
    assert (head["line"], head["message"]) == (2, "ATIF-v1.8 trajectory of other-agent 2.0.24")


def test_a_trajectory_that_names_no_session_is_one_by_its_bytes(tmp_path):
    (tmp_path / "t.json").write_text(pretty(trajectory(USER, WROTE, session_id=None)))
    (session,) = analyse(Request([tmp_path])).sessions
    assert session.session_id.startswith("log:")


def test_one_that_is_cut_off_is_read_up_to_the_step_it_ends_in(read):
    text = pretty(trajectory(USER, WROTE))
    cut = text[: text.index('"function_name"') + 20]
    parsed = read("t.json", cut)
    assert [kind for _, kind in lines(parsed)] == ["user_prompt"]
    torn = at(cut, '"step_id": 2')
    assert [(p.line, p.count, p.reason) for p in parsed.problems] == [
        (torn, parsed.lines_total - torn + 1, TORN)
    ]
    line = read("t.json", json.dumps(trajectory(USER, WROTE))[:-9])
    assert [kind for _, kind in lines(line)] == ["user_prompt"]
    assert [(p.line, p.reason) for p in line.problems] == [(1, TORN)]


@pytest.mark.parametrize("cut", ['"steps":', '"steps": [', '"agent"', "{"])
def test_one_that_is_cut_off_before_its_first_step_is_one_problem(write, cut):
    text = json.dumps(trajectory(USER))
    evidence = write("t.json", text[: text.index(cut) + len(cut)])
    parsed = Atif().parse(evidence)
    assert parsed.events.filter(pl.col("source") == "transcript").is_empty()
    assert [(p.line, p.count) for p in parsed.problems] == [(1, 1)]


@pytest.mark.parametrize(("depth", "whole"), [(3, True), (18, False), (5000, False)])
def test_trajectories_in_trajectories_are_read_to_a_depth(read, depth, whole):
    one = json.dumps(trajectory(USER, trajectory_id="t"))[:-1] + ', "subagent_trajectories": ['
    parsed = read("t.json", one * depth + "]}" * depth)
    prompts = parsed.events.filter(pl.col("kind") == "user_prompt").height
    assert (prompts == depth, parsed.problems == ()) == (whole, whole)
    assert prompts > 0


@pytest.mark.parametrize("steps", [5, None, {}, "x"])
def test_steps_that_are_no_list_are_none(read, steps):
    parsed = read("t.json", json.dumps({"schema_version": "ATIF-v1.8", "steps": steps}))
    assert [(p.line, p.reason) for p in parsed.problems] == [(1, NO_STEPS)]


def test_keys_that_are_escaped_or_stand_twice_are_read_as_they_are_meant(read):
    text = json.dumps(trajectory(USER, WROTE))
    escaped = text.replace('"observation"', '"observ\\u0061tion"').replace(
        '"tool_calls"', '"tool_calls": null, "tool_calls"'
    )
    assert lines(read("t.json", escaped), "message") == lines(read("t.json", text), "message")


@pytest.mark.parametrize("named", [True, False])
def test_one_that_is_cut_off_in_an_embedded_trajectory_keeps_that_ones_steps(read, named):
    document = VERSIONS["1.7 embedded"]
    (inner,) = document["subagent_trajectories"]
    inner = {k: v for k, v in inner.items() if k != "trajectory_id"}
    first = {"trajectory_id": "sub-1"} if named else {}
    text = pretty(document | {"subagent_trajectories": [first | inner]})
    parsed = read("t.json", text[: text.rindex('"step_id": 2')])
    (prompt,) = parsed.events.filter(pl.col("message") == "Look around").iter_rows(named=True)
    assert prompt["agent_id"] == ("sub-1" if named else "sidechain:?")
    assert [p.reason for p in parsed.problems] == [TORN]


def test_a_step_of_another_shape_costs_its_own_lines(read):
    text = pretty(trajectory(USER, {"step_id": 2, "source": 5}, step(3, "user", "Go on")))
    parsed = read("t.json", text)
    assert [message for _, _, message in lines(parsed, "message")] == ["Fix the build", "Go on"]
    assert [(p.line, p.count, p.reason) for p in parsed.problems] == [
        (at(text, '"step_id": 2'), 3, UNEXPECTED)
    ]


@pytest.mark.parametrize(
    "document", [{"schema_version": "ATIF-v1.8"}, {"schema_version": "ATIF-v1.8", "agent": {}}]
)
def test_one_without_steps_is_one_problem(read, document):
    parsed = read("t.json", pretty(document))
    assert [(p.line, p.count, p.reason) for p in parsed.problems] == [(1, parsed.lines_total, NO_STEPS)] or parsed.lines_understood <= 1  # fmt: skip


def test_several_documents_one_in_each_line_and_text_behind_them(read):
    one, two = trajectory(USER), trajectory(USER, session_id="22222222-2222-4222-8222-222222222222")
    parsed = read("all.jsonl", f"{json.dumps(one)}\n{json.dumps(two)}\nthe end\n")
    prompts = parsed.events.filter(pl.col("kind") == "user_prompt")
    assert prompts.select("line", "session_id").rows() == [(1, SESSION), (2, two["session_id"])]
    assert [(p.line, p.reason) for p in parsed.problems] == [(3, NO_DOCUMENT)]


def test_a_later_version_is_read_and_counted(read):
    parsed = read("t.json", pretty(trajectory(USER, WROTE, version="2.0")))
    assert [(s.text, s.count) for s in parsed.unknown] == [("ATIF-v2.0", 2)]
    assert len(lines(parsed)) == 4


@pytest.mark.parametrize("text", ['{"type":"user","message":"\\"schema_version\\": \\"ATIF-v1.7\\""}', '["schema_version"]', "ATIF-v1.7"])  # fmt: skip
def test_what_only_quotes_a_trajectory_is_none(text):
    assert not isinstance(parser_for("x.json", text.encode()), Atif)


def test_beside_the_transcript_it_was_made_of_it_counts_nothing(tmp_path):
    record = {"type": "user", "uuid": "u1", "sessionId": SESSION, "timestamp": "2026-01-05T10:00:01.000Z", "version": "2.0.24", "cwd": "/w", "message": {"role": "user", "content": "Fix the build"}}  # fmt: skip
    (tmp_path / f"{SESSION}.jsonl").write_text(json.dumps(record) + "\n")
    (tmp_path / "trajectory.json").write_text(pretty(trajectory(USER, WROTE)))
    analysis = analyse(Request([tmp_path]))
    (session,) = analysis.sessions
    assert session.case.events.filter(pl.col("kind") == "user_prompt").height == 1
    assert session.case.sources == {"transcript"}
    (note,) = analysis.notes
    assert "trajectory.json retells session" in note.text


def test_a_retried_request_cannot_be_in_it(tmp_path):
    shutil.copy(PARALLEL, tmp_path)
    (session,) = analyse(Request([tmp_path])).sessions
    outcome = next(o for o in session.outcomes if o.rule == "CCF204")
    assert (outcome.outcome.value, "ATIF" in outcome.reason) == ("insufficient", True)


def test_three_agents_at_once_that_wrote_one_file():
    (session,) = analysis_of(PARALLEL).sessions
    found = {f.rule: f for f in session.findings}
    assert found["CCF101"].facts["max_overlap"] == 3
    assert "shared_notes.md" in found["CCF104"].message
    assert {e.line for e in found["CCF104"].evidence} == {1}
    assert all("shared_notes" in e.excerpt or "toolu" in e.excerpt for e in found["CCF104"].evidence[:2])


def test_a_killed_session_stops_inside_its_spawns():
    (session,) = analysis_of(KILLED).sessions
    assert (session.case.ending.verdict, session.case.client_version) == ("TRUNCATED", "2.0.24")
    text = KILLED.read_text().splitlines()
    cited = [text[ref.line - 1] for ref in session.ending_refs]
    assert sum('"tool_call_id"' in line for line in cited) == 3


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("made", "of"), [(KILLED, "2.0.24/c_crash"), (PARALLEL, "2.1.330/b_parallel")], ids=["killed", "parallel"]
)
def test_it_tells_what_its_transcript_tells(corpus, made, of):
    (retold,) = analysis_of(made).sessions
    folder = corpus / "claude-code" / of / "input"
    transcript = next(folder.rglob(f"projects/*/{retold.session_id}.jsonl"))
    paths = [p for p in (transcript, transcript.with_suffix("")) if p.exists()]
    (told,) = analyse(Request(paths)).sessions
    assert retold.case.ending.verdict == told.case.ending.verdict
    assert [(f.rule, f.severity) for f in retold.findings] == [(f.rule, f.severity) for f in told.findings]
    outcomes = [{o.rule: o.outcome for o in s.outcomes} for s in (told, retold)]
    differ = {rule for rule in outcomes[0] if outcomes[0][rule] != outcomes[1][rule]}
    assert differ - {"CCF303"} == {"CCF204"}  # what was used is not read of a trajectory


def test_sniffing_reads_only_the_head():
    evidence = open_evidence(KILLED, "killed.json")
    assert isinstance(parser_for(evidence.place, evidence.head), Atif)


def test_another_agents_calls_that_count_anew_in_each_step_are_each_one(tmp_path):
    steps = [
        {
            "step_id": n,
            "source": "agent",
            "timestamp": f"2026-01-05T10:00:0{n}Z",
            "message": "",
            "tool_calls": [{"tool_call_id": "call_0", "function_name": "bash", "arguments": {"n": n}}],
            "observation": {"results": [{"source_call_id": "call_0", "content": str(n)}]},
        }
        for n in range(1, 6)
    ]
    document = {"schema_version": "ATIF-v1.6", "session_id": SESSION, "agent": {"name": "other", "version": "1"}, "steps": steps}  # fmt: skip
    (tmp_path / "trajectory.json").write_text(json.dumps(document))
    kinds = analyse(Request([tmp_path])).sessions[0].case.events["kind"].to_list()
    assert (kinds.count("tool_call"), kinds.count("tool_result")) == (5, 5)


def test_runs_of_one_file_that_name_no_session_are_several(tmp_path):
    step = {"step_id": 1, "source": "user", "message": "go"}
    runs = [
        {
            "schema_version": "ATIF-v1.7",
            "agent": {"name": "other", "version": "1"},
            "steps": [step | {"timestamp": f"2026-01-0{day}T10:00:00Z"}],
        }
        for day in (5, 6)
    ]
    (tmp_path / "runs.jsonl").write_text("".join(json.dumps(run) + "\n" for run in runs))
    assert len(analyse(Request([tmp_path])).sessions) == 2
