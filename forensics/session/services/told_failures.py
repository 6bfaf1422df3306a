"""Failures of the model API that another record tells than the request's own.

An agent that a stream does not show, or whose transcript was not supplied, fails in the answer to the call that
spawned it, or in the client's notice of its end. A run of which only the result was kept fails in that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Row, Source
from forensics.schema.api_failures import BY_FIELD, ApiClass, class_of, http_status_in, says_failure
from forensics.session.model.agents import AgentEnd
from forensics.session.model.case import Case
from forensics.session.model.ending import reason_of

OF_AGENT = re.compile(
    r"\b(?:terminated early due to an API error|API error): (?P<text>.+)", re.DOTALL | re.IGNORECASE
)
ERROR_TYPE = re.compile(r"\(error type (?P<type>\w+)")
API_ERROR = "api_error"
SUCCESS = "success"


def told_elsewhere(case: Case, *, has_main: bool) -> Iterator[tuple[Row, ApiClass]]:
    """Yield the records that tell an agent's or the run's failure, as that agent's, each with its class."""
    for agent in case.agents:
        row = None if agent.end_event is None else case.event(agent.end_event)
        text = None if row is None else _failure_of(agent.outcome, row)
        if row is not None and text is not None:
            yield {**row, "agent_id": agent.agent_id, "status": _status_in(text)}, _class_in(text)
    if not has_main:
        yield from _of_result(case)
        yield from _of_screen(case)


def _failure_of(outcome: AgentEnd, row: Row) -> str | None:
    """Return the failure that an agent's end tells: as such, or (up to 2.1.63) in the place of what a model said."""
    message = str(row["message"])
    if outcome is AgentEnd.FAILED:
        said = OF_AGENT.search(message)
        return None if said is None else said["text"]
    first = message.partition("\n")[0]
    return first if row["tokens"] == 0 and says_failure(first) else None


def _of_result(case: Case) -> Iterator[tuple[Row, ApiClass]]:
    for row in case.of(K.RESULT).filter(pl.col("status") != SUCCESS).tail(1).iter_rows(named=True):
        text = reason_of(row)
        if row["component"] == API_ERROR or http_status_in(text) or says_failure(text):
            yield {**row, "agent_id": None, "status": _status_in(text)}, _class_in(text)


def _of_screen(case: Case) -> Iterator[tuple[Row, ApiClass]]:
    """Yield what was printed beside a log: it counts where the log says nothing of it."""
    shown = (pl.col("source") == Source.CONSOLE.value) & (pl.col("component") == "final")
    for row in case.of(K.API_ERROR).filter(shown).iter_rows(named=True):
        yield row, class_of(row["status"], str(row["message"]))


def _status_in(text: str) -> str | None:
    named = ERROR_TYPE.search(text)
    return http_status_in(text) or (named["type"] if named and named["type"] in BY_FIELD else None)


def _class_in(text: str) -> ApiClass:
    return class_of(_status_in(text), text)
