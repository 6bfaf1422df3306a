"""Which of the last records tell how a session ended: marks behind which no work was done, calls that stay open."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import polars as pl

from forensics.schema import (
    CUT_OFF,
    DEATHS,
    NOTES,
    Source,
    is_kind,
)
from forensics.schema import EventKind as K
from forensics.session.model.agents import STALL, AgentEnd, AgentLife
from forensics.session.model.deaths import FAILED

# records that say nothing of what the session was doing when it stopped
BOOKKEEPING = (
    K.OTHER, K.SESSION_META, K.CLOCK_ANCHOR, K.LOG_EDGE, K.PROCESS_LEFT, K.HOOK_RAN, K.BUDGET_ENDED, K.MCP_CONNECTION,
    K.RUN_START, K.TEAM_MEMBER, K.TEAM_MESSAGE,
)  # fmt: skip
# signs that a session went on: after a fatal text, and after an end that was stated
TAKEN_UP = (K.SESSION_START, K.USER_PROMPT)
AT_WORK = (*TAKEN_UP, K.ASSISTANT_MESSAGE, K.TOOL_CALL, K.TOOL_DISPATCH, K.AGENT_SPAWN)
# a command of the client's own and its output, or one of the user's shell: the model is not asked
COMMANDS = re.compile(r"\s*<(?:command-|local-command-|bash-|user-memory)|Caveat: The messages below")
# after these words the client waits for the user
DECLINED = re.compile(r"(?:Error: )?The user doesn't want to (?:proceed|take this action)")
BURST = timedelta(seconds=2)  # records this close to the last one belong to the end itself


def ids_of_kind(events: pl.DataFrame, kind: K) -> tuple[int, ...]:
    """Return the records of one kind."""
    return tuple(events.filter(pl.col("kind") == kind.value)["event_id"])


def of_kinds(events: pl.DataFrame, kinds: Sequence[K]) -> pl.DataFrame:
    """Return the rows of these kinds."""
    return events.filter(is_kind(kinds))


def final_marks(events: pl.DataFrame, marks: pl.DataFrame, work: Sequence[K]) -> tuple[int, ...]:
    """Return those of some records that no work follows: later in their own file, or by the clock in another.

    Ids are in the order of a file's lines and, in a line that holds a whole array, of its records.
    """
    later = of_kinds(events, work).select("file", "event_id", "ts")
    final = []
    for mark in marks.iter_rows(named=True):
        here = (pl.col("file") == mark["file"]) & (pl.col("event_id") > mark["event_id"])
        own_time = mark["ts"] if mark["ts_quality"] != "inferred" else None
        dated = pl.lit(value=False) if own_time is None else pl.col("ts") > own_time + BURST
        if later.filter(here | ((pl.col("file") != mark["file"]) & dated)).is_empty():
            final.append(int(mark["event_id"]))
    return tuple(final)


def final_deaths(events: pl.DataFrame, *, failed: bool) -> tuple[int, ...]:
    """Return what says that the process died, unless the session was taken up again after it.

    In a stream it stands between the run's records: one that a record follows was another program's, which the
    run had called.
    """
    is_failure = (pl.col("kind") == K.PROCESS_EXITED.value) & (pl.col("status") == FAILED)
    deaths = events.filter(is_kind(DEATHS) & (is_failure == pl.lit(failed)).fill_null(value=False))
    streamed = deaths["source"] == Source.TRANSCRIPT.value
    own = final_marks(events, deaths.filter(~streamed), TAKEN_UP)
    return (*own, *final_marks(events, deaths.filter(streamed), (*AT_WORK, K.TOOL_RESULT, K.RESULT)))


def last_process(events: pl.DataFrame) -> pl.DataFrame:
    """Return the debug records of the process that did something last: earlier ones ended before it began.

    What a resumed process says of its start stands in a file of its own, often without a pid.
    """
    debug = events.filter(pl.col("source") == Source.CLAUDE_DEBUG.value)
    pids = of_kinds(debug, (*AT_WORK, K.TURN_END, K.SESSION_END)).filter(
        pl.col("kind") != K.SESSION_START.value
    )
    last = pids["pid"].drop_nulls().tail(1)
    return debug.filter(pl.col("pid") == last.item()) if last.len() else debug


def open_agents(agents: Sequence[AgentLife], end: datetime | None) -> Iterator[int]:
    """Yield the spawns of agents in whose work the record stops: not of one that was silent for long before."""
    for agent in agents:
        seen = agent.last_seen or agent.start
        if agent.outcome is not AgentEnd.UNFINISHED or agent.spawn_event is None:
            continue
        if agent.background and (seen is None or end is None or end - seen < STALL):
            yield agent.spawn_event


def spoken_of(events: pl.DataFrame) -> pl.DataFrame:
    """Return what the main agent's transcript says, without bookkeeping and what only the client is told."""
    told = (pl.col("kind") == K.USER_PROMPT.value) & pl.col("message").str.contains(
        f"^(?:{COMMANDS.pattern})"
    )
    return events.filter(
        (pl.col("source") == Source.TRANSCRIPT.value)
        & pl.col("agent_id").is_null()
        & ~is_kind(BOOKKEEPING)
        & ~told.fill_null(value=False)
    )


