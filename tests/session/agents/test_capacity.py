"""Spawns that were refused, and requests that found no capacity."""

from __future__ import annotations

import pytest

from forensics.schema import Source
from forensics.session.agents.capacity import refused_spawns, unanswered_requests
from tests.support.lists_story import Story


@pytest.fixture
def story():
    return Story()


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
