"""Lists that the client's tools took, and whether anything refused one with several items in progress."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import is_kind
from forensics.session.model.case import Case

LIST_CALLS = (K.TODO_SNAPSHOT, K.TASK_CREATE, K.TASK_UPDATE)
MOST_KEPT = 10


@dataclass(frozen=True, slots=True)
class TakenList:
    """The calls that made a list, and their answers without an error."""

    calls: tuple[int, ...]
    answers: tuple[int, ...]
    tools: tuple[str, ...]  # by which it was written

    @property
    def is_taken(self) -> bool:
        """Say whether an answer shows that the list was taken."""
        return bool(self.answers)

    @property
    def events(self) -> tuple[int, ...]:
        """Return the records that show it, the answers first."""
        return (*self.answers, *self.calls)


def has_lists(case: Case) -> bool:
    """Say whether any list with an item is in the evidence."""
    return not case.of(*LIST_CALLS).filter(pl.col("count").fill_null(1) > 0).is_empty()


def taken_list(case: Case, events: Collection[int]) -> TakenList:
    """Return the calls among these events that made a list, and how they were answered."""
    calls = case.events.filter(pl.col("event_id").is_in(list(events)) & is_kind(LIST_CALLS)).head(MOST_KEPT)
    asked = calls["correlation_id"].drop_nulls().to_list()
    ok = (pl.col("status") == "ok") & pl.col("correlation_id").is_in(asked)
    answers = case.of(K.TOOL_RESULT).filter(ok)
    tools = sorted(set(calls["tool"].drop_nulls()))
    return TakenList(tuple(calls["event_id"]), tuple(answers["event_id"]), tuple(tools))


def is_several_refused(case: Case) -> bool:
    """Say whether a list with several items in progress was refused: then something enforces the rule."""
    in_progress = case.todos.filter(pl.col("status") == "in_progress")
    several = in_progress.group_by("event_id").len().filter(pl.col("len") > 1)
    calls = case.of(K.TODO_SNAPSHOT).join(several, on="event_id", how="semi")["correlation_id"].drop_nulls()
    refused = (pl.col("status") == "error") & pl.col("correlation_id").is_in(calls.to_list())
    return not case.of(K.TOOL_RESULT).filter(refused).is_empty()
