"""How long an item kept its status."""

from __future__ import annotations

import pytest

from forensics.schema import Source
from forensics.session.lists.item_spells import list_owners, spells_of, undated_owners
from tests.support.lists_story import BUSY, DONE, OPEN, Story, at


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
