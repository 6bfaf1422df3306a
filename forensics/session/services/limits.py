"""Turns that ended because an account's allowance or credit was used up, and the agents that were out then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from forensics.schema.api_failures import ApiClass
from forensics.session.model.agents import AgentLife
from forensics.session.model.case import Case
from forensics.session.services.api_failures import ApiFailure, failures

LIMITS = (ApiClass.USAGE_LIMIT, ApiClass.CREDIT)
RESET = re.compile(r"(?i)\bresets? (?:at |in )?([^·|\n.]{1,60})")
EPOCH = re.compile(r"\|(\d{10})\b")
AT_ONCE = timedelta(seconds=5)  # an agent that the same limit stopped ends moments before


def limit_failures(case: Case) -> list[ApiFailure]:
    """Return the failures by which an account's limit ended turns."""
    return [failure for failure in failures(case) if failure.kind in LIMITS]


def agents_then(case: Case, failure: ApiFailure) -> list[AgentLife]:
    """Return the agents that were at work when the limit was met; none where the record has no times."""
    at = case.event(failure.first)["ts"]
    return [] if at is None else list(_alive(case, at))


def _alive(case: Case, at: datetime) -> Iterator[AgentLife]:
    for agent in case.agents:
        if agent.start is not None and agent.start <= at and (agent.end is None or agent.end >= at - AT_ONCE):
            yield agent


def told_reset(message: str) -> str | None:
    """Return when the limit ends, in the words of the record; null where it does not say."""
    found = RESET.search(message) or EPOCH.search(message)
    return found[1].strip() if found else None
