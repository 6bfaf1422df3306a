"""Requests of speech-to-text that ended without speech, and whether silence was the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import polars as pl

from forensics.schema import NO_SPEECH
from forensics.schema import EventKind as K
from forensics.session.model.case import Case
from forensics.session.model.speech import SpeechRequest
from forensics.session.speech.results import failed_results, heard_results, server_version

# the last release that reports a request of which every try failed as silence (fixed in 4.7.0)
MASKING = (4, 6, 0)
# so says the line of a request that failed up to 4.4.0, and no later one
OLD_LINE = "All STT endpoints failed. "
VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class MaskedFailures:
    """The requests that failed at the same endpoints, and were reported as silence."""

    endpoints: tuple[str, ...]
    seen: tuple[SpeechRequest, ...]  # those that the record shows to end in silence
    by_version: tuple[SpeechRequest, ...]  # that failed as a whole on a release that reports that as silence
    version: str | None
    told_by: int | None  # the record that names the version

    @property
    def requests(self) -> tuple[SpeechRequest, ...]:
        """Return all of the requests."""
        return (*self.seen, *self.by_version)

    @property
    def events(self) -> tuple[int, ...]:
        """Return the records of their failures and of their ends."""
        return tuple(dict.fromkeys(e for c in self.requests for e in _ends(c) if e is not None))

    @property
    def longest_s(self) -> float | None:
        """Return how long the longest of those seen took."""
        return max((c.heard_nothing_s for c in self.seen if c.heard_nothing_s is not None), default=None)


@dataclass(frozen=True, slots=True)
class TimedRequest:
    """How long one request took, whether it ended without speech, and the records that tell."""

    seconds: float
    is_silent: bool
    events: tuple[int, ...]


def spoken_to(case: Case) -> list[SpeechRequest]:
    """Return the requests to speech-to-text."""
    return [c for c in case.speech_requests if c.service == "stt"]


def masked_failures(case: Case) -> list[MaskedFailures]:
    """Return the requests whose failure was reported as silence, those of the same endpoints together."""
    version, told_by = server_version(case)
    speech = spoken_to(case)
    seen = [c for c in speech if _failed_silently(c)]
    masking = [c for c in speech if not c.no_speech and _is_masked(case, c, version)]
    at = dict.fromkeys(tuple(sorted(c.failed_at)) for c in (*seen, *masking))
    return [MaskedFailures(a, _at(a, seen), _at(a, masking), version, told_by) for a in at]


def _failed_silently(request: SpeechRequest) -> bool:
    return request.no_speech and bool(request.failures or request.exhausted_event is not None)


def _at(endpoints: Sequence[str], requests: Sequence[SpeechRequest]) -> tuple[SpeechRequest, ...]:
    return tuple(c for c in requests if {*c.failed_at} == {*endpoints})


def _is_masked(case: Case, request: SpeechRequest, version: str | None) -> bool:
    """Say whether the request failed as a whole on a release that reports that as silence."""
    if request.exhausted_event is None:
        return False
    found = VERSION.match(version or "")
    if found is not None:
        return tuple(int(n) for n in found.groups()) <= MASKING
    return str(case.event(request.exhausted_event)["message"]).startswith(OLD_LINE)


def _ends(request: SpeechRequest) -> tuple[int | None, ...]:
    return (*(a.end_event for a in request.failures), request.exhausted_event, request.no_speech_event)


def tells_every_end(case: Case) -> bool:
    """Say whether there were requests, it is known how each ended, and a failure was reported as one."""
    speech = spoken_to(case)
    failed = [c for c in speech if c.exhausted_event is not None]
    version, _ = server_version(case)
    told = version is not None or not case.of(K.VOICE_FAILURE).is_empty() or any(failed_results(case))
    known = all(c.answered_event is not None or c.exhausted_event is not None for c in speech)
    return bool(speech) and known and (told or not failed)


def timed_requests(case: Case) -> list[TimedRequest]:
    """Return the requests with their time: by the server's logs, else by its exchanges, else by the results.

    What a fallback answered after a failure tells nothing of how long an answer takes.
    """
    speech = spoken_to(case)
    by_logs = [t for c in speech if not c.failures and c.exhausted_event is None for t in _of_request(c)]
    if any(_failed_silently(c) for c in speech) or any(t.is_silent for t in by_logs):
        return by_logs
    rows = case.of(K.VOICE_EXCHANGE).filter((pl.col("tool") == "stt") & pl.col("duration_ms").is_not_null())
    exchanged = [
        TimedRequest(ms / 1000, text == NO_SPEECH, (event,))
        for event, ms, text in rows.select("event_id", "duration_ms", "text").iter_rows()
    ]
    results = [r for r in heard_results(case) if r.stt_s is not None]
    returned = [TimedRequest(r.stt_s or 0.0, r.text is None, (r.event,)) for r in results]
    told = (by_logs, exchanged, returned)
    return next((t for t in told if any(r.is_silent for r in t)), next((t for t in told if t), []))


def _of_request(request: SpeechRequest) -> Iterator[TimedRequest]:
    took, event = request.answered_s, request.answered_event
    if request.no_speech:
        took, event = request.heard_nothing_s, request.no_speech_event
    if took is not None and event is not None and request.start_event is not None:
        yield TimedRequest(took, request.no_speech, (request.start_event, event))


@dataclass(frozen=True, slots=True)
class SlowSilences:
    """The requests that took longer to hear nothing than any took to be answered."""

    slow: tuple[TimedRequest, ...]
    answered_s: tuple[float, ...]  # what the answered ones took

    @property
    def events(self) -> tuple[int, ...]:
        """Return the records that tell of them."""
        return tuple(e for r in self.slow for e in r.events)

    @property
    def longest_s(self) -> float:
        """Return how long the longest took."""
        return max(r.seconds for r in self.slow)

    @property
    def median_s(self) -> float | None:
        """Return what an answer usually took; null where there was none."""
        return round(median(self.answered_s), 1) if self.answered_s else None


def slow_silences(
    timed: Sequence[TimedRequest], *, long_s: float, factor: float, samples: int, least_s: float
) -> SlowSilences | None:
    """Return the requests that took too long for silence: by ``long_s``, or by what is usual; null without any."""
    answered = tuple(r.seconds for r in timed if not r.is_silent)
    usual = median(answered) if len(answered) >= samples else None
    ceiling = long_s if usual is None else min(long_s, max(least_s, factor * usual))
    limit = max(ceiling, max(answered, default=0.0))
    slow = tuple(r for r in timed if r.is_silent and r.seconds > limit)
    return SlowSilences(slow, answered) if slow else None
