"""How a session ended, with the proof. Only CRASHED may be titled a crash.

Precedence: a witness's word of the process's death > interrupt marker > open call or agent > error result > clean
end line > nothing.
A clean end line with an open call is TRUNCATED: SIGTERM looks so in every client version recorded. A
killed process and Ctrl-C with ``-p`` cannot be told apart up to 2.1.19; both leave open calls and no end line.
A call counts as open where the record stops inside it: an unanswered call that its agent went on after (a
server tool, a branch that was left) says nothing of the end. KILLED needs evidence from outside (an exit code, a
shell's message), and so would NEVER_STARTED: no log of the client or the voice server carries it. A record that
stops while a person is asked, or inside a call that copies the logs, is not cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import polars as pl

from forensics.schema import (
    DEATHS,
    IN_A_CALL,
    NOTES,
    RESULT_SAYS,
    SHUTDOWN,
    Row,
    Source,
    Tells,
    is_kind,
    telling,
)
from forensics.schema import EventKind as K
from forensics.session.model.agents import AgentLife
from forensics.session.model.deaths import FAILED, death_of
from forensics.session.model.last_records import (
    AT_WORK,
    cut_in_voice_call,
    cut_lines,
    final_api_error,
    final_deaths,
    final_interrupt,
    final_marks,
    ids_of_kind,
    is_voice_only,
    last_process,
    of_kinds,
    open_agents,
    silence_before,
    stopped_retrying,
    unanswered_turn,
    unended_stream,
)
from forensics.session.model.open_calls import cut_writes, open_calls
from forensics.session.model.pauses import Pause, folder_of, pause_of
from forensics.text.lengths import shortened


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


DIED = (Verdict.CRASHED, Verdict.KILLED, Verdict.TRUNCATED)  # nobody ended it on purpose
ORDERLY = (Verdict.CLEAN, Verdict.ERROR_RESULT, Verdict.INTERRUPTED)  # the client ended, and says how


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
    pause: Pause | None = None  # why nothing need have been cut off where the record stops


# whole logs of these tell how a session ended, whatever excerpts stand beside them
TELLING = telling(Tells.END)
SOMEBODYS = "{proof}; nothing in this capture says that it was Claude Code"
BY_DEATH = {
    "crashed": Verdict.CRASHED,
    "killed": Verdict.KILLED,
    "interrupted": Verdict.INTERRUPTED,
    FAILED: Verdict.ERROR_RESULT,
}
ASKS = "the record stops at a question to the user: the client waits for an answer ({tools})"
COPIES = (
    "the record stops inside a call that copies files ({tools}): it may be a copy made by that call, "
    "and the session need not have ended there"
)
NO_DEATH = "; no fatal error is in the session's records"
EXCERPT = "the evidence is an excerpt: where it stops says nothing of the end"
OUTPUT_SAYS = "the run's output says {status}"
RECORD_SAYS = "the run's result record says {status}"
LAST_FAILED = "the last answer is an API error"
SHUT_DOWN = "the client logged its shutdown and no call was open"
SHUT_INSIDE = "the client logged its shutdown inside a turn"
UNANSWERED = "the main agent's last record is a call's result that the model has not answered"
NO_RESULT = "the headless run's stream stops without a result record"
SIMPLY_ENDS = "the record simply ends: no shutdown line, no result record, no open call"
ENDS_IN_A_LINE = (
    "the last line is cut off, so whether a call was open is not known; no shutdown line, no result record"
)
MAY_BE_ANSWER = "the last line is cut off, and may have been an answer"
COMMAND_SHOWN = 120  # characters of the calls inside which a record stops
REASON_KEPT = 160  # characters of a record's own words in a headline


@dataclass(frozen=True, slots=True)
class _Judgement:
    verdict: Verdict
    proof: str
    cites: tuple[int, ...]
    unanswered: tuple[int, ...] = ()
    pause: Pause | None = None


def judge_ending(
    events: pl.DataFrame, agents: Sequence[AgentLife], excerpts: frozenset[int] = frozenset()
) -> Ending:
    """Judge from one session's events, sorted by time.

    Only what a line itself states is drawn from ``excerpts``, files that are not whole: where they stop is
    where somebody stopped copying.
    """
    cut = cut_lines(events)
    events = events.filter(~is_kind(NOTES))
    dated = events.filter(pl.col("ts").is_not_null() & (pl.col("kind") != K.PROCESS_LEFT.value))
    last = dated.tail(1)
    whole = events.filter(~pl.col("file").is_in(list(excerpts))) if excerpts else events
    if any(source in whole["source"] for source in TELLING) or whole.height == events.height:
        judged = _judge(events, whole, agents, last["ts"][0] if last.height else None)
        judged = _at_cut_line(judged, cut)
    else:
        judged = _of_excerpt(events)
    gap, before = silence_before(dated) if whole.height == events.height else (None, None)
    return Ending(
        verdict=judged.verdict,
        proof=judged.proof,
        cites=judged.cites,
        open_calls=judged.unanswered,
        last_event=last["event_id"][0] if last.height else None,
        last_ts=last["ts"][0] if last.height else None,
        gap_s=gap,
        gap_from=before,
        pause=judged.pause,
    )


def _died(events: pl.DataFrame, unanswered: tuple[int, ...], *, failed: bool = False) -> _Judgement | None:
    """Judge by who says that the client died; a plain failure (``failed``) counts only where nothing states an end."""
    told = death_of(events, final_deaths(events, failed=failed))
    if told is None or not told.is_client:
        return None
    return _Judgement(BY_DEATH[told.how], told.proof, told.cites, unanswered)


def _somebody_died(events: pl.DataFrame) -> _Judgement | None:
    """Say of a death in a terminal's text that names no client that another program may be its author."""
    told = death_of(events, final_deaths(events, failed=False))
    if told is None:
        return None
    return _Judgement(Verdict.UNKNOWN, SOMEBODYS.format(proof=told.proof), told.cites)


