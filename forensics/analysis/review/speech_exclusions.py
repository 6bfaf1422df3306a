"""Causes that failed speech requests make somebody suspect, and lines that contradict them."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import polars as pl

from forensics.analysis.review.basis import Basis
from forensics.analysis.review.requests import PAGE, answered
from forensics.analysis.review.sequence import after, seconds_after
from forensics.analysis.review.shape import Exclusion
from forensics.schema import CONVERSE, MODEL_SAID, SERVICES, Row, Source, Writing, is_from, written
from forensics.schema import EventKind as K
from forensics.schema.finding import Claim, Slot
from forensics.session.model.case import Case
from forensics.session.model.ending import Verdict
from forensics.session.model.names import place
from forensics.session.model.speech import Attempt, walk_attempts
from forensics.session.services.latency import is_down
from forensics.session.speech.credential_refusals import variant_of
from forensics.session.speech.endpoints import is_local
from forensics.session.speech.results import failed_results
from forensics.text.clock_time import clock_time
from forensics.text.durations import span_text
from forensics.text.numbers import counted

CREDENTIAL, UNCLOSED = "CCF202", "CCF203"
# signs that a session went on, in logs that programs write while it runs; what only ends the failed call is none
WORK = (
    *MODEL_SAID, K.USER_PROMPT, K.TOOL_DISPATCH, K.DISK_WRITE, K.MCP_CALL, K.VOICE_CALL_BEGIN,
    K.VOICE_REQUEST, K.TURN_END,
)  # fmt: skip
LIVE = written(Writing.IN_ORDER, Writing.LIVE)
# what a key was said to be, by the rule's words, and what is ruled out by it
NOT_SENT = {
    "empty": "By the service's answer no key came with the request",
    "unset": "The client had no key to send, and made no request",
    "missing": "The client had no key to send",
}
SENT = {
    "invalid": "The service received a key, and answered that it does not know it",
    "expired": "The service received a key, and answered that it is no longer valid",
}
ANSWERED = "200"
ITS_OWN = ("401", "429")  # a gateway on the way may answer with others
FEWEST_UNCLOSED = 2  # one is no heap


def speech_exclusions(basis: Basis) -> Iterator[Exclusion]:
    """Yield what the record contradicts of what failed speech requests suggest."""
    case = basis.case
    lost = any(c.exhausted_event is not None for c in case.speech_requests) or bool(failed_results(case))
    if lost:
        yield from _ended_session(basis)
        yield from _connection(basis)
    yield from _never_there(basis)
    if lost:
        yield from _network(basis)
        yield from _key(basis)
        yield from _used_up(basis)


def _ended_session(basis: Basis) -> Iterator[Exclusion]:
    """Yield that the session went on where records of work follow its last failed request."""
    case = basis.case
    if case.ending.verdict is Verdict.CLEAN:
        return
    failed = [c.exhausted_event for c in case.speech_requests if c.exhausted_event is not None]
    failed = failed or [r.event for r in failed_results(case)]
    last = case.event(failed[-1])
    rest = case.of(*WORK).filter(after(case, last) & is_from(LIVE))
    if rest.is_empty():
        return
    first, end = rest["event_id"][0], rest["event_id"][-1]
    apart = seconds_after(case, failed[-1], end)
    later = f", {'the last ' if rest.height > 1 else ''}{span_text(apart)} later" if (apart or 0) >= 1 else ""
    ended = _end_of_call(case, failed[-1])
    call = "The call that failed came to its end, and after it" if ended else "After the last failed request"
    what = "the voice server's work" if case.is_voice_only else "the session"
    text = f"{call} {counted(rest.height, 'record')} of work came{later}{_named(case, case.event(end))}"
    yield basis.excluded(f"the failed speech requests ended {what}", text, (failed[-1], *ended, first, end))


def _named(case: Case, row: Row) -> str:
    """Say what a record of work was, where it is a write or a call."""
    if row["kind"] == K.DISK_WRITE.value and row["path"]:
        return f": a write of {place(case, row['path'])}"
    return f": a call of {row['tool']}" if row["tool"] else ""


def _connection(basis: Basis) -> Iterator[Exclusion]:
    """Yield that the connection held where the voice server told of the failure over it."""
    case = basis.case
    cause = "the client had lost the voice server, or had never connected to it"
    for request in reversed(case.speech_requests):
        ended = _end_of_call(case, request.exhausted_event) if request.exhausted_event is not None else []
        if request.exhausted_event is not None and ended:
            text = (
                "The call in which the requests failed ended over that connection: the client logged its end"
            )
            yield basis.excluded(cause, text, (request.exhausted_event, *ended))
            return
    told = [r.event for r in failed_results(case) if case.event(r.event)["source"] == Source.TRANSCRIPT.value]
    if told:
        yield basis.excluded(cause, "The failure is the voice server's own result of the call", told[-1:])


def _end_of_call(case: Case, failed: int) -> list[int]:
    """Return the client's line that a voice call came to its end, if it is the next one after a failure in it."""
    of_voice = pl.lit(CONVERSE).str.ends_with(pl.col("tool")) | (pl.col("kind") == K.VOICE_REQUEST.value)
    calls = case.of(K.MCP_CALL, K.MCP_CALL_END, K.VOICE_REQUEST)
    following = calls.filter(of_voice & after(case, case.event(failed))).head(1)
    ended = following.filter(pl.col("status").str.starts_with("completed"))
    return ended["event_id"].to_list()


