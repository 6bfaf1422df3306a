"""Speech requests that another endpoint answered than the one that was asked first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from forensics.schema import EventKind as K
from forensics.session.model.case import Case
from forensics.session.model.speech import SpeechRequest
from forensics.session.speech.endpoints import is_local
from forensics.session.speech.results import CLOUD, heard_results


@dataclass(frozen=True, slots=True)
class Fallback:
    """The requests that an endpoint answered after the same others had failed."""

    service: str
    failed_at: tuple[str, ...]
    requests: tuple[SpeechRequest, ...]
    answered: int  # how many requests to the service were answered, these among them

    @property
    def served_by(self) -> list[str]:
        """Return the endpoints that answered, where the record tells."""
        return sorted({c.served_by for c in self.requests if c.served_by})

    @property
    def failures(self) -> tuple[int, ...]:
        """Return the records of the failures."""
        ends = (a.end_event for c in self.requests for a in c.failures)
        return tuple(e for e in ends if e is not None)

    @property
    def events(self) -> tuple[int, ...]:
        """Return the records of the failures and of the answers, request by request."""
        return tuple(e for c in self.requests for e in _events(c))

    @property
    def first(self) -> tuple[int, ...]:
        """Return those of the first request."""
        return tuple(_events(self.requests[0]))

    @property
    def lost_s(self) -> float | None:
        """Return how long the tries took that failed, as far as that is known of any."""
        tries = [t for c in self.requests for t in c.tries if t.reason is not None]
        waits = [t.waited_s for t in tries if t.waited_s is not None]
        return round(sum(waits), 1) if waits else None


def fallbacks(case: Case) -> list[Fallback]:
    """Return the requests that a fallback answered, those of the same failed endpoints together."""
    groups: dict[tuple[str, tuple[str, ...]], list[SpeechRequest]] = {}
    for speech_request in case.speech_requests:
        if _fell_back(speech_request):
            groups.setdefault((speech_request.service, speech_request.failed_at), []).append(speech_request)
    return [
        Fallback(service, failed_at, tuple(group), _answered(case, service))
        for (service, failed_at), group in groups.items()
    ]


def has_open_request(case: Case) -> bool:
    """Say whether an endpoint failed and nothing tells how the request ended: success is hidden from 6.0.2 on."""
    return any(
        c.failures and not (c.answered_event or c.exhausted_event or c.no_speech)
        for c in case.speech_requests
    )


def _fell_back(speech_request: SpeechRequest) -> bool:
    """Say whether an endpoint failed and another one answered; in a torn record only if both are named."""
    if speech_request.answered_event is None or not speech_request.failures:
        return False
    return speech_request.served_by not in speech_request.failed_at and not (
        speech_request.is_sifted and speech_request.served_by is None
    )


def _answered(case: Case, service: str) -> int:
    return sum(c.service == service and c.answered_event is not None for c in case.speech_requests)


def _events(speech_request: SpeechRequest) -> Iterator[int]:
    """Yield the records of the failures, and of the answer."""
    ends = (*(a.end_event for a in speech_request.failures), speech_request.answered_event)
    yield from (e for e in ends if e is not None)


@dataclass(frozen=True, slots=True)
class AnsweredElsewhere:
    """Answers to speech-to-text of an endpoint on the internet, by who answered alone."""

    events: tuple[int, ...]  # the records that name it
    times: int  # how many answers these are: event log, result and conversation log tell the same one
    answers: int  # of how many
    first: int | None  # the record that tells of an endpoint of the user's own; null where none does
    url: str | None  # the endpoint that it names


def answered_elsewhere(case: Case) -> AnsweredElsewhere | None:
    """Return what was answered on the internet; null where no record tells of such an answer."""
    done, exchanges = case.of(K.STT_DONE), case.of(K.VOICE_EXCHANGE)
    logged = done.filter(pl.col("status") == "remote")["event_id"].to_list()
    results = [r for r in heard_results(case) if r.provider is not None]
    told = [r.event for r in results if r.provider == CLOUD]
    if not logged and not told:
        return None
    asked = exchanges.filter((pl.col("tool") == "stt") & pl.col("endpoint").is_not_null())
    local = [(e, str(url)) for e, url in asked.select("event_id", "endpoint").iter_rows() if is_local(url)]
    others = [(r.event, None) for r in results if r.provider != CLOUD]
    first, url = next(iter((*local, *others)), (None, None))
    return AnsweredElsewhere(
        events=(*logged, *told),
        times=max(len(logged), len(told)),
        answers=max(len(logged), len(results), asked.height),
        first=first,
        url=url,
    )
