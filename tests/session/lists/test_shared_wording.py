"""Items of several lists that share their wording."""

from __future__ import annotations

import pytest

from forensics.session.lists.item_spells import Spell
from forensics.session.lists.shared_wording import alike_items
from tests.support.lists_story import BUSY, OPEN, at


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
