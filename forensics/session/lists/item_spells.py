"""What each agent's own list says of each item, and how long: to compare the lists of two agents.

Only TodoWrite gives an agent a list of its own; the list of TaskCreate and TaskUpdate is one for all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Row, Source
from forensics.session.agents.overlap import horizon
from forensics.session.lists.todo_lists import items_by_event, results_of, was_refused
from forensics.session.model.case import Case

WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """One item in one agent's list, with one status from ``since`` until ``until``, both within the agent's life."""

    agent_id: str | None
    words: tuple[str, ...]  # of the item, case folded, without punctuation: what equal items share
    content: str
    status: str
    since: datetime
    until: datetime
    event: int  # the list that says so first
    dated: bool = (
        True  # false: by a todo file, which holds only the last state; it lies somewhere in the agent's life
    )

    def overlap_s(self, other: Spell) -> float:
        """Return for how many seconds both were so."""
        return (min(self.until, other.until) - max(self.since, other.since)).total_seconds()


def list_owners(case: Case) -> frozenset[str | None]:
    """Return the agents that have a list of their own, by transcript or file."""
    if case.of(K.TODO_SNAPSHOT).is_empty():
        return frozenset()
    own = case.of(K.TODO_SNAPSHOT).filter(
        (pl.col("source") != Source.TASK_FILE.value) & (pl.col("count") > 0)
    )
    return frozenset(own["agent_id"])


def undated_owners(case: Case) -> frozenset[str | None]:
    """Return the agents of whose lists only a file tells: the last state, without a time."""
    lists = case.of(K.TODO_SNAPSHOT).filter(pl.col("count") > 0)
    told = lists.filter(pl.col("source") == Source.TRANSCRIPT.value)["agent_id"]
    return frozenset(lists.filter(pl.col("source") == Source.TODO_FILE.value)["agent_id"]) - frozenset(told)


def spells_of(case: Case) -> list[Spell]:
    """Return the spells of all lists, those of one agent together and in order of time."""
    snapshots = case.of(K.TODO_SNAPSHOT).filter(pl.col("ts").is_not_null()).sort("ts", "event_id")
    results, items, lives = results_of(case), items_by_event(case), _Lives(case)
    found: list[Spell] = []
    told = snapshots.filter(pl.col("source") == Source.TRANSCRIPT.value)
    for (agent,), rows in told.group_by("agent_id", maintain_order=True):
        taken = [r for r in rows.iter_rows(named=True) if not was_refused(r, results)]
        name = str(agent) if agent is not None else None
        found += _of_agent(name, taken, items, lives.end_of(name))
    return found + list(_of_files(case, items, lives))


class _Lives:
    """From when until when each agent lived: the main agent as long as the record."""

    def __init__(self, case: Case) -> None:
        until = horizon(case)
        self._main = (case.span[0], until)
        self._of: dict[str, tuple[datetime | None, datetime]] = {}
        for agent in case.agents:
            start, end = self._of.get(agent.agent_id, (agent.start, agent.alive_until(until)))
            self._of[agent.agent_id] = (start, max(end, agent.alive_until(until)))

    def span_of(self, agent: str | None) -> tuple[datetime | None, datetime]:
        return self._main if agent is None else self._of.get(agent, (None, self._main[1]))

    def end_of(self, agent: str | None) -> datetime:
        return self.span_of(agent)[1]


def _of_agent(
    agent: str | None, lists: Iterable[Row], items: Mapping[int, list[Row]], end: datetime
) -> Iterator[Spell]:
    """Yield a spell for each run of lists in which an item stands with one status."""
    open_: dict[tuple[str, ...], Spell] = {}
    for now, following in pairwise([*lists, None]):
        if now is None:
            continue
        until = max(following["ts"], now["ts"]) if following is not None else max(end, now["ts"])
        seen = {_words(i): i for i in items.get(now["event_id"], ()) if i["content"]}
        for words, item in seen.items():
            known = open_.get(words)
            if known is not None and known.status == item["status"]:
                since, event = known.since, known.event
            else:
                since, event = now["ts"], now["event_id"]
                if known is not None:
                    yield known
            open_[words] = Spell(
                agent_id=agent,
                words=words,
                content=item["content"],
                status=item["status"],
                since=since,
                until=until,
                event=event,
            )
        for gone in [words for words in open_ if words not in seen]:
            yield open_.pop(gone)
    yield from open_.values()


def _of_files(case: Case, items: Mapping[int, list[Row]], lives: _Lives) -> Iterator[Spell]:
    undated = undated_owners(case)
    files = case.of(K.TODO_SNAPSHOT).filter(pl.col("source") == Source.TODO_FILE.value)
    for row in files.iter_rows(named=True):
        since, until = lives.span_of(row["agent_id"])
        if row["agent_id"] not in undated or since is None:
            continue
        for item in items.get(row["event_id"], ()):
            yield Spell(
                agent_id=row["agent_id"],
                words=_words(item),
                content=item["content"] or "?",
                status=item["status"],
                since=since,
                until=until,
                event=row["event_id"],
                dated=False,
            )


def _words(item: Row) -> tuple[str, ...]:
    return tuple(WORD.findall((item["content"] or "").casefold()))
