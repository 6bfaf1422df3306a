"""CCF211: a page or an error's body stands where the user's words should."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
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
from forensics.session.speech.results import heard_results, uses_voice
from forensics.session.speech.tables import short

MARKUP = re.compile(r"<(?:!doctype\b|html\b|\?xml\b)", re.IGNORECASE)
ERROR_KEYS = ("error", "detail")
# of an object that was cut off, only its first key can be told
FIRST_KEY = re.compile(r'\{\s*"(?:error|detail)"\s*:')
PAGE, BODY = "a markup page", "a JSON error"
# where what was heard is written, besides the results
LOGGED = (K.STT_TEXT, K.STT_DONE, K.VOICE_EXCHANGE)

GUIDANCE = Guidance(
    contract="What a speech service returns with status 200 is taken for the user's words, whatever it is.",
    immediate=("Look what the agent did after these words: the user never said them",),
    this_week=("Call the speech endpoint by hand: a proxy or another server answers in its place",),
    strategic=("Have the speech service behind a proxy that keeps the status of an error",),
    avoid="Take every text of the voice tool for an instruction of the user",
    instead="Stop when a heard text begins as markup or JSON, and ask in writing",
    before=("Ask the speech endpoint for one transcription, and read it",),
    during=("When the agent speaks of an error page that nobody mentioned, look at the last heard text",),
    metric="Every text that was taken for speech is speech",
)


AT_ONCE = timedelta(seconds=1)  # what is heard is logged in several places within milliseconds


@dataclass(frozen=True, slots=True)
class _Told:
    event: int
    source: str
    text: str
    provider: str | None = None
    at: datetime | None = None


@rule(
    code="CCF211",
    topic="2.1",
    name="non-transcript-taken-as-speech",
    title="Error body taken as the user's words",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset(
        {
            Source.VOICE_EVENTS,
            Source.VOICE_EXCHANGES,
            Source.VOICE_HEARD,
            Source.VOICE_STDERR,
            Source.MCP_LOG,
            Source.CLAUDE_DEBUG,
            Source.TRANSCRIPT,
        }
    ),
    guidance=GUIDANCE,
    related=("CCF205",),
)
def non_transcript_taken_as_speech(case: Case) -> Iterator[Said]:
    """Find markup and JSON errors that were taken for what the user said.

    ## What it detects
    A heard text that begins as a page (“<!doctype”, “<html”, “<?xml”) or is a JSON object with an ``error`` or
    ``detail``: in the result of the voice tool, in the server's “Transcribed:” line, in its event log, its
    conversation log or its log of what it heard. One text stands in several of them: it is one occurrence, and
    all places are cited.

    ## Why it matters
    A proxy's error page that comes with status 200 becomes an instruction of the user's to the agent; and the
    fallback is not tried, as the request counts as a success.

    ## How to fix
    Find what answers at the endpoint, and have it answer errors with an error status.

    ## Known misses
    An error in plain words (“service unavailable”) cannot be told from speech. From 6.0.2 on the server's own
    lines do not show what was heard.
    """
    if not uses_voice(case) and case.of(K.VOICE_EXCHANGE).is_empty():
        yield NotApplicable("no voice service was used")
        return
    groups: dict[str, list[_Told]] = {}
    for told in _heard(case):
        form = form_of(told.text)
        if form is not None:
            groups.setdefault(form, []).append(told)
    yield from (_hit(case, form, group) for form, group in groups.items())
    if _tells_what_was_heard(case):
        return
    ended = [c.exhausted_event for c in case.chains if c.service == "stt"]
    if Source.VOICE_EVENTS in case.sources or (ended and None not in ended):
        yield NotApplicable("nothing was heard")
    else:
        yield Insufficient("what was heard is not in the evidence: the voice server's event log would tell")


def form_of(text: str) -> str | None:
    """Say what a heard text is, if it is no speech."""
    head = text.lstrip()
    if MARKUP.match(head):
        return PAGE
    if not head.startswith("{"):
        return None
    try:
        held = json.loads(head)
    except ValueError:  # cut off, or somebody's braces
        return BODY if FIRST_KEY.match(head) else None
    return BODY if isinstance(held, dict) and any(key in held for key in ERROR_KEYS) else None


def _heard(case: Case) -> Iterator[_Told]:
    """Yield what stands as heard and may be no speech: of what a person said, the logs' text is not kept."""
    for result in heard_results(case):
        if result.text is not None and result.text.lstrip()[:1] in ("<", "{"):
            yield _Told(result.event, Source.TRANSCRIPT.value, result.text, result.provider)
    rows = case.of(*LOGGED).filter(pl.col("text").is_not_null())
    for event, source, text, at in rows.select("event_id", "source", "text", "ts").iter_rows():
        yield _Told(event, source, text, at=at)


def _tells_what_was_heard(case: Case) -> bool:
    """Say whether anything in the evidence shows what was heard, or that a heard text is none of these."""
    spoken = case.of(K.VOICE_EXCHANGE).filter(pl.col("tool") != "tts")
    shown = case.of(K.STT_OK, K.STT_DONE, K.STT_NO_SPEECH)
    return not spoken.is_empty() or not shown.is_empty() or next(heard_results(case), None) is not None


def _providers(case: Case, group: Sequence[_Told]) -> list[str]:
    """Return what answered: as a result names it, else the endpoint of the request that was answered then."""
    named = {t.provider for t in group if t.provider}
    if named:
        return sorted(named)
    times = [t.at for t in group if t.at is not None]
    answered = [(c.served_by, c.answered_at) for c in case.chains if c.service == "stt"]
    return sorted(
        {
            by
            for by, at in answered
            if by is not None and at is not None and at.tzinfo and any(abs(at - t) < AT_ONCE for t in times)
        }
    )


def _hit(case: Case, form: str, group: Sequence[_Told]) -> Hit:
    events = tuple(t.event for t in group)
    by_source = [sum(t.source == source for t in group) for source in {t.source for t in group}]
    n = max(by_source)
    providers = _providers(case, group)
    results = tuple(t.event for t in group if t.source == Source.TRANSCRIPT.value)
    starts = dict.fromkeys(short(t.text.strip(), 60) for t in group)
    by = f" (by {', '.join(providers)})" if providers else ""
    times = f", {n} times" if n > 1 else ""
    return Hit(
        subject=f"stt|{form}",
        message=f"{form} was taken for the user's words{by}{times}",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(t.event, t.text[:40]) for t in group),
        facts={"form": form, "occurrences": n, "providers": list(providers)},
        statements=(
            Statement(Slot.HAPPENED, Claim.OBSERVED, f"What was heard begins “{next(iter(starts))}”", events),
            Statement(
                Slot.WHY, Claim.DERIVED, "The endpoint's answer had no error status, and was taken", events
            ),
            Statement(
                Slot.IMPACT,
                Claim.OBSERVED if results else Claim.DERIVED,
                "The text was returned to the agent as what the user said",
                results or events,
            ),
            question(
                "What answers at this endpoint: the speech service itself, or a proxy before it?",
                f"one request to {' and '.join(providers) or 'the endpoint'} by hand (curl -i): the status, and the "
                "Server and Via headers of the answer",
                events,
            ),
        ),
    )
