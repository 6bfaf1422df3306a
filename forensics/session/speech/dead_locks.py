"""Voice servers that died inside a call: what their locks, and the event log around them, show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import polars as pl

from forensics.schema import IN_A_CALL, Row, Source
from forensics.schema import EventKind as K
from forensics.session.model.case import Case

CLEARED, RELEASED = "CONCH_DEAD_HOLDER_CLEARED", "CONCH_RELEASE"
SAME_CALL = timedelta(seconds=1)  # the lock's own time and the event log's record of it: 1 ms apart (9.0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadHolder:
    """A process that held the lock, and what shows that it died: the lock, its call, its clearing."""

    pid: int
    agent: str | None = None  # as the lock names it
    lock: Row | None = None
    taken: Row | None
    last: Row | None  # the last record of the call that did not end
    cleared: Row | None = None

    @property
    def events(self) -> list[int]:
        """Return the records that show it."""
        return [
            row["event_id"] for row in (self.lock, self.taken, self.last, self.cleared) if row is not None
        ]


def locks_cleared(case: Case) -> pl.DataFrame:
    """Return the records in which a server cleared the lock of a dead one."""
    return case.of(K.VOICE_EVENT).filter((pl.col("tool") == CLEARED) & pl.col("pid").is_not_null())


def dead_holders(case: Case) -> list[DeadHolder]:
    """Return the processes whose lock was cleared, or left, for a call that did not end."""
    found: dict[int, DeadHolder] = {}
    for row in locks_cleared(case).iter_rows(named=True):
        taken = _last_taken(case, row["pid"], row)
        if taken is None or not is_over(case, taken):
            last = _last_of(case, taken)
            found[row["pid"]] = DeadHolder(pid=row["pid"], taken=taken, last=last, cleared=row)
    for lock, taken in _left_inside(case):
        pid, last = lock["pid"], _last_of(case, taken)
        if taken is not None and not is_over(case, taken):
            known = found.get(pid) or DeadHolder(pid=pid, taken=taken, last=last)
            found[pid] = replace(known, agent=lock["component"] or None, lock=lock, taken=taken, last=last)
    return list(found.values())


def is_any_lock_untold(case: Case) -> bool:
    """Say whether the event log has no record of a call that a lock file was written for."""
    return any(taken is None for _, taken in _left_inside(case))


def is_any_call_open(case: Case) -> bool:
    """Say whether the last call of a server has no end in the event log."""
    taken = case.of(K.VOICE_LOCK_TAKEN).unique("pid", keep="last")
    return not all(is_over(case, row) for row in taken.iter_rows(named=True))


def is_over(case: Case, taken: Row) -> bool:
    """Say whether a call ended: its lock was released, or the tool's end was logged."""
    later = pl.col("ts") >= pl.lit(taken["ts"])
    released = case.of(K.VOICE_EVENT).filter(
        later & (pl.col("tool") == RELEASED) & (pl.col("pid") == _number(taken["pid"]))
    )
    ended = case.of(K.VOICE_CALL_END).filter(
        later & (pl.col("message_id") == pl.lit(taken["message_id"], dtype=pl.String))
    )
    return not (released.is_empty() and ended.is_empty())


def _left_inside(case: Case) -> Iterator[tuple[Row, Row | None]]:
    """Yield the lock files that say that a call is going on, each with the event log's record of that call."""
    locks = case.of(K.VOICE_LOCK_LEFT).filter(pl.col("status") == IN_A_CALL)
    for lock in locks.iter_rows(named=True):
        yield lock, _taken_by(case, lock)


def _taken_by(case: Case, lock: Row) -> Row | None:
    """Return the event log's record of the call that a lock file was written for."""
    taken = case.of(K.VOICE_LOCK_TAKEN).filter(pl.col("pid") == _number(lock["pid"]))
    if lock["ts"] is None or taken.is_empty():
        return None
    near = taken.filter((pl.col("ts") - lock["ts"]).abs() <= SAME_CALL)
    return near.row(-1, named=True) if near.height else None


def _last_taken(case: Case, pid: int, cleared: Row) -> Row | None:
    """Return the record of the last call for which a process took the lock before it was cleared."""
    before = case.of(K.VOICE_LOCK_TAKEN).filter(
        (pl.col("pid") == pid) & (pl.col("ts") <= pl.lit(cleared["ts"]))
    )
    return before.row(-1, named=True) if before.height else None


def _number(pid: int | None) -> pl.Expr:
    """Return a process number to compare with; one that is not known equals none."""
    return pl.lit(pid, dtype=pl.Int64)


def _last_of(case: Case, taken: Row | None) -> Row | None:
    """Return the last record of a call."""
    if taken is None or taken["message_id"] is None:
        return taken
    of_call = case.events.filter(
        (pl.col("source") == Source.VOICE_EVENTS.value) & (pl.col("message_id") == taken["message_id"])
    )
    of_call = of_call.filter((pl.col("kind") != K.LOG_EDGE.value) & (pl.col("tool") != CLEARED))
    return of_call.row(-1, named=True) if of_call.height else taken
