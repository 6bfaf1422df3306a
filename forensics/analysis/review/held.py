"""What held: safeguards that did their work, and work that came through, as lines show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from forensics.analysis.review.basis import Basis, of_all
from forensics.analysis.review.requests import answered, distinct
from forensics.analysis.review.sequence import before, seconds_after
from forensics.analysis.review.shape import Told
from forensics.rulekit.api_words import whose
from forensics.schema import SERVICES, Row, Source
from forensics.schema import EventKind as K
from forensics.schema.api_failures import ApiClass, class_of
from forensics.schema.finding import Claim
from forensics.session.agents.overlap import spawned
from forensics.session.files.conflicts import stale_edits
from forensics.session.model.agents import AgentEnd
from forensics.session.model.case import Case
from forensics.session.model.ending import DIED, Verdict
from forensics.session.model.files import FileAccess
from forensics.session.model.names import agent_name, place
from forensics.session.model.speech import SpeechRequest
from forensics.session.services.api_failures import API_ANSWERED, failures
from forensics.session.services.mcp_losses import losses_of
from forensics.session.work.checkpoints import COMMIT, checkpoints
from forensics.text.clock_time import clock_time
from forensics.text.durations import span_text
from forensics.text.numbers import counted

ANEW = (
    K.USER_PROMPT,
    K.USER_INTERRUPT,
    K.SESSION_START,
    K.TURN_END,
)  # what is asked after these is another request
NAMED = 2  # of agents, files or findings that one sentence could name


def held_of(basis: Basis) -> Iterator[Told]:
    """Yield what held in a session in which something did not."""
    if not basis.is_troubled:
        return
    yield from _orderly_end(basis)
    yield from _fallbacks(basis)
    yield from _retries(basis)
    yield from _other_requests(basis)
    yield from _api_recovered(basis)
    yield from _servers_back(basis)
    yield from _agents_delivered(basis)
    yield from _stale_edits(basis)
    yield from _denied(basis)
    yield from _kept(basis)


def _orderly_end(basis: Basis) -> Iterator[Told]:
    end = basis.case.ending
    logged = [e for e in end.cites if basis.case.event(e)["kind"] == K.SESSION_END.value]
    if end.verdict is Verdict.CLEAN and logged:
        text = "The client ended in order: it logged its shutdown when no call was open"
        yield basis.told(text, Claim.DERIVED, logged)


def _fallbacks(basis: Basis) -> Iterator[Told]:
    groups: dict[tuple[str, str, str], list[SpeechRequest]] = {}
    for speech_request in answered(basis.case):
        failed = list(dict.fromkeys(a.endpoint for a in speech_request.failures))
        served = speech_request.served_by
        if failed and served is not None and served not in failed:
            groups.setdefault((speech_request.service, ", ".join(failed), served), []).append(speech_request)
    for (service, others, served), speech_requests in groups.items():
        requests = counted(len(speech_requests), f"{SERVICES[service]} request")
        text = f"{served} answered {requests} after {others} had failed"
        yield basis.told(text, Claim.DERIVED, _failure_and_answer(speech_requests))


def _failure_and_answer(speech_requests: Sequence[SpeechRequest]) -> Iterator[int]:
    """Yield, for each request, what failed first and what answered."""
    for speech_request in speech_requests:
        ends = [a.end_event for a in speech_request.tries if a.reason is not None]
        yield from (e for e in (*ends[:1], speech_request.answered_event) if e is not None)


def _retries(basis: Basis) -> Iterator[Told]:
    """Yield the speech requests that another try at the same endpoint made good."""
    for service, words in SERVICES.items():
        again = [c for c in answered(basis.case) if c.service == service and c.retries and not c.failures]
        if again:
            text = f"{counted(len(again), f'{words} request')} {_was(len(again))} answered after a try had failed"
            yield basis.told(text, Claim.DERIVED, _failure_and_answer(again))


def _other_requests(basis: Basis) -> Iterator[Told]:
    """Yield, beside requests that failed for good, how many of their kind were answered."""
    for service, words in SERVICES.items():
        served = [c.answered_event for c in answered(basis.case) if c.service == service and c.answered_event]
        lost = distinct(
            [c for c in basis.case.speech_requests if c.service == service and c.exhausted_event is not None]
        )
        if served and lost:
            total = of_all(len(served), len(served) + len(lost))
            text = f"{total} {words} requests {_was(len(served))} answered"
            yield basis.told(text, Claim.DERIVED, served[::-1])


def _api_recovered(basis: Basis) -> Iterator[Told]:
    for failure in failures(basis.case):
        if failure.recovered is not None:
            who = whose(basis.case, failure)
            text = f"After the model API had failed ({failure.kind}), {who} was answered again"
            yield basis.told(text, Claim.DERIVED, (failure.last, failure.recovered))
    cured = list(_cured(basis.case))
    if cured:
        text = f"{counted(len(cured), 'failed request')} to the model API {_was(len(cured))} made good by another try"
        yield basis.told(text, Claim.DERIVED, (e for pair in cured for e in pair))


def _cured(case: Case) -> Iterator[tuple[int, int]]:
    """Yield the last failed try of a request that was answered in the end, and the answer.

    A transcript tells whose try it was. The debug log does not: it is read only where there was but one agent.
    """
    source: Source = Source.TRANSCRIPT
    signs: tuple[K, ...] = API_ANSWERED
    tried = case.of(K.API_ERROR).filter(pl.col("component") == "attempt")
    if tried.filter(pl.col("source") == source.value).is_empty():
        source, signs = Source.CLAUDE_DEBUG, (K.API_FIRST_BYTE, K.TOOL_DISPATCH)
        if case.agents:
            return
    told = case.of(K.API_ERROR, *signs, *ANEW).filter(pl.col("source") == source.value)
    for _, rows in told.sort("file", "line", "ordinal").group_by("file", "agent_id", maintain_order=True):
        yield from _runs(rows.iter_rows(named=True))


def _runs(rows: Iterator[Row]) -> Iterator[tuple[int, int]]:
    failed: Row | None = None
    for row in rows:
        kind = K(row["kind"])
        if kind is K.API_ERROR:
            ended = (
                row["component"] == "final"
                or class_of(row["status"], row["message"] or "") is ApiClass.ABORTED
            )
            failed = None if ended else row
            continue
        if failed is not None and kind not in ANEW:
            yield failed["event_id"], row["event_id"]
        failed = None


def _servers_back(basis: Basis) -> Iterator[Told]:
    for (server,), rows in basis.case.of(K.MCP_CONNECTION).group_by("component", maintain_order=True):
        losses = [x for x in losses_of(rows) if x.back is not None and x.was_up]
        if losses and losses[-1].back is not None:
            took = losses[-1].back_after_s
            text = f"MCP server “{server}” was connected again after it had lost its connection"
            text += f", {span_text(took)} later" if took is not None and took >= 1 else ""
            events = (losses[-1].rows[0]["event_id"], losses[-1].back["event_id"])
            yield basis.told(text, Claim.DERIVED, events)


def _agents_delivered(basis: Basis) -> Iterator[Told]:
    started = spawned(basis.case)
    done = [a for a in started if a.outcome is AgentEnd.COMPLETED]
    shown = [a.end_event for a in done if a.end_event is not None]
    if shown and (len(done) < len(started) or basis.case.ending.verdict in DIED):
        text = f"{of_all(len(done), len(started))} agents returned a result"
        names = ", ".join(f"“{a.description}”" for a in done[:NAMED] if a.description)
        more = f" and {len(done) - NAMED} more" if len(done) > NAMED else ""
        yield basis.told(f"{text}: {names}{more}" if names else text, Claim.DERIVED, shown)


def _stale_edits(basis: Basis) -> Iterator[Told]:
    case = basis.case
    by_path = {s.path: s for s in reversed([*stale_edits(case)]) if s.refused.answer_event is not None}
    for stale in list(by_path.values())[:NAMED][::-1]:
        who, other = (agent_name(case, w.agent_id) for w in (stale.refused, stale.written))
        text = (
            f"The client refused an edit of {place(case, stale.path)} by {who} that did not know what {other}"
        )
        text += " had written"
        events = [stale.written.call_event, stale.refused.answer_event]
        done = next((w for w in case.writes if _is_later(w, stale.refused)), None)
        if done is not None:
            text += "; a later edit by the same agent was taken"
            events.append(done.call_event)
        yield basis.told(text, Claim.DERIVED, (e for e in events if e is not None))


def _is_later(write: FileAccess, refused: FileAccess) -> bool:
    same = write.path == refused.path and write.agent_id == refused.agent_id
    return (
        same
        and write.called is not None
        and refused.answered is not None
        and write.called >= refused.answered
    )


def _denied(basis: Basis) -> Iterator[Told]:
    """Yield what hooks denied; a denial may stand in two logs."""
    rows = basis.case.of(K.HOOK_DENIED)
    if rows.is_empty():
        return
    by_source = max(rows.partition_by("source", maintain_order=True), key=lambda part: part.height)
    tools = ", ".join(dict.fromkeys(t for t in by_source["tool"].drop_nulls()))
    text = f"A hook denied {counted(by_source.height, 'tool call')}" + (f" ({tools})" if tools else "")
    yield basis.told(text, Claim.OBSERVED, by_source["event_id"])


def _kept(basis: Basis) -> Iterator[Told]:
    """Yield what outlasted an end that was none: the last commit, and the transcript."""
    case, last = basis.case, basis.case.ending.last_event
    if case.ending.verdict not in DIED or last is None:
        return
    commits = [c.event for c in checkpoints(case) if c.what == COMMIT]
    known = case.of(K.TOOL_CALL).filter(before(case, case.event(last)))["event_id"]
    commits = [e for e in commits if e in set(known)]
    if commits:
        apart = seconds_after(case, commits[-1], last)
        ago = f", {span_text(apart)} before the last record" if apart is not None else ""
        yield basis.told(f"Work was committed with git{ago}", Claim.DERIVED, commits[-1:])
    told = case.events.filter(
        (pl.col("source") == Source.TRANSCRIPT.value)
        & pl.col("agent_id").is_null()
        & pl.col("ts").is_not_null()
    ).filter(~pl.col("file").is_in(list(case.excerpts)))
    if told.height:
        text = f"The transcript kept the conversation up to its record of {clock_time(told['ts'][-1])}"
        yield basis.told(text, Claim.OBSERVED, (told["event_id"][-1],))


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
