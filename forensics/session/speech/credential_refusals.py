"""What was wrong with a credential that a speech service refused, by the words of the record."""

from __future__ import annotations

from forensics.schema import EventKind as K
from forensics.session.model.case import Case
from forensics.session.model.speech import NO_REQUEST, REFUSAL, Attempt, walk_attempts

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
MEANING = {
    "empty": (
        "The service says that no key reached it. With OpenAI clients 2.6.0 to 2.15.0 this is what a key that is "
        "set but EMPTY looks like, for example a “${OPENAI_API_KEY}” that expanded to nothing; a key that is not "
        "set at all never reaches the network"
    ),
    "unset": "The client refused before any request was sent: no key was set in the server's environment",
    "missing": "The key was missing: set but empty, or not set; from this text the two cannot be told apart",
    "invalid": "A key was sent, and the service does not know it",
    "expired": "A key was sent, and the service says that it is no longer valid",
    UNTOLD: "The text does not say what was wrong with the key",
}


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
    explained = {e for chain, try_ in walk_attempts(case.chains) if classify(try_) for e in chain.auth_events}
    return tuple(e for e in case.of(K.AUTH_ERROR)["event_id"] if e not in explained)
