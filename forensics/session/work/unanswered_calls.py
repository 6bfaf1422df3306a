"""Calls inside which an agent's record, or the client's own log, stops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from forensics.schema import CALLS, CUT_OFF, SPAWN_TOOLS, Row
from forensics.schema import EventKind as K
from forensics.schema.finding import FactValue
from forensics.session.model.case import Case, per_case
from forensics.session.model.ending import Verdict
from forensics.session.model.open_calls import open_calls
from forensics.session.work.open_work import open_in_client_log

# the API's own servers run these: up to 2.1 their answers often do not reach the record
SERVER_TOOLS = frozenset({"WebSearch", "WebFetch"})
READING_TOOLS = frozenset({"Read", "Glob", "Grep", "LS", "TodoRead", "TaskList", "TaskGet", *SERVER_TOOLS})
HEAD = 80  # characters of a command by which a call is named


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The open calls of one agent, or the one of a log that names no agent."""

    calls: Sequence[Row]
    may_still_run: bool  # nothing states or shows an end, and they are recent

    @property
    def agent_id(self) -> str | None:
        """Return whose calls they are."""
        agent: str | None = self.calls[0]["agent_id"]
        return agent

    @property
    def tools(self) -> list[str]:
        """Return the tool of each call."""
        return [str(call["tool"]) for call in self.calls]

    @property
    def tools_once(self) -> list[str]:
        """Return the tools, each once."""
        return list(dict.fromkeys(self.tools))

    @property
    def facts(self) -> dict[str, FactValue]:
        """Return what other programs are told of them."""
        return {
            "tools": [*self.tools],
            "calls": [call["correlation_id"] for call in self.calls],
            "since": self.since.isoformat() if self.since is not None else None,
            "may_still_run": self.may_still_run,
        }

    def first(self, most: int) -> Unanswered:
        """Return the same with ``most`` calls at most."""
        return replace(self, calls=self.calls[:most])

    @property
    def events(self) -> tuple[int, ...]:
        """Return the records of the calls."""
        return tuple(call["event_id"] for call in self.calls)

    @property
    def changing(self) -> Unanswered:
        """Return the same with those calls alone that may have changed something."""
        return replace(self, calls=[call for call in self.calls if call["tool"] not in READING_TOOLS])

    @property
    def is_run_elsewhere(self) -> bool:
        """Say whether the API's own servers run all of them."""
        return SERVER_TOOLS.issuperset(self.tools)

    @property
    def since(self) -> datetime | None:
        """Return when the first was made, where a record tells its time."""
        first = self.calls[0]
        since: datetime | None = first["ts"] if first["ts_quality"] != "inferred" else None
        return since


def in_short(call: Row) -> str:
    """Name a call by its tool and by what tells it from others."""
    what = call["command"] or call["path"]
    head = str(what).splitlines()[0] if what else ""
    return f"{call['tool']} ({head[:HEAD]})" if head else str(call["tool"])


def unanswered_calls(case: Case, recent: timedelta) -> Iterator[Unanswered]:
    """Yield the open calls of each agent that its transcript shows to be unanswered."""
    told = _open_in_transcripts(case)
    whole = told.filter(~pl.col("file").is_in(_cut_files(case)))
    for rows in whole.partition_by("agent_id", maintain_order=True) if whole.height else ():
        yield _unanswered(case, rows.rows(named=True), recent)


def unanswered_in_log(case: Case, recent: timedelta) -> Unanswered | None:
    """Return a call that only the client's own log shows: of an agent without transcript, or of no known agent."""
    call = open_in_client_log(case)
    return None if call is None else _unanswered(case, [call], recent)


def answers_cut_off(case: Case) -> int:
    """Return of how many calls the answer may stand in a last record that could not be read."""
    return _open_in_transcripts(case).filter(pl.col("file").is_in(_cut_files(case))).height


@per_case
def _open_in_transcripts(case: Case) -> pl.DataFrame:
    """Return the calls without an answer. Spawns are not among them: an agent is asked for by itself."""
    whole = case.events.filter(~pl.col("file").is_in(list(case.excerpts))) if case.excerpts else case.events
    ids = {*case.ending.open_calls, *open_calls(whole, case.agents)}
    is_open = pl.col("event_id").is_in(list(ids)) & ~pl.col("tool").is_in(list(SPAWN_TOOLS))
    called = case.of(*CALLS)
    return called.filter(is_open) if ids else called.clear()


def _cut_files(case: Case) -> list[int]:
    """Return the files whose last record could not be read."""
    return case.of(K.DAMAGED).filter(pl.col("component") == CUT_OFF)["file"].unique().to_list()


def _unanswered(case: Case, calls: Sequence[Row], recent: timedelta) -> Unanswered:
    end, called = case.ending, calls[-1]["ts"]
    is_recent = called is None or end.last_ts is None or end.last_ts - called < recent
    return Unanswered(calls, end.verdict is Verdict.UNKNOWN and is_recent)
