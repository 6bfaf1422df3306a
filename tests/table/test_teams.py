"""The members of a team belong to the session of its lead, where that is told and in the evidence."""

from __future__ import annotations

import polars as pl
import pytest

from forensics.schema import EVENTS, Source, conform
from forensics.table.teams import join_teams

LEAD = "4e9fac7d-0000-4000-8000-000000000001"
MEMBER = "5e551011-0000-4000-8000-000000000002"


def event(kind, session, source=Source.TRANSCRIPT, **columns):
    return {"kind": kind, "session_id": session, "source": source.value, **columns}


def of_lead(team):
    return [
        event("user_prompt", LEAD),
        event("agent_launched", LEAD, target_agent_id=f"docs@{team}"),
    ]


def of_member(team):
    tag = event("team_member", MEMBER, target_agent_id=f"docs@{team}", message_id=team, status="member")
    sub = event("assistant_message", MEMBER, agent_id="abc1234")
    log = event("session_end", MEMBER, Source.CLAUDE_DEBUG)
    return [tag, event("assistant_message", MEMBER), sub, log]


def of_config(team, lead=LEAD):
    file = {"message_id": team, "correlation_id": lead}
    return [
        event(
            "team_member", None, Source.TEAM_FILE, target_agent_id=f"team-lead@{team}", status="lead", **file
        )
    ]


def joined(*rows):
    frame = pl.DataFrame(
        [row | {"event_id": n, "file": 0, "line": n, "ordinal": 0} for n, row in enumerate(rows)]
    )
    return join_teams(conform(frame, EVENTS)).sort("event_id").select("session_id", "agent_id").rows()


def test_the_spawn_names_the_team():
    found = joined(*of_lead("core"), *of_member("core"))
    assert {session for session, _ in found} == {LEAD}
    assert [agent for _, agent in found] == [None, None, "docs@core", "docs@core", "abc1234", "docs@core"]


@pytest.mark.parametrize(
    ("team", "more"),
    [("core", of_config("core")), ("session-4e9fac7d", [])],
    ids=["by its file", "by its name"],
)
def test_the_file_or_the_name_tells_the_lead(team, more):
    found = joined(event("user_prompt", LEAD), *of_member(team), *more)
    assert {session for session, _ in found} == {LEAD}


def test_without_the_lead_a_member_is_a_session_by_itself():
    found = joined(*of_member("session-4e9fac7d"), *of_config("session-4e9fac7d"))
    assert found[:2] == [(MEMBER, None), (MEMBER, None)]
    assert found[-1] == (None, None)


def test_two_leads_of_one_name_are_not_told_apart():
    other = [event("agent_launched", "77777777-0000-4000-8000-000000000003", target_agent_id="docs@core")]
    found = joined(*of_lead("core"), *other, *of_member("core"))
    assert found[-1] == (MEMBER, None)
