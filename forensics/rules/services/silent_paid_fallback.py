"""CCF212: a paid voice service answered for a local one. What it says of that stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Source, Statement, rule, words
from forensics.rulekit.whereabouts import UNREAD_CALLS
from forensics.schema import SERVICES
from forensics.session.speech.results import SERVER_LINES, has_server_lines, has_unread_calls, uses_voice
from forensics.session.speech.served import Replacement, has_unnamed_answer, paid_replacements
from forensics.session.speech.tables import short

TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF212",
    topic="2.1",
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    any_of=frozenset({*SERVER_LINES, Source.VOICE_EVENTS, Source.TRANSCRIPT}),
    reads=("speech", "mcp"),
    related=("CCF205",),
)
def silent_paid_fallback(case: Case) -> Iterator[Said]:
    """Find requests that a cloud voice service answered because a local one failed, without a notice."""
    if not uses_voice(case):
        yield TEXT.not_applicable("no-voice")
        return
    yield from (_hit(found) for found in paid_replacements(case))
    if has_unread_calls(case):
        yield UNREAD_CALLS
    elif has_unnamed_answer(case):
        yield TEXT.insufficient("not-named")
    elif not has_server_lines(case):
        yield TEXT.insufficient("no-lines")


def _hit(found: Replacement) -> Hit:
    n = len(found.requests)
    say = TEXT.saying(
        service=SERVICES[found.service],
        local=found.local,
        paid=found.paid,
        reason=short(found.requests[0].reason),
        named=len(found.told),
        n=n,
        times=TEXT.part("times", n=n) if n > 1 else "",
    )
    return say.hit(
        "silent" if found.is_silent else "told",
        subject=f"{found.service}|{found.local}|{found.paid}",
        cites=found.events,
        facts={
            "service": found.service,
            "local": found.local,
            "paid": found.paid,
            "calls": n,
            "seconds": found.seconds,
            "told": len(found.told),
        },
        statements=(*_who_answered(found, say), *_who_told(found, say)),
        severity=Severity.LOW if found.is_silent else Severity.NOTE,
        confidence=_confidence(found),
        contract_held=_held(found),
    )


def _confidence(found: Replacement) -> Confidence:
    """Say how sure it is: whether the server's lines name who answered, another log does, or only its events."""
    if not found.failures:
        return Confidence.LOW
    return Confidence.MEDIUM if found.seconds is None else Confidence.HIGH


def _held(found: Replacement) -> bool | None:
    """Say whether the user was told each time; null where the evidence does not decide it."""
    if len(found.told) == len(found.requests):
        return True
    return False if found.is_silent and found.failures else None


def _who_answered(found: Replacement, say: Saying) -> Iterator[Statement]:
    if found.failures:
        yield say.sentence("failed", *found.failures)
        yield say.sentence("heard-instead" if found.service == "stt" else "spoke-instead", *found.proof)
    else:
        yield say.sentence("remote", *found.proof)
    if found.mapped is not None:
        voice, asked = found.mapped["status"], found.mapped["tool"]
        yield say.sentence("other-voice", found.mapped["event_id"], voice=voice, asked=asked)


def _who_told(found: Replacement, say: Saying) -> Iterator[Statement]:
    if found.told:
        yield say.sentence("named", *found.told)
    if found.untold:
        yield say.sentence("not-in-result", *found.untold)
    elif not found.told:
        yield say.sentence("no-notice", *(found.failures or found.proof)[:1])
