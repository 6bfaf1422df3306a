"""What the rules of agents at work share: briefs, capacity, the order of tasks, and items of several lists."""

from __future__ import annotations

import pytest

from forensics.schema import Source
from forensics.session.agents.briefs import duplicate_briefs
from forensics.session.agents.capacity import refused_spawns, unanswered_requests
from forensics.session.lists.item_spells import Spell, list_owners, spells_of, undated_owners
from forensics.session.lists.shared_wording import alike_items
from forensics.session.lists.task_order import early_starts
from forensics.session.model.agents import AgentEnd, AgentLife
from tests.lists_story import BUSY, DONE, OPEN, START, Story, at


class Calls(Story):
    """Calls of the list tools of one session."""

    def write(self, seconds, *items, agent_id=None, refused=False, source=Source.TRANSCRIPT):
        listed = [{"content": content, "status": status} for content, status in items]
        call = f"c{len(self.rows)}"
        columns = {"agent_id": agent_id, "count": len(items), "correlation_id": call}
        event = self.add("todo_snapshot", seconds, listed, source, **columns)
        if seconds is not None:
            self.add("tool_result", seconds + 0.1, correlation_id=call, status="error" if refused else "ok")
        return event


@pytest.fixture
def story():
    return Calls()


# --- briefs --------------------------------------------------------------------------------------


def agent(prompt, kind="general-purpose"):
    return AgentLife(
        agent_id=prompt,
        parent_id=None,
        agent_type=kind,
        description=prompt,
        prompt=prompt,
        isolated=False,
        background=True,
        spawn_event=1,
        message_id="m",
        end_event=None,
        last_event=None,
        start=START,
        end=None,
        last_seen=None,
        outcome=AgentEnd.UNFINISHED,
    )


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("check all links", "check all links", True),
        ("check all links", "check all links twice", True),  # 3 of 4 words
        ("check all links", "check all links twice today", False),
        ("check all links here", "check all links there", False),  # a split
        ("check all links of a.html", "check all links of b.html", False),
        ("", "", False),
    ],
)
def test_near_duplicate_briefs(one, other, found):
    assert bool(list(duplicate_briefs([agent(one), agent(other)], 0.75))) is found


def test_briefs_of_two_types_are_no_duplicates():
    assert not list(duplicate_briefs([agent("check all links"), agent("check all links", "Explore")], 0.75))


# --- capacity ------------------------------------------------------------------------------------

LIMIT = "Concurrent subagent limit reached. You can run 2 subagents at once."


@pytest.mark.parametrize(
    ("kind", "status", "text", "refused"),
    [
        ("agent_spawn", "error", LIMIT, 1),
        ("agent_spawn", "error", f"<tool_use_error>{LIMIT}</tool_use_error>", 1),
        ("agent_spawn", "error", f"The log says: {LIMIT}", 0),
        ("agent_spawn", "ok", LIMIT, 0),
        ("tool_call", "error", LIMIT, 0),
    ],
)
def test_a_spawn_is_refused_by_the_clients_own_words_only(story, kind, status, text, refused):
    story.add(kind, 1, correlation_id="call")
    story.add("tool_result", 2, correlation_id="call", status=status, message=text)
    assert refused_spawns(story.case()).height == refused


@pytest.mark.parametrize(
    ("status", "part", "text", "found"),
    [
        ("529", "final", "API Error: 529", True),
        ("rate_limit", "final", "You're out of extra usage · resets 2pm (America/Denver)", True),
        ("529", "attempt", "529 Overloaded", False),
        ("401", "final", "Please run /login · API Error: 401", False),
    ],
)
def test_only_a_last_answer_without_capacity_counts(story, status, part, text, found):
    story.add("api_error", 1, component=part, status=status, message=text)
    assert (unanswered_requests(story.case()).height == 1) is found


def test_one_failure_in_transcript_and_log_is_one(story):
    told = story.add("api_error", 10, component="final", status="529", message="API Error: 529")
    for second in (11, 30):
        log = {"source": Source.CLAUDE_DEBUG, "component": "final", "status": "529"}
        other = story.add("api_error", second, message="Error in API request: 529", **log)
    assert unanswered_requests(story.case())["event_id"].to_list() == [told, other]


# --- the order of tasks --------------------------------------------------------------------------


def update(story, seconds, number, status=None, **links):
    item = {"item_id": number, "status": status} | links
    return story.add("task_update", seconds, [item], message_id=f"m{seconds}", correlation_id=f"c{seconds}")


@pytest.mark.parametrize(
    "links", [("2", {"blocked_by": ["1"], "blocks": []}), ("1", {"blocked_by": [], "blocks": ["2"]})]
)
def test_a_task_that_is_begun_before_the_one_that_it_waits_for(story, links):
    number, ends = links
    update(story, 4, "1", OPEN)
    linked = update(story, 5, number, **ends)
    begun = update(story, 6, "2", BUSY)
    update(story, 7, "2", DONE)
    update(story, 8, "2", BUSY)
    (early,) = early_starts(story.case())
    assert (early.task, early.waits_for, early.at) == ("2", ("#1 “task 1”",), at(6))
    assert set(early.events) >= {begun, linked}


