"""CCF202: a speech service refuses the credential, or the client has none to send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
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
from forensics.session.model.speech import NO_REQUEST, REFUSAL, Attempt, Chain, seconds_between, walk_attempts
from forensics.session.speech.credential_refusals import (
    MEANING,
    UNTOLD,
    classify,
    unexplained_refusals,
    variant_of,
)
from forensics.session.speech.results import FailedResult, failed_results, unread_calls, uses_voice
from forensics.session.speech.tables import short

SETTLED_BY = (
    "the server's entry in .mcp.json or ~/.claude.json (claude mcp get voicemode) and ~/.voicemode/voicemode.env: "
    "whether OPENAI_API_KEY is there, and empty, a ${…} that nothing replaced, or an old key; never print its value"
)

GUIDANCE = Guidance(
    contract="A credential is checked before it is needed: a fallback without a working key is no fallback.",
    immediate=(
        "Set OPENAI_API_KEY in the environment of the voicemode MCP server to a valid key, or drop the endpoint",
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
    topic="2.2",
    any_of=frozenset(
        {Source.VOICE_STDERR, Source.MCP_LOG, Source.CLAUDE_DEBUG, Source.TRANSCRIPT, Source.CONSOLE}
    ),
    guidance=GUIDANCE,
)
def fallback_credential_rejected(case: Case, *, recovered_s: float = 60.0) -> Iterator[Said]:
    """Find speech endpoints that refused their credential, or for which the client had none to send.

    ## What it detects
    An attempt that failed with HTTP 401 or 403 in a status context, or with the client's own refusal before
    any request. The service's words decide the variant: empty, unset, missing (where empty and unset cannot be
    told apart), invalid, expired, rejected. High where the endpoint was the fallback of a failed primary, else
    medium; a note where the same endpoint answered within ``recovered_s`` after each refusal. A bare number 401
    is never matched: it stands in 18 % of sessions without any authentication failure.

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
        cured = all(_recovered(case, r, recovered_s) for r in refusals)
        yield _hit(refusals, recovered=cured)
    refused = [] if groups else [r for r in failed_results(case) if _names_refusal(r)]
    if refused:
        yield _from_results(refused)
    elif unexplained_refusals(case):
        yield Insufficient(
            f"a record says “{REFUSAL}”, and no try in the evidence tells which endpoint refused"
        )
    unread = unread_calls(case)
    if unread is not None:
        yield Insufficient(unread)


def _recovered(case: Case, refusal: _Refusal, within_s: float) -> bool:
    """Say whether the same endpoint answered soon after: the refusal was not for good."""
    served = [c for c in case.chains if c.served_by == refusal.attempt.endpoint]
    waits = [seconds_between(refusal.attempt.ended, c.answered_at) for c in served]
    return any(w is not None and 0 <= w <= within_s for w in waits)


def _before(refusal: _Refusal) -> Attempt | None:
    """Return the failed attempt at another endpoint that came before, in the same chain."""
    tries = refusal.chain.tries
    earlier = tries[: next(n for n, t in enumerate(tries) if t is refusal.attempt)]
    return next((t for t in earlier if t.endpoint != refusal.attempt.endpoint and t.reason is not None), None)


def _hit(refusals: Sequence[_Refusal], *, recovered: bool) -> Hit:
    first = refusals[0]
    attempt, variant = first.attempt, first.variant
    fallback = any(_before(r) is not None for r in refusals)
    cites = [e for r in refusals for e in (r.attempt.end_event, *r.chain.auth_events[:1]) if e is not None]
    severity = Severity.HIGH if fallback else Severity.MEDIUM
    told = variant != UNTOLD
    message = f"{attempt.endpoint} was used without a working key ({variant})"
    if not told:
        message = f"{_answer(attempt)} (the text does not say what was wrong with the key)"
    cured = "; the same endpoint answered soon after" if recovered else ""
    return Hit(
        subject=f"{attempt.endpoint}|{variant}",
        message=message + cured,
        claim=Claim.DERIVED if told or recovered else _claim(first),
        cites=tuple(Cite(e) for e in dict.fromkeys(cites)),
        facts={
            "variant": variant,
            "status": attempt.http_status,
            "endpoint": attempt.endpoint,
            "fallback": fallback,
            "recovered": recovered,
            "occurrences": len(refusals),
        },
        statements=tuple(_statements(refusals)),
        severity=Severity.NOTE if recovered else severity,
        # a 403 may be about the place or the account as well as about the key
        contract_held=None if not told and attempt.http_status == "403" else False,
    )


