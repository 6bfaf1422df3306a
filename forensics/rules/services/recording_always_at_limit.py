"""CCF213: every recording lasts as long as it may. What it says of that stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forensics.rulekit import (
    Case,
    Confidence,
    EventKind,
    Hit,
    Said,
    Saying,
    Severity,
    Source,
    Statement,
    rule,
    words,
)
from forensics.session.speech.recordings import Recordings, recordings_of
from forensics.session.speech.results import SERVER_LINES, uses_voice
from forensics.text.durations import duration

SHOWN = 10
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF213",
    topic="2.1",
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    any_of=frozenset({*SERVER_LINES, Source.VOICE_EVENTS, Source.TRANSCRIPT}),
    reads=("speech", "mcp"),
    related=("CCF210",),
)
def recording_always_at_limit(
    case: Case,
    *,
    recordings: int = 3,
    tolerance: float = 0.02,
    equal_s: float = 0.5,
    at_least_s: float = 30.0,
) -> Iterator[Said]:
    """Find sessions in which no recording ended at silence: each lasted as long as it may."""
    found = recordings_of(case)
    said = case.of(EventKind.SILENCE_NOT_DETECTED)["event_id"].to_list()
    if not found.told:
        yield _by_the_servers_word(said) if len(said) >= recordings else _without_lengths(case)
    elif not found.meant:
        yield TEXT.not_applicable("none-meant")
    elif len(found.meant) < recordings:
        yield TEXT.not_applicable("too-few", n=len(found.meant), least=recordings)
    elif found.has_all_limits:
        if found.are_at_limit(tolerance):
            yield _hit(found, said[:SHOWN])
    elif found.are_equal(equal_s):
        long = found.meant[0].length_s >= at_least_s
        yield _hit(found, said[:SHOWN]) if long else TEXT.insufficient("no-limit")


def _without_lengths(case: Case) -> Said:
    if uses_voice(case) and not case.sources & {Source.VOICE_EVENTS, Source.TRANSCRIPT}:
        return TEXT.insufficient("no-lengths")
    return TEXT.not_applicable("no-recording")


def _hit(found: Recordings, lines: Sequence[int]) -> Hit:
    limit = found.limits[0] if len(found.limits) == 1 else None
    say = TEXT.saying(
        n=len(found.meant),
        limit=None if limit is None else duration(limit),
        longest=duration(found.longest_s),
        total=duration(found.total_s, digits=0),
    )
    return say.hit(
        "alike" if not found.limits else "at-limits" if limit is None else "at-limit",
        subject="recordings at their limit",
        cites=(*found.events[:SHOWN], *lines),
        facts={"recordings": len(found.meant), "limit_s": limit, "total_s": round(found.total_s, 1)},
        statements=_statements(found, lines, say),
        confidence=Confidence.HIGH if lines else None,
        contract_held=False if lines or found.was_silence_asked else None,
    )


def _statements(found: Recordings, lines: Sequence[int], say: Saying) -> Iterator[Statement]:
    events = found.events[:SHOWN]
    yield say.sentence("took", *events)
    if found.was_silence_asked:
        yield say.sentence("asked-for", *events)
    if lines:
        yield say.sentence("not-loaded", *lines)
    else:
        yield say.sentence("can-it", *events[:1])


def _by_the_servers_word(said: Sequence[int]) -> Hit:
    """Make the finding of a server that says of each recording that it cannot detect silence."""
    say, lines = TEXT.saying(n=len(said)), said[:SHOWN]
    return say.hit(
        "by-server",
        subject="recordings at their limit",
        cites=lines,
        facts={"recordings": len(said), "limit_s": None, "total_s": None},
        statements=(say.sentence("not-loaded", *lines),),
        confidence=Confidence.HIGH,
    )
