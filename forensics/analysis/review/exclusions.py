"""Causes that somebody may suspect, and lines that contradict them: never that a line is missing.

A cause is offered only where a finding or the end makes somebody think of it. Where the order of records is not
known, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from forensics.analysis.review.basis import Basis
from forensics.analysis.review.last_write import last_write
from forensics.analysis.review.sequence import after, before
from forensics.analysis.review.shape import Exclusion
from forensics.analysis.review.speech_exclusions import speech_exclusions
from forensics.rulekit.api_words import whose
from forensics.schema import SPAWN_TOOLS
from forensics.schema import EventKind as K
from forensics.schema.api_failures import ApiClass
from forensics.session.model.ending import Verdict
from forensics.session.model.names import place
from forensics.session.services.api_failures import API_ANSWERED, REFUSED, ApiFailure, failures
from forensics.session.services.mcp_losses import losses_of
from forensics.text.clock_time import clock_time
from forensics.text.durations import span_text

LOST_SERVER = "CCF208"
# what a failure of the model API may be thought to have been, and for all agents of the session
HELD_ON = {
    ApiClass.AUTHENTICATION: "the model API refused the credential for good",
    ApiClass.FORBIDDEN: "the model API refused the credential for good",
    ApiClass.USAGE_LIMIT: "the usage limit held for the rest of the session",
}
OF_ALL = {
    ApiClass.AUTHENTICATION: "the session's credential was invalid",
    ApiClass.FORBIDDEN: "the session's credential was invalid",
    ApiClass.USAGE_LIMIT: "the usage limit was reached",
}
AT_THE_TIME = timedelta(minutes=10)  # later another process may have asked, with another credential
NO_ROOM = r"ENOSPC|EROFS|EDQUOT|[Nn]o space left"  # a file may have been written, and others not
# what asks the model itself to do its work
ASKING = (*SPAWN_TOOLS, "WebSearch", "WebFetch")


def exclusions_of(basis: Basis) -> Iterator[Exclusion]:
    """Yield the causes that the records of one session contradict."""
    yield from _killed(basis)
    yield from speech_exclusions(basis)
    yield from _api(basis)
    yield from _waiting_for_model(basis)
    yield from _servers(basis)
    yield from _disk(basis)


def _killed(basis: Basis) -> Iterator[Exclusion]:
    """Yield that the client was not killed outright where it logged its own shutdown."""
    case, end = basis.case, basis.case.ending
    logged = [e for e in end.cites if case.event(e)["kind"] == K.SESSION_END.value]
    if logged and end.verdict in (Verdict.TRUNCATED, Verdict.ERROR_RESULT):
        cause = "the client was killed outright (SIGKILL, out of memory), or its machine lost power"
        text = "The client logged its own shutdown, which a process that is killed outright cannot do"
        yield basis.excluded(cause, text, logged[-1:])


def _api(basis: Basis) -> Iterator[Exclusion]:
    """Yield that the model API was there where it answered after a failure."""
    found = [f for f in failures(basis.case) if f.kind is not ApiClass.ABORTED]
    lost = {f.agent_id for f in found if f.recovered is None}
    back = [(f, f.recovered) for f in found if f.recovered is not None and f.agent_id not in lost]
    if back:
        last, answer = max(back, key=lambda told: _time(basis, told[0].last))
        who = whose(basis.case, last)
        text = f"After the last failure ({last.kind}) {who} was answered again"
        cause = HELD_ON.get(last.kind, "the model API stayed out of reach")
        yield basis.excluded(cause, text, (last.last, answer))
    for failure in [f for f in found if f.recovered is None and f.is_told_by_agent]:
        others = _others_answered(basis, failure)
        if not others.is_empty():
            what = OF_ALL.get(failure.kind, "the model API was down")
            text = f"After {whose(basis.case, failure)} had met the failure ({failure.kind}), another agent of the "
            text += f"same session was answered at {clock_time(others['ts'][0])}"
            yield basis.excluded(f"{what} for all agents", text, (failure.last, others["event_id"][0]))
            return
        if failure.kind in REFUSED and (earlier := _answered_before(basis, failure)):
            text = f"{whose(basis.case, failure)} had been answered before the credential was refused"
            text = text[:1].upper() + text[1:]
            cause = "the session's credential had never worked"
            yield basis.excluded(cause, text, (earlier[-1], failure.events[0]))


def _time(basis: Basis, event: int) -> float:
    """Return when a record was written, in seconds since 1970; what has no time stands before all others."""
    ts = basis.case.event(event)["ts"]
    return ts.timestamp() if ts is not None else 0.0


def _others_answered(basis: Basis, failure: ApiFailure) -> pl.DataFrame:
    """Return the answers to agents on the other side of the main agent, soon after a failure."""
    case, failed = basis.case, basis.case.event(failure.last)
    if failed["ts"] is None:
        return case.events.clear()
    others = pl.col("agent_id").is_null() if failed["agent_id"] else pl.col("agent_id").is_not_null()
    near = (pl.col("source") == failed["source"]) & (pl.col("ts") <= failed["ts"] + AT_THE_TIME)
    return case.of(*API_ANSWERED).filter(after(case, failed) & others & near).sort("ts", maintain_order=True)


def _answered_before(basis: Basis, failure: ApiFailure) -> list[int]:
    """Return the answers of the model to the same agent before its first failure, of the same log."""
    failed = basis.case.event(failure.events[0])
    own = pl.col("agent_id").eq_missing(failed["agent_id"]) & (pl.col("file") == failed["file"])
    return basis.case.of(*API_ANSWERED).filter(before(basis.case, failed) & own)["event_id"].to_list()


def _waiting_for_model(basis: Basis) -> Iterator[Exclusion]:
    """Yield that the model had answered where the record stops inside the call that was its answer."""
    case, end = basis.case, basis.case.ending
    if end.verdict is not Verdict.TRUNCATED:
        return
    rows = [case.event(e) for e in end.open_calls]
    main = [
        r
        for r in rows
        if r["agent_id"] is None and r["tool"] not in ASKING and r["file"] not in case.excerpts
    ]
    if main:
        cause = "the main agent waited in vain for the model API"
        text = (
            f"The model's answer is in the record: it is the call of {main[0]['tool']} inside which it stops"
        )
        yield basis.excluded(cause, text, (r["event_id"] for r in main))


def _servers(basis: Basis) -> Iterator[Exclusion]:
    """Yield that a lost MCP server was there again where the client connected it."""
    lost = [f.facts.get("server") for f in basis.case.found(LOST_SERVER)]
    parts = basis.case.of(K.MCP_CONNECTION).group_by("component", maintain_order=True)
    for server, losses in ((s, losses_of(rows)) for (s,), rows in parts if s in lost):
        back = losses[-1].back if losses else None
        if back is not None:
            took = losses[-1].back_after_s
            later = f", {span_text(took)} later" if took is not None and took >= 1 else ""
            text = f"The client connected it again{later}"
            shown = (losses[-1].rows[0]["event_id"], back["event_id"])
            yield basis.excluded(f"MCP server “{server}” was gone for the rest of the session", text, shown)


def _disk(basis: Basis) -> Iterator[Exclusion]:
    """Yield that the disk took what was written where the record stops behind a write that was complete."""
    written = last_write(basis.case)
    stops = basis.case.ending.verdict in (Verdict.TRUNCATED, Verdict.UNKNOWN)
    refused = basis.case.events["message"].str.contains(NO_ROOM).any()
    if written is not None and stops and basis.is_troubled and not refused:
        text = f"The last record says that a file was written to the end: {place(basis.case, written[0])}"
        yield basis.excluded("the disk was full or could not be written to", text, written[1:])
