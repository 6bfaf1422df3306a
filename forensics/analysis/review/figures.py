"""The impact in numbers: what was left, lost or waited for. A number that is zero is no figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from forensics.analysis.review.basis import SHOWN, Basis, of_all
from forensics.analysis.review.requests import distinct
from forensics.analysis.review.sequence import seconds_after
from forensics.analysis.review.shape import Figure
from forensics.schema import CONVERSE, SERVICES, Row, Source, is_kind
from forensics.schema import EventKind as K
from forensics.schema.finding import Claim
from forensics.session.agents.overlap import spawned
from forensics.session.lists.todo_lists import BUSY, open_items
from forensics.session.model.agents import AgentEnd
from forensics.session.model.case import Case
from forensics.session.model.ending import Verdict
from forensics.session.model.last_records import COMMANDS, cut_lines
from forensics.session.model.speech import SpeechRequest
from forensics.session.services.api_failures import API_ANSWERED, failures, is_still_trying
from forensics.session.speech.results import failed_results
from forensics.session.turns.open_turns import silence_before_end
from forensics.session.turns.silences import LONG_S
from forensics.session.work.open_work import agents_out, unexplained_writes
from forensics.session.work.possible_writes import possible_writes
from forensics.text.durations import span_text

CHECKPOINT, ORPHANED, TIMED_OUT = "CCF304", "CCF403", "CCF204"
MODEL_API = "model API"


def figures_of(basis: Basis) -> Iterator[Figure]:
    """Yield the numbers of one session's impact: work, agents, calls, services, waiting, what was spent."""
    yield from _todos(basis)
    yield from _agents(basis)
    yield from _calls(basis)
    yield from _prompts(basis)
    yield from _files(basis)
    yield from _speech(basis)
    yield from _voice_calls(basis)
    yield from _api(basis)
    yield from _timed_out(basis)
    yield from _still_trying(basis)
    yield from _silence(basis)
    yield from _tokens(basis)


def _todos(basis: Basis) -> Iterator[Figure]:
    items = open_items(basis.case)
    if items:
        states = Counter(i.status for i in items)
        told = [f"{states[BUSY]} in progress"] if states[BUSY] else []
        rest = len(items) - states[BUSY]
        told += [f"{rest} pending"] if rest else []
        yield basis.figure("todo items left open", ", ".join(told), Claim.DERIVED, (i.event for i in items))


def _agents(basis: Basis) -> Iterator[Figure]:
    started = spawned(basis.case)
    out = agents_out(basis.case)
    ends = {end: [a for a in started if a.outcome is end] for end in (AgentEnd.STOPPED, AgentEnd.FAILED)}
    for name, found in (
        ("agents without a result", out),
        ("agents stopped before they returned", ends[AgentEnd.STOPPED]),
        ("agents that ended in an error", ends[AgentEnd.FAILED]),
    ):
        shown = [a.spawn_event if a.end_event is None else a.end_event for a in found]
        events = [e for e in shown if e is not None]
        if events:
            yield basis.figure(name, of_all(len(found), len(started)), Claim.DERIVED, events)


def _calls(basis: Basis) -> Iterator[Figure]:
    spawns = {a.spawn_event for a in basis.case.agents}
    opened = [call for call in basis.case.ending.open_calls if call not in spawns]
    if opened:
        yield basis.figure("tool calls never answered", str(len(opened)), Claim.DERIVED, opened)


def _prompts(basis: Basis) -> Iterator[Figure]:
    prompts = list(_turns(basis.case))
    missed = [prompt for prompt, answered in prompts if not answered]
    if missed:
        yield basis.figure(
            "prompts without an answer", of_all(len(missed), len(prompts)), Claim.DERIVED, missed
        )


def _turns(case: Case) -> Iterator[tuple[int, bool]]:
    """Yield the user's prompts, and whether any was left without an answer: by an error, or by the record's end."""
    told = (pl.col("source") == Source.TRANSCRIPT.value) & pl.col("agent_id").is_null()
    rows = case.of(K.USER_PROMPT, K.USER_INTERRUPT, K.API_ERROR, K.COMPACTION, *API_ANSWERED).filter(told)
    if case.is_partly_told(rows):
        return
    turn: list[Row] = []
    for row in rows.iter_rows(named=True):
        if row["kind"] == K.USER_PROMPT.value:
            yield from _turn(turn, at_end=False)
            turn = []
        turn.append(row)
    at_end = case.ending.verdict is not Verdict.CLEAN and not cut_lines(case.events)
    yield from _turn(turn, at_end=at_end)


