"""CCF210: “no speech detected” where the speech service had failed, or took too long to have heard silence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.speech_table import chain_table, what_failures_said
from forensics.rulekit.whereabouts import VOICE_STDERR
from forensics.schema import NO_SPEECH, Source
from forensics.schema import EventKind as K
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
from forensics.session.speech.results import failed_results, heard_results, server_version, uses_voice
from forensics.text.durations import duration

# the last release that reports a chain of which everything failed as silence (fixed in 4.7.0)
MASKING = (4, 6, 0)
# so says the line of a chain that failed up to 4.4.0, and no later one
OLD_LINE = "All STT endpoints failed. "
FAILED_BEFORE = "Did an endpoint fail or time out before?"
SETTLED_BY = f"{VOICE_STDERR}: “STT failed for” or “timed out” before the request's end"
VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")

GUIDANCE = Guidance(
    contract="Silence and a failure of the speech service are two results: who is not heard must learn which it was.",
    immediate=("Send one recording to each speech endpoint by hand, the first one first",),
    this_week=("Use voicemode 4.7.0 or newer: from there on a failed chain is reported as one",),
    strategic=("Keep the server's log beside the session's: only there the failed attempts stand",),
    avoid="Speak louder, or change the microphone's threshold, after “no speech detected”",
    instead="Look how long speech-to-text took: silence is known at once, a dead service is not",
    before=("Ask the first endpoint for one transcription",),
    during=("After two “no speech” in a row, look at the speech service and go on in text",),
    metric="No request was reported as silent after its speech service had failed",
)


@dataclass(frozen=True, slots=True)
class _Heard:  # one request
    seconds: float
    silent: bool
    events: tuple[int, ...]


@rule(
    code="CCF210",
    topic="2.1",
    name="masked-speech-failure",
    title="Speech failure reported as silence",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset(
        {
            Source.VOICE_EVENTS,
            Source.VOICE_EXCHANGES,
            Source.VOICE_STDERR,
            Source.MCP_LOG,
            Source.CLAUDE_DEBUG,
            Source.TRANSCRIPT,
        }
    ),
    guidance=GUIDANCE,
    references=("voicemode, simple_stt_failover() up to 4.6.0 and from 4.7.0 on",),
    related=("CCF201", "CCF205"),
)
def masked_speech_failure(
    case: Case, *, long_s: float = 20.0, factor: float = 5.0, samples: int = 3, least_s: float = 5.0
) -> Iterator[Said]:
    """Find requests that ended with “no speech detected” although the speech service failed, or may have.

    ## What it detects
    A request in which an endpoint failed and whose end was “no speech”. A chain that failed as a whole on
    voicemode up to 4.6.0, which reports that as silence: the version is taken from the conversation log, from the
    server's start line, or from the line's own form (up to 4.4.0). One finding for the same failed endpoints. And,
    by its time alone: a “no speech” that took speech-to-text more than ``long_s`` seconds, or, where ``samples``
    answered requests tell what is usual, more than ``factor`` times their median (and more than ``least_s``). The
    time alone is no proof: it is left undecided, and no finding where an answered request took as long. Where
    voice activity detection heard nothing (0.0 s), no request was made.

    ## Why it matters
    The user repeats what was said, and blames the microphone, while the service is down.

    ## How to fix
    Repair the speech service. Update voicemode: 4.7.0 tells the two apart.

    ## Known misses
    A service that fails at once on a version up to 4.6.0, without the server's lines. A long recording of real
    silence on a slow machine looks like a failure by its time.
    """
    if not uses_voice(case) and case.of(K.VOICE_EXCHANGE).is_empty():
        yield NotApplicable("no voice service was used")
        return
    version, told_by = server_version(case)
    speech = [c for c in case.chains if c.service == "stt"]
    failed = [c for c in speech if c.no_speech and (c.failures or c.exhausted_event is not None)]
    masking = [c for c in speech if not c.no_speech and _is_masked(case, c, version)]
    for at in dict.fromkeys(tuple(sorted(c.failed_at)) for c in (*failed, *masking)):
        those = [[c for c in chains if {*c.failed_at} == {*at}] for chains in (failed, masking)]
        yield _of_failures(at, those[0], those[1], version, told_by)
    heard = _heard(case, speech, failed)
    slow = _slow(heard, long_s, factor, samples, least_s)
    if slow:
        yield _of_time(slow, heard)
    if not speech and not heard and Source.VOICE_EVENTS in case.sources:
        yield NotApplicable("nothing was sent to speech-to-text")
    elif not heard and not (speech and _all_told(case, speech, version)):
        yield Insufficient(
            "with what result speech-to-text ended, and after how long, is not in the evidence: the voice server's "
            "event log would tell"
        )


def _is_masked(case: Case, chain: Chain, version: str | None) -> bool:
    """Say whether the chain failed as a whole on a release that reports that as silence."""
    if chain.exhausted_event is None:
        return False
    found = VERSION.match(version or "")
    if found is not None:
        return tuple(int(n) for n in found.groups()) <= MASKING
    return str(case.event(chain.exhausted_event)["message"]).startswith(OLD_LINE)


def _all_told(case: Case, speech: Sequence[Chain], version: str | None) -> bool:
    """Say whether it is known how each request ended, and that a failure was reported as one."""
    failed = [c for c in speech if c.exhausted_event is not None]
    told = version is not None or not case.of(K.VOICE_FAILURE).is_empty() or any(failed_results(case))
    known = all(c.answered_event is not None or c.exhausted_event is not None for c in speech)
    return known and (told or not failed)


def _of_failures(
    at: tuple[str, ...],
    failed: Sequence[Chain],
    masking: Sequence[Chain],
    version: str | None,
    told_by: int | None,
) -> Hit:
    chains = [*failed, *masking]
    events = tuple(dict.fromkeys(e for c in chains for e in _events(c)))
    known = () if told_by is None else (told_by,)
    longest = max((c.heard_nothing_s for c in failed if c.heard_nothing_s is not None), default=None)
    n, where = len(chains), f" at {', '.join(at)}" if at else ""
    said = what_failures_said(chains)
    why = [Statement(Slot.WHY, Claim.OBSERVED, said, events)] if said else []
    if masking:
        named = f"voicemode {version}" if version else "this line's form, which no release after 4.4.0 prints"
        text = f"By {named}: up to 4.6.0 a chain that failed as a whole is reported as “No speech detected”"
        why.append(Statement(Slot.WHY, Claim.DERIVED, text, (*known, *events)))
    return Hit(
        subject="|".join(("stt", "failed", *at)),
        message=f"speech-to-text{where} failed and was reported as silence ({_times(n)})",
        claim=Claim.OBSERVED if failed else Claim.DERIVED,
        cites=tuple(Cite(e) for e in (*events, *(known if masking else ()))),
        facts={"occurrences": n, "version": version, "longest_s": longest, "by": "failure"},
        statements=(
            Statement(Slot.HAPPENED, Claim.OBSERVED, f"Speech-to-text{where} failed ({_times(n)})", events),
            *why,
            Statement(Slot.IMPACT, Claim.DERIVED, "The user was told that nothing was heard", events),
        ),
        tables=tuple(chain_table(k, c) for k, c in enumerate(chains[:3], 1) if c.tries),
    )


def _times(n: int) -> str:
    return f"{n} requests" if n > 1 else "1 request"


def _events(chain: Chain) -> Iterator[int]:
    ids = (*(a.end_event for a in chain.failures), chain.exhausted_event, chain.no_speech_event)
    yield from (e for e in ids if e is not None)


def _heard(case: Case, speech: Sequence[Chain], failed: Sequence[Chain]) -> list[_Heard]:
    """Return the requests with their time: by the server's logs, else by its exchanges, else by the results.

    What a fallback answered after a failure tells nothing of how long an answer takes.
    """
    by_logs = [h for c in speech if not c.failures and c.exhausted_event is None for h in _of_chain(c)]
    if failed or any(h.silent for h in by_logs):
        return by_logs
    rows = case.of(K.VOICE_EXCHANGE).filter((pl.col("tool") == "stt") & pl.col("duration_ms").is_not_null())
    exchanged = [
        _Heard(ms / 1000, text == NO_SPEECH, (event,))
        for event, ms, text in rows.select("event_id", "duration_ms", "text").iter_rows()
    ]
    results = [r for r in heard_results(case) if r.stt_s is not None]
    returned = [_Heard(r.stt_s or 0.0, r.text is None, (r.event,)) for r in results]
    told = (by_logs, exchanged, returned)
    return next((t for t in told if any(h.silent for h in t)), next((t for t in told if t), []))


def _of_chain(chain: Chain) -> Iterator[_Heard]:
    took, event = chain.answered_s, chain.answered_event
    if chain.no_speech:
        took, event = chain.heard_nothing_s, chain.no_speech_event
    if took is not None and event is not None and chain.start_event is not None:
        yield _Heard(took, chain.no_speech, (chain.start_event, event))


def _slow(
    heard: Sequence[_Heard], long_s: float, factor: float, samples: int, least_s: float
) -> list[_Heard]:
    answered = [h.seconds for h in heard if not h.silent]
    usual = median(answered) if len(answered) >= samples else None
    ceiling = long_s if usual is None else min(long_s, max(least_s, factor * usual))
    longest = max(answered, default=0.0)
    return [h for h in heard if h.silent and h.seconds > ceiling and h.seconds > longest]


def _of_time(slow: Sequence[_Heard], heard: Sequence[_Heard]) -> Hit:
    answered = [h.seconds for h in heard if not h.silent]
    usual = round(median(answered), 1) if answered else None
    longest = max(h.seconds for h in slow)
    events = tuple(e for h in slow for e in h.events)
    n = len(slow)
    compared = (
        f"; the {len(answered)} answered ones took {duration(usual)} (median)" if usual is not None else ""
    )
    text = f"Ended without speech ({_times(n)}), the longest after {duration(longest)}{compared}"
    return Hit(
        subject="stt|slow",
        message=f"“no speech detected” after {duration(longest)} of speech-to-text, too long for silence",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in events),
        facts={"occurrences": n, "longest_s": round(longest, 1), "median_s": usual, "by": "time"},
        statements=(
            Statement(Slot.HAPPENED, Claim.DERIVED, text, events),
            question(FAILED_BEFORE, SETTLED_BY, events),
        ),
        confidence=Confidence.MEDIUM,
        contract_held=None,
    )
