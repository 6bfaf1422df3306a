"""Speech requests as a reader counts them: each once, however many logs tell of it, and what was an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from forensics.schema import Row
from forensics.session.model.case import Case
from forensics.session.model.speech import SpeechRequest, seconds_between

ONE_REQUEST_S = 0.05  # between what two loggers of one server say of the end of one request
SILENCE, PAGE = "CCF210", "CCF211"  # what was answered was no transcript
AT_ONCE = timedelta(seconds=1)  # what is heard is logged in several places within milliseconds


def distinct(requests: Sequence[SpeechRequest]) -> list[SpeechRequest]:
    """Return the requests of one service; of two that failed at the same moment the one that says more."""
    found: list[SpeechRequest] = []
    for request in requests:
        apart = seconds_between(found[-1].exhausted_at, request.exhausted_at) if found else None
        if apart is None or apart > ONE_REQUEST_S:
            found.append(request)
        elif found[-1].started is None and request.started is not None:
            found[-1] = request
    return found


def answered(case: Case) -> list[SpeechRequest]:
    """Return the requests that were answered with what they asked for: a gateway's error page is no answer."""
    requests = [c for c in case.speech_requests if c.answered_event is not None and not c.no_speech]
    wrong = {r.event_id for f in case.found(SILENCE, PAGE) for r in f.evidence}
    pages = [case.event(r.event_id) for f in case.found(PAGE) for r in f.evidence]
    heard = [c for c in requests if c.service == "stt"]
    taken = {_answer_of(heard, page) for page in pages} | wrong
    return [c for c in requests if c.answered_event not in taken]


def _answer_of(heard: Sequence[SpeechRequest], page: Row) -> int | None:
    """Return the answer that brought a page, by the line, record or result that shows it: the last one before it."""
    before = [
        c
        for c in heard
        if _is_before(c.answered_at, page["ts"]) or _is_before(c.answered_at, page["local_ts"])
    ]
    return before[-1].answered_event if before else None


def _is_before(answer: datetime | None, shown: datetime | None) -> bool:
    return shown is not None and seconds_between(answer, shown + AT_ONCE) is not None
