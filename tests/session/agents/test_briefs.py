"""Agents that were told nearly the same."""

from __future__ import annotations

import pytest

from forensics.session.agents.briefs import duplicate_briefs
from forensics.session.model.agents import AgentEnd, AgentLife
from tests.support.lists_story import START


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
