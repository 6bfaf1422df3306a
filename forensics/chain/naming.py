"""Records that name what went before them: the links of a failure chain that a line itself proves.

A fallback's line names the failure before it, “all endpoints failed” its attempts, the number of a try the tries
before it; two records that carry one call's id are about that call, and so are an agent's own records and the call
that started the agent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from forensics.chain.happenings import Happening
from forensics.chain.sightings import Sighting
from forensics.schema import MODEL_SAID, Row, Source
from forensics.schema import EventKind as K
from forensics.session.model.case import Case
from forensics.session.model.speech import Attempt

FIRST_TRY = 1
QUOTED = 70
NO_STREAM = "Error in non-streaming fallback"


@dataclass(frozen=True, slots=True)
class Named:
    """A record that names an earlier one."""

    first: int
    second: int
    text: str


def naming_records(case: Case, nodes: Sequence[Happening]) -> Iterator[Named]:
    """Yield the pairs of records of which the later one names the earlier one, or both name one call."""
    sightings = {m.event_id: m for node in nodes for m in node.sightings}
    yield from _speech(case, sightings)
    yield from _requests(case, sightings)
    yield from _same_call(nodes)
    yield from _answered(case, nodes)


def _short(sighting: Sighting) -> str:
    return sighting.said if len(sighting.said) <= QUOTED else f"{sighting.said[: QUOTED - 1]}…"


def _names(sighting: Sighting) -> str:
    return f"“{_short(sighting)}” names what failed before it"


def _ends(sighting: Sighting) -> str:
    """Say what a transcript shows of two errors with no answer between them: they are tries of one request."""
    return f"“{_short(sighting)}” comes from the same request, which was tried again"


def _speech(case: Case, sightings: Mapping[int, Sighting]) -> Iterator[Named]:
    """Yield what a fallback's line names, the failure before it, and what the last line names: every attempt."""
    for request in case.speech_requests:
        for one, other in pairwise(request.attempts):
            if one.reason is not None and one.end_event is not None and _falls_back(other, sightings):
                yield Named(one.end_event, _start(other), _names(sightings[_start(other)]))
        end = request.exhausted_event
        if end is None or end not in sightings:
            continue
        # one whose own failure is not logged is known by its fallback's line
        for attempt in request.attempts:
            event = attempt.end_event if attempt.reason is not None else attempt.start_event
            if event is not None:
                yield Named(event, end, _names(sightings[end]))
        for one, other in pairwise(request.failures):
            ends = one.end_event, other.end_event
            if ends[0] is not None and ends[1] is not None and not _falls_back(other, sightings):
                text = f"“{sightings[end].said[:QUOTED]}” names both as attempts of one request"
                yield Named(ends[0], ends[1], text)


def _start(attempt: Attempt) -> int:
    return -1 if attempt.start_event is None else attempt.start_event


def _falls_back(attempt: Attempt, sightings: Mapping[int, Sighting]) -> bool:
    """Say whether an attempt has a line that says of itself that it is a fallback."""
    sighting = sightings.get(_start(attempt))
    return sighting is not None and sighting.kind == K.STT_FALLBACK.value


def _requests(case: Case, sightings: Mapping[int, Sighting]) -> Iterator[Named]:
    """Yield what the number of a try names, the tries before it, and what a request's last error ends.

    In a transcript a request ends where its agent is answered. A debug log names no agent: there only the words of
    the fallback that follows a broken stream are taken.
    """
    if not any(m.kind == K.API_ERROR.value for m in sightings.values()):
        return
    tries: dict[tuple[int, str | None, int], list[Row]] = {}
    for row in _tries(case).iter_rows(named=True):
        before = tries.setdefault((row["file"], row["agent_id"], row["answers"]), [])
        told, is_last = row["source"] == Source.TRANSCRIPT.value, row["component"] == "final"
        if told and before and (row["count"] or FIRST_TRY + 1) <= FIRST_TRY:
            before.clear()
        streamed = is_last and str(row["message"]).startswith(NO_STREAM)
        named: Sequence[Row] = ()
        if told and (is_last or row["count"] is not None):
            named = before
        elif streamed:
            named = [one for one in before[-1:] if one["component"] == "streaming"]
        if row["event_id"] in sightings:
            text = _ends(sightings[row["event_id"]]) if told else _names(sightings[row["event_id"]])
            yield from (Named(o["event_id"], row["event_id"], text) for o in named)
        if told and is_last:
            before.clear()
        else:
            before.append(row)


def _tries(case: Case) -> pl.DataFrame:
    """Return the API's errors, each with the number of answers that its agent had in this file before."""
    is_answer = pl.col("kind") != K.API_ERROR.value
    rows = case.of(K.API_ERROR, *MODEL_SAID).sort("file", "line", "ordinal")
    counted = rows.with_columns(answers=is_answer.cast(pl.Int64).cum_sum().over("file", "agent_id"))
    return counted.filter(~is_answer)


def _same_call(nodes: Sequence[Happening]) -> Iterator[Named]:
    """Yield the failures that name one tool call, each with the next."""
    by_call: dict[str, list[Sighting]] = {}
    for sighting in (m for node in nodes if not node.is_state for m in node.sightings):
        if sighting.call is not None:
            by_call.setdefault(sighting.call, []).append(sighting)
    for call, sightings in by_call.items():
        for first, second in pairwise(sorted(sightings, key=lambda m: m.place)):
            yield Named(first.event_id, second.event_id, f"both records name the call {call}")


def died_of(case: Case, nodes: Sequence[Happening]) -> Iterator[tuple[int, Sighting, str, int]]:
    """Yield the failures that end an agent's own record: node, record, the agent's call and that call's record."""
    last = {a.last_event: a.spawn_event for a in case.agents if a.last_event is not None}
    for n, node in enumerate(nodes):
        for sighting in node.sightings if not node.is_state else ():
            spawn = last.get(sighting.event_id)
            call = case.event(spawn)["correlation_id"] if spawn is not None else None
            if call is not None and spawn is not None:
                yield n, sighting, call, spawn


def _answered(case: Case, nodes: Sequence[Happening]) -> Iterator[Named]:
    """Yield an agent's last record, a failure, with the failed answer to the call that started it."""
    answers = {m.call: m for node in nodes if not node.is_state for m in node.sightings if m.call is not None}
    for _, sighting, call, _ in died_of(case, nodes):
        if call in answers:
            text = f"the agent's record ends with it, and the other answers the agent's call {call}"
            yield Named(sighting.event_id, answers[call].event_id, text)
