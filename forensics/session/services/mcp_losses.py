"""When an MCP server was not there, by the client's own lines about its connection, and whether work went on."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Row, TsQuality
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
BROKEN = ("Connection error", "Max reconnection attempts")
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
    def back_after_s(self) -> float | None:
        """Return how long it was away, where both times are known and not a neighbour's."""
        if self.back is None or TsQuality.INFERRED.value in (
            self.back["ts_quality"],
            self.rows[0]["ts_quality"],
        ):
            return None
        return seconds_between(self.rows[0]["ts"], self.back["ts"])


@per_case
def mcp_calls(case: Case) -> pl.DataFrame:
    """Return the calls of MCP servers' tools that the transcript holds."""
    return case.of(K.TOOL_CALL).filter(pl.col("tool").str.starts_with("mcp__"))


class Work:
    """When the client was at work."""

    def __init__(self, case: Case) -> None:
        work = case.of(*AT_WORK)
        last = work.group_by("file").agg(
            pl.col("line").max(), pl.col("event_id").get(pl.col("line").arg_max())
        )
        self._lines = {file: (line, event) for file, line, event in last.iter_rows()}
        exact = work.filter(pl.col("ts_quality") != TsQuality.INFERRED.value).drop_nulls("ts").sort("ts")
        self._end = exact.select("ts", "event_id").row(-1) if exact.height else None

    def after(self, row: Row) -> int | None:
        """Return the last record of work if it comes after this one: further down in its log, or later."""
        line, event = self._lines.get(row["file"], (0, 0))
        if line > row["line"]:
            return int(event)
        if row["ts"] is None or row["ts_quality"] == TsQuality.INFERRED.value:
            return None
        return int(self._end[1]) if self._end is not None and self._end[0] > row["ts"] else None


def losses_of(rows: pl.DataFrame) -> list[Loss]:
    """Follow one server through its lines. The same failure stands in several lines, and in several logs."""
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
        elif not ending and _is_loss(status, up=up):
            if loss is None:
                loss = Loss(up)
                found.append(loss)
            loss.rows.append(row)
            up = False
    return found


def _is_loss(status: str, *, up: bool) -> bool:
    gone = status.endswith((" connection closed", " connection dropped"))
    return status in FAILED or (up and (gone or status in BROKEN))
