"""Calls that an agent made again and again although they failed, with no change in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from forensics.schema import COMMAND_KEPT
from forensics.schema import EventKind as K
from forensics.session.model.case import Case
from forensics.session.model.files import WRITE_TOOLS

# asking again whether something is done is what these are for
POLLERS = (
    "BashOutput", "TaskOutput", "AgentOutputTool", "KillShell", "KillBash", "KillTask", "TaskStop",
    "TaskGet", "TaskList", "Sleep", "Monitor",
)  # fmt: skip
WAITS = r"(?:^|[;&|(]\s*|\bdo\s+)sleep\s+\d"
CALLER = ("agent_id", "tool", "same")
WORDS = 200  # characters by which failures are told apart


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingRun:
    """Calls of one tool with one input that failed in a row, while their agent wrote no file."""

    agent_id: str | None
    tool: str
    what: str  # its command or its path; the tool where it has neither
    since: datetime | None
    until: datetime | None
    written: int  # files that the agent had written before
    calls: tuple[int, ...]
    answers: tuple[int, ...]
    failures: tuple[str, ...]  # what the answers say, each once

    @property
    def times(self) -> int:
        """Return how often the call was made."""
        return len(self.calls)

    def events(self, most: int) -> tuple[int, ...]:
        """Return the calls and their answers; of more than ``most`` calls the first and the last."""
        pairs = list(zip(self.calls, self.answers, strict=True))
        shown = pairs if len(pairs) <= most else pairs[: most // 2] + pairs[-(most // 2) :]
        return tuple(event for pair in shown for event in pair)


def repeatable_calls(case: Case) -> pl.DataFrame:
    """Return the calls whose repetition tells something: those that ask whether something is done do not."""
    return case.of(K.TOOL_CALL).filter(pl.col("text_sha").is_not_null() & ~pl.col("tool").is_in(POLLERS))


def failing_runs(case: Case, least: int) -> Iterator[FailingRun]:
    """Yield the runs of at least ``least`` failing calls, in order."""
    waits = pl.col("command").str.contains(WAITS).fill_null(value=False)
    # what a shell command is said to be for is no part of it; one that was cut when it was read is not whole
    whole = pl.col("command").str.len_chars() < COMMAND_KEPT
    same = pl.when(whole).then("command").otherwise("text_sha")
    calls = repeatable_calls(case).filter(~waits).with_columns(same=same)
    often = calls.filter(pl.len().over(*CALLER) >= least)
    if often.is_empty():
        return
    failed = pl.col("outcome") == "error"
    # a success of the same call, or a file that the agent wrote, begins a new run
    placed = _with_writes(case, _with_answers(case, often))
    spelled = placed.with_columns(spell=(~failed).cum_sum().over(*CALLER)).filter(failed)
    for run in spelled.partition_by(*CALLER, "spell", "written", maintain_order=True):
        if run.height >= least:
            yield _run(run)


def _run(calls: pl.DataFrame) -> FailingRun:
    first, last = calls.row(0, named=True), calls.row(-1, named=True)
    return FailingRun(
        agent_id=first["agent_id"],
        tool=first["tool"],
        what=first["command"] or first["path"] or first["tool"],
        since=first["ts"],
        until=last["ts"],
        written=first["written"],
        calls=tuple(calls["event_id"]),
        answers=tuple(calls["answer"]),
        failures=tuple(calls["said"].str.head(WORDS).unique(maintain_order=True)),
    )


def _with_answers(case: Case, calls: pl.DataFrame) -> pl.DataFrame:
    """Add to each call its ``answer``, what that ``said`` and with which ``outcome``."""
    answers = case.of(K.TOOL_RESULT).select(
        "correlation_id", answer="event_id", said="message", outcome="status"
    )
    first = answers.unique("correlation_id", keep="first", maintain_order=True)
    return calls.join(first, on="correlation_id", maintain_order="left")


def _with_writes(case: Case, calls: pl.DataFrame) -> pl.DataFrame:
    """Add to each call how many files its agent had ``written`` before it."""
    done = case.of(K.TOOL_RESULT).filter(pl.col("status") == "ok").select("correlation_id", answer="event_id")
    writes = case.of(K.TOOL_CALL).filter(pl.col("tool").is_in(WRITE_TOOLS)).join(done, on="correlation_id")
    place = case.events.select("event_id").with_row_index("place")
    counted = (
        writes.select("agent_id", event_id="answer")
        .join(place, on="event_id")
        .sort("place")
        .select(
            pl.col("agent_id").fill_null(""), "place", written=pl.int_range(1, pl.len() + 1).over("agent_id")
        )
    )
    placed = calls.join(place, on="event_id", maintain_order="left").sort("place")
    return (
        placed.with_columns(who=pl.col("agent_id").fill_null(""))
        .join_asof(counted, on="place", by_left="who", by_right="agent_id", check_sortedness=False)
        .with_columns(pl.col("written").fill_null(0))
    )
