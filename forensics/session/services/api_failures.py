"""Requests to the model API that failed for good: of which class, of whose, after how many tries.

A failure is final where the client ends the turn with it: an API error record of a transcript, or the debug log's last
word on a request. What a retry cured leaves attempts only. Up to 2.1.19 single retries are not logged.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import polars as pl

from forensics.schema import MODEL_SAID, Row, Source, TsQuality
from forensics.schema import EventKind as K
from forensics.schema.api_failures import ApiClass, class_of
from forensics.session.model.case import Case, per_case
from forensics.session.services.own_requests import answers_in_log, own_requests
from forensics.session.services.told_failures import told_elsewhere

RETRIED = (
    ApiClass.RATE_LIMIT,
    ApiClass.OVERLOADED,
    ApiClass.SERVER_ERROR,
    ApiClass.TIMEOUT,
    ApiClass.CONNECTION,
    ApiClass.OTHER,  # what no word tells is a failure, too
)
REFUSED = (ApiClass.AUTHENTICATION, ApiClass.FORBIDDEN)
# a report lists what the client caught: what no retry cures had failed for good
INCURABLE = (*REFUSED, ApiClass.USAGE_LIMIT, ApiClass.CREDIT, ApiClass.TOO_LARGE)
ALLOWANCES = (ApiClass.USAGE_LIMIT, ApiClass.CREDIT)
CAUGHT = "caught"
MOST_TRIES = 11  # of a request, where nobody sets another number
MOST_KEPT = 20  # a client that a script starts again and again may fail for days
AT_ONCE = timedelta(seconds=2)  # between a request's last try and the record that ends its turn
CLIENT = "the client itself"  # whose requests are nobody's turn
# signs of an answer: a transcript's, and without one the debug log's
API_ANSWERED = (*MODEL_SAID, K.TOOL_DISPATCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiFailure:
    """The failures of one class that ended one agent's turns. ``attempts`` is null where no try was logged."""

    agent_id: str | None
    kind: ApiClass
    status: str | None
    events: tuple[int, ...]  # the records that ended the first turns, in order
    last: int  # the record that ended the last one
    count: int  # how many turns were ended
    attempts: int | None  # of the turn with the most tries
    fewest: int | None  # of the turn with the fewest tries
    tries: tuple[int, ...]  # the records of the tries of the first turn with the most
    tries_end: int  # the record that ended that turn
    spans: tuple[tuple[int, int], ...]  # the first and the last try of every turn
    recovered: int | None  # the same agent's first answer after the last of them
    is_caught: bool = False  # a report's list of errors does not say whether a turn ended by it
    is_own: bool = False  # a request of the client's own, beside the agents' turns: warm-up, title, topic
    is_told_by_agent: bool  # a debug log does not say whose request it was

    @property
    def first(self) -> int:
        """Return the record that ended the first turn."""
        return self.events[0]

    @property
    def tried(self) -> tuple[int, ...]:
        """Return the records of the tries, and what they ended in."""
        return (*self.tries, self.tries_end)


