"""Words for failures of the model's API that several rules share."""

from __future__ import annotations

from forensics.schema.finding import FactValue
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name
from forensics.session.services.api_failures import ApiFailure


def whose(case: Case, failure: ApiFailure) -> str:
    """Name the agent whose request failed."""
    return agent_name(case, failure.agent_id) if failure.is_told_by_agent else "an agent"


def facts_of(failure: ApiFailure) -> dict[str, FactValue]:
    """Return what every rule about failures of the API tells other programs."""
    return {
        "class": failure.kind.value,
        "attempts": failure.attempts,
        "agent": (failure.agent_id or "main") if failure.is_told_by_agent else None,
        "status": failure.status,
        "occurrences": failure.count,
    }