def _turn(turn: Sequence[Row], *, at_end: bool) -> Iterator[tuple[int, bool]]:
    if not turn or turn[0]["kind"] != K.USER_PROMPT.value or COMMANDS.match(turn[0]["message"] or ""):
        return
    kinds = {row["kind"] for row in turn}
    failed = any(r["kind"] == K.API_ERROR.value and r["component"] == "final" for r in turn)
    answered = bool(kinds & {*API_ANSWERED, K.USER_INTERRUPT, K.COMPACTION}) or not (failed or at_end)
    yield turn[0]["event_id"], answered


def _files(basis: Basis) -> Iterator[Figure]:
    case = basis.case
    if Source.TRANSCRIPT in case.sources and basis.is_troubled:
        written = list(unexplained_writes(case).values())
        if written:
            name = "files written that no call of a file tool explains"
            yield basis.figure(name, str(len(written)), Claim.DERIVED, written)
    asked = possible_writes(case)
    if asked:
        files = dict.fromkeys(w.name for w in asked)
        name = f"files that agents without a result may have written ({ORPHANED})"
        events = dict.fromkeys(event for w in asked for event in w.lines)
        yield basis.figure(name, ", ".join(files), Claim.HYPOTHESIS, events)
    for found in case.found(CHECKPOINT):
        number = found.facts.get("changes")
        if isinstance(number, int) and number:
            name = "calls that may have changed files after the last checkpoint"
            yield Figure(name, str(number), Claim.DERIVED, found.evidence[:2])


def _speech(basis: Basis) -> Iterator[Figure]:
    case = basis.case
    for service, words in SERVICES.items():
        ended = distinct([c for c in case.speech_requests if c.service == service and _is_ended(c)])
        failed = [c for c in ended if c.exhausted_event is not None]
        if failed:
            yield _exhausted(basis, words, failed, len(ended))
        cured = [a for c in ended if c.exhausted_event is None for a in c.tries if a.reason is not None]
        ends = [a.end_event for a in cured if a.end_event is not None]
        waited = sum(a.waited_s or 0.0 for a in cured)
        if ends:
            value = str(len(ends)) + (f", {span_text(waited)} in all" if waited >= 1 else "")
            name = f"{words} attempts that failed before another was answered"
            yield basis.figure(name, value, Claim.DERIVED, ends)
    results = failed_results(case)
    if results and not any(c.exhausted_event is not None for c in case.speech_requests):
        calls = case.of(K.TOOL_CALL).filter(pl.col("tool").str.ends_with(CONVERSE)).height
        told = of_all(len(results), calls) if calls >= len(results) else str(len(results))
        yield basis.figure(
            "voice calls that returned a failure", told, Claim.DERIVED, (r.event for r in results)
        )


def _voice_calls(basis: Basis) -> Iterator[Figure]:
    """Yield the voice calls that were cut off by the record's end, where no client's log tells, or cancelled."""
    case, end = basis.case, basis.case.ending
    cut = [e for e in end.cites if case.event(e)["kind"] == K.VOICE_CALL_BEGIN.value]
    if cut:
        yield basis.figure("voice calls without an end", str(len(cut)), Claim.DERIVED, cut)
    told = case.of(K.VOICE_CANCELLED)
    if not told.is_empty() and (basis.is_troubled or end.verdict is not Verdict.CLEAN):
        # a line may stand in the server's log and in its client's
        most = max(told.partition_by("file", maintain_order=True), key=lambda part: part.height)
        yield basis.figure("voice calls cancelled", str(most.height), Claim.OBSERVED, most["event_id"])


def _is_ended(request: SpeechRequest) -> bool:
    return request.exhausted_event is not None or request.answered_event is not None or request.no_speech


