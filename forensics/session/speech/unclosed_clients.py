"""Clients of HTTP that the voice server reports as never closed, and whether a resource ran out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Row
from forensics.session.model.case import Case

PAIR = timedelta(milliseconds=50)  # aiohttp reports a session and its connector together
NEXT = (1, 2)  # lines below a session's, where nothing has a time: aiohttp names the object between
SHUTDOWN = timedelta(seconds=2)  # what is printed so late in the server's record is printed by its exit
EXHAUSTION = r"OSError: \[Errno 24\]|Too many open files|PoolTimeout|MemoryError"


@dataclass(frozen=True, slots=True)
class UnclosedClients:
    """All clients that were reported; a connector beside its session is no second one."""

    events: tuple[int, ...]
    calls: int  # of voice that the record holds
    spread: int  # after how many different calls they were reported; those that the exit reports are one lot
    object: int | None  # the record that names one of the objects

    def __len__(self) -> int:
        return len(self.events)

    @property
    def first(self) -> int:
        """Return the first report."""
        return self.events[0]


def unclosed_clients(case: Case) -> UnclosedClients | None:
    """Return the clients that were never closed; null where none is reported."""
    warnings = case.of(K.RESOURCE_WARNING).sort("local_ts", "event_id")
    if warnings.is_empty():
        return None
    clients = _clients(warnings)
    calls = max(case.of(kind).height for kind in (K.VOICE_REQUEST, K.VOICE_CALL_BEGIN))
    objects = case.of(K.RESOURCE_OBJECT).filter(pl.col("file").is_in([c["file"] for c in clients]))
    named = next(iter(objects["event_id"]), None)
    return UnclosedClients(tuple(c["event_id"] for c in clients), calls, _spread(case, clients), named)


def resource_ran_out(case: Case) -> int | None:
    """Return the first record that says that memory, sockets or a pool ran out."""
    server = pl.col("local_ts").is_not_null() & pl.col("message").str.contains(EXHAUSTION)
    # the last line of a traceback has no time of its own
    told = case.events.filter(server | (pl.col("kind") == K.RESOURCE_EXHAUSTED.value))
    return next(iter(told["event_id"]), None)


def _clients(warnings: pl.DataFrame) -> list[Row]:
    sessions = warnings.filter(pl.col("status") == "Unclosed client session")
    times = sessions["local_ts"].drop_nulls().to_list()
    lines = {(file, line + n) for file, line in sessions.select("file", "line").iter_rows() for n in NEXT}
    alone = [
        row
        for row in warnings.filter(pl.col("status") == "Unclosed connector").iter_rows(named=True)
        if (row["file"], row["line"]) not in lines
        and not any(row["local_ts"] and abs(row["local_ts"] - t) <= PAIR for t in times)
    ]
    return [*sessions.iter_rows(named=True), *alone]


def _spread(case: Case, clients: Sequence[Row]) -> int:
    calls = case.of(K.VOICE_REQUEST)["local_ts"].drop_nulls().sort().to_list()
    last = case.events["local_ts"].max()
    if isinstance(last, datetime) and all(last - c["local_ts"] <= SHUTDOWN for c in clients if c["local_ts"]):
        return 1
    return len({bisect_right(calls, c["local_ts"]) for c in clients if c["local_ts"]})
