"""CCF202: a speech service refuses the credential, or the client has none to send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forensics.case import Case
from forensics.finding import Cite, Claim, Confidence, Hit, NotApplicable, Severity, Slot, Statement
from forensics.rules.base import Guidance, Said, rule
from forensics.schema import Source
from forensics.voice_chains import NO_REQUEST, Attempt, Chain, walk_attempts
from forensics.voice_results import failed_results, uses_voice

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
MEANING = {
    "empty": (
        "The service received no Authorization header. With the OpenAI client of that time (2.6.0 to 2.15.0) this "
        "is what a key that is set but EMPTY looks like, for example an unexpanded “${OPENAI_API_KEY}”; a key that "
        "is not set at all never reaches the network"
    ),
    "unset": "The client refused before any request was sent: no key was set in the server's environment",
    "missing": "The key was missing: set but empty, or not set; from this text the two cannot be told apart",
    "invalid": "A key was sent, and the service does not know it",
    "expired": "A key was sent, and the service says that it is no longer valid",
    "rejected": "The service refused the request; its text does not say what was wrong with the key",
}

GUIDANCE = Guidance(
    contract="A credential is checked before it is needed: a fallback without a working key is no fallback.",
    immediate=(
        "Set OPENAI_API_KEY in the environment of the voicemode MCP server to a non-empty, valid key, or take the endpoint out of the chain",
    ),
    this_week=(
        "Check at start-up that every secret the MCP servers need is set and non-empty, and fail early",
    ),
    avoid="Find out that a key is missing at the moment the fallback is needed",
    instead="Check every key once at start-up, by name and with one cheap request",
    before=(
        "Check that each MCP server's environment has its keys, set and non-empty (names only, never values)",
    ),
    after=("Replace keys that were refused, and try the fallback once on purpose",),
    metric="No speech endpoint refused its credential",
)


@dataclass(frozen=True, slots=True)
class _Refusal:
    chain: Chain
    attempt: Attempt
    variant: str


@rule(
    code="CCF202",
    name="fallback-credential-rejected",
    title="Fallback credential missing or rejected",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    seed="2.2",
    any_of=frozenset({Source.VOICE_STDERR, Source.MCP_LOG, Source.CLAUDE_DEBUG, Source.TRANSCRIPT}),
    guidance=GUIDANCE,
)
def fallback_credential_rejected(case: Case) -> Iterator[Said]:
    """A speech endpoint refused its credential, or the client had none to send.

    ## What it detects
    An attempt that failed with HTTP 401 or 403 in a status context, or with the client's own refusal before
    any request. The service's words decide the variant: empty, unset, missing (where empty and unset cannot be
    told apart), invalid, expired, rejected. High where the endpoint was the fallback of a failed primary, else
    medium; a note where the same endpoint answered later in the same chain. A bare number 401 is never
    matched: it stands in 18 % of sessions without any authentication failure.

    ## Why it matters
    The chain seems to have two endpoints and has one.

    ## How to fix
    Set the key in the server's own environment, not only in the shell's, and check it at start-up.

    ## Known misses
    What the MCP configuration says is not in the logs. With recent OpenAI clients (2.38.0 and later) an empty
    key is refused by the client like an unset one, so the variant is “missing”.
    """
    if not uses_voice(case):
        yield NotApplicable("no voice service was used")
        return
    groups: dict[tuple[str, str], list[_Refusal]] = {}
    for chain, attempt in walk_attempts(case.chains):
        variant = classify(attempt)
        if variant is not None:
            groups.setdefault((attempt.endpoint, variant), []).append(_Refusal(chain, attempt, variant))
    for refusals in groups.values():
        yield _hit(refusals)
    if not groups:
        yield from _from_results(case)


def classify(attempt: Attempt) -> str | None:
    """Return the variant of a refusal, or null where the attempt failed for another reason."""
    reason = attempt.reason or ""
    if attempt.http_status not in REFUSED and not reason.startswith(NO_REQUEST):
        return None
    return variant_of(reason) or "rejected"


def variant_of(text: str) -> str | None:
    """Return what the text says was wrong with the key."""
    return next((variant for words, variant in VARIANTS if words in text), None)


def _hit(refusals: Sequence[_Refusal]) -> Hit:
    first = refusals[0]
    chain, attempt, variant = first.chain, first.attempt, first.variant
    status = attempt.http_status
    fallback = any(_was_fallback(r) for r in refusals)
    recovered = all(
        r.chain.answered_event is not None and r.chain.attempts[-1].endpoint == attempt.endpoint
        for r in refusals
    )
    event = attempt.end_event
    said = (
        f"{attempt.endpoint} answered HTTP {status}"
        if status
        else f"No request was sent to {attempt.endpoint}"
    )
    times = f" ({len(refusals)} times)" if len(refusals) > 1 else ""
    statements = [
        Statement(Slot.HAPPENED, Claim.OBSERVED, f"{said}{times}", (event,) if event else ()),
        Statement(Slot.WHY, Claim.DERIVED, MEANING[variant], (event,) if event else ()),
        Statement(
            Slot.QUESTION,
            Claim.HYPOTHESIS,
            "Which value did the MCP server's configuration give the key? The configuration file was not among the sources",
        ),
    ]
    if fallback:
        statements.insert(
            1,
            Statement(
                Slot.HAPPENED,
                Claim.DERIVED,
                "It was the fallback: an endpoint before it in the same chain had failed",
                tuple(a.end_event for a in chain.failures[:1] if a.end_event),
            ),
        )
        statements.append(
            Statement(Slot.IMPACT, Claim.DERIVED, "The chain had no endpoint left that could answer")
        )
    cites = [e for r in refusals for e in (r.attempt.end_event, *r.chain.auth_events[:1]) if e is not None]
    return Hit(
        subject=f"{attempt.endpoint}|{variant}",
        message=f"{attempt.endpoint} was used without a working key ({variant})",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in dict.fromkeys(cites)),
        facts={
            "variant": variant,
            "status": status,
            "endpoint": attempt.endpoint,
            "fallback": fallback,
            "occurrences": len(refusals),
        },
        statements=tuple(statements),
        severity=Severity.NOTE if recovered else Severity.HIGH if fallback else Severity.MEDIUM,
    )


def _was_fallback(refusal: _Refusal) -> bool:
    """Say whether an earlier endpoint of the same chain had failed."""
    return any(
        a.endpoint != refusal.attempt.endpoint
        for a in refusal.chain.failures
        if (a.end_event or 0) < (refusal.attempt.end_event or 0)
    )


def _from_results(case: Case) -> Iterator[Hit]:
    """Without the server's lines: the voice tool's result shows the refusal by its title only."""
    results = [
        r
        for r in failed_results(case)
        if "OpenAI Authentication Failed" in r.text or any(w in r.text for w in NO_REQUEST)
    ]
    if not results:
        return
    variant = variant_of(results[0].text) or "missing"
    events = tuple(r.event for r in results)
    meaning = (
        MEANING[variant]
        if variant_of(results[0].text)
        else "The text says “invalid or missing”; which of the two cannot be told from it"
    )
    yield Hit(
        subject=f"openai|{variant}",
        message="the cloud endpoint of the voice service was used without a working key, by the tool's own result",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e, "OpenAI Authentication Failed") for e in events),
        facts={
            "variant": variant,
            "status": None,
            "endpoint": "openai",
            "fallback": True,
            "occurrences": len(results),
        },
        statements=(
            Statement(
                Slot.HAPPENED,
                Claim.OBSERVED,
                "The voice tool's result says that the OpenAI endpoint had no working key",
                events,
            ),
            Statement(Slot.WHY, Claim.DERIVED, meaning, events[:1]),
        ),
        severity=Severity.HIGH,
        confidence=Confidence.MEDIUM,
    )
