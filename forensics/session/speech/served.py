"""Who answered a speech request after a local service had failed, and whether anybody told the user."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import polars as pl

from forensics.schema import CONVERSE, Row
from forensics.schema import EventKind as K
from forensics.session.model.case import Case, per_case
from forensics.session.model.speech import Attempt, SpeechRequest, seconds_between
from forensics.session.speech.endpoints import is_local
from forensics.session.speech.results import CLOUD, has_server_lines

SPEECH = "/audio/speech"
ANSWERED = "200"
LATER = timedelta(minutes=5)  # the tool's result, or the record of what was spoken, follows within this time
A_LOCAL, A_CLOUD = "a local endpoint", "one on the internet"  # where no record names them


@dataclass(frozen=True, slots=True)
class Served:
    """One request that another endpoint answered after a local one had failed."""

    service: str
    local: str
    paid: str  # the endpoint that answered
    failure: int | None  # the record of the local one's failure; null where only the answer shows it
    reason: str | None
    seconds: float | None  # that the answer took
    proof: tuple[int, ...]  # the records that say who answered
    told: int | None  # the result or message that names the provider
    result: int | None  # the tool's result that does not
    mapped: Row | None = None  # the line that says which voice speaks for the one asked for


@dataclass(frozen=True, slots=True)
class Replacement:
    """All requests that one endpoint answered in place of a local one."""

    service: str
    local: str
    paid: str
    requests: tuple[Served, ...]

    @property
    def failures(self) -> tuple[int, ...]:
        """Return the records of the local one's failures; none where only the answers show them."""
        return tuple(s.failure for s in self.requests if s.failure is not None)

    @property
    def proof(self) -> tuple[int, ...]:
        """Return the records that say who answered."""
        return tuple(e for s in self.requests for e in s.proof)

    @property
    def events(self) -> tuple[int | None, ...]:
        """Return all records that show it, request by request."""
        return tuple(e for s in self.requests for e in (s.failure, *s.proof))

    @property
    def told(self) -> tuple[int, ...]:
        """Return the records that named the provider to the user, one for each request of which one did."""
        return tuple(s.told for s in self.requests if s.told is not None)

    @property
    def untold(self) -> tuple[int, ...]:
        """Return the tool's results that name no provider, where nothing else did."""
        return tuple(s.result for s in self.requests if s.told is None and s.result is not None)

    @property
    def is_silent(self) -> bool:
        """Say whether the user was not told of some answer: what is heard is told by its result, if that is here."""
        return any(s.told is None and (self.service == "tts" or s.result is not None) for s in self.requests)

    @property
    def seconds(self) -> float | None:
        """Return how long its answers took, as far as that is known of any."""
        took = [s.seconds for s in self.requests if s.seconds is not None]
        return round(sum(took), 1) if took else None

    @property
    def mapped(self) -> Row | None:
        """Return the first line that says which voice speaks for the one asked for."""
        return next((s.mapped for s in self.requests if s.mapped is not None), None)


def paid_replacements(case: Case) -> list[Replacement]:
    """Return who on the internet answered for which local endpoint: by the server's lines, else by its events."""
    served = [s for _, s in _answered_instead(case) if s is not None and not is_local(s.paid)]
    by_events = () if has_server_lines(case) else served_by_events(case)
    groups: dict[tuple[str, str, str], list[Served]] = {}
    for one in (*served, *by_events):
        groups.setdefault((one.service, one.local, one.paid), []).append(one)
    return [Replacement(*who, tuple(found)) for who, found in groups.items()]


def has_unnamed_answer(case: Case) -> bool:
    """Say whether a local endpoint failed, and no record tells which one answered then."""
    return any(
        served is None
        and speech_request.exhausted_event is None
        and not speech_request.no_speech
        and any(is_local(a.endpoint) for a in speech_request.failures)
        for speech_request, served in _answered_instead(case)
    )


@per_case
def _answered_instead(case: Case) -> tuple[tuple[SpeechRequest, Served | None], ...]:
    return tuple(
        (speech_request, served_instead(case, speech_request)) for speech_request in case.speech_requests
    )


