"""CCF212: a local voice service failed, and a paid one answered without a word about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import polars as pl

from forensics.case import Case
from forensics.finding import (
    Cite,
    Claim,
    Confidence,
    Hit,
    Insufficient,
    NotApplicable,
    Severity,
    Slot,
    Statement,
)
from forensics.rule import Guidance, Said, rule
from forensics.schema import CONVERSE, Row, Source
from forensics.schema import EventKind as K
from forensics.voice_chains import Attempt, Chain, seconds_between
from forensics.voice_results import unread_calls, uses_voice
from forensics.voice_tables import SERVICES, is_local, short

SPEECH = "/audio/speech"
ANSWERED = "200"
LATER = timedelta(minutes=5)  # the tool's result, or the record of what was spoken, follows within this time

GUIDANCE = Guidance(
    contract="The user knows which service hears and speaks for them, and which one sends a bill.",
    immediate=(
        "Look at the local voice service that failed: is it running, and does it know the model and voice?",
    ),
    this_week=(
        "List only local endpoints (VOICEMODE_STT_BASE_URLS, VOICEMODE_TTS_BASE_URLS) where speech must stay local",
    ),
    avoid="Keep a cloud endpoint as the last entry of a list without a notice when it is used",
    instead="Let the client say once per session that the cloud speaks now, and why",
    before=("Call the local service once, and see that it answers",),
    after=("Compare the provider's bill with the number of calls named here",),
    metric="No paid endpoint answered in place of a local one without notice",
)


@dataclass(frozen=True, slots=True)
class _Served:
    """One request that a paid endpoint answered after a local one had failed."""

    chain: Chain
    failed: Attempt
    paid: str  # the endpoint that answered
    seconds: float | None  # that the paid endpoint took
    proof: tuple[int, ...]  # the records that say who answered
    told: int | None  # the result or message that names the provider
    result: int | None  # the tool's result that does not
    mapped: Row | None = None  # the line that says which voice speaks for the one asked for


@rule(
    code="CCF212",
    name="silent-paid-fallback",
    title="Silent fallback to a paid voice service",
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.VOICE_STDERR, Source.MCP_LOG, Source.CLAUDE_DEBUG, Source.TRANSCRIPT}),
    guidance=GUIDANCE,
    related=("CCF205",),
)
def silent_paid_fallback(case: Case) -> Iterator[Said]:
    """Find requests that a cloud voice service answered because a local one failed, without a notice.

    ## What it detects
    In one request an endpoint on this machine or network failed (loopback, a private address, or one of the
    ports 2022, 8880 and 8890), and one on the internet answered: by the server's own lines, by its HTTP log, or by
    the exchange log, which names the endpoint that spoke. Low where nothing told the user; a note where the
    tool's result or the assistant named the provider, as voicemode's results do for speech that was heard
    (“(STT: openai)”), or where that result is not in the evidence. One finding for each pair of endpoints.

    ## Why it matters
    What was to stay on the machine went to the cloud, in another voice, and is billed.

    ## How to fix
    Mend the local service, or take the cloud endpoint out of the list where speech must stay local.

    ## Known misses
    Which endpoint costs money is not in the logs: one on the internet is taken to. From voicemode 6.0.2 on a
    spoken answer is attributed only where the HTTP log or the exchange log is there. An endpoint that answered
    with an empty text did not fail.
    """
    if not uses_voice(case):
        yield NotApplicable("no voice service was used")
        return
    groups: dict[tuple[str, str, str], list[_Served]] = {}
    unnamed = False
    for chain in case.chains:
        failed = next((a for a in chain.failures if is_local(a.endpoint)), None)
        if failed is None or chain.exhausted_event is not None:
            continue
        served = _served(case, chain, failed)
        if served is not None and not is_local(served.paid):
            groups.setdefault((chain.service, failed.endpoint, served.paid), []).append(served)
        else:
            unnamed = unnamed or (served is None and chain.served_by is None and not chain.no_speech)
    yield from (_hit(*key, found) for key, found in groups.items())
    if unnamed:
        yield Insufficient(
            "a local voice service failed, and which endpoint answered then is not in the evidence"
        )
    unread = unread_calls(case)
    if unread is not None:
        yield Insufficient(unread)


def _served(case: Case, chain: Chain, failed: Attempt) -> _Served | None:
    """Return who answered a request whose local endpoint failed; null where that is not told, or it was local."""
    paid = next((a for a in chain.attempts if a.answered and not is_local(a.endpoint)), None)
    if paid is not None:
        proof = tuple(e for e in (paid.start_event, paid.end_event) if e is not None)
        seconds = seconds_between(paid.started, paid.ended)
        told, result = _notice(case, chain, paid.endpoint)
        return _Served(chain, failed, paid.endpoint, seconds, proof, told, result, _mapped(case, paid))
    if chain.service != "tts" or chain.served_by is not None:
        return None
    row = _spoken_by(case, chain, failed)
    if row is None:
        return None
    endpoint = str(row["endpoint"]).removesuffix(SPEECH)
    return _Served(chain, failed, endpoint, None, (row["event_id"],), *_notice(case, chain, endpoint, row))


def _own_time(row: Row, like: Attempt) -> float | None:
    """Return the seconds from an attempt's end to a record, by the clock that both have."""
    by_utc = seconds_between(like.ended, row["ts"])
    return by_utc if by_utc is not None else seconds_between(like.ended, row["local_ts"])


