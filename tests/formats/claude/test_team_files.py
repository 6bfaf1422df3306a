"""Teams of agents: the members' file, the inboxes, and what a transcript says of its team."""

from __future__ import annotations

import json

import pytest

from forensics.formats.claude.team_messages import team_messages

LEAD = "5e551011-0000-4000-8000-000000000001"
CONFIG = {
    "name": "core",
    "leadAgentId": "team-lead@core",
    "leadSessionId": LEAD,
    "members": [
        {"agentId": "team-lead@core", "name": "team-lead", "agentType": "team-lead"},
        {"agentId": "docs@core", "name": "docs", "agentType": "writer"},
    ],
}
IDLE = '{"type":"idle_notification","from":"docs"}'


def test_the_members_file_names_the_lead_and_the_others(read):
    parsed = read(".claude/teams/core/config.json", json.dumps(CONFIG, indent=2))
    told = parsed.events.select(
        "line", "kind", "target_agent_id", "status", "component", "correlation_id"
    ).rows()
    assert told == [
        (7, "team_member", "team-lead@core", "lead", "team-lead", LEAD),
        (12, "team_member", "docs@core", "member", "writer", LEAD),
    ]
    assert set(parsed.events["session_id"]) == {None}, "the file alone is no session"


def test_an_inbox_is_read_with_its_times_and_whose_it_is(read):
    mails = [
        {"from": "docs", "text": "Written.", "timestamp": "2026-03-02T10:00:00.000Z", "read": True},
        {"from": "docs", "text": IDLE, "timestamp": "2026-03-02T10:01:00.000Z"},
    ]
    lead = read(".claude/teams/core/inboxes/team-lead.json", json.dumps(mails, indent=2)).events
    assert lead.select("component", "status", "agent_id", "message_id").rows() == [
        ("docs", "message", None, "core"),
        ("docs", "idle_notification", None, "core"),
    ]
    other = read(".claude/teams/core/inboxes/tests.json", json.dumps(mails)).events
    assert other["agent_id"].to_list() == ["tests@core"] * 2


@pytest.mark.parametrize("text", ["", "[]"])
def test_an_empty_inbox_tells_nothing(read, text):
    assert read("teams/core/inboxes/docs.json", text).events.is_empty()


def test_a_damaged_members_file_is_accounted_for(read):
    parsed = read("teams/core/config.json", '{"leadSessionId": "x", "members": [')
    assert (parsed.lines_total, parsed.lines_understood) == (1, 0)


def test_what_teammates_say_is_not_the_users_prompt():
    one = f'<teammate-message teammate_id="docs" color="green">\n{IDLE}\n</teammate-message>'
    two = '<teammate-message teammate_id="tests" summary="ok">\nAll pass.\n</teammate-message>'
    found = list(
        team_messages(f"Another Claude session sent a message:\n{one}\n\n{two}\n\nNot typed by your user.")
    )
    assert [(row["component"], row["status"]) for row in found] == [
        ("docs", "idle_notification"),
        ("tests", "message"),
    ]
    assert not list(team_messages(f"Why did I get this? {one}"))


def test_a_transcript_says_once_of_which_team_it_is(read):
    record = {"type": "user", "uuid": "u", "sessionId": LEAD, "timestamp": "2026-03-02T10:00:00.000Z"}
    record |= {"teamName": "core", "agentName": "docs", "message": {"role": "user", "content": "go"}}
    events = read("docs.jsonl", (json.dumps(record) + "\n") * 2).events
    members = events.filter(events["kind"] == "team_member")
    assert members.select("target_agent_id", "message_id", "status").rows() == [
        ("docs@core", "core", "member")
    ]
    lead = json.dumps(record | {"agentName": "team-lead"}) + "\n"
    assert "lead" in read("lead.jsonl", lead).events["status"].to_list()
