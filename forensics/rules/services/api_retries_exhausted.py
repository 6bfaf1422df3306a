"""CCF206: the model API failed until the client gave up."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit.api_words import facts_of, no_answer, whose
from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.whereabouts import MACHINE_LOG, PROVIDER_STATUS, around
from forensics.schema import Source
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    Hit,
    Insufficient,
    NotApplicable,
    Severity,
    Slot,
    Statement,
    question,
)
from forensics.session.model.case import Case
from forensics.session.services.api_failures import (
    RETRIED,
    ApiClass,
    ApiFailure,
    failures,
    has_requests,
    is_still_trying,
)
from forensics.text.clock_time import clock_time

WORDS = {
    ApiClass.RATE_LIMIT: "limited the rate of requests (429)",
    ApiClass.OVERLOADED: "was overloaded (529)",
    ApiClass.SERVER_ERROR: "failed with a server error (5xx)",
    ApiClass.TIMEOUT: "did not answer in time",
    ApiClass.CONNECTION: "could not be reached",
}
# what is asked of each class, and what settles it
QUESTIONS = {
    ApiClass.RATE_LIMIT: (
        "Which limit was reached, the account's or the service's own?",
        "the account's usage at its provider: its requests and tokens {when} against its limits; and {status}",
    ),
    ApiClass.OVERLOADED: ("Was the service overloaded for everybody?", "{status}: an incident {when}"),
    ApiClass.SERVER_ERROR: (
        "Was it the API or a gateway before it?",
        "the gateway's own log: the error's request_id, which only the API gives; and {status}: an incident {when}",
    ),
    ApiClass.TIMEOUT: (
        "Was the API slow or the network interrupted?",
        "{status}: an incident {when}; and {machine}: an interface that went down then",
    ),
    ApiClass.CONNECTION: (
        "Was it the network, a proxy or the API?",
        "a plain request in the same environment (curl -v): where it stops; and {status}: an incident {when}",
    ),
}

GUIDANCE = Guidance(
    contract="A request that fails for a while is tried again until it is answered; where it is not, the turn is lost.",
    immediate=(
        "Look at the API's status page for that minute, then take the turn up again with `claude --continue`",
    ),
    this_week=(
        "For runs without a person: start the client again when it ends with this error, after a pause",
        "Where it is the rate that is limited: let fewer agents run at once",
    ),
    strategic=("Alarm on requests that fail after all retries, by class",),
    avoid="Raise the number of retries and wait longer in front of an API that refuses for minutes",
    instead="End the run, keep its session id, and continue it when the API answers again",
    before=("Note the session's id where a script can find it (`claude -p --session-id`)",),
    during=("Watch for the client's line “Retrying”: more than three in a row rarely end well",),
    after=("Check what the lost turn had begun: a tool call may have run although its answer was lost",),
    metric="No request to the model API failed after all of its retries",
)


@rule(
    code="CCF206",
    topic="2.5",
    name="api-retries-exhausted",
    title="Model API failed after all retries",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.CLAUDE_DEBUG}),
    guidance=GUIDANCE,
    related=("CCF107", "CCF204", "CCF207"),
)
def api_retries_exhausted(case: Case) -> Iterator[Said]:
    """Find turns that ended because the model API failed and the client's retries did not cure it.

    ## What it detects
    An API error as the end of a turn whose class is one that the client tries again: 429 (rate), 529 (overloaded),
    5xx, a timeout, a connection that could not be made or was lost. One finding for each agent and class; high for
    the main agent, medium for a subagent. Without a transcript the debug log's last word on a request is taken:
    whose request it was is not known then, and it is medium where tools were called after it.

    ## Why it matters
    The turn is lost: in a run without a person nobody takes it up again, and a subagent's work ends half done.

    ## How to fix
    See whether the service or the network was down, then continue the session. For unattended runs, start again
    after a pause.

    ## Known misses
    What a retry cured is no finding. A refused key is CCF207. A usage limit (“You're out of extra usage · resets
    2pm”) is neither: no retry was made, and none would help before the time it names; nor is a refused request
    (400, a prompt that is too long) or one that the user or the client's end aborted. Up to 2.1.19 single retries
    are not logged, so the number of tries is not known there. An answer that was cut off (“Connection closed
    mid-response”) is not counted. Where the record stops while the client is still trying, it is not decided.
    """
    found = [f for f in failures(case) if f.kind in RETRIED]
    for failure in found:
        yield _hit(case, failure)
    if not found and is_still_trying(case):
        yield Insufficient(
            "the record stops while the client is still trying: whether it gave up is not told"
        )
    elif not found and not has_requests(case):
        yield NotApplicable("no request to the model API is in the evidence")


def _hit(case: Case, failure: ApiFailure) -> Hit:
    who = whose(case, failure)
    severity = Severity.HIGH
    if failure.agent_id is not None or (not failure.is_told_by_agent and failure.recovered is not None):
        severity = Severity.MEDIUM
    return Hit(
        subject=failure.kind,
        message=_headline(failure, who),
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in failure.events),
        facts=facts_of(failure),
        statements=tuple(_statements(case, failure, who)),
        severity=severity,
        confidence=None if failure.is_told_by_agent else Confidence.MEDIUM,
        agent_id=failure.agent_id,
    )


def _headline(failure: ApiFailure, who: str) -> str:
    tries, turns = f" in {failure.attempts} tries" if failure.attempts else "", ""
    if failure.count > 1 and failure.attempts and failure.fewest == failure.attempts:
        tries += f" in each of {failure.count} turns"
    elif failure.count > 1:
        tries = tries.replace(" in ", " in up to ", 1)
        turns = f", in {failure.count} turns"
    return f"The model API {WORDS[failure.kind]}{tries}, and {who} gave up{turns}"


def _statements(case: Case, failure: ApiFailure, who: str) -> Iterator[Statement]:
    at = clock_time(case.event(failure.events[0])["ts"])
    text = f"At {at} a request of {who} to the model API failed for good: the API {WORDS[failure.kind]}"
    yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, failure.events)
    if failure.tries:
        text = f"{failure.attempts} tries are on record before the client gave up"
        yield Statement(Slot.HAPPENED, Claim.DERIVED, text, (*failure.tries, failure.events[0]))
    else:
        text = "The record has the last failure only: up to 2.1.19 single retries are not logged"
        yield Statement(Slot.WHY, Claim.DERIVED, text, failure.events[:1])
    if failure.recovered is None:
        yield no_answer(failure, who)
    else:
        when = clock_time(case.event(failure.recovered)["ts"])
        text = f"{who[:1].upper()}{who[1:]} was answered again at {when}, when the API was asked anew"
        yield Statement(Slot.IMPACT, Claim.DERIVED, text, (failure.recovered,))
    ask, settled_by = QUESTIONS[failure.kind]
    when = around(case.event(failure.events[0])["ts"])
    yield question(
        ask, settled_by.format(when=when, status=PROVIDER_STATUS, machine=MACHINE_LOG), failure.events[:1]
    )