def _of_excerpt(events: pl.DataFrame) -> _Judgement:
    """Return what a line of an excerpt itself states: the process's death, or the run's result."""
    stated = _died(events, ()) or _result(events) or _died(events, (), failed=True)
    return (
        stated
        or _failed_on_screen(events)
        or _somebody_died(events)
        or _Judgement(Verdict.UNKNOWN, EXCERPT, tuple(events.tail(1)["event_id"]))
    )


def _failed_on_screen(events: pl.DataFrame) -> _Judgement | None:
    """Return the verdict where the last thing that a screen shows is a request that failed for good."""
    last = events.filter((pl.col("source") == Source.CONSOLE.value) & ~is_kind(NOTES)).tail(1)
    if last.is_empty() or (last["kind"][0], last["component"][0]) != (K.API_ERROR.value, "final"):
        return None
    told = ": ".join(filter(None, (LAST_FAILED, _quoted(str(last["message"][0] or "")))))
    return _Judgement(Verdict.ERROR_RESULT, told, (last["event_id"][0],))


def _judge(
    events: pl.DataFrame, whole: pl.DataFrame, agents: Sequence[AgentLife], end: datetime | None
) -> _Judgement:
    """Judge by the ``whole`` logs among all ``events``."""
    unanswered = open_calls(whole, agents)
    died = _died(events, unanswered)
    if died is not None:
        return died
    interrupt = final_interrupt(whole)
    if interrupt is not None:
        said = events.row(by_predicate=pl.col("event_id") == interrupt, named=True)
        whose = (
            "an interrupt by the client's shutdown"
            if said["component"] == SHUTDOWN
            else "the user's interrupt"
        )
        text = f"the main agent's record ends with {whose}"
        return _Judgement(Verdict.INTERRUPTED, text, (interrupt,), unanswered)
    process = last_process(whole)
    marks = process if not process.is_empty() else last_process(events)
    ends = final_marks(events, marks.filter(pl.col("kind") == K.SESSION_END.value), AT_WORK)
    # a background agent may outlive a transcript; the client's own log or what it left says that the record ended
    over = not process.is_empty() or bool(ids_of_kind(events, K.PROCESS_LEFT))
    if over:
        # with -p, 2.0.69 and 2.1.19 end with the main turn and abort the background agents: an orderly end
        aborted = bool(ends) and bool(ids_of_kind(process, K.TURN_END))
        opened = tuple(sorted({*unanswered, *(() if aborted else open_agents(agents, end))}))
    else:
        away = [a.agent_id for a in agents if a.background]
        of_others = events.filter(pl.col("agent_id").is_in(away))["event_id"]
        outlive = set(of_others) - cut_writes(whole, unanswered, away)
        opened = unanswered = tuple(c for c in unanswered if c not in outlive)
    cut = cut_in_voice_call(whole)
    pause = _paused(whole, opened, unanswered)
    if pause is not None:
        return pause
    failed = _result(events)
    if failed is not None and failed.verdict is Verdict.ERROR_RESULT:  # with its budget spent, inside a call
        return replace(failed, unanswered=unanswered)
    if opened or cut is not None:
        text, cites = _truncated(events, process, opened, ends) if opened else _voice_cut(events, cut)
        return _Judgement(Verdict.TRUNCATED, text, cites, unanswered)
    halted = _halted(whole, ends)
    stated = _stated(events, whole, ends) or (_shut_down(ends) if halted is None else None)
    died = stated or _died(events, unanswered, failed=True) or halted
    return died or _somebody_died(events) or _unknown(events)


