"""When an MCP server was not there, by the client's own lines about its connection, and whether work went on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Row, Source, TsQuality
from forensics.schema.words import ENDING, STARTING
from forensics.session.model.case import Case, per_case
from forensics.session.model.speech import seconds_between

UP = ("Successfully connected", "Connection established", "connected")
FAILED = (
    "Connection failed",
    "HTTP Connection failed",
    "SSE Connection failed",
    "Connection timeout",
    "failed",
)
# a call that was answered: the connection lives, whatever was said of it before
ANSWERED = "completed successfully"
# what the client calls a broken connection, and is none: text between the protocol's messages, an answer that nobody
# waits for, a gateway's time limit on the stream beside the calls
NOISE = re.compile(
    r"is not valid JSON|Unexpected (?:token|non-whitespace|end of JSON)|JSON (?:at position|Parse error|parse error)"
    r"|unknown message ID|\b504\b|Gateway Time-?out"
)
AGAIN_BY_ITSELF = ("WS ", "WEBSOCKET ")  # transports that are closed and opened again while nothing is asked
EDITORS = ("ide",)  # an editor's server comes and goes with its window
GIVEN_UP = "Max reconnection attempts"
BROKEN = ("Connection error", GIVEN_UP)
LOST, NEVER, LATE = "lost", "not-connected", "late"  # how it went for a server
# a tool's result where its server is gone: the SDK's words (2.0.24), and the client's (2.1.330)
GONE = (
    r"^(?:Error: )?(?:(?:MCP error -32000: )?Connection closed|"
    r"MCP server ['\"][^'\"]+['\"] (?:(?:is )?not connected|connection closed|session expired))"
)
NOT_IN_NAMES = re.compile(r"[^\w-]")  # of a server's name, where a tool is named after it
# what says that the client was at work, in whichever log
AT_WORK = (
    K.USER_PROMPT, K.ASSISTANT_MESSAGE, K.TOOL_CALL, K.TOOL_DISPATCH, K.AGENT_SPAWN, K.MCP_CALL,
)  # fmt: skip


@dataclass(slots=True)
class Loss:
    """One time that a server was not there; ``back`` is the record that connected it after that."""

    was_up: bool
    rows: list[Row] = field(default_factory=list)
    back: Row | None = None

    @property
    def at(self) -> datetime | None:
        """Return when it was first told."""
        moment: datetime | None = self.rows[0]["ts"]
        return moment

    @property
    def events(self) -> tuple[int, ...]:
        """Return the records that tell it."""
        return tuple(row["event_id"] for row in self.rows)

    @property
    def is_noise(self) -> bool:
        """Say whether the lines themselves show that the connection was not lost, or was restored by itself."""
        statuses = [str(row["status"]) for row in self.rows]
        if self.back is not None and all(status.startswith(AGAIN_BY_ITSELF) for status in statuses):
            return True
        is_told = any(NOISE.search(row["message"] or "") for row in self.rows)
        return (
            self.was_up and is_told and not any(status in FAILED or status == GIVEN_UP for status in statuses)
        )

    @property
    def back_after_s(self) -> float | None:
        """Return how long it was away, where both times are known and not a neighbour's."""
        if self.back is None or TsQuality.INFERRED.value in (
            self.back["ts_quality"],
            self.rows[0]["ts_quality"],
        ):
            return None
        return seconds_between(self.rows[0]["ts"], self.back["ts"])


@dataclass(frozen=True, slots=True)
class ServerLosses:
    """The times that one server was not there while the session went on; none where it did not go on after any."""

    server: str
    losses: tuple[Loss, ...]
    worked: int | None  # the last record of work, which comes after the last of them
    is_called: bool  # whether any record shows a call of its tools

    @property
    def events(self) -> tuple[int, ...]:
        """Return the records that tell of them, each time's in order."""
        return tuple(event for loss in self.losses for event in loss.events)

    @property
    def state(self) -> str:
        """Return whether a connection was lost, was never made, or was made late."""
        if any(x.was_up for x in self.losses):
            return LOST
        return NEVER if self.losses[-1].back is None else LATE

    def away(self, longer_than_s: float) -> list[Loss]:
        """Return the times after which it did not come back, or only later than that."""
        return [x for x in self.losses if x.back is None or (x.back_after_s or 0.0) > longer_than_s]


@dataclass(frozen=True, slots=True)
class ClosedByResult:
    """A server of which only its tools' results say that it is gone."""

    server: str
    events: tuple[int, ...]  # each call, and its result
    at: datetime | None


@per_case
def mcp_calls(case: Case) -> pl.DataFrame:
    """Return the calls of MCP servers' tools that the transcript holds."""
    return case.of(K.TOOL_CALL).filter(pl.col("tool").str.starts_with("mcp__"))


