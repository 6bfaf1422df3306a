"""CCF411: the voice server died inside a call, and its lock stayed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.whereabouts import MACHINE_LOG, VOICE_EVENTS, around
from forensics.schema import IN_A_CALL, Row, Source
from forensics.schema import EventKind as K
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    Hit,
    Insufficient,
    NotApplicable,
    Severity,
    Slot,
    Statement,
    question,
)
from forensics.session.model.case import Case
from forensics.session.speech.results import uses_voice
from forensics.text.clock_time import clock_time

CLEARED, RELEASED = "CONCH_DEAD_HOLDER_CLEARED", "CONCH_RELEASE"
SAME_CALL = timedelta(seconds=1)  # the lock's own time and the event log's record of it: 1 ms apart (9.0.1)
COPIED = "Was the server still in the call when the files were copied?"
KEPT = "Had the process kept the floor between two calls?"

GUIDANCE = Guidance(
    contract="voicemode removes its lock (conch) when a call ends; one that a call left behind has no living owner.",
    immediate=(
        "If no voicemode process runs under that number, delete ~/.voicemode/conch; from 8.6.2 on the next call does",
    ),
    this_week=(
        "Find out what ended the server inside a call: the client's log says how the connection closed",
    ),
    avoid="Kill the voice server while it listens",
    instead="Cancel the call in the client first, then end the server",
    before=("Look whether ~/.voicemode/conch names a process that does not run",),
    after=("Start a voice call once, and see that it gets the floor",),
    metric="No lock of a dead voice server was left behind",
)


@dataclass(frozen=True, slots=True)
class _Dead:
    """A process that held the lock, and what shows that it died: the lock, its call, its clearing."""

    pid: int
    agent: str
    lock: Row | None
    taken: Row | None
    last: Row | None  # the last record of the call that did not end
    cleared: Row | None


@rule(
    code="CCF411",
    topic="4.8",
    name="stale-lock-after-death",
    title="Lock of a dead voice server",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.VOICE_LOCK, Source.VOICE_EVENTS, Source.VOICE_STDERR, Source.TRANSCRIPT}),
    guidance=GUIDANCE,
    related=("CCF901", "CCF208"),
)
def stale_lock_after_death(case: Case) -> Iterator[Said]:
    """Find a lock of the voice server whose call never ended: the process died inside it.

    ## What it detects
    voicemode (8.0.0 and later) writes ``~/.voicemode/conch`` when a call begins and removes it when the call
    ends. Two records show a death: the file names a call that the event log shows taken and never released,
    nor ended; or the next process logs CONCH_DEAD_HOLDER_CLEARED (8.6.2 and later) for a call that was never
    released. Medium; low where the event log of the cleared process is not there, because it may have kept the
    floor between two calls, which is in good order. A file with ``held`` true is never judged.

    ## Why it matters
    Up to 8.6.1 the next call waits for a floor that nobody will give back; and the words of the call are lost.

    ## How to fix
    Delete the file if no process of that number is a voicemode server; find out what ended the server.

    ## Known misses
    Files that were copied while a call was going on look the same: the question stands in the finding. Whether
    a process of that number runs on the machine that reads the files proves nothing, so it is not asked.
    """
    locks = case.of(K.VOICE_LOCK_LEFT)
    cleared = case.of(K.VOICE_EVENT).filter((pl.col("tool") == CLEARED) & pl.col("pid").is_not_null())
    if locks.is_empty() and cleared.is_empty():
        yield from _without_either(case)
        return
    found: dict[int, _Dead] = {}
    for row in cleared.iter_rows(named=True):
        taken = _last_taken(case, row["pid"], row)
        if taken is None or not _is_over(case, taken):
            found[row["pid"]] = _Dead(row["pid"], "", None, taken, _last_of(case, taken), row)
    unread = False
    for lock in locks.filter(pl.col("status") == IN_A_CALL).iter_rows(named=True):
        taken = _taken_by(case, lock)
        unread = unread or taken is None
        if taken is not None and not _is_over(case, taken):
            known = found.get(lock["pid"])
            clearing = known.cleared if known is not None else None
            found[lock["pid"]] = _Dead(
                lock["pid"], lock["component"] or "", lock, taken, _last_of(case, taken), clearing
            )
    yield from (_hit(dead) for dead in found.values())
    if unread:
        yield Insufficient("the event log of the process that the lock names is not in the evidence")


def _without_either(case: Case) -> Iterator[Said]:
    """Say what can be said where no lock is in the evidence and none was cleared."""
    taken = case.of(K.VOICE_LOCK_TAKEN)
    if taken.is_empty():
        if uses_voice(case) and Source.VOICE_EVENTS not in case.sources:
            yield Insufficient("neither the voice server's lock file nor its event log is in the evidence")
        else:
            yield NotApplicable("no lock of the voice server was taken, left or cleared")
    elif not all(_is_over(case, row) for row in taken.unique("pid", keep="last").iter_rows(named=True)):
        yield Insufficient(
            "a voice call has no end in the event log, and the lock file is not in the evidence"
        )


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


def _is_over(case: Case, taken: Row) -> bool:
    """Say whether a call ended: its lock was released, or the tool's end was logged."""
    later = pl.col("ts") >= pl.lit(taken["ts"])
    released = case.of(K.VOICE_EVENT).filter(
        later & (pl.col("tool") == RELEASED) & (pl.col("pid") == _number(taken["pid"]))
    )
    ended = case.of(K.VOICE_CALL_END).filter(
        later & (pl.col("message_id") == pl.lit(taken["message_id"], dtype=pl.String))
    )
    return not (released.is_empty() and ended.is_empty())


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


