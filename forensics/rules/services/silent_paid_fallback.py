"""CCF212: a local voice service failed, and a paid one answered without a word about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
)
from forensics.session.model.case import Case
from forensics.session.speech.endpoints import is_local
from forensics.session.speech.results import has_server_lines, unread_calls, uses_voice
from forensics.session.speech.served import Served, served_by_events, served_instead
from forensics.session.speech.tables import SERVICES, short

GUIDANCE = Guidance(
    contract="The user knows which service hears and speaks for them, and which one sends a bill.",
    immediate=(
        "Look at the local voice service that failed: is it running, and does it know the model and voice?",
    ),
    this_week=(
        "List only local endpoints (VOICEMODE_STT_BASE_URLS, VOICEMODE_TTS_BASE_URLS) where speech must stay local",
    ),
    avoid="Keep a cloud endpoint as the last entry of a list without a notice when it is used",
    instead="Let the client say once per session that the cloud speaks now, and why",
    before=("Call the local service once, and see that it answers",),
    after=("Compare the provider's bill with the number of calls named here",),
    metric="No paid endpoint answered in place of a local one without notice",
)


@rule(
    code="CCF212",
    topic="2.1",
    name="silent-paid-fallback",
    title="Silent fallback to a paid voice service",
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    any_of=frozenset(
        {Source.VOICE_STDERR, Source.VOICE_EVENTS, Source.MCP_LOG, Source.CLAUDE_DEBUG, Source.TRANSCRIPT}
    ),
    guidance=GUIDANCE,
    related=("CCF205",),
)
def silent_paid_fallback(case: Case) -> Iterator[Said]:
    """Find requests that a cloud voice service answered because a local one failed, without a notice.

    ## What it detects
    In one request an endpoint on this machine or network failed (loopback, a private address, or one of the
    ports 2022, 8880 and 8890), and one on the internet answered: by the server's own lines, by its HTTP log, or by
    the exchange log, which names the endpoint that spoke. Without the server's lines: the event log says that a
    remote endpoint answered (7.1.0 and later), and others of the session's requests were answered locally. Low
    where nothing told the user; a note where the tool's result or the assistant named the provider, as voicemode's
    results do for speech that was heard (“(STT: openai)”), or where that result is not in the evidence. One
    finding for each pair of endpoints.

    ## Why it matters
    What was to stay on the machine went to the cloud, in another voice, and is billed.

    ## How to fix
    Mend the local service, or take the cloud endpoint out of the list where speech must stay local.

    ## Known misses
    Which endpoint costs money is not in the logs: one on the internet is taken to. From voicemode 6.0.2 on a
    spoken answer is attributed only where the HTTP log or the exchange log is there. An endpoint that answered
    with an empty text did not fail.
    """
    if not uses_voice(case):
        yield NotApplicable("no voice service was used")
        return
    groups: dict[tuple[str, str, str], list[Served]] = {}
    unnamed = False
    for chain in case.chains:
        served = served_instead(case, chain)
        if served is not None and not is_local(served.paid):
            groups.setdefault((chain.service, served.local, served.paid), []).append(served)
        failed = any(is_local(a.endpoint) for a in chain.failures) and chain.exhausted_event is None
        unnamed = unnamed or (failed and served is None and not chain.no_speech)
    lines = has_server_lines(case)
    for served in () if lines else served_by_events(case):
        groups.setdefault((served.service, served.local, served.paid), []).append(served)
    yield from (_hit(*key, found) for key, found in groups.items())
    unread = unread_calls(case)
    if unread is not None:
        yield Insufficient(unread)
    elif unnamed:
        yield Insufficient(
            "a local voice service failed, and which endpoint answered then is not in the evidence"
        )
    elif not lines:
        yield Insufficient("the voice server's own lines, which tell what failed, are not in the evidence")


def _severity(service: str, found: Sequence[Served]) -> Severity:
    """Say how bad it is: low, but a note where each answer was told, or stands in a result that is not here."""
    silent = any(s.told is None and (service == "tts" or s.result is not None) for s in found)
    return Severity.LOW if silent else Severity.NOTE


def _confidence(found: Sequence[Served]) -> Confidence:
    """Say how sure it is: whether the server's lines name who answered, another log does, or only its events."""
    if found[0].failure is None:
        return Confidence.LOW
    return Confidence.HIGH if any(s.seconds is not None for s in found) else Confidence.MEDIUM


def _hit(service: str, local: str, paid: str, found: Sequence[Served]) -> Hit:
    cites = [e for s in found for e in (s.failure, *s.proof) if e is not None]
    told = [s.told for s in found if s.told is not None]
    severity = _severity(service, found)
    seconds = [s.seconds for s in found if s.seconds is not None]
    times = f" ({len(found)} times)" if len(found) > 1 else ""
    return Hit(
        subject=f"{service}|{local}|{paid}",
        message=f"{SERVICES[service]} fell back from {local} to {paid}{times}"
        + (", without a notice in the evidence" if severity is Severity.LOW else ""),
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in dict.fromkeys(cites)),
        facts={
            "service": service,
            "local": local,
            "paid": paid,
            "calls": len(found),
            "seconds": round(sum(seconds), 1) if seconds else None,
            "told": len(told),
        },
        statements=tuple(_statements(service, local, paid, found)),
        severity=severity,
        confidence=_confidence(found),
        contract_held=True
        if len(told) == len(found)
        else None
        if found[0].failure is None or severity is Severity.NOTE
        else False,
    )


def _held(found: Sequence[Served], severity: Severity) -> bool | None:
    """Say whether the user was told each time; null where the evidence does not decide it."""
    if all(s.told is not None for s in found):
        return True
    return None if severity is Severity.NOTE or found[0].failure is None else False


def _statements(service: str, local: str, paid: str, found: Sequence[Served]) -> Iterator[Statement]:
    fails = tuple(s.failure for s in found if s.failure is not None)
    proof = tuple(dict.fromkeys(e for s in found for e in s.proof))
    what = "heard" if service == "stt" else "spoke"
    if fails:
        text = f"{local} failed: {short(found[0].reason)}"
        yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, fails)
        yield Statement(
            Slot.HAPPENED, Claim.DERIVED, f"{paid} {what} instead, and is not on this machine", proof
        )
    else:
        text = (
            f"A remote endpoint {what}, though others of the session's requests were answered on this machine"
        )
        yield Statement(Slot.HAPPENED, Claim.DERIVED, text, proof)
    mapped = next((s.mapped for s in found if s.mapped is not None), None)
    if mapped is not None:
        text = f"Another voice spoke: {mapped['status']} for {mapped['tool']}"
        yield Statement(Slot.IMPACT, Claim.OBSERVED, text, (mapped["event_id"],))
    told = tuple(s.told for s in found if s.told is not None)
    if told:
        text = f"The provider was named to the user in {len(told)} of {len(found)} cases, in words only"
        yield Statement(Slot.WHY, Claim.OBSERVED, text, told)
    untold = tuple(s.result for s in found if s.told is None and s.result is not None)
    if untold:
        text = "The tool's result does not name the provider that answered"
        yield Statement(Slot.WHY, Claim.OBSERVED, text, untold)
    elif not told:
        text = "No notice to the user was observed in the supplied evidence"
        yield Statement(Slot.WHY, Claim.DERIVED, text, (fails or proof)[:1])
