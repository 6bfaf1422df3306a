"""How long services took to answer, by endpoint, and when they failed: what a trend is looked for in.

Speech services: from the attempt to its answer, or to the first audio. MCP tools: the client's own account of each
call. The model API: the first byte after a request (2.1.330), or in a transcript the time from the last prompt or
tool result to the first record of the next message; the endpoint is the model. Requests without a time of their own
(streams, the SDK's request log, debug logs up to 2.0.37) cannot be placed and are left out.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Source, TsQuality, is_kind
from forensics.session.model.case import Case
from forensics.session.model.speech import Attempt, SpeechRequest, seconds_between, walk_attempts
from forensics.session.speech.results import failed_results, uses_voice

DOWN = re.compile(r"timed out|^Connection error|^Error code: 5\d\d\b", re.IGNORECASE)
API_DOWN = (
    r"(?i)^5\d\d$|timed out|timeout|^Connection error|^terminated$|^E[A-Z]{4,}$|overloaded|server_error"
)
TOOL_DOWN = r"(?i)timed out|timeout|connection (?:closed|error|lost)|\bECONN"
INPUTS = (K.USER_PROMPT, K.TOOL_RESULT, K.AGENT_LAUNCHED)
DISPATCH_MS = 250  # a request's line stands this near to its first byte's time less what that says it took
MESSAGE_AT_MOST = "10m"
SAMPLES_PER_S = 24_000  # of a recording
_IS_DOWN = pl.col("status").str.contains(API_DOWN).fill_null(value=False) | pl.col("message").str.starts_with(
    "Stream connection "
)


@dataclass(frozen=True, slots=True)
class Latency:
    """One answer: the record that shows it, when it came, how long it took, and how much was asked for."""

    event: int
    at: datetime
    seconds: float
    size: float | None  # seconds of sound, or tokens of the message; null where it is not known


@dataclass(frozen=True, slots=True)
class Failure:
    """One request that failed: the record, and when it was made (else when it failed)."""

    event: int
    at: datetime
    reason: str


@dataclass(slots=True)
class Series:
    """The answers and failures of one endpoint in one session, each in order of time."""

    service: str  # stt | tts | mcp | api
    endpoint: str
    latencies: list[Latency] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def failing_series(case: Case) -> Iterator[Series]:
    """Yield the series of endpoints that failed at least once, each by one clock."""
    for series in (*_speech(case), *_tools(case), *_model_api(case)):
        if not series.failures:
            continue
        is_utc = any(f.at.tzinfo is not None for f in series.failures)
        series.latencies = [x for x in series.latencies if (x.at.tzinfo is not None) == is_utc]
        series.failures = [x for x in series.failures if (x.at.tzinfo is not None) == is_utc]
        series.latencies.sort(key=lambda x: x.at)
        series.failures.sort(key=lambda x: x.at)
        yield series


def is_down(attempt: Attempt) -> bool:
    """Say whether an attempt failed because the service did not serve: no refusal of a key or a request."""
    return attempt.reason is not None and DOWN.search(attempt.reason) is not None


def primary_of(requests: Sequence[SpeechRequest]) -> str | None:
    """Return the endpoint that is tried first: where INFO lines are hidden, an answer does not name it."""
    for request in requests:
        named = (*request.configured, *(t.endpoint for t in request.tries))
        if named:
            return named[0]
    return None


def _speech(case: Case) -> list[Series]:
    if not uses_voice(case) and case.of(K.VOICE_EXCHANGE).is_empty():
        return []
    found: dict[tuple[str, str], Series] = {}
    for service, endpoint, failure in _speech_failures(case):
        found.setdefault((service, endpoint), Series(service, endpoint)).failures.append(failure)
    requests = [c for c in case.speech_requests if c.service == "stt"]
    primary = primary_of(requests) or next((e for s, e in found if s == "stt"), None)
    sound = _Sound(case)
    for endpoint, latency in (a for request in requests for a in _answers(request, primary, sound)):
        if ("stt", endpoint) in found:
            found["stt", endpoint].latencies.append(latency)
    spoken_by = (pl.col("tool") == "tts") & pl.col("endpoint").is_not_null()
    for row in case.of(K.VOICE_EXCHANGE).filter(spoken_by).iter_rows(named=True):
        if row["ts"] is not None and row["duration_ms"] and ("tts", row["endpoint"]) in found:
            spoken = Latency(row["event_id"], row["ts"], row["duration_ms"] / 1000, None)
            found["tts", row["endpoint"]].latencies.append(spoken)
    return list(found.values())


def _speech_failures(case: Case) -> Iterator[tuple[str, str, Failure]]:
    """Yield the failures by the server's lines, or by the tool's results where there are no such lines."""
    tried = False
    for request, attempt in walk_attempts(case.speech_requests):
        tried = tried or attempt.reason is not None
        at = attempt.started or attempt.ended
        if is_down(attempt) and at is not None and attempt.end_event is not None:
            yield request.service, attempt.endpoint, Failure(attempt.end_event, at, attempt.reason or "")
    for result in () if tried else failed_results(case):
        at = case.event(result.event)["ts"]
        for endpoint, reason in result.endpoints:
            if at is not None and DOWN.search(reason):
                yield result.service, endpoint, Failure(result.event, at, reason)


def _answers(request: SpeechRequest, primary: str | None, sound: _Sound) -> Iterator[tuple[str, Latency]]:
    """Yield the answer of a request, by the endpoint that gave it: the primary, where no attempt is logged."""
    answered = next((a for a in request.attempts if a.answered), None)
    endpoint = answered.endpoint if answered is not None else primary
    start, end = (
        (request.started, request.answered_at) if answered is None else (answered.started, answered.ended)
    )
    if answered is None and (request.failures or request.retries):
        return
    took = seconds_between(start, end)
    if endpoint is not None and took is not None and end is not None and request.answered_event is not None:
        yield endpoint, Latency(request.answered_event, end, took, sound.before(start))


class _Sound:
    """How much was recorded before a time: speech to text takes longer for more of it."""

    def __init__(self, case: Case) -> None:
        ended = case.of(K.VOICE_EVENT).filter(
            (pl.col("tool") == "RECORDING_END") & pl.col("ts").is_not_null() & (pl.col("count") > 0)
        )
        self._at: list[datetime] = ended["ts"].to_list()
        self._samples: list[int] = ended["count"].to_list()

    def before(self, moment: datetime | None) -> float | None:
        """Return the seconds of the last recording."""
        if moment is None or moment.tzinfo is None:
            return None
        at = bisect_right(self._at, moment)
        return self._samples[at - 1] / SAMPLES_PER_S if at else None


def _tools(case: Case) -> Iterator[Series]:
    """Yield the tools of MCP servers; a voice call lasts as long as people speak."""
    if case.of(K.MCP_CALL_END).is_empty():
        return
    ended = case.of(K.MCP_CALL_END).filter(
        pl.col("ts").is_not_null()
        & (pl.col("ts_quality") != TsQuality.INFERRED.value)
        & ~pl.col("tool").str.ends_with("converse")
    )
    down = (pl.col("status") == "failed") & pl.col("message").str.contains(TOOL_DOWN)
    failing = ended.filter(down).select("component", "tool").unique()
    failed = ended.join(failing, on=["component", "tool"], maintain_order="left")
    for (server, tool), rows in failed.group_by("component", "tool", maintain_order=True):
        series = Series("mcp", f"{server}/{tool}")
        done = rows.filter((pl.col("status") != "failed") & pl.col("duration_ms").is_not_null())
        for event, at, took in done.select("event_id", "ts", "duration_ms").iter_rows():
            series.latencies.append(Latency(event, at, took / 1000, None))
        for event, at, took, said in (
            rows.filter(down).select("event_id", "ts", "duration_ms", "message").iter_rows()
        ):
            began = at if took is None else at - _ms(took)
            series.failures.append(Failure(event, began, said))
        yield series


def _model_api(case: Case) -> Iterator[Series]:
    """Yield the models of which a request failed, by the first bytes or else by the transcript."""
    dated = pl.col("ts").is_not_null() & (pl.col("ts_quality") != TsQuality.INFERRED.value)
    failed = case.of(K.API_ERROR).filter(dated & _IS_DOWN)
    if failed.is_empty():
        return
    told = _messages(case)
    measured = _first_bytes(case, told)
    models = set(told["endpoint"].drop_nulls()) | set(measured["endpoint"].drop_nulls())
    named = _with_model(case, failed, next(iter(models)) if len(models) == 1 else None)
    for (model,), rows in named.group_by("endpoint", maintain_order=True):
        by_byte, by_record = (f.filter(pl.col("endpoint") == model) for f in (measured, told))
        best = by_byte if by_byte.height >= by_record.height else by_record
        series = Series("api", str(model))
        series.latencies = [
            Latency(*row) for row in best.select("event_id", "ts", "seconds", "size").iter_rows()
        ]
        series.failures = [Failure(*row) for row in rows.select("event_id", "ts", "message").iter_rows()]
        yield series


def _messages(case: Case) -> pl.DataFrame:
    """Return, for each message of a model, how long its first record came after what it answers.

    What was tried again in between, and what continues another message, is left out.
    """
    kinds = is_kind((*INPUTS, K.API_ERROR, K.USER_INTERRUPT))
    rows = case.events.filter(
        (pl.col("source") == Source.TRANSCRIPT.value)
        & (pl.col("ts_quality") == TsQuality.EXACT.value)
        & (pl.col("message_id").is_not_null() | kinds)
    ).sort("file", "line", "ordinal")
    before = {name: pl.col(name).shift(1).over("file", "agent_id") for name in ("kind", "ts")}
    answers = (
        rows.with_columns(
            asked=before["ts"],
            after=before["kind"],
            seconds=(pl.col("ts") - before["ts"]).dt.total_milliseconds() / 1000,
            size=pl.col("tokens").max().over("message_id").cast(pl.Float64),
        )
        .filter(pl.col("message_id").is_not_null())
        .unique("message_id", keep="first", maintain_order=True)
    )
    timed = pl.col("after").is_in([k.value for k in INPUTS]) & (pl.col("seconds") > 0)
    return answers.filter(timed & pl.col("endpoint").is_not_null()).select(
        "event_id", "ts", "seconds", "size", "endpoint"
    )


def _first_bytes(case: Case, told: pl.DataFrame) -> pl.DataFrame:
    """Return the first bytes of the debug log, each with its request's model, and the tokens of its message."""
    asked = case.of(K.API_REQUEST).filter(pl.col("ts").is_not_null()).select("file", "endpoint", sent="ts")
    rows = case.of(K.API_FIRST_BYTE).filter(pl.col("ts").is_not_null() & pl.col("duration_ms").is_not_null())
    timed = rows.select(
        "event_id",
        "ts",
        "file",
        sent=pl.col("ts") - pl.duration(milliseconds=pl.col("duration_ms")),
        seconds=pl.col("duration_ms") / 1000,
    ).sort("sent")
    named = timed.join_asof(
        asked.sort("sent"),
        on="sent",
        by="file",
        strategy="nearest",
        tolerance=f"{DISPATCH_MS}ms",
        check_sortedness=False,
    ).filter(pl.col("endpoint").is_not_null())
    sizes = told.select("ts", "endpoint", "size").sort("ts")
    sized = named.sort("ts").join_asof(
        sizes, on="ts", by="endpoint", strategy="forward", tolerance=MESSAGE_AT_MOST, check_sortedness=False
    )
    return sized.select("event_id", "ts", "seconds", "size", "endpoint")