def _hit(dead: _Dead) -> Hit:
    sure = dead.taken is not None
    cites = [row["event_id"] for row in (dead.lock, dead.taken, dead.last, dead.cleared) if row is not None]
    how = "was found dead by the next one" if dead.cleared is not None else "left its lock inside a call"
    proven = Confidence.HIGH if sure else Confidence.LOW
    return Hit(
        subject=f"voice lock|{dead.pid}",
        message=f"voice server process {dead.pid} {how}",
        claim=Claim.OBSERVED if dead.cleared is not None else Claim.DERIVED,
        cites=tuple(Cite(e) for e in dict.fromkeys(cites)),
        facts={
            "pid": dead.pid,
            "agent": dead.agent or None,
            "lock_left": dead.lock is not None,
            "cleared": dead.cleared is not None,
            "last_record": dead.last["tool"] if dead.last is not None else None,
        },
        statements=tuple(_statements(dead)),
        severity=Severity.MEDIUM if sure else Severity.LOW,
        confidence=Confidence.MEDIUM if dead.cleared is None else proven,
        contract_held=False if sure else None,
    )


def _statements(dead: _Dead) -> Iterator[Statement]:
    if dead.lock is not None:
        text = f"The lock file says that process {dead.pid} took it for a call"
        yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, (dead.lock["event_id"],))
    if dead.taken is not None and dead.last is not None:
        text = (
            f"Process {dead.pid} took the lock at {clock_time(dead.taken['ts'])}; the last record of that call is "
            f"{dead.last['tool']} at {clock_time(dead.last['ts'])}, and neither its end nor a release follows"
        )
        events = tuple(dict.fromkeys((dead.taken["event_id"], dead.last["event_id"])))
        yield Statement(Slot.WHY, Claim.DERIVED, text, events)
    if dead.cleared is not None:
        cited = (dead.cleared["event_id"],)
        text = f"The next voice server found process {dead.pid} dead and cleared its lock"
        yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, cited)
        if dead.taken is None:
            settled_by = (
                f"{VOICE_EVENTS}: a TOOL_REQUEST_END after the last CONCH_ACQUIRE of process {dead.pid}"
            )
            yield question(KEPT, settled_by, cited)
    elif dead.lock is not None:
        settled_by = (
            f"a list of processes from that moment (ps -p {dead.pid}): a voicemode server under that number"
        )
        yield question(COPIED, settled_by, (dead.lock["event_id"],))
    if dead.taken is not None:
        when = around((dead.last or dead.taken)["ts"])
        settled_by = (
            f"{MACHINE_LOG}: a kill of process {dead.pid} {when}; and the client's MCP log (mcp-logs-voicemode): how "
            "the connection closed"
        )
        yield question("What ended the process?", settled_by, (dead.taken["event_id"],))