def _paused(events: pl.DataFrame, opened: tuple[int, ...], unanswered: tuple[int, ...]) -> _Judgement | None:
    """Return the verdict where the calls that are open say themselves why the record stops there."""
    calls = events.filter(pl.col("event_id").is_in(list(opened))).rows(named=True)
    pause = pause_of(calls, folder_of(events)) if len(calls) == len(opened) else None
    if pause is None:
        return None
    tools = ", ".join(dict.fromkeys(call["command"] or call["tool"] for call in calls))
    text = (ASKS if pause is Pause.ASKS else COPIES).format(tools=tools[:COMMAND_SHOWN])
    return _Judgement(Verdict.UNKNOWN, text, opened, unanswered, pause)


def _result(events: pl.DataFrame) -> _Judgement | None:
    results = events.filter(pl.col("kind") == K.RESULT.value)
    own = results.filter(pl.col("source") != Source.CONSOLE.value)
    results = (
        results if own.is_empty() else own
    )  # what a terminal kept beside a record's result is not that run's
    result = results.filter(pl.col("event_id").is_in(final_marks(events, results, AT_WORK))).tail(1)
    if result.is_empty():
        return None
    row = result.row(0, named=True)
    verdict = Verdict.CLEAN if row["status"] == "success" else Verdict.ERROR_RESULT
    says = OUTPUT_SAYS if row["source"] == Source.CONSOLE.value else RECORD_SAYS
    told = ": ".join(filter(None, (says.format(status=row["status"]), _quoted(reason_of(row)))))
    return _Judgement(verdict, told, (row["event_id"],))


def reason_of(result: Row) -> str:
    """Return the reason that a run's result gives, in the record's own words; empty where it gives none."""
    return str(result["message"]).removeprefix(f"{RESULT_SAYS}{result['status']}").removeprefix(": ")


def _quoted(words: str) -> str:
    """Return the first line of a record's own words, as far as a headline has room for it."""
    line = shortened(words.strip().partition("\n")[0], REASON_KEPT)
    return f"“{line}”" if line else ""


def _stated(events: pl.DataFrame, whole: pl.DataFrame, ends: tuple[int, ...]) -> _Judgement | None:
    """Return the verdict where the conversation states its end: a result record, an error as last answer, a budget."""
    stated = _result(events)
    if stated is not None:
        return stated
    error = final_api_error(whole)
    if error is not None:
        said = _quoted(str(events.row(by_predicate=pl.col("event_id") == error, named=True)["message"] or ""))
        text = ": ".join(filter(None, (LAST_FAILED, said)))
        return _Judgement(Verdict.ERROR_RESULT, text, (error, *ends[-1:]))
    spent = _spent(whole)
    if spent is not None:
        return replace(spent, cites=(*spent.cites, *ends[-1:]))
    return None


def _shut_down(ends: tuple[int, ...]) -> _Judgement | None:
    """Return the verdict where the client says that it ended, and nothing speaks against it."""
    return _Judgement(Verdict.CLEAN, SHUT_DOWN, ends[-2:]) if ends else None


