"""The recorder's pure parts: whose request it is, what tools are called now, what is true, what was missed.

No client is run here, and nothing leaves the loopback interface.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from itertools import combinations
from pathlib import Path
from signal import Signals

import pytest

import tools.recorder.judge
from tools.accuracy.expectations import of_client
from tools.recorder.deviations import deviations_of
from tools.recorder.hook import answer
from tools.recorder.judge import Judgement, doctor, judge, judgements_of, table
from tools.recorder.request_log import Answered, Asked, Failed, IssuedCall, RequestLog, ToolResult
from tools.recorder.requests import (
    COMPACTION,
    HELPER,
    STRANGER,
    WARMUP,
    Asker,
    new_results,
    scripts_in,
    who_asks,
)
from tools.recorder.run import is_due
from tools.recorder.scenarios import SCENARIOS
from tools.recorder.scenarios.calls import shell, spawn, todos
from tools.recorder.scenarios.model import Fault, Intent, Kill, Place, Run, Scenario, Script, Start, Turn
from tools.recorder.server import serving
from tools.recorder.translation import NO_ID, NOTHING, Translator
from tools.recorder.truth import Ending, labels_of
from tools.recorder.versions import is_number, order
from tools.recorder.wire import Reply

SCRIPTS = {
    "main": Script("Build the shop", ()),
    "main2": Script("Go on", ()),
    "notes": Script("Take notes", ()),
}
EXIT = Ending(how="exit", exit_code=0, started=0.0, ended=99.0)


def user(*texts):
    return {"role": "user", "content": [{"type": "text", "text": text} for text in texts]}


def result(call_id, text="fine", *, is_error=False):
    block = {"type": "tool_result", "tool_use_id": call_id, "is_error": is_error, "content": text}
    return {"role": "user", "content": [block]}


def called(call_id, name="Bash", **arguments):
    block = {"type": "tool_use", "id": call_id, "name": name, "input": arguments}
    return {"role": "assistant", "content": [block]}


def offering(*names, schemas=None):
    schemas = schemas or {}
    return [{"name": n, "input_schema": {"properties": {k: {} for k in schemas.get(n, ())}}} for n in names]


def body(*messages, tools=("Bash",)):
    return {"messages": list(messages), "tools": offering(*tools)}


# --- whose request it is -------------------------------------------------------------------------


def test_a_request_belongs_to_the_script_whose_prompt_it_contains():
    assert who_asks(body(user("<reminder>", "Please: Take notes.")), SCRIPTS, ()) == Asker("notes", 0)


def test_each_answer_is_a_turn():
    messages = [user("Build the shop"), called("1"), result("1"), called("2"), result("2")]
    assert who_asks(body(*messages), SCRIPTS, ()) == Asker("main", 2)


def test_an_answer_in_two_messages_is_one_turn():
    messages = [user("Build the shop"), called("1"), called("2"), result("1"), result("2")]
    assert who_asks(body(*messages), SCRIPTS, ()) == Asker("main", 1)


def test_calls_that_no_script_contains_are_no_turn():
    messages = [user("Build the shop"), called("extra"), result("extra"), called("1"), result("1")]
    assert who_asks(body(*messages), SCRIPTS, {"extra"}) == Asker("main", 1)


def test_a_resumed_session_follows_the_script_of_its_last_prompt():
    messages = [user("Build the shop"), called("1"), result("1"), user("Go on"), called("2"), result("2")]
    assert who_asks(body(*messages), SCRIPTS, ()) == Asker("main2", 1)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (body(user("Build the shop"), tools=()), HELPER),
        (body(user("Build the shop"), user("Now create a detailed summary of the conversation")), COMPACTION),
        (body(user("Warmup")), WARMUP),
        (body(user("Warmup"), tools=()), WARMUP),
        (body(user("What is this?")), STRANGER),
    ],
)
def test_requests_that_belong_to_no_script(asked, name):
    assert who_asks(asked, SCRIPTS, ()).name == name


def test_a_conversation_that_goes_on_contains_the_earlier_prompts():
    asked = body(user("Build the shop"), called("1"), result("1"), user("Go on"))
    assert scripts_in(asked, SCRIPTS) == {"main", "main2"}


def test_only_results_since_the_last_answer_are_new():
    asked = body(user("Go on"), called("1"), result("1"), called("2"), result("2", "no", is_error=True))
    assert new_results(asked) == (ToolResult("2", is_error=True, head="no"),)


# --- what tools are called now -------------------------------------------------------------------


def test_a_spawn_goes_to_the_tool_that_the_client_has():
    calls, asked = (spawn("Notes", "Take notes", background=True),), body(user("x"))
    asked["tools"] = offering("Agent", schemas={"Agent": ("prompt", "run_in_background")})
    (new,) = Translator().translate(calls, asked).calls
    (old,) = Translator().translate(calls, body(user("x"), tools=("Task",))).calls
    assert (new.tool, new.arguments["run_in_background"]) == ("Agent", True)
    assert (old.tool, "run_in_background" in old.arguments) == ("Task", False)


def test_a_list_is_made_item_by_item_where_there_is_no_todowrite():
    translator, items = Translator(), ("One", "Two")
    tools = ("ToolSearch", "TaskCreate", "TaskUpdate")
    first = translator.translate((todos(items, "ip"),), body(user("x"), tools=tools))
    assert first.extra
    assert [(c.tool, c.arguments["subject"]) for c in first.calls] == [
        ("TaskCreate", "One"),
        ("TaskCreate", "Two"),
    ]
    results = [
        ToolResult(n, False, f"Task #{n} created successfully: {i}") for n, i in zip("78", items, strict=True)
    ]
    translator.learn(results)
    second = translator.translate((todos(items, "ip"),), body(user("x"), tools=tools))
    assert not second.extra
    assert [(c.tool, dict(c.arguments)) for c in second.calls] == [
        ("TaskUpdate", {"taskId": "7", "status": "in_progress"})
    ]
    third = translator.translate((todos(items, "ic"),), body(user("x"), tools=tools))
    assert [c.arguments["taskId"] for c in third.calls] == ["8"]


def test_what_is_completed_goes_first():
    translator, items, asked = (
        Translator(),
        ("One", "Two"),
        body(user("x"), tools=("TaskCreate", "TaskUpdate")),
    )
    translator.translate((todos(items, "pi"),), asked)
    translator.learn(
        [
            ToolResult(n, False, f"Task #{n} created successfully: {i}")
            for n, i in zip("12", items, strict=True)
        ]
    )
    translator.translate((todos(items, "pi"),), asked)
    moved = translator.translate((todos(items, "ic"),), asked)
    assert [c.arguments["status"] for c in moved.calls] == ["completed", "in_progress"]


def test_tools_that_are_handed_out_on_request_are_searched_for_once():
    translator, calls = Translator(), (todos(("One",), "i"),)
    search = translator.translate(calls, body(user("x"), tools=("ToolSearch", "Bash")))
    assert search.extra
    assert search.calls[0].arguments["query"] == "select:TaskCreate,TaskUpdate"
    in_vain = body(
        user("x"), called("1", "ToolSearch", query="select:TaskCreate,TaskUpdate"), tools=("ToolSearch",)
    )
    again = translator.translate(calls, in_vain)
    assert again.calls == (NOTHING,)
    assert again.lacking == ("TaskCreate", "TaskUpdate")


def test_a_task_whose_id_is_not_told_is_not_created_for_ever():
    translator, asked = Translator(), body(user("x"), tools=("TaskCreate", "TaskUpdate"))
    translator.translate((todos(("One",), "i"),), asked)
    translator.learn([ToolResult("1", False, "Made a task.")])
    again = translator.translate((todos(("One",), "i"),), asked)
    assert (again.calls, again.lacking) == ((NOTHING,), (NO_ID,))


def test_a_missing_tool_is_told():
    assert Translator().translate((shell("ls", "List"),), body(user("x"), tools=("Read",))).lacking == (
        "Bash",
    )


# --- what is true --------------------------------------------------------------------------------


class Story:
    """A request log as it would be written: each agent asks, is answered, and reports results."""

    def __init__(self):
        self.entries, self.clock, self.number = [], 0.0, 0

    def ask(self, agent, *results):
        self.clock += 1
        self.entries.append(Asked(at=self.clock, agent=agent, turn=0, results=results))

    def answer(self, agent, *calls, final=False):
        self.clock += 1
        issued = []
        for tool, arguments in calls:
            self.number += 1
            issued.append(IssuedCall(str(self.number), tool, arguments))
        self.entries.append(Answered(at=self.clock, agent=agent, turn=0, calls=tuple(issued), final=final))
        return [call.call_id for call in issued]

    def step(self, agent, *calls, is_error=False):
        """Have calls made, and their results reported."""
        self.ask(agent, *[ToolResult(i, is_error, "said") for i in self.answer(agent, *calls)])

    def end(self, agent):
        self.ask(agent)
        self.answer(agent, final=True)

    def labels(self, *endings):
        prompts = {script.prompt: name for name, script in SCRIPTS.items()} | {"Count": "count"}
        return labels_of(self.entries, endings or (EXIT,), prompts)


def write_of(path):
    return ("Write", {"file_path": path, "content": ""})


def spawns_of(*prompts):
    return [("Task", {"prompt": prompt}) for prompt in prompts]


def todos_of(states):
    return ("TodoWrite", dict(todos(tuple("abcde"[: len(states)]), states).arguments))


def test_agents_of_one_answer_at_work_together_are_parallel():
    story = Story()
    story.ask("main")
    ids = story.answer("main", *spawns_of("Take notes", "Count"))
    story.ask("notes")
    story.ask("count")
    story.answer("notes", final=True)
    story.answer("count", final=True)
    story.ask("main", *[ToolResult(i, False, "") for i in ids])
    story.answer("main", final=True)
    labels = story.labels()
    assert (labels["parallel_spawn"], labels["max_simultaneous_subagents"]) == (True, 2)
    assert labels["orphaned_subagents"] == []


def test_agents_of_one_answer_that_the_client_runs_one_by_one_are_not_parallel():
    story = Story()
    story.ask("main")
    story.answer("main", *spawns_of("Take notes", "Count"))
    story.end("notes")
    story.end("count")
    labels = story.labels()
    assert (labels["parallel_spawn"], labels["largest_spawn_group"]) == (False, 2)


def test_a_session_that_goes_on_is_one_writer():
    story = Story()
    for script in ("main", "main2"):
        story.ask(script)
        story.step(script, write_of("/shop/CHANGELOG.md"))
        story.answer(script, final=True)
    labels = story.labels(EXIT, EXIT)
    assert labels["same_file_written_by"] == {}
    assert labels["unfinished_agents"] == []


def test_one_file_is_written_by_two_only_while_both_are_at_work():
    together, apart = Story(), Story()
    together.ask("notes")
    together.ask("count")
    for agent in ("notes", "count"):
        together.step(agent, write_of("/shop/notes.md"))
    for agent in ("notes", "count"):
        together.answer(agent, final=True)
        apart.ask(agent)
        apart.step(agent, write_of("/shop/notes.md"))
        apart.answer(agent, final=True)
    assert together.labels()["same_file_written_by"] == {"notes.md": ["count", "notes"]}
    assert apart.labels()["same_file_written_by"] == {}


def test_a_refused_write_is_no_write():
    story = Story()
    story.ask("notes")
    story.ask("count")
    story.step("notes", write_of("/shop/notes.md"))
    story.step("count", write_of("/shop/notes.md"), is_error=True)
    story.end("notes")
    labels = story.labels()
    assert labels["same_file_written_by"] == {}
    assert labels["failed_writes"] == [{"agent": "count", "path": "/shop/notes.md", "why": "said"}]


def test_todos_are_counted_for_each_agent_alone():
    story = Story()
    story.ask("main")
    story.step("main", todos_of("ipp"))
    story.ask("notes")
    story.step("notes", todos_of("i"))
    assert not story.labels()["multiple_in_progress"]
    story.step("main", todos_of("iip"))
    labels = story.labels()
    assert (labels["multiple_in_progress"], labels["max_in_progress_main"]) == (True, 2)


def test_tasks_are_counted_after_an_answer_and_not_within_it():
    story = Story()
    story.ask("main")
    story.step("main", ("TaskUpdate", {"taskId": "1", "status": "in_progress"}))
    change = [
        ("TaskUpdate", {"taskId": "2", "status": "in_progress"}),
        ("TaskUpdate", {"taskId": "1", "status": "completed"}),
    ]
    story.step("main", *change)
    assert story.labels()["max_in_progress"] == 1
    story.step("main", ("TaskUpdate", {"taskId": "3", "status": "in_progress"}), is_error=True)
    assert story.labels()["max_in_progress"] == 1


def test_a_shared_list_counts_for_who_set_an_item_in_progress():
    story = Story()
    story.ask("main")
    story.step("main", ("TaskUpdate", {"taskId": "1", "status": "in_progress"}))
    story.ask("notes")
    story.step("notes", ("TaskUpdate", {"taskId": "2", "status": "in_progress"}))
    labels = story.labels()
    assert (labels["max_in_progress"], labels["max_in_progress_main"]) == (2, 1)
    assert not labels["multiple_in_progress"]


def test_a_launch_is_no_answer_for_an_agent_that_never_finishes():
    story = Story()
    story.ask("main")
    story.step("main", *spawns_of("Take notes"))  # returns at once: launched in the background
    story.ask("notes")
    story.answer("notes", ("Bash", {"command": "ls"}))
    labels = story.labels(Ending(how="SIGKILL", exit_code=-9, started=0.0, ended=9.0, signalled=8.0))
    assert labels["orphaned_subagents"] == ["notes"]
    assert (labels["crash"], labels["ended_by"]) == (True, ["SIGKILL"])


def test_an_agent_that_fails_and_is_answered_for_is_no_orphan():
    story = Story()
    story.ask("main")
    (spawned,) = story.answer("main", *spawns_of("Take notes"))
    story.ask("notes")
    story.entries.append(Failed(at=story.clock + 1, agent="notes", turn=0, fault="401"))
    story.clock += 1
    story.ask("main", ToolResult(spawned, False, "failed"))
    story.answer("main", final=True)
    labels = story.labels()
    assert (labels["unfinished_subagents"], labels["orphaned_subagents"]) == (["notes"], [])
    assert labels["api_faults"] == {"401": 1}


def test_deviations_name_what_is_otherwise_than_meant():
    story = Story()
    story.ask("main")
    story.entries += [
        Asked(at=5.0, agent=STRANGER, turn=0, text="Rate this chat"),
        Answered(at=6.0, agent="main", turn=0, lacking=("Edit",)),
    ]
    kill = Kill(signal=Signals.SIGTERM, agents=1, answers_each=1, after_s=0.0)
    scenario = Scenario(
        scripts={},
        runs=(Run(prompt="x", kill=kill),),
        intent=Intent(parallel_spawns=2, same_file=("a.md",), finishes=False),
    )
    assert deviations_of(scenario, story.labels(), story.entries, (EXIT,)) == [
        "1 requests that no script knows, the first: 'Rate this chat'",
        "the client lacks Edit",
        "run 0 ended by exit, not SIGTERM",
        "spawns_total is 0, meant was 2",
        "max_simultaneous_subagents is 0, meant was 2",
        "same_file_written_by is none, meant was a.md",
    ]


def test_a_run_that_should_go_on_and_begins_anew_is_told():
    runs = (Run(prompt="Build the shop"), Run(prompt="Go on", start=Start.CONTINUE))
    scenario = Scenario(scripts=SCRIPTS, runs=runs, intent=Intent(finishes=False))

    def told(earlier):
        entries = [Asked(at=1.0, agent="main", turn=0), Asked(at=2.0, agent="main2", turn=0, earlier=earlier)]
        return deviations_of(scenario, labels_of(entries, (EXIT, EXIT), {}), entries, (EXIT, EXIT))

    assert told(()) == ["run 1 began a new session, and was to go on with one (continue)"]
    assert told(("main",)) == []


def test_a_signal_is_due_when_enough_subagents_had_enough_answers():
    kill, story = Kill(signal=Signals.SIGKILL, agents=2, answers_each=2, after_s=0.0), Story()
    for agent in ("main", "main", "notes", "notes", "count"):
        story.answer(agent, ("Bash", {}))
    assert not is_due(kill, story.entries)
    story.answer("count", ("Bash", {}))
    assert is_due(kill, story.entries)


def test_a_signal_is_due_when_a_call_went_out():
    kill, story = Kill(signal=Signals.SIGKILL, call="sleep 60", after_s=0.0), Story()
    story.answer("main", ("Bash", {"command": "ls"}))
    assert not is_due(kill, story.entries)
    story.answer("main", ("Bash", {"command": "sleep 60; ls"}))
    assert is_due(kill, story.entries)


# --- what was missed -----------------------------------------------------------------------------


def truth_of(story, *endings, version="2.1.330", voice_fails=False):
    return {
        "version": version,
        "scenario": "b_parallel",
        "session_id": "s1",
        "scripted": {"voice_fails": voice_fails},
        "labels": story.labels(*endings),
    }


def output_of(*findings, verdict="CLEAN", outcomes=(), agents=0):
    found = [{"rule": rule, "facts": facts, "evidence": [{}]} for rule, facts in findings]
    known = [{"agent_id": str(number)} for number in range(agents)]
    session = {"session_id": "s1", "verdict": verdict, "proof": "its last line", "agents": known}
    return {"findings": found, "outcomes": list(outcomes), "sessions": [session]}


def wrong(truth, output):
    return [j.sentence() for j in judgements_of(truth, output) if not j.right]


@pytest.fixture
def busy():
    """One agent with three items in progress, and all done at the end."""
    story = Story()
    story.ask("main")
    story.step("main", todos_of("iii"))
    story.step("main", todos_of("ccc"))
    story.answer("main", final=True)
    return story


def test_what_is_found_as_expected_is_right(busy):
    assert wrong(truth_of(busy), output_of(("CCF102", {"in_progress": 3}))) == []


def test_what_is_missing_is_told_with_the_programs_own_reason(busy):
    outcome = {"rule": "CCF102", "outcome": "not-applicable", "reason": "no todo list was written"}
    assert wrong(truth_of(busy), output_of(outcomes=[outcome])) == [
        "b_parallel: CCF102 missing (no todo list was written)"
    ]


def test_what_is_found_without_cause_is_told(busy):
    found = output_of(("CCF102", {"in_progress": 3}), ("CCF104", {}))
    assert wrong(truth_of(busy), found) == ["b_parallel: CCF104 found wrongly"]


def test_a_wrong_number_is_told(busy):
    assert wrong(truth_of(busy), output_of(("CCF102", {"in_progress": 7}))) == [
        "b_parallel: CCF102 items counted wrongly (said 7, true is 3)"
    ]


def test_agents_that_nobody_spawned_are_told(busy):
    found = output_of(("CCF102", {"in_progress": 3}), agents=2)
    assert wrong(truth_of(busy), found) == ["b_parallel: agents counted wrongly (said 2, true is 0)"]


def test_one_orphan_too_many_is_told():
    story = Story()
    story.ask("main")
    story.answer("main", *spawns_of("Take notes"))
    story.ask("notes")
    found = output_of(("CCF305", {}), ("CCF403", {}), ("CCF403", {}), agents=1)
    assert wrong(truth_of(story), found) == ["b_parallel: CCF403 agents counted wrongly (said 2, true is 1)"]


def test_what_the_program_cannot_judge_is_left_open(busy):
    outcome = {"rule": "CCF104", "outcome": "insufficient", "reason": "2 agents left no records"}
    judged = {j.rule: j for j in judgements_of(truth_of(busy), output_of(outcomes=[outcome]))}
    assert judged["CCF104"].open
    assert judged["CCF104"].sentence() == "b_parallel: CCF104 left open (2 agents left no records)"
    assert not judged["CCF102"].open
    found = {j.rule: j for j in judgements_of(truth_of(busy), output_of(("CCF104", {}), outcomes=[outcome]))}
    assert not found["CCF104"].open


@pytest.mark.parametrize(
    ("ending", "verdict", "is_right"),
    [
        (EXIT, "CLEAN", True),
        (EXIT, "UNKNOWN", True),  # it says that it does not know
        (EXIT, "TRUNCATED", False),
        (Ending(how="SIGKILL", exit_code=-9, started=0.0, ended=1.0), "UNKNOWN", True),
        (Ending(how="SIGKILL", exit_code=-9, started=0.0, ended=1.0), "CLEAN", False),
        (Ending(how="exit", exit_code=1, started=0.0, ended=1.0), "CLEAN", False),
    ],
)
def test_the_verdict_is_judged_by_how_the_process_ended(ending, verdict, is_right):
    story = Story()
    story.end("main")
    judged = {j.rule: j for j in judgements_of(truth_of(story, ending), output_of(verdict=verdict))}
    assert judged["ending"].right is is_right


def test_what_was_open_at_the_end_is_counted():
    story = Story()
    story.ask("main")
    story.step("main", todos_of("cip"))
    story.answer("main", ("Bash", {}))
    labels = story.labels(Ending(how="SIGKILL", exit_code=-9, started=0.0, ended=1.0))
    assert labels["in_progress_at_end"] == 1
    assert labels["unanswered_calls"] == [{"agent": "main", "tool": "Bash"}]


def test_a_session_that_is_not_found_is_told():
    story = Story()
    story.end("main")
    output = output_of() | {"sessions": []}
    assert wrong(truth_of(story), output) == [
        "b_parallel: ending found wrongly (the session is not among those found)"
    ]


def test_an_interrupted_agent_is_asked_for_only_where_the_client_left_it_unanswered():
    story = Story()
    story.end("main")
    interrupted = Ending(how="SIGINT", exit_code=0, started=0.0, ended=1.0)
    assert "CCF403" in of_client(truth_of(story, interrupted, version="2.0.46"), "b_parallel")
    assert "CCF403" not in of_client(truth_of(story, interrupted, version="2.1.19"), "b_parallel")


def test_a_failing_voice_server_is_expected_to_be_seen():
    story = Story()
    story.end("main")
    assert of_client(truth_of(story, voice_fails=True), "b_parallel")["CCF201"]
    assert not of_client(truth_of(story), "b_parallel")["CCF201"]


def test_what_went_wrong_at_the_api_is_expected_to_be_seen():
    story = Story()
    story.end("main")
    truth = truth_of(story)
    wants = [
        ([], {"CCF206": False, "CCF207": False}),
        (["529"], {"CCF206": True, "CCF207": False}),
        (["529", "401"], {"CCF207": True}),
        (["hang"], {"CCF207": False}),
    ]
    for faults, want in wants:
        truth["labels"]["api_faults"] = faults
        found = {
            rule: is_due
            for rule, is_due in of_client(truth, "b_parallel").items()
            if rule in ("CCF206", "CCF207")
        }
        assert found == want


def test_a_scenario_may_say_itself_what_is_to_be_seen():
    story = Story()
    story.end("main")
    truth = truth_of(story)
    truth["scripted"]["expect"] = {"CCF208": True, "CCF101": True}
    assert of_client(truth, "b_parallel")["CCF208"]
    assert of_client(truth, "b_parallel")["CCF101"]


def test_a_run_that_was_killed_is_asked_for_only_where_another_one_goes_on_with_its_session():
    story = Story()
    story.end("main")
    killed = Ending(how="SIGKILL", exit_code=-9, started=0.0, ended=1.0)
    truth = truth_of(story, killed)
    for sessions, asked in ((["a", "a"], True), (["a", "b"], False), (["a", None], False), ([], None)):
        truth["runs"] = [{"session_id": name, **killed.row()} for name in sessions] or [killed.row()] * 2
        assert of_client(truth, "b_parallel").get("CCF903") is asked, sessions
    truth["runs"] = [killed.row()]
    assert not of_client(truth, "b_parallel")["CCF903"]


def test_an_error_as_the_result_is_no_wrong_ending_where_the_script_does_not_finish():
    story = Story()
    story.ask("main")
    story.answer("main", final=True)
    truth = truth_of(story, Ending(how="exit", exit_code=0, started=0.0, ended=1.0))
    said = output_of(verdict="ERROR_RESULT")
    assert [j.rule for j in judgements_of(truth, said) if not j.right] == ["ending"]
    truth["scripted"]["finishes"] = False
    assert wrong(truth, said) == []


def test_a_hook_that_is_broken_fails_whatever_it_is_asked_about():
    assert answer("broken", {"tool_name": "Bash"})[0] == 1
    assert answer("post", {"tool_name": "Bash"})[0] == 0


def test_the_table_counts_for_each_rule():
    rows = [
        Judgement("a", "CCF101", expected=True, found=True),
        Judgement("b", "CCF101", expected=True, found=False),
        Judgement("c", "CCF101", expected=False, found=True, open=True),
    ]
    assert table(rows).splitlines()[1].split() == ["CCF101", "2", "2", "1", "1", "1", "3"]


def test_a_recording_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "input").mkdir()
    (tmp_path / "TRUTH.json").write_text("{}", encoding="utf-8")
    judged, (error,) = judge([tmp_path])
    assert judged == []
    assert error.startswith(f"{tmp_path.name}: check ended with 3: error: ")


def test_a_doctor_that_fails_is_told_with_what_it_said(monkeypatch, tmp_path):
    framed = "import sys; print('half a table'); sys.exit('╭─ Error ─╮\\n│ No such command. │\\n╰─────────╯')"
    monkeypatch.setattr(tools.recorder.judge, "FORENSICS", (sys.executable, "-c", framed))
    assert doctor([tmp_path]) == "half a table\nforensics doctor ended with 1: No such command.\n"


# --- the scenarios, and the API that plays them --------------------------------------------------


@pytest.mark.parametrize("name", SCENARIOS)
def test_prompts_tell_the_scripts_of_a_scenario_apart(name, tmp_path):
    scenario = SCENARIOS[name](Place(tmp_path, "2.1.330"))
    prompts = [script.prompt for script in scenario.scripts.values()]
    assert not [pair for pair in combinations(prompts, 2) if pair[0] in pair[1] or pair[1] in pair[0]]
    assert {run.prompt for run in scenario.runs} <= {*prompts, "/compact"}
    spawned = [
        c.arguments["prompt"]
        for s in scenario.scripts.values()
        for t in s.turns
        for c in t.calls
        if c.tool == "Task"
    ]
    assert set(spawned) <= set(prompts)
    assert len(spawned) == scenario.intent.parallel_spawns + scenario.intent.sequential_spawns


def post(url, asked):
    request = urllib.request.Request(f"{url}/v1/messages?beta=true", json.dumps(asked).encode())  # noqa: S310
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as response:
        return response.read().decode()


def test_the_api_fails_once_and_then_plays_the_turn():
    turn = Turn(text="Looking.", calls=(shell("ls", "List"),), faults=(Fault(status=529),))
    scenario = Scenario(scripts={"main": Script("Build the shop", (turn,))}, runs=())
    log, asked = RequestLog(), body(user("Build the shop")) | {"model": "m", "stream": True}
    with serving(scenario, log) as url:
        with pytest.raises(urllib.error.HTTPError) as failed:
            post(url, asked)
        status = failed.value.code
        failed.value.close()
        streamed = post(url, asked)
    assert status == 529
    events = [json.loads(line[6:]) for line in streamed.splitlines() if line.startswith("data: ")]
    starts = [e["content_block"]["type"] for e in events if e["type"] == "content_block_start"]
    assert starts == ["text", "tool_use"]
    assert [type(entry).__name__ for entry in log.entries] == ["Asked", "Failed", "Asked", "Answered"]
    assert log.entries[-1].calls[0].arguments["command"] == "ls"


def test_a_stream_says_the_same_as_the_document():
    blocks = (
        {"type": "text", "text": "x" * 450},
        {"type": "tool_use", "id": "1", "name": "Bash", "input": {"a": "é"}},
    )
    reply = Reply(message_id="1", model="m", blocks=blocks, context_tokens=1000)
    deltas = [e["delta"] for e in reply.events() if e["type"] == "content_block_delta"]
    assert "".join(d.get("text", "") for d in deltas) == "x" * 450
    assert json.loads("".join(d.get("partial_json", "") for d in deltas)) == {"a": "é"}
    assert reply.document()["stop_reason"] == "tool_use"
    usage = reply.document()["usage"]
    assert (usage["cache_creation_input_tokens"], usage["cache_read_input_tokens"]) == (300, 700)


@pytest.mark.parametrize(
    ("event", "given", "code"),
    [
        ("pre", {"tool_input": {"command": "rm -rf build"}}, 2),
        ("pre", {"tool_input": {"command": "ls"}}, 0),
        ("post", {"tool_name": "Write"}, 1),
        ("post", {"tool_name": "Bash"}, 0),
        ("post", {"tool_name": "Bash", "tool_input": {"command": "rm -rf build"}}, 0),
        ("stop", {}, 0),
    ],
)
def test_the_hook_denies_one_thing_and_fails_at_another(event, given, code):
    assert answer(event, given)[0] == code


def test_versions_are_ordered_by_number():
    assert order("2.1.19") > order("2.1.2")
    assert (is_number("2.1.330"), is_number("latest")) == (True, False)


def test_no_scenario_names_a_path_outside_its_project(tmp_path):
    for name, make in SCENARIOS.items():
        scenario = make(Place(tmp_path, "2.1.330"))
        calls = [c for s in scenario.scripts.values() for t in s.turns for c in t.calls]
        paths = [Path(c.arguments["file_path"]) for c in calls if "file_path" in c.arguments]
        assert all(path.is_relative_to(tmp_path) for path in paths), name
