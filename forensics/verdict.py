"""How a session ended, with the proof. Only CRASHED may be titled a crash.

Precedence: fatal text > interrupt marker > open call or agent > error result > clean end line > nothing.
A clean end line with an open call is TRUNCATED: SIGTERM looks so in every client version recorded. A
killed process and Ctrl-C with ``-p`` cannot be told apart up to 2.1.19; both leave open calls and no end line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import polars as pl

from forensics.agents import AgentEnd, AgentLife
from forensics.schema import EventKind, Source


class Verdict(StrEnum):
    """The closed list of endings."""

    CLEAN = "CLEAN"
    ERROR_RESULT = "ERROR_RESULT"
    INTERRUPTED = "INTERRUPTED"
    CRASHED = "CRASHED"
    KILLED = "KILLED"
    TRUNCATED = "TRUNCATED"
    NEVER_STARTED = "NEVER_STARTED"
    UNKNOWN = "UNKNOWN"


ABNORMAL = frozenset({Verdict.CRASHED, Verdict.KILLED, Verdict.TRUNCATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The verdict, the records that prove it, and the silence before the last record."""

    verdict: Verdict
    proof: str
    cites: tuple[int, ...]
    open_calls: tuple[int, ...]  # event ids of calls without an answer, spawns included
    last_event: int | None
    last_ts: datetime | None
    gap_s: float | None  # seconds between the last record and the one before it, over all sources
    gap_from: int | None  # the record before the gap


CALLS = (
    EventKind.TOOL_CALL,
    EventKind.AGENT_SPAWN,
    EventKind.TODO_SNAPSHOT,
    EventKind.TASK_CREATE,
    EventKind.TASK_UPDATE,
)
ANSWERS = (EventKind.TOOL_RESULT, EventKind.AGENT_LAUNCHED)
# records that say nothing of what the session was doing when it stopped
BOOKKEEPING = (
    EventKind.OTHER,
    EventKind.SESSION_META,
    EventKind.CLOCK_ANCHOR,
    EventKind.LOG_EDGE,
    EventKind.PROCESS_LEFT,
)


def judge_ending(events: pl.DataFrame, agents: Sequence[AgentLife]) -> Ending:
    """Judge from one session's events, sorted by time."""
    verdict, proof, cites, unanswered = _judge(events, agents)
    dated = events.filter(pl.col("ts").is_not_null() & (pl.col("kind") != EventKind.PROCESS_LEFT.value))
    last = dated.tail(1)
    gap, before = _silence(dated)
    return Ending(
        verdict=verdict,
        proof=proof,
        cites=cites,
        open_calls=unanswered,
        last_event=last["event_id"][0] if last.height else None,
        last_ts=last["ts"][0] if last.height else None,
        gap_s=gap,
        gap_from=before,
    )


def _silence(dated: pl.DataFrame) -> tuple[float | None, int | None]:
    """Measure the silence before the last moment; records that only inherit that moment are part of it."""
    own = dated.filter(pl.col("ts_quality") != "inferred")
    if own.height < 2:  # noqa: PLR2004 - a gap lies between two records
        return None, None
    moments = own.select("event_id", "ts").with_columns(
        gap=pl.col("ts").diff().dt.total_milliseconds() / 1000
    )
    # records within two seconds of the end are one burst
    tail = moments.filter(pl.col("ts") >= own["ts"][-1] - pl.duration(seconds=2))
    first = tail.head(1)
    gap = first["gap"][0]
    index = moments.height - tail.height - 1
    return (round(gap, 3), moments["event_id"][index]) if gap is not None and index >= 0 else (None, None)


def _judge(
    events: pl.DataFrame, agents: Sequence[AgentLife]
) -> tuple[Verdict, str, tuple[int, ...], tuple[int, ...]]:
    unanswered = _open_calls(events)
    fatal = _ids(events, EventKind.PROCESS_FATAL)
    if fatal:
        return Verdict.CRASHED, "the process printed a fatal error", fatal[-1:], unanswered
    process = _last_process(events)
    interrupt = _final_interrupt(events)
    if interrupt is not None:
        return (
            Verdict.INTERRUPTED,
            "the last thing in the record is the user's interrupt",
            (interrupt,),
            unanswered,
        )
    ends = _ids(process, EventKind.SESSION_END)
    orphans = tuple(
        a.spawn_event for a in agents if a.outcome is AgentEnd.UNFINISHED and a.spawn_event is not None
    )
    opened = tuple(sorted({*unanswered, *orphans}))
    if opened or _cut_in_voice_call(events):
        return (Verdict.TRUNCATED, *_truncated(events, process, opened, ends), unanswered)
    result = events.filter(pl.col("kind") == EventKind.RESULT.value).tail(1)
    if result.height:
        failed = result["status"][0] != "success"
        kind = Verdict.ERROR_RESULT if failed else Verdict.CLEAN
        return kind, f"the run's result record says {result['status'][0]}", (result["event_id"][0],), ()
    error = _final_api_error(events)
    if error is not None:
        return Verdict.ERROR_RESULT, "the last answer is an API error", (error, *ends[-1:]), ()
    if ends:
        return Verdict.CLEAN, "the client logged its shutdown and no call was open", ends[-2:], ()
    return (Verdict.UNKNOWN, *_unknown(events), ())


