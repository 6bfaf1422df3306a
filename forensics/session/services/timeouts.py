"""Timeouts of which no more is known than that they were: of MCP tools, the model API, and speech by its results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from forensics.schema import MODEL_SAID, TsQuality
from forensics.schema import EventKind as K
from forensics.session.model.case import Case
from forensics.session.model.speech import seconds_between
from forensics.session.services.mcp_losses import mcp_calls
from forensics.session.speech.results import failed_results

MODEL_API = "model API"
API_TIMEOUTS = ("Request timed out", "Stream idle timeout")
TIMED_OUT = r"(?i)timed out|timeout"
MCP_TIMEOUT = r"^(?:Error: )?(?:MCP error -32001: )?(?i:request timed out)"
ANSWERED = (*MODEL_SAID, K.API_FIRST_BYTE, K.TOOL_DISPATCH)
NEXT = (K.USER_PROMPT, K.TURN_START, K.TURN_END, K.SESSION_START, K.SESSION_END)  # none of the same request
REQUESTS = (
    K.TOOL_CALL, K.TOOL_DISPATCH, K.TTS_ATTEMPT, K.STT_ATTEMPT, K.VOICE_REQUEST, K.API_ERROR,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """The timeouts of one endpoint, in the records that tell them."""

    endpoint: str
    events: tuple[int, ...]
    count: int
    at: datetime | None = None  # the first
    waited_s: float | None = None  # until the first one, where both its ends are known
    cured: tuple[int, ...] = ()  # the answers to the tries that followed, where each of them was answered


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolTimeouts(Timeouts):
    """The timeouts of one tool of one server."""

    server: str
    tool: str
    called: str | None = None  # the tool's whole name, where only its results tell


def has_requests(case: Case) -> bool:
    """Say whether a request of any service is in the evidence."""
    return not case.of(*REQUESTS).is_empty()


def speech_timeouts(case: Case) -> Iterator[Timeouts]:
    """Yield the speech endpoints that timed out by the voice tool's own results."""
    found: dict[str, list[int]] = {}
    for result in failed_results(case):
        for endpoint, reason in result.endpoints:
            if "timed out" in reason.casefold():
                found.setdefault(endpoint, []).append(result.event)
    for endpoint, events in found.items():
        at = case.event(events[0])["ts"]
        yield Timeouts(endpoint=endpoint, events=tuple(events), count=len(events), at=at)


def api_timeouts(case: Case) -> Iterator[Timeouts]:
    """Yield the timeouts of the model API, whether a retry cured them or not."""
    errors = case.of(K.API_ERROR)
    if errors.is_empty():
        return
    timeouts = errors.filter(pl.col("status").is_in(API_TIMEOUTS))
    if timeouts.is_empty():
        return
    # one timeout may stand in the debug log and in the transcript: they are its places, not two timeouts
    count = max(timeouts.group_by("source").len()["len"].to_list())
    yield Timeouts(
        endpoint=MODEL_API,
        events=tuple(timeouts["event_id"]),
        count=count,
        at=timeouts["ts"][0],
        cured=_cured(case, timeouts),
    )


def _cured(case: Case, timeouts: pl.DataFrame) -> tuple[int, ...]:
    """Return the answers of the next tries, where no request of all that timed out was given up."""
    rows = case.of(K.API_ERROR, *ANSWERED, *NEXT).sort("file", "line", "ordinal")
    timed_out = set(timeouts["event_id"])
    found: list[int] = []
    for _, own in rows.group_by("file", "agent_id", maintain_order=True):
        told = own.select("event_id", "kind", "component").rows()
        for n, (event, _, component) in enumerate(told):
            if event not in timed_out:
                continue
            after, kind = next(((e, k) for e, k, c in told[n + 1 :] if c != "attempt"), (None, None))
            if component == "final" or after is None or kind not in ANSWERED:
                return ()
            found.append(after)
    return tuple(found)


def tool_timeouts(case: Case) -> Iterator[ToolTimeouts]:
    """Yield the tools that timed out: by the client's log of the call, or by the result where there is no such log."""
    ended = case.of(K.MCP_CALL_END)
    failed = ended.filter((pl.col("status") == "failed") & pl.col("message").str.contains(TIMED_OUT))
    yield from _by_log(failed) if not failed.is_empty() else _by_results(case)


def _by_log(failed: pl.DataFrame) -> Iterator[ToolTimeouts]:
    for (server, tool), rows in failed.group_by("component", "tool", maintain_order=True):
        took = rows["duration_ms"][0]
        yield ToolTimeouts(
            endpoint=f"mcp:{server}",
            events=tuple(rows["event_id"]),
            count=rows.height,
            waited_s=round(took / 1000, 1) if took else None,
            server=str(server),
            tool=str(tool),
        )


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
        _, server, *rest = str(tool).split("__")
        yield ToolTimeouts(
            endpoint=f"mcp:{server}",
            events=tuple(rows["event_id"]),
            count=rows.height,
            waited_s=seconds_between(rows["ts"][0], rows["ended"][0]),
            server=server,
            tool="__".join(rest),
            called=str(tool),
        )
