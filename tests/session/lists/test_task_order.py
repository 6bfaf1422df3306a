"""Tasks that were begun before those that they wait for."""

from __future__ import annotations

import pytest

from forensics.schema import Source
from forensics.session.lists.task_order import early_starts
from tests.support.lists_story import BUSY, DONE, OPEN, Story, at


@pytest.fixture
def story():
    return Story()


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
