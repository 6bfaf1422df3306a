"""CCF205: a speech endpoint failed, and another one answered in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.speech_table import chain_table, what_failures_said
from forensics.rulekit.whereabouts import VOICE_STDERR
from forensics.schema import EventKind as K
from forensics.schema import Source
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    Hit,
    Insufficient,
    NotApplicable,
    Severity,
    Slot,
    Statement,
    question,
)
from forensics.session.model.case import Case
from forensics.session.model.speech import Chain
from forensics.session.speech.endpoints import is_local
from forensics.session.speech.results import has_server_lines, heard_results, unread_calls, uses_voice
from forensics.session.speech.tables import SERVICES
from forensics.text.durations import duration

CLOUD = "openai"  # the kind of endpoint that a result names; the others are kinds of local services

GUIDANCE = Guidance(
    contract=(
        "A fallback is for the exception: while it serves, the chain has one endpoint less, and the next failure "
        "may leave none."
    ),
    immediate=("Start or repair the endpoint that failed; its own log tells why",),
    this_week=("Count answers by endpoint, and look when the first one stops being among them",),
    strategic=("Restart local speech services by a supervisor with a health check",),
    avoid="Take an answer for a sign that every endpoint works",
    instead="Look which endpoint answered, and repair the first one before the last one fails",
    before=("Ask the first endpoint for one transcription, and one sentence",),
    during=("When a result names another service than the first, finish the thought and look why",),
    metric="Every speech request was answered by the first endpoint of its chain",
)


@rule(
    code="CCF205",
    name="primary-failed-fallback-served",
    title="Primary speech endpoint failed, fallback served",
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    topic="2.1",
    any_of=frozenset(
        {
            Source.VOICE_STDERR,
            Source.MCP_LOG,
            Source.CLAUDE_DEBUG,
            Source.VOICE_EVENTS,
            Source.VOICE_EXCHANGES,
            Source.TRANSCRIPT,
        }
    ),
    guidance=GUIDANCE,
    related=("CCF201", "CCF204"),
)
def primary_failed_fallback_served(case: Case, *, several: int = 3) -> Iterator[Said]:
    """Find speech requests that a fallback answered because an endpoint before it had failed.

    ## What it detects
    A request in which an attempt failed (“STT failed for …”, “TTS failed for …”) and another endpoint then
    answered. Low; medium from ``several`` such requests on, or where each of two or more requests to the service
    needed the fallback. Without the server's lines: the event log (``is_local`` false, 7.1.0 on) or the result
    (“(STT: openai)”) names another endpoint than the configured first one. That is derived, and does not tell
    whether the first one failed or answered without text. An empty answer alone is no failure, nor is a retry at
    the same endpoint that then succeeds.

    ## Why it matters
    The user is served, later and perhaps at a price; the service is one failure away from none at all.

    ## How to fix
    Repair the endpoint that failed while the other one still answers.

    ## Known misses
    From 6.0.2 on the server does not log which endpoint answered text-to-speech: that one did is known by the
    playback. Up to 4.4.0 a failed attempt at speech-to-text is only logged in debug mode. Without the server's
    lines a fallback of text-to-speech is not seen.
    """
    if not uses_voice(case) and case.of(K.VOICE_EXCHANGE).is_empty():
        yield NotApplicable("no voice service was used")
        return
    served = [c for c in case.chains if _fell_back(c)]
    for group in _alike(served):
        answered = [c for c in case.chains if c.service == group[0].service and c.answered_event is not None]
        yield _hit(group, answered, several)
    if has_server_lines(case):
        if any(_is_open(c) for c in case.chains):
            yield Insufficient("how a request ended whose first attempt failed is not in the evidence")
        return
    yield from _by_outcome(case, several)
    unread = unread_calls(case)
    told = (
        "the voice server's own lines are not in the evidence: a fallback of text-to-speech stands only there"
    )
    yield Insufficient(unread or told)


def _fell_back(chain: Chain) -> bool:
    """Say whether an endpoint failed and another one answered; in a torn record only if both are named."""
    if chain.answered_event is None or not chain.failures:
        return False
    return chain.served_by not in chain.failed_at and not (chain.is_sifted and chain.served_by is None)


def _is_open(chain: Chain) -> bool:
    """Say whether an endpoint failed and nothing tells how the request ended: success is hidden from 6.0.2 on."""
    ended = chain.answered_event or chain.exhausted_event or chain.no_speech
    return bool(chain.failures) and not ended


def _alike(chains: Sequence[Chain]) -> list[list[Chain]]:
    groups: dict[tuple[str, tuple[str, ...]], list[Chain]] = {}
    for chain in chains:
        groups.setdefault((chain.service, chain.failed_at), []).append(chain)
    return list(groups.values())


def _severity(times: int, of: int, several: int) -> Severity:
    return Severity.MEDIUM if times >= several or times == of > 1 else Severity.LOW


def _hit(group: Sequence[Chain], answered: Sequence[Chain], several: int) -> Hit:
    service = SERVICES[group[0].service]
    failed = group[0].failed_at
    by = sorted({c.served_by for c in group if c.served_by})
    events = tuple(dict.fromkeys(e for c in group for e in _events(c)))
    served = f"{', '.join(by)} served" if by else "another endpoint served"
    n = len(group)
    return Hit(
        subject=f"{group[0].service}|{'|'.join(failed)}",
        message=f"{service} at {', '.join(failed)} failed, {served} ({_times(n, len(answered))})",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in events),
        facts={
            "service": group[0].service,
            "failed": list(failed),
            "served_by": list(by),
            "occurrences": n,
            "answered": len(answered),
            "lost_s": _lost_s(group),
        },
        statements=tuple(_statements(group, served, len(answered))),
        tables=tuple(chain_table(k, c) for k, c in enumerate(group[:3], 1)),
        severity=_severity(n, len(answered), several),
    )


def _times(n: int, answered: int) -> str:
    return f"{n} of {answered} answered request{'s' if answered > 1 else ''}"


def _events(chain: Chain) -> list[int]:
    """Return the records of the failures, and of the answer."""
    ends = [a.end_event for a in chain.failures if a.end_event is not None]
    return [*ends, *([chain.answered_event] if chain.answered_event is not None else [])]


def _lost_s(group: Sequence[Chain]) -> float | None:
    waits = [a.waited_s for c in group for a in c.tries if a.reason is not None and a.waited_s is not None]
    return round(sum(waits), 1) if waits else None


def _statements(group: Sequence[Chain], served: str, answered: int) -> Iterator[Statement]:
    first = group[0]
    ends = tuple(a.end_event for c in group for a in c.failures if a.end_event is not None)
    text = f"{SERVICES[first.service].capitalize()} failed at first ({_times(len(group), answered)}), and {served}"
    yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, tuple(_events(first)))
    yield Statement(Slot.WHY, Claim.OBSERVED, what_failures_said(group), ends)
    lost = _lost_s(group)
    if lost:
        text = f"{duration(lost)} were spent on attempts that failed before the answers came"
        yield Statement(Slot.IMPACT, Claim.DERIVED, text, ends)
    if len(group) == answered > 1:
        text = "No request to this service was answered by its first endpoint in this record"
        yield Statement(Slot.IMPACT, Claim.DERIVED, text, ends)


def _by_outcome(case: Case, several: int) -> Iterator[Said]:
    """Without the server's lines: who answered, against which endpoint is the first."""
    done, asked = case.of(K.STT_DONE), case.of(K.VOICE_EXCHANGE)
    logged = done.filter(pl.col("status") == "remote")["event_id"].to_list()
    results = [r for r in heard_results(case) if r.provider is not None]
    told = [r.event for r in results if r.provider == CLOUD]
    asked = asked.filter((pl.col("tool") == "stt") & pl.col("endpoint").is_not_null())
    local = [e for e, url in asked.select("event_id", "endpoint").iter_rows() if is_local(url)]
    others = [r.event for r in results if r.provider != CLOUD]
    if not logged and not told:
        return
    if not local and not others:
        yield Insufficient("which speech endpoint is configured as the first one is not in the evidence")
        return
    first = (local or others)[0]
    url, why = "a local service", "A local service answered others: one of the two is the other's fallback"
    if local:
        url = str(case.event(first)["endpoint"])
        why = f"The first endpoint for speech is {url}"
    # the event log, the result and the conversation log tell the same answer
    answers = max(len(logged), len(results), asked.height)
    times = max(len(logged), len(told))
    hit = _derived(url, why, first, (*logged, *told), (times, answers))
    yield replace(hit, severity=_severity(times, answers, several))


def _derived(url: str, why: str, first: int, events: tuple[int, ...], counts: tuple[int, int]) -> Hit:
    times, answers = counts
    settled_by = f"{VOICE_STDERR}: “STT failed for” this endpoint, or “STT returned empty result”"
    return Hit(
        subject="stt|by outcome",
        message=f"another endpoint than {url} answered speech-to-text ({_times(times, answers)})",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in (*events, first)),
        facts={
            "service": "stt",
            "failed": [url],
            "served_by": [],
            "occurrences": times,
            "answered": answers,
            "lost_s": None,
        },
        statements=(
            Statement(
                Slot.HAPPENED, Claim.OBSERVED, "An endpoint answered that is none of the user's own", events
            ),
            Statement(Slot.WHY, Claim.DERIVED, why, (first,)),
            question("Did the first endpoint fail, or answer without text?", settled_by, events[:1]),
        ),
        confidence=Confidence.MEDIUM,
        contract_held=None,
    )
