"""CCF202: a speech service has no working credential. What it says of that stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import (
    Case,
    Cite,
    Confidence,
    Hit,
    Said,
    Saying,
    Severity,
    Source,
    Statement,
    rule,
    words,
)
from forensics.rulekit.whereabouts import UNREAD_CALLS
from forensics.session.model.speech import REFUSAL
from forensics.session.speech.credential_refusals import (
    UNTOLD,
    RefusedCredential,
    refused_credentials,
    unexplained_refusals,
)
from forensics.session.speech.results import SERVER_LINES, has_unread_calls, uses_voice
from forensics.session.speech.tables import short

TEXT = words(__file__)
MEANING = {
    "empty": "none-reached",
    "unset": "none-set",
    "missing": "none-or-empty",
    "invalid": "not-known",
    "expired": "not-valid",
    UNTOLD: "not-told",
}


@rule(
    TEXT,
    code="CCF202",
    topic="2.2",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    any_of=frozenset({*SERVER_LINES, Source.TRANSCRIPT, Source.CONSOLE}),
    reads=("speech", "mcp"),
)
def fallback_credential_rejected(case: Case, *, recovered_s: float = 60.0) -> Iterator[Said]:
    """Find speech endpoints that refused their credential, or for which the client had none to send."""
    if not uses_voice(case):
        yield TEXT.not_applicable("no-voice")
        return
    refused = refused_credentials(case)
    yield from (_hit(found, recovered=found.was_answered_soon(case, recovered_s)) for found in refused)
    if not any(found.results for found in refused) and unexplained_refusals(case):
        yield TEXT.insufficient("no-try", refusal=REFUSAL)
    if has_unread_calls(case):
        yield UNREAD_CALLS


def _hit(found: RefusedCredential, *, recovered: bool) -> Hit:
    untold, severity = found.variant == UNTOLD, Severity.HIGH if found.was_fallback else Severity.MEDIUM
    say = TEXT.saying(endpoint=found.endpoint, status=found.status, variant=found.variant, n=found.count)
    say = say.also(
        answer=say.part("with-status" if found.status else "without-status"),
        cured=say.part("cured") if recovered else "",
        times=say.part("times") if found.count > 1 else "",
    )
    return say.hit(
        _message(found, recovered=recovered),
        subject=f"{found.endpoint}|{found.variant}",
        cites=(Cite(event, found.quote) for event in found.events),
        facts={
            "variant": found.variant,
            "status": found.status,
            "endpoint": found.endpoint,
            "fallback": found.was_fallback,
            "recovered": recovered,
            "occurrences": found.count,
        },
        statements=_statements(found, say),
        severity=Severity.NOTE if recovered else severity,
        confidence=Confidence.MEDIUM if found.results else None,
        # a 403 may be about the place or the account as well as about the key
        contract_held=None if untold and found.status == "403" else False,
    )


def _message(found: RefusedCredential, *, recovered: bool) -> str:
    """Choose the message: what was wrong with the key is derived, and so is whose answer it was if told by order."""
    if found.results:
        return "by-result"
    if found.variant != UNTOLD:
        return "without-key"
    return "untold-derived" if recovered or found.is_known_by_order else "untold"


def _statements(found: RefusedCredential, say: Saying) -> Iterator[Statement]:
    if found.results:
        yield say.sentence("result-says", *found.ends, quote=found.quote)
        yield say.sentence(MEANING[found.variant], *found.ends[:1])
        return
    if found.is_by_client:
        yield say.sentence("not-asked", *found.ends, reason=short(found.reason))
    else:
        yield say.sentence("refused-by-order" if found.is_known_by_order else "refused", *found.ends)
    before = found.as_fallback.failed_before if found.as_fallback else None
    if found.as_fallback and before:
        end = found.as_fallback.attempt.end_event
        yield say.sentence("was-fallback", before.end_event, end, before=before.endpoint)
    yield say.sentence(MEANING[found.variant], *found.ends[:1])
    if before and found.exhausted:
        yield say.sentence("none-left", *found.exhausted)
    yield say.sentence("which-value", *found.ends[:1])