@per_case
def failures(case: Case) -> tuple[ApiFailure, ...]:
    """Return the failures that ended a turn, one for each agent and class, in order of their first.

    A transcript tells them with their agent. Without one the debug log does, which names no agent. What only another
    record tells (the answer to an agent's call, the run's result) counts where the agent's own records do not.
    """
    source = Source.TRANSCRIPT if has_conversation(case) else _log_of(case)
    by_agent = source in (Source.TRANSCRIPT, Source.CONSOLE)  # a screen shows the main agent's
    answers = _Answers(case, source)
    tries = _Tries(answers)
    beside = own_requests(case, source)
    found: dict[tuple[str | None, ApiClass], ApiFailure] = {}
    last: dict[tuple[str | None, ApiClass], Row] = {}
    caught: Counter[ApiClass] = Counter()
    for row in case.of(K.API_ERROR).iter_rows(named=True):
        kind = class_of(row["status"], row["message"] or "")
        caught[kind] += row["component"] == CAUGHT
        if row["source"] == source.value and _is_final(row, kind, caught):
            is_own = row["event_id"] in beside
            key = (CLIENT if is_own else row["agent_id"], kind)
            found[key] = _joined(found.get(key), row, kind, tries.before(row, kind), by_agent=by_agent)
            found[key] = replace(found[key], is_own=is_own, agent_id=None if is_own else row["agent_id"])
            last[key] = row
        else:
            tries.add(row, kind)
    own = {agent for agent, _ in found if agent != CLIENT} if by_agent else set()
    for row, kind in told_elsewhere(case, has_main=bool(found) and source is not Source.TRANSCRIPT):
        key = (row["agent_id"], kind)
        if row["agent_id"] not in own and key not in found:
            found[key] = _joined(None, row, kind, tries.before(row, kind), by_agent=True)
            last[key] = row
    return tuple(replace(f, recovered=answers.after(last[key])) for key, f in found.items())


def has_conversation(case: Case) -> bool:
    """Say whether a conversation is in the evidence, not only what a run's result says of it."""
    told = pl.col("source") == Source.TRANSCRIPT.value
    return not case.events.filter(told & (pl.col("kind") != K.RESULT.value)).is_empty()


def _log_of(case: Case) -> Source:
    """Return the log that tells of requests where no conversation does. Telemetry knows a request when it is over."""
    logs = (Source.CLAUDE_DEBUG, Source.OTEL, Source.CONSOLE, Source.ERROR_REPORT)
    return next((source for source in logs if source in case.sources), Source.OTEL)


def _is_final(row: Row, kind: ApiClass, caught: Mapping[ApiClass, int]) -> bool:
    """Say whether a record ends a request: so does the last of as many as a client tries, whether tries or requests."""
    if row["component"] != CAUGHT:
        return bool(row["component"] == "final")
    return kind in INCURABLE or (kind in RETRIED and caught[kind] % MOST_TRIES == 0)


def caught_only(case: Case) -> bool:
    """Say whether errors that the client caught are all that is told: not whether a retry cured them."""
    return case.sources == {Source.ERROR_REPORT} and not case.of(K.API_ERROR).is_empty()


def has_requests(case: Case) -> bool:
    """Say whether the evidence tells of any request to the model API."""
    return not case.of(*API_ANSWERED, K.API_ERROR, K.API_FIRST_BYTE).is_empty()


def tells_result_only(case: Case) -> bool:
    """Say whether all that is told of the run's requests is its result: what failed inside of it is not."""
    is_told = not case.of(K.RESULT).is_empty()
    return is_told and not has_requests(case)


def is_still_trying(case: Case) -> bool:
    """Say whether the main agent's record stops behind a failed try: how its request ended is not told."""
    told = (pl.col("source") == Source.TRANSCRIPT.value) & pl.col("agent_id").is_null()
    last = case.of(K.API_ERROR).filter(told & pl.col("component").is_in(["attempt", "final"])).tail(1)
    if last.is_empty() or last["component"][0] == "final":
        return False
    return _Answers(case, Source.TRANSCRIPT).after(last.row(0, named=True)) is None


def _joined(
    before: ApiFailure | None, row: Row, kind: ApiClass, tries: tuple[int, tuple[int, ...]], *, by_agent: bool
) -> ApiFailure:
    count, events = tries
    spans = before.spans if before is not None else ()
    if events:
        spans = (*spans, (events[0], events[-1]))
    fewest = count if before is None else min(before.fewest or 0, count)
    end = row["event_id"]
    if before is not None and (before.attempts or 0) >= count:
        count, events, end = before.attempts or 0, before.tries, before.tries_end
    return ApiFailure(
        agent_id=row["agent_id"],
        kind=kind,
        status=row["status"],
        events=(*(before.events if before else ()), row["event_id"])[:MOST_KEPT],
        last=row["event_id"],
        count=(before.count if before else 0) + 1,
        attempts=count or None,
        fewest=fewest or None,
        tries=events,
        tries_end=end,
        spans=spans,
        recovered=None,
        is_told_by_agent=by_agent,
        is_caught=row["component"] == CAUGHT,
    )


