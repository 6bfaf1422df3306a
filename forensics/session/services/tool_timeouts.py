"""Timeouts of MCP tools: by the client's log of the call, or by the result where there is no such log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import TsQuality
from forensics.session.model.case import Case
from forensics.session.model.speech import seconds_between
from forensics.session.services.mcp_losses import mcp_calls

TIMED_OUT = r"(?i)timed out|timeout"
MCP_TIMEOUT = r"^(?:Error: )?(?:MCP error -32001: )?(?i:request timed out)"


@dataclass(frozen=True, slots=True)
class ToolTimeouts:
    """The timeouts of one tool of one server."""

    server: str
    tool: str
    what: str  # the tool in words
    events: tuple[int, ...]
    waited_s: float | None  # until the first one, where both its ends are known


def tool_timeouts(case: Case) -> Iterator[ToolTimeouts]:
    """Yield the tools that timed out, each with all its timeouts."""
    ended = case.of(K.MCP_CALL_END)
    failed = ended.filter((pl.col("status") == "failed") & pl.col("message").str.contains(TIMED_OUT))
    yield from _by_log(failed) if not failed.is_empty() else _by_results(case)


def _by_log(failed: pl.DataFrame) -> Iterator[ToolTimeouts]:
    for (server, tool), rows in failed.group_by("component", "tool", maintain_order=True):
        took = rows["duration_ms"][0]
        waited = round(took / 1000, 1) if took else None
        what = f"The MCP tool {tool} of {server}"
        yield ToolTimeouts(str(server), str(tool), what, tuple(rows["event_id"]), waited)


def _by_results(case: Case) -> Iterator[ToolTimeouts]:
    calls = mcp_calls(case)
    if calls.is_empty():
        return
    results = case.of(K.TOOL_RESULT).filter(
        (pl.col("status") == "error") & pl.col("message").str.contains(MCP_TIMEOUT)
    )
    # an inferred time of the answer may be long after it
    answered = pl.when(pl.col("ts_quality") != TsQuality.INFERRED.value).then("ts")
    joined = results.select("correlation_id", "event_id", ended=answered).join(
        calls.select("correlation_id", "tool", "ts"), on="correlation_id", maintain_order="left"
    )
    for (tool,), rows in joined.group_by("tool", maintain_order=True):
        waited = seconds_between(rows["ts"][0], rows["ended"][0])
        _, server, *rest = str(tool).split("__")
        yield ToolTimeouts(server, "__".join(rest), f"The MCP tool {tool}", tuple(rows["event_id"]), waited)
