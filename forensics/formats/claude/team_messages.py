"""Teams of agents: what the members of one say to each other, in transcripts and inboxes.

A member's answer reaches its lead as a message, and so does word that it is idle, which is no answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from forensics.formats.jsonl import decoded
from forensics.privacy.redact import cut
from forensics.schema import EventKind, Row

LEAD = "team-lead"
MESSAGE = re.compile(
    r"<teammate-message\s+teammate_id=\"(?P<sender>[^\"]+)\"[^>]*>\n?(?P<text>.*?)\n?</teammate-message>",
    re.DOTALL,
)
# such a text begins so, or behind one sentence of the client's
BEGINS = re.compile(r"\s*(?:Another Claude session sent a message:\s*)?<teammate-message\s")
SAYS = "message"  # the status of one that is no word of the protocol
TEXT_KEPT = 400


def member_id(name: str, team: str) -> str:
    """Return the id that the client gives a member of a team."""
    return name if "@" in name else f"{name}@{team}"


def team_messages(text: str) -> Iterator[Row]:
    """Yield the messages of which a record of a conversation is made; none of what a user typed."""
    if BEGINS.match(text):
        yield from (message(found["sender"], found["text"]) for found in MESSAGE.finditer(text))


def message(sender: str, text: str) -> Row:
    """Return the event of one message: the words of the protocol (idle, shutdown …) are its status."""
    status = decoded(text.encode(), dict[str, object]).get("type") if text.lstrip()[:1] == "{" else None
    return {
        "kind": EventKind.TEAM_MESSAGE,
        "component": sender,
        "status": status if isinstance(status, str) else SAYS,
        "message": cut(text, TEXT_KEPT),
    }


def member(agent: str | None, team: str, *, lead: bool) -> Row:
    """Return the event that says who is a member of a team."""
    return {
        "kind": EventKind.TEAM_MEMBER,
        "target_agent_id": agent,
        "message_id": team,
        "status": "lead" if lead else "member",
        "message": f"{'the lead' if lead else 'a member'} of team {team}: {agent or LEAD}",
    }
