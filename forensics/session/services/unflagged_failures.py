"""Calls of tools that failed by their results, or by the server's own lines, and were taken for successes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from forensics.schema import CONVERSE, Row, Source
from forensics.schema import EventKind as K
from forensics.schema.failed_results import (
    FLAG,
    MCP_TOOL,
    PROTOCOL_KEYS,
    failure_texts,
    may_fail_unflagged,
    whole_failure,
)
from forensics.session.model.case import Case, per_case
from forensics.session.speech.results import has_server_lines

SUCCESS = "completed successfully"
FAILED_LINES = (K.VOICE_FAILURE, K.STT_EXHAUSTED, K.TTS_EXHAUSTED)
# the client's line about a call and the record of its result are milliseconds apart
NEAR = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class _Call:
    agent_id: str | None
    tool: str
    said: str
    event: int  # the result; without the transcript the server's line
    logged: int | None  # the client's line that calls it a success
    in_result: bool = True
    is_all: bool = False  # the result holds nothing else


@dataclass(frozen=True, slots=True)
class UnflaggedFailures:
    """The calls of one agent that failed with the same words, none of them flagged as an error."""

    calls: tuple[_Call, ...]

    @property
    def agent_id(self) -> str | None:
        """Return whose calls they were."""
        return self.calls[0].agent_id

    @property
    def tool(self) -> str:
        """Return the tool that was called."""
        return self.calls[0].tool

    @property
    def said(self) -> str:
        """Return the words by which it is known that they failed."""
        return self.calls[0].said

    @property
    def is_all(self) -> bool:
        """Say whether the results hold nothing but a failure, wherever in them it is told."""
        return any(c.is_all for c in self.calls)

    @property
    def results(self) -> tuple[int, ...]:
        """Return the results that say it themselves."""
        return tuple(c.event for c in self.calls if c.in_result)

    @property
    def lines(self) -> tuple[int, ...]:
        """Return the server's lines that say it of calls whose results are not in the evidence."""
        return tuple(c.event for c in self.calls if not c.in_result)

    @property
    def logged(self) -> tuple[int, ...]:
        """Return the client's lines that call them successes."""
        return tuple(c.logged for c in self.calls if c.logged is not None)


def unflagged_failures(case: Case) -> list[UnflaggedFailures]:
    """Return the failures that were taken for successes, together where agent, tool and words are the same.

    A trajectory in ATIF does not tell which results were flagged: there only the client's log counts.
    """
    answers = told_answers(case)
    found = [] if Source.ATIF in case.sources else list(_in_results(case, answers))
    heard = answers if answers.is_empty() else answers.filter(pl.col("called").str.ends_with(CONVERSE))
    found += _in_log(case, heard["ts"].to_list())
    alike: dict[tuple[str | None, str, str], list[_Call]] = {}
    for call in found:
        alike.setdefault((call.agent_id, call.tool, call.said), []).append(call)
    return [UnflaggedFailures(tuple(calls)) for calls in alike.values()]


@per_case
def told_calls(case: Case) -> pl.DataFrame:
    """Return the calls, in the transcript, of the tools of which it is known with which texts they fail."""
    calls = case.of(K.TOOL_CALL)
    known = [tool for tool in calls["tool"].drop_nulls().unique() if may_fail_unflagged(tool)]
    return calls.filter(pl.col("tool").is_in(known))


@per_case
def told_answers(case: Case) -> pl.DataFrame:
    """Return the results of these calls, each with the tool that was ``called``."""
    calls = told_calls(case)
    if calls.is_empty():
        return case.events.clear()
    called = calls.select("correlation_id", called="tool").unique("correlation_id", keep="first")
    return case.of(K.TOOL_RESULT).join(called, on="correlation_id", maintain_order="left")


def is_told_by_lines(case: Case) -> bool:
    """Say whether the server's own lines tell how each logged call went: those of the voice server do."""
    return case.of(K.MCP_CALL)["tool"].str.ends_with("converse").all() and has_server_lines(case)


def _in_results(case: Case, answers: pl.DataFrame) -> Iterator[_Call]:
    if answers.is_empty():
        return
    suspects = answers.filter(pl.col("status") == "ok")
    near = suspects.with_columns(short=pl.col("called").str.split("__").list.last()).join_asof(
        _ends(case), on="ts", by_left="short", by_right="ended", tolerance=NEAR, check_sortedness=False
    )
    for row in near.iter_rows(named=True):
        said, whole = _failure_in(row), whole_failure(row["called"], str(row["message"]))
        if said is not None or whole is not None:
            told = said or whole or ""
            yield _Call(
                row["agent_id"], row["called"], told, row["event_id"], row["logged"], is_all=said is None
            )


def _ends(case: Case) -> pl.DataFrame:
    """Return the client's dated lines that call an MCP call a success."""
    ended = case.of(K.MCP_CALL_END).filter((pl.col("status") == SUCCESS) & pl.col("ts").is_not_null())
    return ended.select("ts", ended="tool", logged="event_id").sort("ts")


def _failure_in(row: Row) -> str | None:
    """Return the words by which the result says that it is a failure."""
    text = str(row["message"])
    known = next((t.start for t in failure_texts(row["called"]) if text.startswith(t.start)), None)
    if known is not None:
        return known.strip(": ")
    return f'"{FLAG}": true' if _is_flagged(text) else None


def _is_flagged(text: str) -> bool:
    try:
        held = json.loads(text)
    except ValueError:  # no JSON, or cut off
        return False
    inner = held.get("result") if isinstance(held, dict) and FLAG not in held else held
    return isinstance(inner, dict) and inner.get(FLAG) is True and inner.keys() <= PROTOCOL_KEYS


def _in_log(case: Case, answered: Sequence[datetime | None]) -> Iterator[_Call]:
    """Yield the voice calls that the client logs as a success while the server, in the same log, says it failed.

    Only those whose results are not in the transcript: of a log without times, where it holds none at all.
    """
    rows = case.of(K.MCP_CALL, K.MCP_CALL_END, *FAILED_LINES)
    if rows.is_empty():
        return
    for _, log in rows.group_by("file", maintain_order=True):
        failed: Row | None = None
        for row in log.sort("line", "ordinal").iter_rows(named=True):
            if K(row["kind"]) in FAILED_LINES:
                failed = row
            elif row["tool"] == CONVERSE.lstrip("_"):
                if failed is not None and row["status"] == SUCCESS and not _has_result(row["ts"], answered):
                    said = str(failed["message"]).lstrip("✗ ").partition(":")[0]
                    tool = f"{MCP_TOOL}{row['component']}{CONVERSE}"
                    yield _Call(None, tool, said, failed["event_id"], row["event_id"], in_result=False)
                failed = None


def _has_result(ended: datetime | None, answered: Sequence[datetime | None]) -> bool:
    if ended is None:
        return bool(answered)
    return any(at is None or ended - NEAR <= at <= ended + NEAR for at in answered)
