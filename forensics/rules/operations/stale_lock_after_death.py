"""CCF411: the voice server died inside a call, and its lock stayed. Its words stand in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Source, Statement, rule, words
from forensics.rulekit import EventKind as K
from forensics.rulekit.names import clock_time
from forensics.rulekit.whereabouts import MACHINE_LOG, VOICE_EVENTS, around
from forensics.session.speech.dead_locks import (
    DeadHolder,
    dead_holders,
    is_any_call_open,
    is_any_lock_untold,
    locks_cleared,
)
from forensics.session.speech.results import uses_voice

TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF411",
    topic="4.8",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.VOICE_LOCK, Source.VOICE_EVENTS, Source.VOICE_STDERR, Source.TRANSCRIPT}),
    reads=("speech", "mcp", "ending"),
    related=("CCF901", "CCF208"),
)
def stale_lock_after_death(case: Case) -> Iterator[Said]:
    """Find a lock of the voice server whose call never ended: the process died inside it."""
    if case.of(K.VOICE_LOCK_LEFT).is_empty() and locks_cleared(case).is_empty():
        yield from _without_either(case)
        return
    yield from map(_hit, dead_holders(case))
    if is_any_lock_untold(case):
        yield TEXT.insufficient("no-event-log")


def _without_either(case: Case) -> Iterator[Said]:
    """Say what can be said where no lock is in the evidence and none was cleared."""
    if case.of(K.VOICE_LOCK_TAKEN).is_empty():
        if uses_voice(case) and Source.VOICE_EVENTS not in case.sources:
            yield TEXT.insufficient("no-source")
        else:
            yield TEXT.not_applicable("no-lock")
    elif is_any_call_open(case):
        yield TEXT.insufficient("no-lock-file")


def _hit(dead: DeadHolder) -> Hit:
    is_seen, is_cleared = dead.taken is not None, dead.cleared is not None
    proven = Confidence.HIGH if is_seen else Confidence.LOW
    say = TEXT.saying(pid=dead.pid, machine_log=MACHINE_LOG, voice_events=VOICE_EVENTS)
    return say.hit(
        "found-dead" if is_cleared else "left-inside",
        subject=f"voice lock|{dead.pid}",
        severity=Severity.MEDIUM if is_seen else Severity.LOW,
        confidence=proven if is_cleared else Confidence.MEDIUM,
        facts={
            "pid": dead.pid,
            "agent": dead.agent,
            "lock_left": dead.lock is not None,
            "cleared": is_cleared,
            "last_record": dead.last["tool"] if dead.last is not None else None,
        },
        cites=dead.events,
        statements=_statements(say, dead),
        contract_held=False if is_seen else None,
    )


def _statements(say: Saying, dead: DeadHolder) -> Iterator[Statement]:
    lock, taken, last, cleared = dead.lock, dead.taken, dead.last, dead.cleared
    if lock is not None:
        yield say.sentence("locked", lock["event_id"])
    if taken is not None and last is not None:
        say = say.also(taken_at=clock_time(taken["ts"]), last=last["tool"], last_at=clock_time(last["ts"]))
        yield say.sentence("no-end", taken["event_id"], last["event_id"])
    if cleared is not None:
        yield say.sentence("next-cleared", cleared["event_id"])
        if taken is None:
            yield say.sentence("kept", cleared["event_id"])
    elif lock is not None:
        yield say.sentence("still-in-call", lock["event_id"])
    if taken is not None:
        yield say.sentence("what-ended-it", taken["event_id"], when=around((last or taken)["ts"]))
