"""Words for failures of the model's API that several rules share."""

from __future__ import annotations

import re

from forensics.schema import EventKind as K
from forensics.schema.api_failures import ApiClass
from forensics.schema.finding import FactValue, Severity
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name
from forensics.session.services.api_failures import ApiFailure

LOST = re.compile(
    r"(?i)^(?!.*unable to connect).*(?:connection (?:was )?(?:closed|dropped|lost|reset)|socket hang up|terminated)"
)

QUOTED = 160  # characters of what a record says


def whose(case: Case, failure: ApiFailure) -> str:
    """Name the agent whose request failed."""
    if failure.is_own:
        return "the client itself"
    return agent_name(case, failure.agent_id) if failure.is_told_by_agent else "an agent"


def facts_of(failure: ApiFailure) -> dict[str, FactValue]:
    """Return what every rule about failures of the API tells other programs."""
    agent = "client" if failure.is_own else failure.agent_id or "main"
    return {
        "class": failure.kind.value,
        "attempts": failure.attempts,
        "agent": agent if failure.is_told_by_agent or failure.is_own else None,
        "status": failure.status,
        "occurrences": failure.count,
    }


def severity_of(failure: ApiFailure) -> Severity:
    """Weigh a failure by whose request it was, and whether the same agent was answered later."""
    if failure.is_own:
        return Severity.NOTE
    is_less = failure.agent_id is not None or failure.recovered is not None or failure.kind is ApiClass.OTHER
    return Severity.MEDIUM if is_less or failure.is_caught else Severity.HIGH


def is_connection_lost(case: Case, failure: ApiFailure) -> bool:
    """Say whether there had been a connection, by the words of the failure."""
    said = str(case.event(failure.first)["message"] or "")
    return failure.kind is ApiClass.CONNECTION and LOST.search(said) is not None


def result_all_the_same(case: Case, failure: ApiFailure) -> tuple[int, ...]:
    """Return the run's result that claims success, though an agent's request had failed for good."""
    results = case.of(K.RESULT).tail(1)
    if failure.agent_id is None or results.is_empty() or results["status"][0] != "success":
        return ()
    return (int(results["event_id"][0]),)


def client_says(case: Case, failure: ApiFailure) -> str:
    """Quote the first line of what the record says of a failure."""
    said = str(case.event(failure.first)["message"] or "").strip().partition("\n")[0]
    return said if len(said) <= QUOTED else said[: QUOTED - 1] + "…"
