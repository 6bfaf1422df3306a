"""CCF207: the model API refused the credential."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit.api_words import facts_of, no_answer, whose
from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.schema import Source
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    Hit,
    NotApplicable,
    Severity,
    Slot,
    Statement,
    question,
)
from forensics.session.model.case import Case
from forensics.session.services.api_failures import REFUSED, ApiClass, ApiFailure, failures, has_requests
from forensics.text.clock_time import clock_time

WORDS = {
    ApiClass.AUTHENTICATION: "refused the credential",
    ApiClass.FORBIDDEN: "forbade the request",
}
QUESTIONS = {
    ApiClass.AUTHENTICATION: (
        "Which credential was sent: a login, ANTHROPIC_API_KEY, or a helper's?",
        "/status in the client, in the same environment: the login or key that it names; settings.json: apiKeyHelper",
    ),
    ApiClass.FORBIDDEN: (
        "Is it the account, its region, or a gateway before the API that forbids it?",
        "the same request by hand (curl -i): the answer's body, and whether it has the API's request-id header",
    ),
}

GUIDANCE = Guidance(
    contract="The client's credential is valid for as long as a session lasts.",
    immediate=(
        "Log in again with /login, or replace the key in ANTHROPIC_API_KEY or the helper; then `claude --continue`",
    ),
    this_week=("Before an unattended run, make one small request, and start only if it is answered",),
    strategic=("Renew keys and tokens before they expire, and note where each of them is used",),
    avoid="Try again with the same credential",
    instead="Find out which credential the client used (/status), and renew that one",
    before=("Unset ANTHROPIC_API_KEY where a login is meant to be used: the variable goes first",),
    during=("For runs longer than a token lives, use a key, or a helper that renews the token",),
    after=("Take up what the refused agents had begun: their work is half done",),
    metric="No request was refused by the model API for its credential",
)


@rule(
    code="CCF207",
    topic="2.5",
    name="api-authentication-failed",
    title="Model API refused the credential",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.CLAUDE_DEBUG}),
    guidance=GUIDANCE,
    related=("CCF202", "CCF206"),
)
def api_authentication_failed(case: Case) -> Iterator[Said]:
    """Find turns that ended because the model API refused the client's credential.

    ## What it detects
    The client's own API error record with status 401 or 403, its class ``authentication_failed``, or its words for
    them (“Invalid API key”, “Please run /login”, “OAuth token has expired”). Never a number in other text. One
    finding for each agent and class: ``authentication``, or ``forbidden`` for 403, which may name a region or a
    quota. High for the main agent; medium for a subagent, and where the same agent was answered later.

    ## Why it matters
    Nothing goes on before somebody renews the credential, and agents lose what they had begun.

    ## How to fix
    Log in again or replace the key that the client used, then continue the session.

    ## Known misses
    A refusal that a retry cured (a token renewed meanwhile) is no finding. A usage limit of the account (“You're
    out of extra usage”) is none of this rule's either: the credential is good. Without a transcript the debug log
    tells that a request was refused, not whose. A refused key of a voice or another service is CCF202. A client that
    asks to log in before it opens a session leaves no record.
    """
    found = [f for f in failures(case) if f.kind in REFUSED]
    for failure in found:
        yield _hit(case, failure)
    if not found and not has_requests(case):
        yield NotApplicable("no request to the model API is in the evidence")


def _hit(case: Case, failure: ApiFailure) -> Hit:
    who = whose(case, failure)
    recovered = failure.recovered is not None
    after = ", which was answered again later" if recovered and failure.is_told_by_agent else ""
    return Hit(
        subject=failure.kind,
        message=f"The model API {WORDS[failure.kind]} of {who}{after}",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in failure.events),
        facts=facts_of(failure) | {"recovered": recovered},
        statements=tuple(_statements(case, failure, who)),
        severity=Severity.MEDIUM if failure.agent_id is not None or recovered else Severity.HIGH,
        confidence=None if failure.is_told_by_agent else Confidence.MEDIUM,
        agent_id=failure.agent_id,
    )


def _statements(case: Case, failure: ApiFailure, who: str) -> Iterator[Statement]:
    at = clock_time(case.event(failure.events[0])["ts"])
    times = f" ({failure.count} times)" if failure.count > 1 else ""
    text = f"At {at} the model API {WORDS[failure.kind]} of {who}{times}"
    yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, failure.events)
    if failure.tries:
        text = f"The same request was tried {failure.attempts} times: each of them was refused"
        yield Statement(Slot.HAPPENED, Claim.DERIVED, text, (*failure.tries, failure.events[0]))
    if failure.recovered is None:
        yield no_answer(failure, who)
    else:
        when = clock_time(case.event(failure.recovered)["ts"])
        text = f"Requests were answered again from {when} on: the credential had been renewed, or was good after all"
        yield Statement(Slot.IMPACT, Claim.DERIVED, text, (failure.recovered,))
    yield question(*QUESTIONS[failure.kind], failure.events[:1])