def final_interrupt(events: pl.DataFrame) -> int | None:
    """Return the user's interrupt, if nothing was said after it."""
    spoken = spoken_of(events).filter(pl.col("kind") != K.TOOL_RESULT.value)
    last = spoken.sort("ts", "event_id", nulls_last=False).tail(1)
    return int(last["event_id"][0]) if last.height and last["kind"][0] == K.USER_INTERRUPT.value else None


def final_api_error(events: pl.DataFrame) -> int | None:
    """Return the failed request that ended the last turn, if nothing was said after it."""
    last = spoken_of(events).tail(1)
    final = last.height and last["kind"][0] == K.API_ERROR.value and last["component"][0] == "final"
    return int(last["event_id"][0]) if final else None


def unanswered_turn(events: pl.DataFrame) -> int | None:
    """Return the call's result with which the main agent's record ends, though the model is asked after it.

    Not one that the user refused or cut short: after it the client waits for the user.
    """
    last = spoken_of(events).tail(1)
    if last.is_empty() or last["kind"][0] != K.TOOL_RESULT.value or last["status"][0] == "interrupted":
        return None
    return None if DECLINED.match(last["message"][0] or "") else int(last["event_id"][0])


def unended_stream(events: pl.DataFrame) -> int | None:
    """Return the start of the last headless run of a stream that stops without a result."""
    last = events.filter((pl.col("kind") == K.SESSION_START.value) & (pl.col("status") == "init")).tail(1)
    if last.is_empty():
        return None
    behind = (pl.col("file") == last["file"][0]) & (pl.col("event_id") > last["event_id"][0])
    ended = events.filter((pl.col("kind") == K.RESULT.value) & behind).height
    return None if ended else int(last["event_id"][0])


def stopped_retrying(events: pl.DataFrame) -> str | None:
    """Name the failed try at the model API behind which the record stops: its turn was open."""
    last = spoken_of(events).tail(1)
    if last.is_empty() or last["kind"][0] != K.API_ERROR.value or last["component"][0] != "attempt":
        return None
    nth, most = last["count"][0], last["total"][0]
    which = ("" if nth is None else f" {nth}") + ("" if nth is None or most is None else f" of {most}")
    return (
        f"the record stops in an open turn, behind retry{which} of a request to the model API: no shutdown line, "
        "no result record, no open call"
    )


def is_voice_only(events: pl.DataFrame) -> bool:
    """Say whether no client session is meant, but a voice server's process."""
    return bool(events["session_id"].head(1).str.starts_with("voice:").any())


def cut_lines(events: pl.DataFrame) -> tuple[int, ...]:
    """Return where the main agent's transcript stops inside a line: what that line said is not known."""
    cut = events.filter((pl.col("kind") == K.DAMAGED.value) & (pl.col("component") == CUT_OFF))
    if cut.is_empty():
        return ()
    last = spoken_of(events.filter(~is_kind(NOTES)))["file"].tail(1)
    return tuple(cut.filter(pl.col("file").is_in(last.to_list()))["event_id"])


def silence_before(dated: pl.DataFrame) -> tuple[float | None, int | None]:
    """Measure the silence before the last moment; records that only inherit that moment are part of it."""
    own = dated.filter(pl.col("ts_quality") != "inferred").select("event_id", "ts")
    if own.is_empty():
        return None, None
    earlier = own.filter(pl.col("ts") < own["ts"][-1] - BURST).tail(1)
    if earlier.is_empty():
        return None, None
    end = own.filter(pl.col("ts") > earlier["ts"][0]).head(1)
    gap = (end["ts"][0] - earlier["ts"][0]).total_seconds()
    return round(gap, 3), int(earlier["event_id"][0])


def cut_in_voice_call(events: pl.DataFrame) -> int | None:
    """Without a client's log: return the voice call inside which the event log stops."""
    if not is_voice_only(events):
        return None
    calls = of_kinds(events, (K.VOICE_CALL_BEGIN, K.VOICE_CALL_END)).sort("ts", "event_id").tail(1)
    cut = calls.height and calls["kind"][0] == K.VOICE_CALL_BEGIN.value
    return int(calls["event_id"][0]) if cut else None