def _never_there(basis: Basis) -> Iterator[Exclusion]:
    """Yield that a failing endpoint was there where it answered other requests of the session."""
    case = basis.case
    down = dict.fromkeys(
        (c.service, a.endpoint)
        for c, a in walk_attempts(case.speech_requests)
        if is_down(a) and not a.http_status and "://" in a.endpoint
    )
    for service, endpoint in list(down)[:2]:
        shown = _answers_of(case, service, endpoint)
        if shown:
            cause = f"{endpoint} was not there at all, or its address was wrong"
            number = counted(len(shown), f"{SERVICES[service]} request")
            last = clock_time(case.event(shown[-1])["ts"] or case.event(shown[-1])["local_ts"])
            text = f"It answered {number} of this session, the last at {last}"
            yield basis.excluded(
                cause, text if len(shown) > 1 else text.replace("the last at", "at"), shown[::-1]
            )


def _answers_of(case: Case, service: str, endpoint: str) -> list[int]:
    """Return what shows that an endpoint served: a gateway answers for one that is not there, with status 200 too."""
    own = [c for c in answered(case) if c.service == service and c.served_by == endpoint]
    if own:
        return [c.answered_event for c in own if c.answered_event is not None]
    http = case.of(K.HTTP_RESPONSE).filter(
        (pl.col("status") == ANSWERED) & pl.col("endpoint").str.starts_with(f"{endpoint}/")
    )
    return [] if case.found(PAGE) else http["event_id"].to_list()


def _network(basis: Basis) -> Iterator[Exclusion]:
    """Yield that a host on the internet was reached where it answered, with a refusal."""
    tries = (a for _, a in walk_attempts(basis.case.speech_requests) if not is_local(a.endpoint))
    refused = [a for a in tries if a.http_status in ITS_OWN]
    shown = [a.end_event for a in refused if a.end_event is not None]
    if shown:
        host = urlsplit(refused[-1].endpoint).hostname or refused[-1].endpoint
        text = f"It answered, with HTTP {refused[-1].http_status}"
        yield basis.excluded(f"{host} could not be reached over the network", text, shown[-1:])


def _key(basis: Basis) -> Iterator[Exclusion]:
    """Yield that a key was, or was not, sent where the answer says the contrary."""
    variants = {str(f.facts.get("variant")): f for f in reversed(basis.case.found(CREDENTIAL))}
    for words, cause, other in (
        (NOT_SENT, "the speech service's key was wrong or expired", SENT),
        (SENT, "no key for the speech service was set", NOT_SENT),
    ):
        found = [f for v, f in variants.items() if v in words]
        if found and not variants.keys() & other.keys():
            variant = str(found[0].facts["variant"])
            lines = [r.event_id for r in found[0].evidence if _says(basis.case.event(r.event_id), variant)]
            if lines:
                yield basis.excluded(cause, words[variant], lines[:1])


def _says(row: Row, variant: str) -> bool:
    """Say whether a line itself tells what was wrong with a key: “invalid or missing” leaves that open."""
    return variant_of(f"{row['status']} {row['message']}") == variant


def _used_up(basis: Basis) -> Iterator[Exclusion]:
    """Yield that unclosed clients left connections over where the server's later requests were answered."""
    case = basis.case
    warnings = case.of(K.RESOURCE_WARNING)
    found = case.found(UNCLOSED)
    ran_out = any(s.slot is Slot.IMPACT and s.claim is Claim.OBSERVED for f in found for s in f.statements)
    if warnings.height < FEWEST_UNCLOSED or not found or ran_out:
        return
    last = warnings.row(-1, named=True)
    replied = [
        a.end_event
        for _, a in walk_attempts(case.speech_requests)
        if _got_answer(a) and a.end_event is not None
    ]
    later = case.events.filter(
        pl.col("event_id").is_in(replied) & (pl.col("file") == last["file"]) & after(case, last)
    )
    if later.height:
        number = counted(warnings.height, "message")
        text = (
            f"After the last of the {number} about unclosed clients the same server made requests that were "
        )
        text += f"answered, the last at {clock_time(later['ts'][-1] or later['local_ts'][-1])}"
        cause = "unclosed client sessions had used up the voice server's connections"
        yield basis.excluded(cause, text, (last["event_id"], later["event_id"][-1]))


def _got_answer(attempt: Attempt) -> bool:
    """Say whether a service answered a request at all, be it with a refusal."""
    return attempt.answered or attempt.http_status is not None