def _exhausted(basis: Basis, words: str, failed: Sequence[SpeechRequest], ended: int) -> Figure:
    lasted = [c.duration_s for c in failed if c.duration_s is not None]
    wait = f", after {span_text(sum(lasted))}" if sum(lasted) >= 1 else ""
    wait += " in all" if wait and len(lasted) > 1 else ""
    events = [c.exhausted_event for c in failed if c.exhausted_event is not None]
    name = f"{words} requests that failed at every endpoint"
    return basis.figure(name, of_all(len(failed), ended) + wait, Claim.DERIVED, events)


def _api(basis: Basis) -> Iterator[Figure]:
    found = failures(basis.case)
    if not found:
        return
    most = max((f.attempts or 0 for f in found), default=0)
    ends = [e for f in found for e in f.events]
    number = sum(f.count for f in found)
    value = str(number)
    if most > 1 and number > 1 and all(f.fewest == most for f in found):
        value += f", each after {most} tries"
    elif most > 1:
        value += f", after {'up to ' if number > 1 else ''}{most} tries"
    waited = sum(_waited(basis.case, span) or 0.0 for f in found for span in f.spans)
    value += f", {span_text(waited)} in retries" if waited >= 1 else ""
    shown = (*ends, *(e for f in found for e in f.tries[:1]))
    yield basis.figure("requests to the model API given up", value, Claim.DERIVED, shown)


def _timed_out(basis: Basis) -> Iterator[Figure]:
    """Yield the requests to the model API that timed out, where none was given up: another way was found."""
    if failures(basis.case) or is_still_trying(basis.case):
        return
    for found in basis.case.found(TIMED_OUT):
        number = found.facts.get("occurrences")
        if found.facts.get("endpoint") == MODEL_API and isinstance(number, int) and number:
            name = "requests to the model API that timed out"
            yield Figure(name, str(number), Claim.OBSERVED, found.evidence[:SHOWN])


def _still_trying(basis: Basis) -> Iterator[Figure]:
    """Yield the tries at the model API behind which the main agent's record stops."""
    if not is_still_trying(basis.case):
        return
    told = (pl.col("source") == Source.TRANSCRIPT.value) & pl.col("agent_id").is_null()
    rows = basis.case.of(K.API_ERROR).filter(told).select("event_id", "count").rows()
    first = max((n for n, (_, count) in enumerate(rows) if count == 1), default=0)
    tries = [event for event, _ in rows[first:]]
    waited = _waited(basis.case, tries)
    value = str(len(tries)) + (f", over {span_text(waited)}" if waited is not None and waited >= 1 else "")
    name = "failed tries at the model API behind which the record stops"
    yield basis.figure(name, value, Claim.DERIVED, tries)


def _waited(case: Case, tries: Sequence[int]) -> float | None:
    """Return the seconds from the first try to the last."""
    return seconds_after(case, tries[0], tries[-1]) if len(tries) > 1 else None


def _silence(basis: Basis) -> Iterator[Figure]:
    """Yield how long nothing was written before the end, unless it was an orderly one."""
    end = basis.case.ending
    is_loss = basis.is_troubled and end.verdict is not Verdict.CLEAN
    silence = silence_before_end(basis.case) if is_loss else None
    if silence is not None and silence >= LONG_S:
        events = [e for e in (end.gap_from, end.last_event) if e is not None]
        yield basis.figure("silence before the last records", span_text(silence), Claim.DERIVED, events)


def _tokens(basis: Basis) -> Iterator[Figure]:
    """Yield what agents used from which nothing came back. A message's records repeat its usage."""
    out = [a.agent_id for a in agents_out(basis.case)]
    told = basis.case.events.filter(
        pl.col("tokens").is_not_null()
        & pl.col("message_id").is_not_null()
        & pl.col("agent_id").is_in(out)
        & ~is_kind((K.RESULT,))
    )
    used = told.group_by("message_id").agg(pl.col("tokens").max())["tokens"].sum()
    if used:
        last = told.group_by("agent_id", maintain_order=True).agg(pl.col("event_id").last())["event_id"]
        value = f"{used:,}, what was read from the cache included"
        yield basis.figure("tokens used by agents without a result", value, Claim.DERIVED, last)
