"""A request of speech as evidence and as a table: what was tried when, and how each try ended."""

from __future__ import annotations

from forensics.session.model.speech import SpeechRequest


def request_endpoints(request: SpeechRequest) -> tuple[str, ...]:
    """Return the endpoints that were tried, in order."""
    return tuple(dict.fromkeys(a.endpoint for a in request.attempts))


def request_events(request: SpeechRequest) -> list[int]:
    """Return the records of a request in order: its start, its endpoints, each attempt, its end."""
    ids = [request.start_event, request.configured_event]
    for attempt in request.attempts:
        ids += [attempt.start_event, attempt.end_event]
    return list(dict.fromkeys(e for e in (*ids, request.exhausted_event) if e is not None))


def short(reason: str | None, limit: int = 90) -> str:
    """Return the first line of a failure's text, cut to fit a table."""
    text = (reason or "").partition("\n")[0]
    return text if len(text) <= limit else text[: limit - 1] + "…"
