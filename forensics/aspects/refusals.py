"""What the words of a refusal say was wrong with a key."""

from __future__ import annotations

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


def variant_of(text: str) -> str | None:
    """Return what the text says was wrong with the key."""
    return next((variant for words, variant in VARIANTS if words in text), None)