def _mapped(case: Case, paid: Attempt) -> Row | None:
    """Return the line about another voice that stands inside an attempt."""
    lines = case.of(K.TTS_MAPPED).filter(
        pl.col("event_id").is_between(paid.start_event or 0, paid.end_event or 0)
    )
    return lines.row(0, named=True) if lines.height else None


def _spoken_by(case: Case, chain: Chain, failed: Attempt) -> Row | None:
    """Return the record that names the endpoint that spoke, where the server's own lines do not."""
    answers = (pl.col("kind") == K.HTTP_RESPONSE.value) & (pl.col("status") == ANSWERED)
    spoke = answers & pl.col("endpoint").str.ends_with(SPEECH)
    logged = (pl.col("kind") == K.VOICE_EXCHANGE.value) & pl.col("endpoint").is_not_null()
    own = [c for c in case.chains if c.service == "tts"]
    after = own[own.index(chain) + 1 :]
    until = next((t for c in after for t in (c.started, *(a.ended for a in c.tries)) if t is not None), None)
    between = seconds_between(failed.ended, until)
    limit = LATER.total_seconds() if between is None else between
    for row in case.of(K.HTTP_RESPONSE, K.VOICE_EXCHANGE).filter(spoke | logged).iter_rows(named=True):
        later = _own_time(row, failed)
        if later is not None and later <= limit:
            return row
    return None


def _notice(case: Case, chain: Chain, paid: str, spoken: Row | None = None) -> tuple[int | None, int | None]:
    """Return the record that told the user who answered, and the tool's result where it does not tell."""
    since = chain.answered_at or (spoken["ts"] if spoken is not None else None)
    if since is None or since.tzinfo is None:
        return None, None
    host = (urlsplit(paid).hostname or paid).casefold()
    name = "openai" if "openai" in host else host
    calls = case.of(K.TOOL_CALL).filter(pl.col("tool").str.ends_with(CONVERSE)).select("correlation_id")
    results = case.of(K.TOOL_RESULT).join(calls, on="correlation_id", how="semi", maintain_order="left")
    said = results.filter(pl.col("ts").is_between(since, since + LATER)).head(1)
    result = said["event_id"][0] if said.height else None
    words = pl.col("message").str.to_lowercase()
    by_result = said.filter(words.str.contains(f"{chain.service}: {name}", literal=True))
    told = case.of(K.ASSISTANT_MESSAGE).filter(pl.col("ts").is_between(since, since + LATER))
    by_message = told.filter(words.str.contains(name, literal=True) | words.str.contains(host, literal=True))
    for found in (by_result, by_message):
        if found.height:
            return int(found["event_id"][0]), None
    return None, result


def _severity(service: str, found: Sequence[_Served]) -> Severity:
    """Say how bad it is: low, but a note where each answer was told, or stands in a result that is not here."""
    silent = any(s.told is None and (service == "tts" or s.result is not None) for s in found)
    return Severity.LOW if silent else Severity.NOTE


def _hit(service: str, local: str, paid: str, found: Sequence[_Served]) -> Hit:
    cites = [e for s in found for e in (s.failed.end_event, *s.proof) if e is not None]
    told = [s.told for s in found if s.told is not None]
    severity = _severity(service, found)
    seconds = [s.seconds for s in found if s.seconds is not None]
    times = f" ({len(found)} times)" if len(found) > 1 else ""
    return Hit(
        subject=f"{service}|{local}|{paid}",
        message=f"{SERVICES[service]} fell back from {local} to {paid}{times}"
        + (", and nothing told the user" if severity is Severity.LOW else ""),
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in dict.fromkeys(cites)),
        facts={
            "service": service,
            "local": local,
            "paid": paid,
            "calls": len(found),
            "seconds": round(sum(seconds), 1) if seconds else None,
            "told": len(told),
        },
        statements=tuple(_statements(service, local, paid, found)),
        severity=severity,
        confidence=Confidence.HIGH if seconds else Confidence.MEDIUM,
        contract_held=False if severity is Severity.LOW else (True if len(told) == len(found) else None),
    )


def _statements(service: str, local: str, paid: str, found: Sequence[_Served]) -> Iterator[Statement]:
    fails = tuple(s.failed.end_event for s in found if s.failed.end_event is not None)
    proof = tuple(dict.fromkeys(e for s in found for e in s.proof))
    text = f"{local} failed: {short(found[0].failed.reason)}"
    yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, fails)
    what = "heard" if service == "stt" else "spoke"
    yield Statement(Slot.HAPPENED, Claim.DERIVED, f"{paid} {what} instead, and is not on this machine", proof)
    mapped = next((s.mapped for s in found if s.mapped is not None), None)
    if mapped is not None:
        text = f"Another voice spoke: {mapped['status']} for {mapped['tool']}"
        yield Statement(Slot.IMPACT, Claim.OBSERVED, text, (mapped["event_id"],))
    told = tuple(s.told for s in found if s.told is not None)
    if told:
        text = f"The provider was named to the user in {len(told)} of {len(found)} cases, in words only"
        yield Statement(Slot.WHY, Claim.OBSERVED, text, told)
    untold = tuple(s.result for s in found if s.told is None and s.result is not None)
    if untold:
        text = "The tool's result does not name the provider that answered"
        yield Statement(Slot.WHY, Claim.OBSERVED, text, untold)
    elif not told:
        text = "No notice to the user was observed in the supplied evidence"
        yield Statement(Slot.WHY, Claim.DERIVED, text, fails[:1])