def _ids(events: pl.DataFrame, kind: EventKind) -> tuple[int, ...]:
    return tuple(events.filter(pl.col("kind") == kind.value)["event_id"])


def _last_process(events: pl.DataFrame) -> pl.DataFrame:
    """Return the debug records of the session's last process: earlier ones ended before it began."""
    debug = events.filter(pl.col("source") == Source.CLAUDE_DEBUG.value)
    pids = debug.filter(pl.col("kind") == EventKind.SESSION_START.value)["pid"].drop_nulls()
    return debug.filter(pl.col("pid") == pids[-1]) if len(pids) else debug


def _open_calls(events: pl.DataFrame) -> tuple[int, ...]:
    """Return the transcript's calls that were never answered."""
    kind = pl.col("kind").cast(pl.String)
    told = events.filter(pl.col("source") == Source.TRANSCRIPT.value)
    calls = told.filter(kind.is_in([k.value for k in CALLS]))
    answers = told.filter(kind.is_in([k.value for k in ANSWERS]))
    return tuple(calls.join(answers, on="correlation_id", how="anti", maintain_order="left")["event_id"])


def _spoken(events: pl.DataFrame) -> pl.DataFrame:
    """Return what the main agent's transcript says, without bookkeeping."""
    return events.filter(
        (pl.col("source") == Source.TRANSCRIPT.value)
        & pl.col("agent_id").is_null()
        & ~pl.col("kind").cast(pl.String).is_in([k.value for k in BOOKKEEPING])
    )


def _final_interrupt(events: pl.DataFrame) -> int | None:
    spoken = _spoken(events).filter(pl.col("kind") != EventKind.TOOL_RESULT.value)
    last = spoken.sort("ts", "event_id", nulls_last=False).tail(1)
    return last["event_id"][0] if last.height and last["kind"][0] == EventKind.USER_INTERRUPT.value else None


def _final_api_error(events: pl.DataFrame) -> int | None:
    last = _spoken(events).tail(1)
    final = last.height and last["kind"][0] == EventKind.API_ERROR.value and last["component"][0] == "final"
    return last["event_id"][0] if final else None


def _cut_in_voice_call(events: pl.DataFrame) -> bool:
    """Without a client's log: say whether the voice record stops inside a call."""
    if not events["session_id"].head(1).str.starts_with("voice:").any():
        return False
    begun = events.filter(pl.col("kind") == EventKind.VOICE_CALL_BEGIN.value).height
    ended = events.filter(pl.col("kind") == EventKind.VOICE_CALL_END.value).height
    return begun > ended


def _truncated(
    events: pl.DataFrame, process: pl.DataFrame, opened: tuple[int, ...], ends: tuple[int, ...]
) -> tuple[str, tuple[int, ...]]:
    left = _ids(events, EventKind.PROCESS_LEFT)
    last = _ids(process, EventKind.LOG_EDGE)[-1:]
    if not opened:
        calls = _ids(events, EventKind.VOICE_CALL_BEGIN)
        return "the voice record stops inside a call, and no fatal error is in the evidence", calls[-1:]
    text = f"the record stops with {len(opened)} call{'s' if len(opened) > 1 else ''} open"
    if ends:
        text += ", although the client logged its shutdown (a termination signal looks so)"
    elif process.height:
        text += ", without a shutdown line"
    if left:
        text += "; a trace that an orderly end removes was left behind"
    return f"{text}; no fatal error is in the evidence", (*opened, *(ends[-1:] or last), *left)


def _unknown(events: pl.DataFrame) -> tuple[str, tuple[int, ...]]:
    last = events.filter(pl.col("kind") != EventKind.PROCESS_LEFT.value).tail(1)
    cites = tuple(last["event_id"]) + _ids(events, EventKind.PROCESS_LEFT)
    if events["session_id"].head(1).str.starts_with("voice:").any():
        return "the voice server prints no stop line; the record simply ends", cites
    return "the record simply ends: no shutdown line, no result record, no open call", cites
