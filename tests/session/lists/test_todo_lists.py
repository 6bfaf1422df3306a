"""The states of todo lists over time: whole lists, a shared list replayed call by call, and what files add."""

from __future__ import annotations

import pytest

from forensics.rules.coordination.several_todos_in_progress import several_todos_in_progress
from forensics.schema import Source
from forensics.session.lists.todo_lists import last_in_progress, list_states
from tests.support.lists_story import BUSY, DONE, OPEN, Story, at


class Calls(Story):
    """Calls of the list tools of one session."""

    def write(self, seconds, *items, agent_id=None, refused=False):
        listed = [{"content": content, "status": status, "active_form": content} for content, status in items]
        event = self.add(
            "todo_snapshot",
            seconds,
            listed,
            agent_id=agent_id,
            tool="TodoWrite",
            correlation_id=f"c{seconds}",
        )
        self.add(
            "tool_result", seconds + 0.1, correlation_id=f"c{seconds}", status="error" if refused else "ok"
        )
        return event

    def create(self, seconds, number, subject):
        call = f"create{number}"
        item = {"content": subject, "status": None}
        self.add(
            "task_create", seconds, [item], tool="TaskCreate", correlation_id=call, message_id=f"m{seconds}"
        )
        self.add(
            "tool_result",
            seconds,
            correlation_id=call,
            status="ok",
            message=f"Task #{number} created successfully",
        )

    def update(self, seconds, number, status=None, *, owner=None, agent_id=None, message=None, refused=False):
        call = f"update{len(self.rows)}"
        item = {"item_id": str(number), "status": status, "owner": owner}
        columns = {"status": status, "agent_id": agent_id, "message_id": message or call}
        event = self.add("task_update", seconds, [item], tool="TaskUpdate", correlation_id=call, **columns)
        self.add("tool_result", seconds, correlation_id=call, status="error" if refused else "ok")
        return event

    def states(self):
        return list_states(self.case())


@pytest.fixture
def lists():
    return Calls()


def test_a_list_holds_until_the_next_one(lists):
    first = lists.write(5, ("A", BUSY), ("B", BUSY), ("C", OPEN))
    second = lists.write(66, ("A", DONE), ("B", BUSY), ("C", OPEN))
    one, two = lists.states()
    assert (one.until_event, two.until_event) == (second, None)
    assert (one.items, one.total, one.since, one.until, one.events) == (
        ("A", "B"),
        3,
        at(5),
        at(66),
        (first,),
    )
    assert (two.items, two.until) == (("B",), None)


def test_each_agent_has_its_own_list(lists):
    lists.write(5, ("A", BUSY))
    lists.write(6, ("B", BUSY), agent_id="abc1234")
    assert [(s.agent_id, s.items, s.until) for s in lists.states()] == [
        (None, ("A",), None),
        ("abc1234", ("B",), None),
    ]


def test_a_refused_list_changes_nothing(lists):
    lists.write(5, ("A", BUSY))
    lists.write(10, ("A", BUSY), ("B", BUSY), refused=True)
    (state,) = lists.states()
    assert (state.items, state.until) == (("A",), None)


def test_content_and_active_form_are_one_item(lists):
    lists.write(5, ("A", BUSY))
    (state,) = lists.states()
    assert (state.items, state.active_forms) == (("A",), ("A",))


def test_tasks_are_replayed_in_order(lists):
    lists.create(1, 1, "A")
    lists.create(2, 2, "B")
    one = lists.update(10, 1, BUSY)
    two = lists.update(20, 2, BUSY)
    lists.update(30, 1, DONE)
    states = lists.states()
    assert [(s.items, s.since, s.until) for s in states] == [
        (("A",), at(10), at(20)),
        (("A", "B"), at(20), at(30)),
        (("B",), at(30), None),
    ]
    assert states[1].events == (one, two)
    assert all(s.shared for s in states)


