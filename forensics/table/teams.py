"""Teams of agents: a member works in a session of its own, which belongs to the session of its lead.

What tells the lead's session: its own records (a spawn that names the team, a tag), the team's file, or the team's
name, which begins with the session's id where the client named the team. A member whose lead is not in the
evidence stays a session by itself.
"""

from __future__ import annotations

import polars as pl

from forensics.schema import EventKind, Source, is_kind

NAMED_AFTER = r"^session-([0-9a-f]{8})$"
IN_TEAM = r"@([^@]+)$"


def join_teams(events: pl.DataFrame) -> pl.DataFrame:
    """Give what a team's members and files tell the session of the lead, and the members' records their agent."""
    told = events.filter(is_kind((EventKind.TEAM_MEMBER, EventKind.TEAM_MESSAGE)))
    if told.is_empty():
        return events
    leads = _leads(events, told)
    tags = told.filter(
        (pl.col("status") == "member")
        & pl.col("session_id").is_not_null()
        & is_kind((EventKind.TEAM_MEMBER,))
        & (pl.col("source") == Source.TRANSCRIPT.value)
    )
    members = (
        tags.select("session_id", team="message_id", member="target_agent_id")
        .unique("session_id", keep="first", maintain_order=True)
        .join(leads, on="team")
        .filter(pl.col("lead") != pl.col("session_id"))
        .select("session_id", "lead", "member")
    )
    joined = events.join(members, on="session_id", how="left", maintain_order="left").with_columns(
        agent_id=pl.coalesce("agent_id", "member"), session_id=pl.coalesce("lead", "session_id")
    )
    loose = is_kind((EventKind.TEAM_MEMBER, EventKind.TEAM_MESSAGE)) & pl.col("session_id").is_null()
    return (
        joined.drop("lead", "member")
        .join(leads.rename({"team": "message_id"}), on="message_id", how="left", maintain_order="left")
        .with_columns(session_id=pl.when(loose).then("lead").otherwise("session_id"))
        .drop("lead")
    )


def _leads(events: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Return each ``team`` with the session of its ``lead``, where one alone is told and its own records are there."""
    talk = events.filter((pl.col("source") == Source.TRANSCRIPT.value) & pl.col("session_id").is_not_null())
    there = talk["session_id"].unique()
    is_lead = pl.col("status") == "lead"
    launched = talk.filter(is_kind((EventKind.AGENT_LAUNCHED,)) & pl.col("agent_id").is_null())
    teams = told["message_id"].drop_nulls().unique().sort()
    named = pl.DataFrame({"team": teams}).with_columns(head=pl.col("team").str.extract(NAMED_AFTER, 1))
    by_name = named.drop_nulls().join(pl.DataFrame({"lead": there, "head": there.str.slice(0, 8)}), on="head")
    told_leads = pl.concat(
        [
            launched.select(team=pl.col("target_agent_id").str.extract(IN_TEAM, 1), lead="session_id"),
            told.filter(is_lead).select(team="message_id", lead=pl.coalesce("session_id", "correlation_id")),
            by_name.select("team", "lead"),
        ]
    )
    own = told_leads.drop_nulls().filter(pl.col("lead").is_in(there.implode())).unique()
    return own.filter(pl.len().over("team") == 1).sort("team")