class Work:
    """When the client was at work."""

    def __init__(self, case: Case) -> None:
        work = case.of(*AT_WORK)
        # ids are in the order of lines, and in a line that holds a whole array in that of its records
        self._last = dict(work.group_by("file").agg(pl.col("event_id").max()).iter_rows())
        exact = work.filter(pl.col("ts_quality") != TsQuality.INFERRED.value).drop_nulls("ts").sort("ts")
        self._end = exact.select("ts", "event_id").row(-1) if exact.height else None

    def after(self, row: Row) -> int | None:
        """Return the last record of work if it comes after this one: further down in its log, or later."""
        last = self._last.get(row["file"], 0)
        if last > row["event_id"]:
            return int(last)
        if row["ts"] is None or row["ts_quality"] == TsQuality.INFERRED.value:
            return None
        return int(self._end[1]) if self._end is not None and self._end[0] > row["ts"] else None


def losses_of(rows: pl.DataFrame) -> list[Loss]:
    """Follow one server through its lines. The same failure stands in several lines, and in several logs.

    A loss is a connection after which no call of the server was answered without a new one.
    """
    found: list[Loss] = []
    up = ending = False
    loss: Loss | None = None
    for row in rows.iter_rows(named=True):
        status = str(row["status"])
        if status in UP:
            if loss is not None:
                loss.back = row
            up, ending, loss = True, False, None
        elif status == STARTING:  # also by a client that continues the session: the one before is no more
            up = ending = False
        elif status == ENDING:
            ending = True
        elif status == ANSWERED:
            if loss is not None and loss.was_up:
                found.remove(loss)
                up, loss = True, None
        elif not ending and _is_loss(status, up=up):
            if loss is None:
                loss = Loss(up)
                found.append(loss)
            loss.rows.append(row)
            up = False
    return [loss for loss in found if not loss.is_noise]


def _is_loss(status: str, *, up: bool) -> bool:
    gone = status.endswith((" connection closed", " connection dropped"))
    return status in FAILED or (up and (gone or status in BROKEN))


def has_connections(case: Case) -> bool:
    """Say whether any line about a server's connection is in the evidence."""
    return not case.of(K.MCP_CONNECTION).is_empty()


def lists_servers(case: Case) -> bool:
    """Say whether a headless run's first record is in the evidence: it lists the servers, where there are any."""
    return "init" in case.of(K.SESSION_START)["status"].to_list()


def server_losses(case: Case) -> list[ServerLosses]:
    """Return the servers that were not there at some time, by the client's lines about their connections."""
    if not has_connections(case):
        return []
    work, found = Work(case), []
    is_connection = pl.col("kind") == K.MCP_CONNECTION.value
    told = case.of(K.MCP_CONNECTION, K.MCP_CALL_END).filter(is_connection | (pl.col("status") == ANSWERED))
    for (server,), rows in told.group_by("component", maintain_order=True):
        if server in EDITORS or K.MCP_CONNECTION.value not in rows["kind"]:
            continue
        every = losses_of(rows)
        losses = tuple(loss for loss in every if work.after(loss.rows[-1]) is not None)
        worked = work.after(losses[-1].rows[-1]) if losses else None
        if every:
            found.append(ServerLosses(str(server), losses, worked, is_called=_is_called(case, str(server))))
    return found


def _is_called(case: Case, server: str) -> bool:
    asked = case.of(K.MCP_CALL)["component"].drop_nulls().to_list()
    named = f"mcp__{NOT_IN_NAMES.sub('_', server)}__"
    tools = [*mcp_calls(case)["tool"], *case.of(K.TOOL_DISPATCH)["tool"].drop_nulls()]
    return server in asked or any(tool.startswith(named) for tool in tools)


def closed_by_results(case: Case) -> Iterator[ClosedByResult]:
    """Yield the servers that a tool's result says are gone, of which the client's log has no line."""
    calls = mcp_calls(case)
    if calls.is_empty():
        return
    # a headless run prints once, at its beginning, how its servers stand: no line of it tells that one went
    connections = case.of(K.MCP_CONNECTION).filter(pl.col("source") != Source.TRANSCRIPT.value)
    logged = connections["component"].drop_nulls().to_list()
    failed = (pl.col("status") == "error") & pl.col("message").str.contains(GONE)
    servers = calls.select(
        "correlation_id", call="event_id", server=pl.col("tool").str.split("__").list.get(1)
    )
    results = case.of(K.TOOL_RESULT).filter(failed).select("correlation_id", "event_id", "ts")
    joined = results.join(servers, on="correlation_id", maintain_order="left")
    for (server,), rows in joined.group_by("server", maintain_order=True):
        if str(server) not in logged:
            events = tuple(e for pair in zip(rows["event_id"], rows["call"], strict=True) for e in pair)
            yield ClosedByResult(str(server), events, rows["ts"][0])
