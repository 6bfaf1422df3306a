"""What witnesses say of the end: the process itself, its shell, the job's runner, the kernel, its host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Row, Source
from forensics.text.durations import duration

# who is believed first: who saw it, and names the process
RANK = ("runtime", "kernel", "systemd", "shell", "host", "runner")
SPEAKERS = {
    "kernel": "the kernel",
    "systemd": "systemd",
    "shell": "the shell",
    "host": "the program that ran it",
    "runner": "the job's runner",
}
HOW = {
    "crashed": "crashed",
    "killed": "was killed",
    "interrupted": "was interrupted",
    "failed": "failed",
}
FROM_SIGNAL, LAST_SIGNAL = 128, 64
QUOTED = 200  # characters of a witness's words
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Told:
    """One session's death, by the witness that says most; the others are cited beside it."""

    how: str  # crashed, killed, interrupted, failed
    proof: str
    cites: tuple[int, ...]
    is_client: bool  # a terminal's text may be another program's


def death_of(events: pl.DataFrame, final: Sequence[int]) -> Told | None:
    """Return the death that the ``final`` ones among the witnesses' records tell."""
    told = events.filter(pl.col("event_id").is_in(list(final))).rows(named=True)
    if not told:
        return None
    said, *others = sorted(told, key=_weight)
    crashed = said["kind"] == K.PROCESS_FATAL.value
    state = _state(events, said)
    more = [row["event_id"] for row in (*state, *others)]
    return Told(
        how="crashed" if crashed else said["status"],
        proof=_proof(said, state),
        cites=(said["event_id"], *more),
        is_client=said["source"] != Source.CONSOLE.value or said["component"] is not None,
    )


def _weight(row: Row) -> tuple[bool, bool, int, int]:
    """Order witnesses: those who tell of a death, by who they are, the first line first."""
    rank = RANK.index(row["tool"]) if row["tool"] in RANK else 0
    return (row["component"] is None, row["status"] == FAILED, rank, row["event_id"])


def _state(events: pl.DataFrame, said: Row) -> list[Row]:
    """Return what the runtime prints of the process beside its last words."""
    beside = (pl.col("kind") == K.PROCESS_STATE.value) & (pl.col("file") == said["file"])
    above = events.filter(beside & (pl.col("line") < said["line"])).sort("line").tail(2)
    return above.rows(named=True)


def _proof(said: Row, state: Sequence[Row]) -> str:
    words = _quoted(said["message"] or said["status"])
    if said["tool"] not in SPEAKERS:
        ran = next((row["duration_ms"] for row in state if row["duration_ms"] is not None), None)
        up = "" if ran is None else f", {duration(ran / 1000, digits=0)} after it started"
        memory = "; ".join(row["status"] for row in state if row["duration_ms"] is None)
        return f"the process printed a fatal error{words}{up}" + (f" ({memory})" if memory else "")
    how = "crashed" if said["kind"] == K.PROCESS_FATAL.value else said["status"]
    return f"{SPEAKERS[said['tool']]} says that the process {HOW[how]}{words}{_signal(said['count'])}"


def _quoted(words: str | None) -> str:
    if not words:
        return ""
    return f": “{words[:QUOTED]}…”" if len(words) > QUOTED else f": “{words}”"


def _signal(code: int | None) -> str:
    is_signal = code is not None and FROM_SIGNAL < code <= FROM_SIGNAL + LAST_SIGNAL
    return f" (signal {code - FROM_SIGNAL})" if code is not None and is_signal else ""
