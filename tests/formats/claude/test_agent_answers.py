"""What answers the call of an agent, with the client's own field beside it and without."""

from __future__ import annotations

import pytest

from forensics.formats.claude.agent_answers import Answer, answer_of
from forensics.formats.claude.records import ToolUseResult

NOTHING = ToolUseResult()


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("Async agent launched successfully.\nagentId: a4416a1f99188a5d3 (internal ID)", "a4416a1f99188a5d3"),
        ("Async agent launched successfully. agentId: a4416a1", None),
        ("Spawned successfully.\nagent_id: docs@session-4e9fac7d\nname: docs", "docs@session-4e9fac7d"),
        ("Workflow launched in background. Task ID: wxuvp8zw6", None),
    ],
)
def test_words_alone_tell_a_launch(text, agent):
    assert answer_of(NOTHING, text) == Answer("launched", agent)


@pytest.mark.parametrize(
    ("result", "agent"),
    [
        (ToolUseResult(status="async_launched", agent_id="abc1234"), "abc1234"),
        (ToolUseResult(status="teammate_spawned", member_id="docs@team"), "docs@team"),
        (ToolUseResult(status="async_launched", run_id="wf_1"), "wf_1"),
    ],
)
def test_a_field_tells_a_launch(result, agent):
    assert answer_of(result, "anything") == Answer("launched", agent)


def test_an_agents_answer_that_quotes_a_launch_is_an_answer():
    took = ToolUseResult(status="completed", total_duration_ms=5000.0, total_tokens=900)
    assert answer_of(took, "Async agent launched successfully.").status is None
    assert answer_of(NOTHING, "It said: Async agent launched successfully.").status is None


def test_a_field_alone_completes_no_agent_that_the_text_says_was_launched():
    assert (
        answer_of(ToolUseResult(status="completed"), "Async agent launched successfully.").status
        == "launched"
    )


def test_an_answer_in_an_agents_own_transcript_names_the_agent_that_returned():
    text = (
        "12 answers.\nagentId: a100ef7ecc515bd21 (use SendMessage with to: 'a100ef7ecc515bd21' to continue)"
    )
    assert answer_of(NOTHING, text) == Answer(None, "a100ef7ecc515bd21")


def test_what_a_resumed_client_fills_in_is_no_answer():
    text = "[Tool call interrupted: the session ended before this call's result was recorded, so its outcome"
    assert answer_of(NOTHING, text) == Answer("unrecorded", None)
