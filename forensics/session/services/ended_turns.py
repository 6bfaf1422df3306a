"""Whether a request that failed ended its turn, or the client went on with the same turn by itself."""

from __future__ import annotations

import polars as pl

from forensics.schema import EventKind as K
from forensics.session.model.case import Case
from forensics.session.services.api_failures import API_ANSWERED, ApiFailure

NEXT_TURN = (K.USER_PROMPT, K.TURN_START, K.TURN_END, K.SESSION_END)


def ended_a_turn(case: Case, failure: ApiFailure) -> bool:
    """Say whether any of an agent's failed requests was the last word of its turn."""
    return any(not _went_on(case, event) for event in failure.events)


def _went_on(case: Case, event: int) -> bool:
    """Say whether the same agent was answered below a record before anybody began another turn."""
    row = case.event(event)
    below = case.of(*API_ANSWERED, *NEXT_TURN).filter(
        (pl.col("file") == row["file"])
        & (pl.col("line") > row["line"])
        & pl.col("agent_id").eq_missing(pl.lit(row["agent_id"], dtype=pl.String))
    )
    following = below.sort("line", "ordinal").head(1)
    return not following.is_empty() and following["kind"][0] not in NEXT_TURN