def _with_model(case: Case, failed: pl.DataFrame, only: str | None) -> pl.DataFrame:
    """Name the model that each failed request went to: the last one before it of the same agent, or log."""
    sent = case.events.filter(
        (pl.col("kind") == K.API_REQUEST.value)
        | (pl.col("message_id").is_not_null() & pl.col("endpoint").is_not_null())
    ).select("file", "agent_id", "line", model="endpoint")
    near = (
        failed.with_columns(pl.col("agent_id").fill_null(""))
        .sort("line")
        .join_asof(
            sent.with_columns(pl.col("agent_id").fill_null("")).sort("line"),
            on="line",
            by=["file", "agent_id"],
            strategy="backward",
            check_sortedness=False,
        )
    )
    return (
        near.with_columns(endpoint=pl.coalesce("model", pl.lit(only, dtype=pl.String)))
        .filter(pl.col("endpoint").is_not_null())
        .sort("ts")
    )


def _ms(duration: float) -> timedelta:
    return timedelta(milliseconds=duration)


def failed_undated(case: Case) -> bool:
    """Say whether a request of the model API failed at a time that is not known."""
    dated = pl.col("ts").is_not_null() & (pl.col("ts_quality") != TsQuality.INFERRED.value)
    return not case.of(K.API_ERROR).filter(~dated & _IS_DOWN).is_empty()
