"""Which call spawned which agent.

What tells it changed with the versions: the result's agentId (2.0.46 on, once the agent is done), the metadata's
toolUseId (2.1.x), or only the prompt (up to 2.0.24, where the agent's records stand in the main file and its uuid
only in the name of its todo file). The agents' files of 2.0.46 have no prompt: what a killed run leaves of its last
turn tells how many agents there were, and not which of them is which.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Source, is_kind


@dataclass(frozen=True, slots=True)
class Links:
    """What is known of which call spawned which agent.

    ``names`` maps each spawning call (tool_use id) and each sidechain to the agent's final id. ``shared`` describes
    the agents of one turn of which only the number is known: each is one of several.
    """

    names: dict[str, str]
    shared: dict[str, str]


def link_calls(events: pl.DataFrame, calls: pl.DataFrame, todos: pl.DataFrame) -> Links:
    """Link the spawning calls of one session to the records of the agents that they spawned."""
    names = _names(events, calls, todos)
    return Links(names, _by_elimination(events, calls, names))


def _names(events: pl.DataFrame, calls: pl.DataFrame, todos: pl.DataFrame) -> dict[str, str]:
    by_call = ~is_kind((K.TEAM_MEMBER,)) & pl.col("correlation_id").is_not_null()
    results = events.filter(pl.col("target_agent_id").is_not_null() & by_call)
    names: dict[str, str] = dict(results.select("correlation_id", "target_agent_id").iter_rows())
    names |= _members(events)
    taken = set(names.values())
    roots = _roots(events)
    for call in calls.iter_rows(named=True):
        call_id = str(call["correlation_id"])
        named = names.get(call_id)
        candidates = [r for r in roots.get(str(call["text_sha"]), []) if r not in taken and r not in names]
        if named is None and candidates:
            root = candidates[0]
            final = root
            if root.startswith("sidechain:"):
                listed = _todo_file_id(root, events, todos)
                final = listed if listed is not None and listed not in taken else call_id
            names[call_id] = final
            names[root] = final
            taken |= {root, final}
        elif named is not None:
            sidechains = [r for r in candidates if r.startswith("sidechain:")]
            if sidechains:
                names[sidechains[0]] = named
        names.setdefault(call_id, call_id)
    return names


def _members(events: pl.DataFrame) -> dict[str, str]:
    """Map the agents whose metadata says so to the members of a team that they are."""
    metas = events.filter(is_kind((K.AGENT_META,)) & pl.col("message_id").str.contains("@", literal=True))
    return dict(metas.select("target_agent_id", "message_id").iter_rows())


def _roots(events: pl.DataFrame) -> dict[str, list[str]]:
    """Map the digest of a prompt to the agents whose first record it is, in order of time."""
    firsts = (
        events.filter((pl.col("kind") == K.USER_PROMPT.value) & pl.col("agent_id").is_not_null())
        .sort("ts", "event_id")
        .unique("agent_id", keep="first", maintain_order=True)
    )
    found: dict[str, list[str]] = {}
    for digest, agent in firsts.select("text_sha", "agent_id").iter_rows():
        found.setdefault(str(digest), []).append(agent)
    return found


def _todo_file_id(sidechain: str, events: pl.DataFrame, todos: pl.DataFrame) -> str | None:
    """Find the uuid of a 2.0.24 subagent: the todo file that holds exactly its last list."""
    lists = events.filter(pl.col("kind") == K.TODO_SNAPSHOT.value)
    own = lists.filter((pl.col("agent_id") == sidechain) & (pl.col("tool") == "TodoWrite")).sort(
        "ts", "event_id"
    )
    if own.is_empty():
        return None
    wanted = _items(own["event_id"][-1], todos)
    files = lists.filter((pl.col("source") == Source.TODO_FILE.value) & pl.col("agent_id").is_not_null())
    same = [
        agent
        for event, agent in files.select("event_id", "agent_id").iter_rows()
        if _items(event, todos) == wanted
    ]
    return same[0] if len(same) == 1 else None


def _items(event: int, todos: pl.DataFrame) -> list[tuple[str, str]]:
    return todos.filter(pl.col("event_id") == event).sort("position").select("content", "status").rows()


def _by_elimination(events: pl.DataFrame, calls: pl.DataFrame, names: dict[str, str]) -> dict[str, str]:
    """Give the calls of a turn that nothing answered the agents without a prompt that began after them.

    ``names`` takes them where there are as many as calls; which is which is not known, and the descriptions say so.
    """
    told = events.filter(pl.col("source") == Source.TRANSCRIPT.value)
    answered = set(told.filter(is_kind((K.TOOL_RESULT, K.AGENT_LAUNCHED)))["correlation_id"].drop_nulls())
    waiting = calls.filter(
        pl.col("correlation_id").is_not_null()
        & (pl.col("correlation_id").replace(names) == pl.col("correlation_id"))
        & ~pl.col("correlation_id").is_in(list(answered))
        & pl.col("ts").is_not_null()
    )
    if waiting.is_empty():
        return {}
    silent = _without_prompt(told, set(names.values()))
    shared: dict[str, str] = {}
    for _, turn in waiting.group_by("message_id", maintain_order=True):
        began = silent.filter(pl.col("first") >= turn["ts"].min())["agent_id"].to_list()
        if len(began) != turn.height:
            continue
        names.update(zip(turn["correlation_id"].to_list(), began, strict=True))
        if turn.height > 1:
            which = "one of: " + "; ".join(turn["description"].fill_null("?").to_list())
            shared |= dict.fromkeys(turn["correlation_id"].to_list(), which)
        silent = silent.filter(~pl.col("agent_id").is_in(began))
    return shared


def _without_prompt(told: pl.DataFrame, taken: set[str]) -> pl.DataFrame:
    """Return ``agent_id`` and ``first`` of the agents whose records begin without a prompt, in order of time."""
    own = told.filter(
        pl.col("agent_id").is_not_null() & ~pl.col("agent_id").is_in(list(taken)) & pl.col("ts").is_not_null()
    )
    prompted = own.filter(pl.col("kind") == K.USER_PROMPT.value)["agent_id"].unique().to_list()
    return (
        own.filter(~pl.col("agent_id").is_in(prompted) & ~pl.col("agent_id").str.starts_with("sidechain:"))
        .group_by("agent_id")
        .agg(first=pl.col("ts").min())
        .sort("first", "agent_id")
    )