def _claim(refusal: _Refusal) -> Claim:
    """Return how it is known that this endpoint refused: the server's own line about a refusal names none."""
    by_order = refusal.attempt.end_event in refusal.chain.auth_events
    return Claim.DERIVED if by_order else Claim.OBSERVED


def _answer(attempt: Attempt) -> str:
    status = attempt.http_status
    return f"{attempt.endpoint} " + (f"answered HTTP {status}" if status else "refused the credential")


def _statements(refusals: Sequence[_Refusal]) -> Iterator[Statement]:
    attempt, variant = refusals[0].attempt, refusals[0].variant
    ends = tuple(r.attempt.end_event for r in refusals if r.attempt.end_event is not None)
    times = f" ({len(refusals)} times)" if len(refusals) > 1 else ""
    said = _answer(attempt) + times
    if (attempt.reason or "").startswith(NO_REQUEST):
        said = f"The client refused to ask {attempt.endpoint}: {short(attempt.reason)}{times}"
    yield Statement(Slot.HAPPENED, _claim(refusals[0]), said, ends)
    before = next(((r, b) for r in refusals if (b := _before(r)) is not None), None)
    if before is not None:
        refusal, failed = before
        cites = tuple(e for e in (failed.end_event, refusal.attempt.end_event) if e is not None)
        text = f"It was the fallback: {failed.endpoint} had failed before it in the same request"
        yield Statement(Slot.HAPPENED, Claim.DERIVED, text, cites)
    yield Statement(Slot.WHY, Claim.DERIVED, MEANING[variant], ends[:1])
    exhausted = tuple(e for r in refusals if (e := r.chain.exhausted_event) is not None)
    if before is not None and exhausted:
        text = "No endpoint was left: the request failed on every one"
        yield Statement(Slot.IMPACT, Claim.OBSERVED, text, exhausted)
    yield question("Which value did the MCP server's configuration give the key?", SETTLED_BY, ends[:1])


def _names_refusal(result: FailedResult) -> bool:
    return REFUSAL in result.text or any(words in result.text for words in NO_REQUEST)


def _from_results(results: Sequence[FailedResult]) -> Hit:
    """Without the server's lines: the voice tool's result shows the refusal by its title only."""
    first, events = results[0], tuple(r.event for r in results)
    variant = variant_of(first.text) or UNTOLD
    fallback = any(
        r.endpoints for r in results
    )  # endpoints that failed otherwise are listed, the refused one not
    quote = REFUSAL if REFUSAL in first.text else next(words for words in NO_REQUEST if words in first.text)
    said = f"The voice tool's result says “{quote}”"
    return Hit(
        subject=f"openai|{variant}",
        message="the cloud endpoint of the voice service had no working key, by the voice tool's own result",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e, quote) for e in events),
        facts={
            "variant": variant,
            "status": None,
            "endpoint": "openai",
            "fallback": fallback,
            "recovered": False,
            "occurrences": len(results),
        },
        statements=(
            Statement(Slot.HAPPENED, Claim.OBSERVED, said, events),
            Statement(Slot.WHY, Claim.DERIVED, MEANING[variant], events[:1]),
        ),
        severity=Severity.HIGH if fallback else Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
    )
