"""Who answered a speech request after a local service had failed, and whether anybody told the user."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import polars as pl

from forensics.schema import CONVERSE, Row
from forensics.schema import EventKind as K
from forensics.session.model.case import Case
from forensics.session.model.speech import Attempt, Chain, seconds_between
from forensics.session.speech.endpoints import is_local

SPEECH = "/audio/speech"
ANSWERED = "200"
LATER = timedelta(minutes=5)  # the tool's result, or the record of what was spoken, follows within this time
A_LOCAL, A_CLOUD = "a local endpoint", "one on the internet"  # where no record names them
CLOUD = "openai"  # by this name voicemode's results call the provider, and people the cloud


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


def served_instead(case: Case, chain: Chain) -> Served | None:
    """Return who answered a request whose local endpoint failed; null where none did, or no record tells."""
    failed = next((a for a in chain.failures if is_local(a.endpoint)), None)
    if failed is None or chain.exhausted_event is not None:
        return None
    service, at, why = chain.service, failed.end_event, failed.reason
    answered = next((a for a in chain.attempts if a.answered), None)
    if answered is not None:
        paid, took = answered.endpoint, seconds_between(answered.started, answered.ended)
        proof = tuple(e for e in (answered.start_event, answered.end_event) if e is not None)
        notice = _notice(case, service, paid, chain.answered_at)
        mapped = _mapped(case, answered)
        return Served(service, failed.endpoint, paid, at, why, took, proof, *notice, mapped)
    row = _spoken_by(case, chain, failed) if service == "tts" else None
    if row is None:
        return None
    paid = str(row["endpoint"]).removesuffix(SPEECH)
    notice = _notice(case, service, paid, chain.answered_at or row["ts"])
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


def _spoken_by(case: Case, chain: Chain, failed: Attempt) -> Row | None:
    """Return the record that names the endpoint that spoke, where the server's own lines do not."""
    answers = (pl.col("kind") == K.HTTP_RESPONSE.value) & (pl.col("status") == ANSWERED)
    spoke = answers & pl.col("endpoint").str.ends_with(SPEECH)
    logged = (pl.col("kind") == K.VOICE_EXCHANGE.value) & (pl.col("tool") == "tts")
    own = [c for c in case.chains if c.service == "tts"]
    after = own[next(n for n, c in enumerate(own, 1) if c is chain) :]
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