def test_a_task_of_which_the_record_has_no_status_is_not_said_to_be_open(story):
    update(story, 5, "1", blocked_by=[], blocks=["2"])
    update(story, 6, "2", BUSY)
    assert early_starts(story.case()) == []


@pytest.mark.parametrize("status", [DONE, "deleted"])
def test_a_task_whose_blocker_is_gone_may_begin(story, status):
    update(story, 5, "2", blocked_by=["1"], blocks=[])
    update(story, 6, "1", status)
    update(story, 7, "2", BUSY)
    assert early_starts(story.case()) == []


def test_a_task_that_is_blocked_after_it_began_was_not_begun_too_early(story):
    update(story, 5, "1", OPEN)
    update(story, 6, "2", BUSY)
    update(story, 7, "2", blocked_by=["1"], blocks=[])
    assert early_starts(story.case()) == []


def test_files_of_tasks_tell_only_where_no_call_does(story):
    file = {"source": Source.TASK_FILE, "status": BUSY}
    story.add("todo_snapshot", None, [{"item_id": "1", "content": "Build", "status": OPEN, "blocks": ["2"]}], **file)  # fmt: skip
    story.add("todo_snapshot", None, [{"item_id": "2", "content": "Ship", "status": BUSY, "blocked_by": ["1"]}], **file)  # fmt: skip
    (early,) = early_starts(story.case())
    assert (early.task, early.subject, early.from_file) == ("2", "Ship", True)
    update(story, 5, "1", DONE)
    assert early_starts(story.case()) == []


# --- items of several lists ----------------------------------------------------------------------


def told(spells):
    return [(s.agent_id, s.content, s.status, s.since, s.until) for s in spells]


def test_a_spell_lasts_as_long_as_the_item_keeps_its_status(story):
    story.add("user_prompt", 0)
    first = story.write(5, ("Write it", BUSY), ("Read it", OPEN))
    story.write(20, ("write it.", BUSY))
    story.write(30, ("Write it", DONE))
    story.write(35, ("Write it", OPEN), refused=True)
    story.add("assistant_message", 40)
    spells = spells_of(story.case())
    assert told(spells)[:2] == [
        (None, "Read it", OPEN, at(5), at(20)),
        (None, "write it.", BUSY, at(5), at(30)),
    ]
    assert (spells[1].event, spells[1].words) == (first, ("write", "it"))
    assert told(spells)[2][2:4] == (DONE, at(30))
    assert spells[2].until >= at(40)
    assert len(spells) == 3


def test_a_file_tells_only_of_agents_without_a_list_in_the_transcript(story):
    story.write(5, ("Write it", BUSY))
    story.write(None, ("Write it", DONE), source=Source.TODO_FILE)
    story.write(None, ("Read it", DONE), source=Source.TODO_FILE, agent_id="abc1234")
    story.write(None, source=Source.TODO_FILE, agent_id="def1234")
    assert list_owners(story.case()) == {None, "abc1234"}
    assert undated_owners(story.case()) == {"abc1234"}


def spell(agent_id, content, status=BUSY, since=0, until=60, *, dated=True):
    words = tuple(content.casefold().split())
    return Spell(agent_id=agent_id, words=words, content=content, status=status, since=at(since), until=at(until), event=1, dated=dated)  # fmt: skip


OTHERS = [spell("a", "Order the new pictures", OPEN), spell("a", "Count the old days", OPEN)]


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (spell("a", "Build the MCP server"), spell("b", "Create an MCP server"), ("mcp", "server")),
        # a sibling does it again after the first is done
        (
            spell("a", "Build the MCP server", until=9),
            spell("b", "Create an MCP server", since=20),
            ("mcp", "server"),
        ),
        # the main agent's own item was done before: the subagent goes on with it
        (spell(None, "Build the MCP server", until=9), spell("b", "Create an MCP server", since=20), None),
        (spell("a", "Build the MCP server"), spell("a", "Create an MCP server"), None),
        (spell("a", "Build the MCP server"), spell("b", "Deploy an MCP server"), None),
        (spell("a", "Write MCP server tests"), spell("b", "Write MCP server docs"), None),
        (spell("a", "Build the MCP server"), spell("b", "Create an MCP server", OPEN), None),
        (spell("a", "Build the MCP server"), spell("b", "Build the MCP server"), None),
        (spell("a", "Build the login page"), spell("b", "Build the signup page"), None),
        (spell("a", "MCP server"), spell("b", "MCP server too"), None),
    ],
)
def test_items_that_share_their_wording(one, other, shared):
    found = alike_items([*OTHERS, one, other], 0.5)
    assert [a.shared for a in found] == ([shared] if shared else [])