def test_two_calls_of_one_message_are_one_step(lists):
    lists.create(1, 1, "A")
    lists.create(2, 2, "B")
    lists.update(10, 1, BUSY)
    lists.update(20, 2, BUSY, message="same")
    lists.update(20.2, 1, DONE, message="same")
    assert [s.items for s in lists.states()] == [("A",), ("B",)]


def test_an_item_without_owner_is_its_who_set_it_in_progress(lists):
    for number in (1, 2):
        lists.create(number, number, f"Item {number}")
    lists.update(10, 1, BUSY)
    lists.update(11, 2, BUSY, agent_id="abc1234")
    assert {(s.agent_id, s.items) for s in lists.states()} == {(None, ("Item 1",)), ("abc1234", ("Item 2",))}


def test_an_owner_named_before_keeps_the_item(lists):
    for number in (1, 2):
        lists.create(number, number, f"Item {number}")
        lists.update(5 + number, number, owner=f"worker-{number}")
        lists.update(10 + number, number, BUSY)
    assert {(s.agent_id, s.items) for s in lists.states()} == {
        ("worker-1", ("Item 1",)),
        ("worker-2", ("Item 2",)),
    }


def test_a_refused_update_and_a_deleted_task_hold_nothing_in_progress(lists):
    lists.create(1, 1, "A")
    lists.create(2, 2, "B")
    lists.update(10, 1, BUSY, refused=True)
    lists.update(11, 2, BUSY)
    lists.update(12, 2, "deleted")
    assert [(s.items, s.until) for s in lists.states()] == [(("B",), at(12))]


def test_a_file_is_read_only_where_the_transcript_holds_no_list_of_its_agent(lists):
    items = [{"content": "Old", "status": BUSY}]
    lists.add("todo_snapshot", None, items, Source.TODO_FILE, tool="TodoWrite")
    (state,) = lists.states()
    assert (state.items, state.from_file, state.since) == (("Old",), True, None)
    lists.write(5, ("New", BUSY))
    assert [s.items for s in lists.states()] == [("New",)]


def test_a_file_of_a_list_that_the_transcript_holds_is_the_same_list(lists):
    lists.write(5, ("A", BUSY))
    lists.add(
        "todo_snapshot", None, [{"content": "A", "status": BUSY}], Source.TODO_FILE, agent_id="d242a562"
    )
    assert len(lists.states()) == 1


def test_task_files_are_one_list_in_the_order_of_their_numbers(lists):
    for number in ("10", "2"):
        item = {"item_id": number, "content": f"Item {number}", "status": BUSY}
        lists.add("todo_snapshot", None, [item], Source.TASK_FILE, tool="TaskList", status=BUSY)
    (state,) = lists.states()
    assert (state.items, state.shared, state.from_file) == (("Item 2", "Item 10"), True, True)


def test_the_last_list_of_an_agent(lists):
    lists.write(5, ("A", BUSY), agent_id="abc1234")
    assert last_in_progress(lists.case(), "abc1234").items == ("A",)
    lists.write(9, ("A", DONE), agent_id="abc1234")
    assert last_in_progress(lists.case(), "abc1234") is None


def test_a_call_without_an_id_has_no_answer_of_its_own(lists):
    items = [{"content": c, "status": BUSY, "active_form": c} for c in "ABC"]
    lists.add("todo_snapshot", 5, items, tool="TodoWrite", correlation_id=None)
    lists.add("tool_result", 6, correlation_id=None, status="ok")
    (hit,) = several_todos_in_progress.judge(lists.case())
    assert hit.facts["in_progress"] == 3
    assert not any("took the list" in statement.text for statement in hit.statements)


def test_a_list_without_any_time_is_judged_too(lists):
    items = [{"content": c, "status": BUSY, "active_form": c} for c in "ABC"]
    lists.add("todo_snapshot", None, items, tool="TodoWrite", correlation_id="c")
    (hit,) = several_todos_in_progress.judge(lists.case())
    assert hit.facts["lasted_s"] is None