def _halted(events: pl.DataFrame, ends: tuple[int, ...]) -> _Judgement | None:
    """Return the verdict where no call is open, and still the run did not come to its end.

    A signal lets the client answer its open calls and log its shutdown: what is missing is the model's answer to
    them (2.1.332), and the result with which every headless stream ends.
    """
    waiting, started = unanswered_turn(events), unended_stream(events)
    if started is None and (waiting is None or not ends):
        return None
    asked = "" if waiting is None else UNANSWERED
    if waiting is not None:
        said = events.row(by_predicate=pl.col("event_id") == waiting, named=True)
        asked = ": ".join(filter(None, (UNANSWERED, _quoted(str(said["message"] or "")))))
    text = NO_RESULT if started is not None else SHUT_INSIDE
    cites = (started, waiting, *ends[-1:])
    return _Judgement(
        Verdict.TRUNCATED, "; ".join(filter(None, (text, asked))), tuple(c for c in cites if c is not None)
    )


def _spent(events: pl.DataFrame) -> _Judgement | None:
    """Return the verdict where the main agent's record ends with what it was allowed: turns, or a budget."""
    marks = events.filter((pl.col("kind") == K.BUDGET_ENDED.value) & pl.col("agent_id").is_null())
    last = marks.filter(pl.col("event_id").is_in(final_marks(events, marks, AT_WORK))).tail(1)
    if last.is_empty():
        return None
    text = f"the main agent's record ends with its budget: {last['message'][0]}"
    return _Judgement(Verdict.ERROR_RESULT, text, (last["event_id"][0],))


def _voice_cut(events: pl.DataFrame, call: int | None) -> tuple[str, tuple[int, ...]]:
    """Say that the record stops inside a call; the lock that its end would have removed is further proof."""
    begun = events.filter(pl.col("event_id") == call)["ts"]
    taken = (pl.col("kind") == K.VOICE_LOCK_LEFT.value) & (pl.col("status") == IN_A_CALL)
    left = tuple(events.filter(taken & (pl.col("ts") >= begun.max()))["event_id"])
    text = "the voice record stops inside a call"
    if left:
        text += ", and the lock that the call's end removes is still there"
    return f"{text}{_no_death(events)}", (*(() if call is None else (call,)), *left)


def _no_death(events: pl.DataFrame) -> str:
    """Say that no witness tells of a death: not where one does, whichever run's it was."""
    return "" if of_kinds(events, DEATHS).height else NO_DEATH


def _truncated(
    events: pl.DataFrame, process: pl.DataFrame, opened: tuple[int, ...], ends: tuple[int, ...]
) -> tuple[str, tuple[int, ...]]:
    left = ids_of_kind(events, K.PROCESS_LEFT)
    last = ids_of_kind(process, K.LOG_EDGE)[-1:]
    text = f"the record stops with {len(opened)} call{'s' if len(opened) > 1 else ''} open"
    if ends:
        text += ", although the client logged its shutdown (a termination signal looks so)"
    elif process.height:
        text += ", without a shutdown line"
    if left:
        names = events.filter(pl.col("event_id").is_in(left))["status"].drop_nulls().unique().sort()
        text += f"; what an orderly end removes was left behind: {', '.join(names)}"
    return f"{text}{_no_death(events)}", (*opened, *(ends[-1:] or last), *left)


def _at_cut_line(judged: _Judgement, cut: tuple[int, ...]) -> _Judgement:
    """Say of an end that rests on what the record lacks that its last line, which may be that, is cut off."""
    cites = (*judged.cites, *cut)
    if cut and judged.proof == SIMPLY_ENDS:
        return replace(judged, proof=ENDS_IN_A_LINE, cites=cites)
    if cut and judged.verdict is Verdict.TRUNCATED:
        return replace(judged, proof=f"{judged.proof}; {MAY_BE_ANSWER}", cites=cites)
    return judged


def _unknown(events: pl.DataFrame) -> _Judgement:
    last = events.filter(pl.col("kind") != K.PROCESS_LEFT.value).tail(1)
    cites = tuple(last["event_id"]) + ids_of_kind(events, K.PROCESS_LEFT)
    text = stopped_retrying(events) or SIMPLY_ENDS
    if Source.TRANSCRIPT.value not in events["source"]:
        text = (
            "the record simply ends: no shutdown line; whether a call was open, only a transcript would tell"
        )
    if is_voice_only(events):
        text = "the voice server prints no stop line; the record simply ends"
    return _Judgement(Verdict.UNKNOWN, text, cites)
