"""How the account stands with its limits, as a headless stream tells it: ``rate_limit_event`` records.

``rejected`` is a request that was refused, unless what is beyond the limit is paid for; ``allowed`` and
``allowed_warning`` refuse nothing. The client mostly says the same once more in the place of an answer: then that is
the failure, and the record here is how it came to it. Where it does not, the record alone tells.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from forensics.formats.base import FIRST_TIME, LAST_TIME
from forensics.formats.claude.records import RateLimit, StreamRecord
from forensics.formats.jsonl import decoded
from forensics.formats.shapes import Tally
from forensics.formats.times import parse_time
from forensics.privacy.redact import cut
from forensics.schema import EventKind, Row, TsQuality
from forensics.schema.api_failures import ApiClass, class_of

EVENT = "rate_limit_event"
SERVED = ("allowed", "allowed_warning")
REFUSED = "rejected"
ALLOWANCES = (ApiClass.USAGE_LIMIT, ApiClass.CREDIT)
KEPT = 60  # characters of a status that is not known


class UsageLimits:
    """The refusals of one stream."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._refused: list[Row] = []

    def take(self, number: int, record: StreamRecord, first: int) -> Iterator[Row]:
        """Yield a refusal; a status that is not known is a shape that is not known."""
        if record.type != EVENT:
            return
        limit = decoded(record.rate_limit_info, RateLimit)
        if limit.status == REFUSED:
            if not (limit.is_using_overage or limit.overage_status in SERVED):
                self._refused.append(_refusal(number, record, limit, first))
                yield self._refused[-1]
        elif limit.status not in SERVED:
            says = f"status {limit.status}" if limit.status else "without a status"
            self._tally.add(number, cut(f"{EVENT} {says}", KEPT), first)

    def told_anyway(self, events: Sequence[Row], starts: Sequence[int]) -> list[Row]:
        """Return the refusals that are no failures of their own: a run tells each once, and mostly in an answer."""
        told = {bisect_right(starts, row["line"]) for row in events if _tells_it(row)}
        again: list[Row] = []
        for row in self._refused:
            run = bisect_right(starts, row["line"])
            again += [row] if run in told else []
            told.add(run)
        return again


def _tells_it(row: Row) -> bool:
    is_final = row["kind"] == EventKind.API_ERROR.value and row.get("component") == "final"
    return is_final and class_of(row["status"], str(row["message"])) in ALLOWANCES


def _refusal(number: int, record: StreamRecord, limit: RateLimit, first: int) -> Row:
    resets = limit.resets_at
    told = [f"{EVENT}: status {limit.status}"]
    told += [f"rateLimitType {limit.rate_limit_type}"] if limit.rate_limit_type else []
    told += [f"resetsAt {resets:.0f}{_moment(resets)}"] if resets is not None else []
    return {
        "line": number,
        "ordinal": first + 100,
        "session_id": record.session_id,
        "agent_id": record.parent_tool_use_id,
        "ts": (moment := parse_time(record.timestamp)),
        "ts_quality": (TsQuality.EXACT if moment else TsQuality.MISSING).value,
        "record_id": f"{EVENT}:{record.uuid}@{record.session_id}" if record.uuid else None,
        "kind": EventKind.API_ERROR.value,
        "component": "final",
        "status": "rate_limit",  # the client's own word, as in its other dialects
        "message": ", ".join(told),
    }


def _moment(seconds: float) -> str:
    """Return a time of the epoch in words; nothing for one that cannot be meant."""
    if not FIRST_TIME.timestamp() <= seconds <= LAST_TIME.timestamp():
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime(" (%Y-%m-%d %H:%M UTC)")
