"""What was wrong with a credential that a speech service refused, by the words of the record."""

from __future__ import annotations

from dataclasses import dataclass

from forensics.schema import EventKind as K
from forensics.session.model.case import Case
from forensics.session.model.speech import (
    NO_REQUEST,
    REFUSAL,
    Attempt,
    SpeechRequest,
    seconds_between,
    walk_attempts,
)
from forensics.session.speech.results import CLOUD, FailedResult, failed_results

REFUSED = ("401", "403")
# the service's words, most particular first
VARIANTS = (
    ("You didn't provide an API key", "empty"),
    ("The api_key client option must be set", "unset"),
    ("Missing credentials.", "missing"),
    ("expired", "expired"),
    ("revoked", "expired"),
    ("Incorrect API key provided", "invalid"),
    ("invalid_api_key", "invalid"),
)
UNTOLD = "rejected"  # a refusal whose text has none of these words


@dataclass(frozen=True, slots=True)
class Refusal:
    """One try at an endpoint that ended because of its credential."""

    request: SpeechRequest
    attempt: Attempt

    @property
    def failed_before(self) -> Attempt | None:
        """Return the failed attempt at another endpoint that came before, in the same chain."""
        tries = self.request.tries
        earlier = tries[: next(n for n, t in enumerate(tries) if t is self.attempt)]
        others = (t for t in earlier if t.endpoint != self.attempt.endpoint and t.reason is not None)
        return next(others, None)


@dataclass(frozen=True, slots=True)
class RefusedCredential:
    """An endpoint whose credential was refused, each time for the same reason: by its tries, or by results only."""

    endpoint: str
    variant: str
    refusals: tuple[Refusal, ...] = ()
    results: tuple[FailedResult, ...] = ()

    @property
    def first(self) -> Refusal | None:
        """Return the first refusal; null where only results tell of any."""
        return self.refusals[0] if self.refusals else None

    @property
    def count(self) -> int:
        """Return how often it was refused."""
        return len(self.refusals) + len(self.results)

    @property
    def is_known_by_order(self) -> bool:
        """Say whether only its place tells which endpoint refused first: the server's own line about it names none."""
        return self.first is not None and self.first.attempt.end_event in self.first.request.auth_events

    @property
    def status(self) -> str | None:
        """Return the HTTP status of the first answer, where there was one."""
        return self.first.attempt.http_status if self.first else None

    @property
    def reason(self) -> str | None:
        """Return what the first refusal said, where a try tells of it."""
        return self.first.attempt.reason if self.first else None

    @property
    def is_by_client(self) -> bool:
        """Say whether the client had nothing to send, and asked no endpoint."""
        return (self.reason or "").startswith(NO_REQUEST)

    @property
    def quote(self) -> str | None:
        """Return the words by which a result is known for a refusal."""
        return quoted_refusal(self.results[0].text) if self.results else None

    @property
    def as_fallback(self) -> Refusal | None:
        """Return the first refusal before which another endpoint had failed in the same request."""
        return next((r for r in self.refusals if r.failed_before is not None), None)

    @property
    def was_fallback(self) -> bool:
        """Say whether another endpoint had failed before: results list those that failed otherwise, not the refused."""
        return self.as_fallback is not None or any(r.endpoints for r in self.results)

    @property
    def ends(self) -> tuple[int, ...]:
        """Return the record of each refusal."""
        ends = (r.attempt.end_event for r in self.refusals)
        return (*(e for e in ends if e is not None), *(r.event for r in self.results))

    @property
    def events(self) -> tuple[int, ...]:
        """Return the records of the refusals, each with the server's own line about it."""
        told = (e for r in self.refusals for e in (r.attempt.end_event, *r.request.auth_events[:1]))
        return (*(e for e in told if e is not None), *(r.event for r in self.results))

    @property
    def exhausted(self) -> tuple[int, ...]:
        """Return the records at which a request had failed on every endpoint."""
        return tuple(e for r in self.refusals if (e := r.request.exhausted_event) is not None)

    def was_answered_soon(self, case: Case, within_s: float) -> bool:
        """Say whether the endpoint answered soon after each refusal: it was not for good."""
        answers = [c.answered_at for c in case.speech_requests if c.served_by == self.endpoint]
        return bool(self.refusals) and all(
            any(wait is not None and wait <= within_s for wait in waits)
            for waits in ([seconds_between(r.attempt.ended, a) for a in answers] for r in self.refusals)
        )


def refused_credentials(case: Case) -> list[RefusedCredential]:
    """Return the endpoints that refused, once for each variant; where no try tells of any, what the results tell."""
    groups: dict[tuple[str, str], list[Refusal]] = {}
    for request, attempt in walk_attempts(case.speech_requests):
        variant = classify(attempt)
        if variant is not None:
            groups.setdefault((attempt.endpoint, variant), []).append(Refusal(request, attempt))
    if groups:
        return [RefusedCredential(*key, tuple(refusals)) for key, refusals in groups.items()]
    named = tuple(r for r in failed_results(case) if quoted_refusal(r.text) is not None)
    if not named:
        return []
    return [RefusedCredential(CLOUD, variant_of(named[0].text) or UNTOLD, results=named)]


def quoted_refusal(text: str) -> str | None:
    """Return the words of a result that name a refusal."""
    return next((words for words in (REFUSAL, *NO_REQUEST) if words in text), None)


def classify(attempt: Attempt) -> str | None:
    """Return the variant of a refusal, or null where the attempt failed for another reason."""
    reason = attempt.reason or ""
    if attempt.http_status not in REFUSED and not reason.startswith((*NO_REQUEST, REFUSAL)):
        return None
    return variant_of(reason) or UNTOLD


def variant_of(text: str) -> str | None:
    """Return what the text says was wrong with the key."""
    return next((variant for words, variant in VARIANTS if words in text), None)


def unexplained_refusals(case: Case) -> tuple[int, ...]:
    """Return the server's own lines about a refusal that no try explains: which endpoint refused is not known."""
    explained = {
        e
        for request, try_ in walk_attempts(case.speech_requests)
        if classify(try_)
        for e in request.auth_events
    }
    return tuple(e for e in case.of(K.AUTH_ERROR)["event_id"] if e not in explained)