class _Answers:
    """Where each agent was answered: in a transcript's lines, without one in the debug log's."""

    def __init__(self, case: Case, source: Source) -> None:
        told = case.of(*API_ANSWERED).filter(pl.col("source") == source.value)
        rows = (told if source in (Source.TRANSCRIPT, Source.CONSOLE) else answers_in_log(case, source)).sort(
            "file", "line"
        )
        self._of: dict[tuple[int, str | None], tuple[list[int], list[int]]] = {}
        for file, line, agent, event in rows.select("file", "line", "agent_id", "event_id").iter_rows():
            lines, events = self._of.setdefault((file, agent), ([], []))
            lines.append(line)
            events.append(event)

    def after(self, row: Row) -> int | None:
        """Return the agent's first answer below a record, in the same file."""
        lines, events = self._of.get((row["file"], row["agent_id"]), ([], []))
        at = bisect_right(lines, row["line"])
        return events[at] if at < len(events) else None

    def between(self, first: Row, second: Row) -> bool:
        """Say whether the agent was answered between two records of one file."""
        lines, _ = self._of.get((first["file"], first["agent_id"]), ([], []))
        return bisect_right(lines, first["line"]) < bisect_right(lines, second["line"])


class _Tries:
    """The tries since an agent's last failure, and those that the debug log counts for nobody in particular."""

    def __init__(self, answers: _Answers) -> None:
        self._answers = answers
        self._own: dict[str | None, list[Row]] = {}
        self._logged: list[tuple[Row, ApiClass]] = []

    def add(self, row: Row, kind: ApiClass) -> None:
        if row["component"] != "attempt" or row["count"] is None:
            return
        if row["source"] == Source.TRANSCRIPT.value:
            tries = self._own.setdefault(row["agent_id"], [])
            if row["count"] == 1:
                tries.clear()
            tries.append(row)
        else:
            if row["count"] == 1:
                self._logged.clear()
            self._logged.append((row, kind))

    def before(self, final: Row, kind: ApiClass) -> tuple[int, tuple[int, ...]]:
        """Return how many tries a failure ends, and their records.

        A transcript has one record for each retry that it waits for: the last try is the failure itself.
        """
        own = self._own.pop(final["agent_id"], [])
        logged = [row for row, of in self._logged if of is kind]
        told = final["count"] if final["source"] == Source.OTEL.value else None  # by the failure itself
        counted: list[tuple[int, tuple[int, ...]]] = [(told or 0, ())]
        if own and not self._answers.between(own[-1], final):
            counted.append((own[-1]["count"] + 1, tuple(row["event_id"] for row in own)))
        if logged and _is_near(logged[-1], final):
            self._logged = []
            counted.append((logged[-1]["count"], tuple(row["event_id"] for row in logged)))
        # a log may count the tries of the last fallback only; where both count alike, it has the last one, too
        return max(counted, key=lambda tried: (tried[0], len(tried[1])))


def _is_near(last: Row, final: Row) -> bool:
    """Say whether a logged try is the last one before a failure: moments before, or above it in an undated log."""
    if {last["ts_quality"], final["ts_quality"]} == {TsQuality.EXACT.value}:
        return bool(abs(final["ts"] - last["ts"]) <= AT_ONCE)
    return bool(last["file"] == final["file"])


def aborted_requests(case: Case) -> tuple[int, ...]:
    """Return the records of requests that the client itself aborted."""
    errors = case.of(K.API_ERROR)
    return tuple(errors.filter(errors["status"] == "Request was aborted")["event_id"])
