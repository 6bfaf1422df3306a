"""Agents out of events: each way in which a version links a spawn to its agent, and each way in which one ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from forensics.schema import EVENTS, SPAWNS, TODOS, Source, conform
from forensics.session.agents.overlap import together
from forensics.session.model.agent_linking import link_agents
from forensics.session.model.agents import AgentEnd

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SESSION = "5e551011-0000-4000-8000-000000000001"


def at(seconds):
    return START + timedelta(seconds=seconds)


class Story:
    """Events of one session, written one line each."""

    def __init__(self):
        self.rows, self.items, self.asked = [], [], []

    def add(self, kind, seconds, source=Source.TRANSCRIPT, **columns):
        number = len(self.rows) + 1
        row = {
            "event_id": number,
            "file": 0,
            "line": number,
            "ordinal": 0,
            "source": source.value,
            "kind": kind,
        }
        row |= {"ts": at(seconds) if seconds is not None else None, "session_id": SESSION} | columns
        self.rows.append(row)
        return number

    def spawn(
        self,
        call,
        seconds,
        *,
        prompt="brief",
        agent_id=None,
        background=False,
        isolation=None,
        message="msg_1",
    ):
        event = self.add(
            "agent_spawn",
            seconds,
            correlation_id=call,
            text_sha=prompt,
            agent_id=agent_id,
            message_id=message,
            tool="Task",
        )
        self.asked.append(
            {
                "event_id": event,
                "file": 0,
                "line": event,
                "ordinal": 0,
                "agent_type": "general-purpose",
                "prompt": prompt,
            }
            | {"description": call, "background": background, "isolation": isolation}
        )
        return event

    def todo_list(self, agent_id, seconds, *contents, source=Source.TRANSCRIPT):
        event = self.add("todo_snapshot", seconds, source, agent_id=agent_id, tool="TodoWrite")
        for position, content in enumerate(contents):
            place = {"event_id": event, "file": 0, "line": event, "ordinal": 0, "position": position}
            self.items.append(place | {"content": content, "status": "completed"})

    def linked(self):
        events = conform(pl.DataFrame(self.rows, infer_schema_length=None), EVENTS)
        todos = conform(pl.DataFrame(self.items), TODOS) if self.items else pl.DataFrame(schema=TODOS)
        spawns = conform(pl.DataFrame(self.asked), SPAWNS) if self.asked else pl.DataFrame(schema=SPAWNS)
        return link_agents(events, todos, spawns)

    def only(self):
        (agent,) = self.linked().agents
        return agent


@pytest.fixture
def story():
    return Story()


def test_2_0_24_links_a_sidechain_by_its_prompt_and_names_it_by_its_todo_file(story):
    story.spawn("call", 1)
    story.add("user_prompt", 2, agent_id="sidechain:root", text_sha="brief")
    story.todo_list("sidechain:root", 3, "Item")
    story.add("tool_result", 9, correlation_id="call", status="ok")
    story.todo_list("d242a562", None, "Item", source=Source.TODO_FILE)
    linked = story.linked()
    (agent,) = linked.agents
    assert agent.agent_id == "d242a562"
    assert agent.outcome is AgentEnd.COMPLETED
    assert set(linked.events["agent_id"].drop_nulls()) == {"d242a562"}


def test_2_0_24_without_a_todo_file_names_it_by_its_call(story):
    story.spawn("call", 1)
    story.add("user_prompt", 2, agent_id="sidechain:root", text_sha="brief")
    story.add("tool_result", 9, correlation_id="call", status="ok")
    assert story.only().agent_id == "call"


def test_equal_prompts_are_linked_in_order_of_time(story):
    for n in (1, 2):
        story.spawn(f"call{n}", n)
        story.add("user_prompt", n + 10, agent_id=f"agent{n}", text_sha="brief")
    assert [(a.description, a.agent_id) for a in story.linked().agents] == [
        ("call1", "agent1"),
        ("call2", "agent2"),
    ]


def test_2_0_69_links_an_unfinished_agent_by_its_prompt(story):
    story.spawn("call", 1)
    story.add("user_prompt", 2, agent_id="abc1234", text_sha="brief")
    story.add("tool_call", 5, agent_id="abc1234", message_id="m")
    agent = story.only()
    assert (agent.agent_id, agent.outcome, agent.last_seen) == ("abc1234", AgentEnd.UNFINISHED, at(5))


def test_a_result_names_its_agent_and_how_long_it_took(story):
    spawn = story.spawn("call", 1)
    result = story.add(
        "tool_result", 60, correlation_id="call", status="ok", target_agent_id="abc1234", duration_ms=50_000.0
    )
    agent = story.only()
    assert (agent.agent_id, agent.spawn_event, agent.end_event) == ("abc1234", spawn, result)
    assert (agent.start, agent.end) == (at(10), at(60))


def test_a_duration_never_puts_the_start_before_the_spawn(story):
    story.spawn("call", 20)
    story.add("tool_result", 60, correlation_id="call", status="ok", duration_ms=50_000.0)
    assert story.only().start == at(20)


def test_2_1_330_links_by_its_metadata_whose_finished_mark_ends_it(story):
    story.spawn("call", 1, background=True)
    story.add("assistant_message", 30, agent_id="a18hex")
    meta = story.add(
        "agent_meta",
        None,
        Source.AGENT_META,
        target_agent_id="a18hex",
        correlation_id="call",
        status="finished",
    )
    agent = story.only()
    assert (agent.agent_id, agent.outcome, agent.end, agent.end_event) == (
        "a18hex",
        AgentEnd.COMPLETED,
        at(30),
        meta,
    )


def test_2_1_330_metadata_without_the_mark_leaves_it_unfinished(story):
    story.spawn("call", 1, background=True)
    story.add("assistant_message", 30, agent_id="a18hex")
    story.add(
        "agent_meta",
        None,
        Source.AGENT_META,
        target_agent_id="a18hex",
        correlation_id="call",
        status="unfinished",
    )
    assert story.only().outcome is AgentEnd.UNFINISHED


def launch(story, agent="abc1234"):
    story.spawn("call", 1)
    story.add("agent_launched", 1.1, correlation_id="call", status="launched", target_agent_id=agent)


def test_a_launch_is_no_completion(story):
    launch(story)
    story.add("tool_call", 20, agent_id="abc1234", message_id="m")
    agent = story.only()
    assert agent.background
    assert (agent.outcome, agent.end) == (AgentEnd.UNFINISHED, None)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("completed", AgentEnd.COMPLETED), ("failed", AgentEnd.FAILED), ("killed", AgentEnd.STOPPED)],
)
def test_a_notification_ends_a_background_agent(story, status, outcome):
    launch(story)
    note = story.add("agent_notification", 40, target_agent_id="abc1234", status=status)
    agent = story.only()
    assert (agent.outcome, agent.end, agent.end_event) == (outcome, at(40), note)


def test_a_completion_line_of_the_debug_log_ends_it(story):
    launch(story)
    story.add("agent_stop", 40, Source.CLAUDE_DEBUG, agent_id="abc1234", status="completed")
    assert story.only().outcome is AgentEnd.COMPLETED


@pytest.mark.parametrize(("interrupted", "outcome"), [(True, AgentEnd.STOPPED), (False, AgentEnd.UNFINISHED)])
def test_a_cancelled_agent_was_stopped_if_the_user_interrupted(story, interrupted, outcome):
    # 2.1.220 cancels its agents on SIGTERM, too
    launch(story)
    story.add("agent_stop", 40, Source.CLAUDE_DEBUG, agent_id="abc1234", status="cancelled")
    if interrupted:
        story.add("user_interrupt", 41)
    assert (story.only().outcome, story.only().end) == (outcome, at(40))


def killed_without_prompts(story, *agents):
    story.spawn("notes", 10, prompt="a")
    story.spawn("tests", 10, prompt="b")
    for second, agent in agents:
        story.add("tool_call", second, agent_id=agent)
        story.add("tool_result", second + 1, agent_id=agent)


def test_agents_without_a_prompt_are_those_of_the_turn_that_nothing_answered(story):
    # the agents' files of 2.0.46: which is which is not known
    story.add("assistant_message", 1, agent_id="warm-up")
    killed_without_prompts(story, (12, "aaa"), (11, "bbb"))
    agents = story.linked().agents
    assert {a.agent_id for a in agents} == {"aaa", "bbb"}
    assert {a.description for a in agents} == {"one of: notes; tests"}
    assert {a.outcome for a in agents} == {AgentEnd.UNFINISHED}


def test_one_agent_without_a_prompt_is_the_one_that_was_called(story):
    story.spawn("notes", 10)
    story.add("tool_call", 12, agent_id="aaa")
    assert (story.only().agent_id, story.only().description) == ("aaa", "notes")


def test_more_agents_than_calls_are_not_given_to_any(story):
    killed_without_prompts(story, (12, "aaa"), (13, "bbb"), (14, "ccc"))
    agents = story.linked().agents
    assert {a.agent_id for a in agents} == {"notes", "tests", "aaa", "bbb", "ccc"}
    # a record that stops behind a tool's answer is no completion
    assert {a.outcome for a in agents} == {AgentEnd.UNFINISHED}


def test_an_agent_that_began_before_the_call_is_not_the_one_that_was_called(story):
    story.add("tool_call", 2, agent_id="aaa")
    story.spawn("notes", 10)
    assert {a.agent_id for a in story.linked().agents} == {"aaa", "notes"}


def test_a_warm_up_without_its_prompt_is_no_agent_where_the_parent_is_known(story):
    story.add("assistant_message", 1, agent_id="warm-up")
    story.add("assistant_message", 1.5, agent_id="warm-up")
    assert [a.agent_id for a in story.linked().agents] == ["warm-up"]
    story.add("assistant_message", 2)
    assert story.linked().agents == ()


@pytest.mark.parametrize(
    ("tool", "text", "outcome"),
    [
        ("TaskStop", "Successfully stopped task: abc1234", AgentEnd.STOPPED),
        ("TaskOutput", "<task_id>abc1234</task_id>\n<status>completed</status>", AgentEnd.COMPLETED),
        ("TaskOutput", "<task_id>abc1234</task_id>\n<status>running</status>", AgentEnd.UNFINISHED),
        ("TaskOutput", "<task_id>other99</task_id>\n<status>completed</status>", AgentEnd.UNFINISHED),
        ("Bash", "abc1234 <status>completed</status>", AgentEnd.UNFINISHED),
    ],
)
def test_a_tool_that_stops_it_or_fetches_its_output_tells_its_end(story, tool, text, outcome):
    launch(story)
    story.add("tool_call", 30, tool=tool, correlation_id="other", message_id="m2")
    story.add("tool_result", 31, correlation_id="other", status="ok", message=text)
    assert story.only().outcome is outcome


def test_a_background_agent_whose_last_word_is_an_answer_has_returned(story):
    launch(story)
    last = story.add("assistant_message", 30, agent_id="abc1234", message_id="m")
    agent = story.only()
    assert (agent.outcome, agent.end_event) == (AgentEnd.COMPLETED, last)


@pytest.mark.parametrize(
    "text",
    [
        "PreToolUse:Task hook error: not now",
        "Hook requested permission behavior: deny",
        "The user doesn't want to proceed with this tool use.",
        "Agent type 'x' not found. Available agents: general-purpose",
        "Task operation blocked by hook:\n- [hook.py]: one agent at a time",
        "Permission to use Task has been auto-denied in dontAsk mode.",
        "Claude requested permissions to use Task, but you haven't granted it yet.",
        "<tool_use_error>InputValidationError: Task failed due to the following issue:</tool_use_error>",
        "Concurrent subagent limit reached. You can run 2 subagents at once. Do not retry.",
        "Subagent nesting limit reached (depth 1 of 1). Complete this task directly using your tools",
        "Budget limit reached ($1.20 spent of the $1 maximum). New agents cannot be started.",
    ],
)
def test_a_refused_spawn_is_no_agent(story, text):
    story.spawn("call", 1)
    story.add("tool_result", 2, correlation_id="call", status="error", message=text)
    assert story.only().outcome is AgentEnd.REFUSED


@pytest.mark.parametrize(
    "text",
    [
        "Agent failed after 90 s: EACCES: permission denied, open '/etc/x'",
        "Agent stopped: request rejected by the API",
        "API Error: a git hook failed",
    ],
)
def test_an_agent_that_failed_with_a_refusals_words_was_started(story, text):
    story.spawn("call", 1)
    story.add("tool_result", 91, correlation_id="call", status="error", message=text)
    assert story.only().outcome is AgentEnd.FAILED


def test_an_agent_that_worked_and_failed_was_not_refused(story):
    story.spawn("call", 1)
    story.add("user_prompt", 2, agent_id="abc1234", text_sha="brief")
    story.add(
        "tool_result",
        9,
        correlation_id="call",
        status="error",
        message="API Error: hook",
        target_agent_id="abc1234",
    )
    assert story.only().outcome is AgentEnd.FAILED


def test_what_the_parents_record_says_next_tells_a_foreground_agents_fate(story):
    story.spawn("call", 1)
    story.add("user_interrupt", 9)
    assert story.only().outcome is AgentEnd.STOPPED
    other = Story()
    other.spawn("call", 1)
    other.add("assistant_message", 9, message_id="msg_2")
    assert other.only().outcome is AgentEnd.LOST
    third = Story()
    third.spawn("call", 1)
    third.add("user_prompt", 9)
    assert third.only().outcome is AgentEnd.UNFINISHED


def test_an_agent_that_was_resumed_is_one_agent(story):
    launch(story)
    story.spawn("again", 50, message="msg_5")
    story.add("tool_result", 90, correlation_id="again", status="ok", target_agent_id="abc1234")
    agent = story.only()
    assert (agent.start, agent.end, agent.outcome) == (at(1), at(90), AgentEnd.COMPLETED)


def test_a_nested_spawn_has_its_agent_as_parent(story):
    story.spawn("outer", 1)
    story.add("tool_result", 90, correlation_id="outer", status="ok", target_agent_id="abc1234")
    story.spawn("inner", 5, agent_id="abc1234", prompt="other", message="m2")
    story.add("tool_result", 50, correlation_id="inner", status="ok", target_agent_id="def5678")
    parents = {a.agent_id: a.parent_id for a in story.linked().agents}
    assert parents == {"abc1234": None, "def5678": "abc1234"}


def test_an_agent_without_its_spawn_is_known_but_not_judged(story):
    story.add("user_prompt", 2, agent_id="abc1234", text_sha="brief")
    story.add("assistant_message", 9, agent_id="abc1234")
    agent = story.only()
    assert agent.spawn_event is None
    assert (agent.start, agent.end) == (at(2), at(9))


def test_overlap_needs_two_agents_and_one_moment(story):
    launch(story)
    story.spawn("other", 20, prompt="other")
    story.add("tool_call", 21, agent_id="abc1234", message_id="m")
    one, other = story.linked().agents
    assert together([one, other], at(30)) == [[one, other]]
    assert together([one], at(30)) == [[one]]
    assert one.alive_until(at(9000)) == at(621), "600 s after its last sign it counts as gone"


def test_a_result_that_a_resume_fills_in_is_no_end(story):
    story.spawn("call", 1)
    story.add("tool_call", 5, agent_id="abc1234", tool="Bash", correlation_id="inner")
    story.add("agent_meta", None, Source.AGENT_META, target_agent_id="abc1234", correlation_id="call")
    filled_in = story.add("tool_result", 90, correlation_id="call", status="unrecorded", ts_quality="exact")
    story.add("assistant_message", 95, message_id="msg_2")
    agent = story.only()
    assert (agent.outcome, agent.end, agent.gone_by) == (AgentEnd.UNFINISHED, None, at(90))
    assert agent.gone_event == filled_in
    assert agent.alive_until(at(1000)) == at(90)


def test_where_another_process_goes_on_without_it_it_was_not_answered(story):
    story.spawn("call", 1)
    story.add("run_start", 90, status="resumed", ts_quality="exact")
    story.add("user_prompt", 91)
    story.add("assistant_message", 95, message_id="msg_2")
    agent = story.only()
    assert (agent.outcome, agent.gone_by) == (AgentEnd.UNFINISHED, at(90))


def test_metadata_that_does_not_tell_leaves_it_to_the_last_answer(story):
    story.spawn("call", 1, background=True)
    story.add("assistant_message", 30, agent_id="a18hex")
    story.add("agent_meta", None, Source.AGENT_META, target_agent_id="a18hex", correlation_id="call")
    assert (story.only().outcome, story.only().end) == (AgentEnd.COMPLETED, at(30))


def test_two_agents_without_their_spawns_have_names_of_their_own(story):
    for agent in ("abc1234", "def5678"):
        story.add("user_prompt", 1, agent_id=agent, text_sha=agent)
        story.add("assistant_message", 2, agent_id=agent)
    assert [a.name for a in story.linked().agents] == [
        "abc1234 (spawn not in the evidence)",
        "def5678 (spawn not in the evidence)",
    ]


def test_one_answer_without_a_prompt_is_a_warm_up_of_the_client(story):
    story.add("assistant_message", 2, agent_id="abc1234")
    assert not story.linked().agents


def test_a_workflows_agents_are_spawned_by_its_call(story):
    call = story.add("tool_call", 1, tool="Workflow", correlation_id="call", message_id="msg_1")
    story.add("agent_launched", 1.1, correlation_id="call", target_agent_id="wf_1", status="launched")
    journal = {"source": Source.WORKFLOW_JOURNAL, "message_id": "wf_1"}
    story.add("agent_started", None, target_agent_id="abc1234", component="one", **journal)
    story.add("agent_started", None, target_agent_id="def5678", component="two", **journal)
    returned = story.add("agent_notification", None, target_agent_id="abc1234", status="completed", **journal)
    for agent in ("abc1234", "def5678"):
        story.add("user_prompt", 2, agent_id=agent, text_sha=agent, message=f"do {agent}")
        story.add("tool_call", 9, agent_id=agent, tool="Bash", correlation_id=agent)
    one, two = story.linked().agents
    assert (one.name, one.spawn_event, one.outcome, one.end_event) == (
        "one",
        call,
        AgentEnd.COMPLETED,
        returned,
    )
    assert (one.start, one.end, one.prompt) == (at(2), at(9), "do abc1234")
    assert (two.name, two.outcome, two.message_id) == ("two", AgentEnd.UNFINISHED, "msg_1")
    assert {one.workflow, two.workflow} == {"wf_1"}


def teammate(story, last):
    story.spawn("call", 1)
    story.add("agent_launched", 1.1, correlation_id="call", status="launched", target_agent_id="docs@core")
    story.add("assistant_message", 2, message_id="msg_2")
    story.add(last, 30, agent_id="docs@core", component="final")


def test_what_a_member_of_a_team_tells_is_its_answer_and_that_it_is_idle_is_none(story):
    story.spawn("call", 1)
    story.add("agent_launched", 1.1, correlation_id="call", status="launched", target_agent_id="docs@core")
    story.add("team_message", 40, component="docs", status="idle_notification")
    assert story.only().outcome is AgentEnd.UNFINISHED
    said = story.add("team_message", 50, component="docs", status="message")
    assert (story.only().outcome, story.only().end_event) == (AgentEnd.COMPLETED, said)


def test_a_member_whose_record_ends_in_a_failure_has_given_no_answer(story):
    teammate(story, "api_error")
    story.add("team_message", 20, component="docs", status="message")
    assert story.only().outcome is AgentEnd.UNFINISHED
    assert story.only().gave_up_event is not None


def test_metadata_tell_that_it_was_launched_where_the_answer_is_lost(story):
    story.spawn("call", 1)
    story.add("tool_call", 3, agent_id="abc1234", tool="Bash", correlation_id="inner")
    meta = {"target_agent_id": "abc1234", "correlation_id": "call", "tool": "background"}
    story.add("agent_meta", None, Source.AGENT_META, status="unfinished", **meta)
    story.add("assistant_message", 5, message_id="msg_2")
    agent = story.only()
    assert (agent.background, agent.outcome) == (True, AgentEnd.UNFINISHED)