def served_instead(case: Case, speech_request: SpeechRequest) -> Served | None:
    """Return who answered a request whose local endpoint failed; null where none did, or no record tells."""
    failed = next((a for a in speech_request.failures if is_local(a.endpoint)), None)
    if failed is None or speech_request.exhausted_event is not None:
        return None
    service, at, why = speech_request.service, failed.end_event, failed.reason
    answered = next((a for a in speech_request.attempts if a.answered), None)
    if answered is not None:
        paid, took = answered.endpoint, seconds_between(answered.started, answered.ended)
        proof = tuple(e for e in (answered.start_event, answered.end_event) if e is not None)
        notice = _notice(case, service, paid, speech_request.answered_at)
        mapped = _mapped(case, answered)
        return Served(service, failed.endpoint, paid, at, why, took, proof, *notice, mapped)
    row = _spoken_by(case, speech_request, failed) if service == "tts" else None
    if row is None:
        return None
    paid = str(row["endpoint"]).removesuffix(SPEECH)
    notice = _notice(case, service, paid, speech_request.answered_at or row["ts"])
    return Served(service, failed.endpoint, paid, at, why, None, (row["event_id"],), *notice)


def served_by_events(case: Case) -> Iterator[Served]:
    """Yield the requests of which only the event log tells that a remote endpoint answered (7.1.0 and later).

    The server asks its endpoints in one order: what was answered locally at another time was asked locally first.
    """
    done = case.of(K.STT_DONE)
    local = done.filter(pl.col("status") == "ok")["event_id"].head(1).to_list()
    for row in done.filter(pl.col("status") == "remote").iter_rows(named=True) if local else ():
        notice = _notice(case, "stt", A_CLOUD, row["ts"])
        yield Served("stt", A_LOCAL, A_CLOUD, None, None, None, (row["event_id"], *local), *notice)


def _mapped(case: Case, answered: Attempt) -> Row | None:
    """Return the line about another voice that stands inside an attempt."""
    inside = pl.col("event_id").is_between(answered.start_event or 0, answered.end_event or 0)
    lines = case.of(K.TTS_MAPPED).filter(inside)
    return lines.row(0, named=True) if lines.height else None


def _spoken_by(case: Case, speech_request: SpeechRequest, failed: Attempt) -> Row | None:
    """Return the record that names the endpoint that spoke, where the server's own lines do not."""
    answers = (pl.col("kind") == K.HTTP_RESPONSE.value) & (pl.col("status") == ANSWERED)
    spoke = answers & pl.col("endpoint").str.ends_with(SPEECH)
    logged = (pl.col("kind") == K.VOICE_EXCHANGE.value) & (pl.col("tool") == "tts")
    own = [c for c in case.speech_requests if c.service == "tts"]
    after = own[next(n for n, c in enumerate(own, 1) if c is speech_request) :]
    until = next((t for c in after for t in (c.started, *(a.ended for a in c.tries)) if t is not None), None)
    between = seconds_between(failed.ended, until)
    limit = LATER.total_seconds() if between is None else between
    for row in (
        case.of(K.HTTP_RESPONSE, K.VOICE_EXCHANGE)
        .filter(spoke | (logged & pl.col("endpoint").is_not_null()))
        .iter_rows(named=True)
    ):
        by_utc = seconds_between(failed.ended, row["ts"])
        later = by_utc if by_utc is not None else seconds_between(failed.ended, row["local_ts"])
        if later is not None and later <= limit:
            return row
    return None


def _notice(case: Case, service: str, endpoint: str, since: datetime | None) -> tuple[int | None, int | None]:
    """Return the record that told the user who answered, and the tool's result where it does not tell."""
    if since is None or since.tzinfo is None:
        return None, None
    host = (urlsplit(endpoint).hostname or CLOUD).casefold()
    name = CLOUD if CLOUD in host else host
    calls = case.of(K.TOOL_CALL).filter(pl.col("tool").str.ends_with(CONVERSE)).select("correlation_id")
    results = case.of(K.TOOL_RESULT).join(calls, on="correlation_id", how="semi", maintain_order="left")
    said = results.filter(pl.col("ts").is_between(since, since + LATER)).head(1)
    words = pl.col("message").str.to_lowercase()
    by_result = said.filter(words.str.contains(f"{service}: {name}", literal=True))
    messages = case.of(K.ASSISTANT_MESSAGE).filter(pl.col("ts").is_between(since, since + LATER))
    by_message = messages.filter(words.str.contains(name, literal=True))
    for found in (by_result, by_message):
        if found.height:
            return int(found["event_id"][0]), None
    return None, int(said["event_id"][0]) if said.height else None
