"""What stands as heard and is no speech: pages, and the bodies of errors."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Source
from forensics.session.model.case import Case
from forensics.session.speech.results import heard_results

MARKUP = re.compile(r"<(?:!doctype\b|html\b|\?xml\b)", re.IGNORECASE)
ERROR_KEYS = ("error", "detail")
# of an object that was cut off, only its first key can be told
FIRST_KEY = re.compile(r'\{\s*"(?:error|detail)"\s*:')
PAGE, BODY = "a markup page", "a JSON error"
# where what was heard is written, besides the results
LOGGED = (K.STT_TEXT, K.STT_DONE, K.VOICE_EXCHANGE)
AT_ONCE = timedelta(seconds=1)  # what is heard is logged in several places within milliseconds


@dataclass(frozen=True, slots=True)
class HeardText:
    """A text that one log or result gives as heard."""

    event: int
    source: str
    text: str
    provider: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NonSpeech:
    """All texts of one form that were taken for speech. One text may stand in several logs."""

    form: str
    texts: tuple[HeardText, ...]
    providers: tuple[str, ...]  # what answered, as far as the record tells

    @property
    def count(self) -> int:
        """Return how often it happened: no log tells one text twice."""
        return max(Counter(t.source for t in self.texts).values())

    @property
    def events(self) -> tuple[int, ...]:
        """Return the records that give the texts."""
        return tuple(t.event for t in self.texts)

    @property
    def results(self) -> tuple[int, ...]:
        """Return those of them that went to the agent: the tool's results."""
        return tuple(t.event for t in self.texts if t.source == Source.TRANSCRIPT.value)


def non_speech(case: Case) -> list[NonSpeech]:
    """Return what was taken for speech and is none, by its form."""
    groups: dict[str, list[HeardText]] = {}
    for heard in _heard(case):
        form = form_of(heard.text)
        if form is not None:
            groups.setdefault(form, []).append(heard)
    return [NonSpeech(form, tuple(texts), _providers(case, texts)) for form, texts in groups.items()]


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


def tells_what_was_heard(case: Case) -> bool:
    """Say whether anything in the evidence shows what was heard, or that a heard text is none of these."""
    spoken = case.of(K.VOICE_EXCHANGE).filter(pl.col("tool") != "tts")
    shown = case.of(K.STT_OK, K.STT_DONE, K.STT_NO_SPEECH)
    return not spoken.is_empty() or not shown.is_empty() or next(heard_results(case), None) is not None


def every_request_failed(case: Case) -> bool:
    """Say whether speech-to-text was asked, and no endpoint answered any request."""
    ended = [c.exhausted_event for c in case.speech_requests if c.service == "stt"]
    return bool(ended) and None not in ended


def _heard(case: Case) -> Iterator[HeardText]:
    """Yield what stands as heard and may be no speech: of what a person said, the logs' text is not kept."""
    for result in heard_results(case):
        if result.text is not None and result.text.lstrip()[:1] in ("<", "{"):
            yield HeardText(result.event, Source.TRANSCRIPT.value, result.text, result.provider)
    rows = case.of(*LOGGED).filter(pl.col("text").is_not_null())
    for event, source, text, at in rows.select("event_id", "source", "text", "ts").iter_rows():
        yield HeardText(event, source, text, at=at)


def _providers(case: Case, texts: Sequence[HeardText]) -> tuple[str, ...]:
    """Return what answered: as a result names it, else the endpoint of the request that was answered then."""
    named = {t.provider for t in texts if t.provider}
    if named:
        return tuple(sorted(named))
    times = [t.at for t in texts if t.at is not None]
    answered = [(c.served_by, c.answered_at) for c in case.speech_requests if c.service == "stt"]
    then = {
        by
        for by, at in answered
        if by is not None and at is not None and at.tzinfo and any(abs(at - t) < AT_ONCE for t in times)
    }
    return tuple(sorted(then))
