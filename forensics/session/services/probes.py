"""Services that failed at once: nothing before shows that they were alive."""

from __future__ import annotations

from urllib.parse import urlsplit

import polars as pl

from forensics.schema import SERVICES
from forensics.schema import EventKind as K
from forensics.session.model.case import Case
from forensics.session.model.speech import seconds_between
from forensics.session.services.latency import Failure, Series, primary_of

REQUESTS = (
    K.TOOL_CALL, K.ASSISTANT_MESSAGE, K.API_ERROR, K.API_REQUEST, K.MCP_CALL_END, K.VOICE_REQUEST, K.VOICE_CALL_BEGIN,
    K.STT_START, K.STT_BEGUN,
)  # fmt: skip


def has_requests(case: Case) -> bool:
    """Say whether a request of any service is in the evidence."""
    return not case.of(*REQUESTS).is_empty()


def unprobed(case: Case, series: Series) -> Failure | None:
    """Return the first failure of a speech service of which nothing before shows that it was alive."""
    first = series.failures[0]
    if series.service not in SERVICES or any(x.at <= first.at for x in series.latencies):
        return None
    requests = [c for c in case.speech_requests if c.service == series.service]
    primary = primary_of(requests)
    for request in requests:
        served = request.served_by or (primary if not request.tries else None)
        if served == series.endpoint and seconds_between(request.answered_at, first.at) is not None:
            return None
    host = urlsplit(series.endpoint).netloc
    asked = case.of(K.HTTP_RESPONSE).filter(
        pl.col("endpoint").str.contains(f"://{host}/", literal=True) & ~pl.col("status").str.starts_with("5")
    )
    times = asked.select("ts", "local_ts").iter_rows()
    return None if any((seconds_between(t, first.at) or 0) > 0 for row in times for t in row) else first
