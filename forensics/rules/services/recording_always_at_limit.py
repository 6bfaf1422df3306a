"""CCF213: every recording lasts as long as it may: silence is not detected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.schema import CONVERSE, NO_SILENCE_DETECTION, Row, Source
from forensics.schema import EventKind as K
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
from forensics.session.speech.results import SERVER_LINES, uses_voice
from forensics.text.durations import duration

ENDED = "RECORDING_END"
SAMPLES_PER_S = 24_000  # of every recording (6.0.1 and 9.0.1, recorded and by their source)
TOLD = re.compile(r"\brecord (\d+(?:\.\d+)?)s\b")  # in the timing at the end of the tool's result
SHOWN = 10
CALL_AT_MOST = (
    "15m"  # a call begins this long before its recording ends, at most, and is told as late after it
)
NOT_LOADED = "the voice server says that the library that detects silence is not available"
QUESTION = "Can the server detect silence?"
SETTLED_BY = (
    "the voice server's start with VOICEMODE_DEBUG=true: VAD_AVAILABLE; and its Python environment: whether “import "
    "webrtcvad” works (it needs setuptools below 81)"
)

GUIDANCE = Guidance(
    contract="voicemode ends a recording about a second after the speaker falls silent, unless a call asks otherwise.",
    immediate=(
        "In the voice server's environment: `python -c 'import webrtcvad'`; if it fails: `pip install 'setuptools<81'`",
    ),
    this_week=("Update voicemode, and start it with a Python for which webrtcvad can be loaded",),
    avoid="Wait two minutes after each sentence",
    instead="Let silence end a recording; set listen_duration_max only as a limit",
    after=("Speak one sentence, and look that its recording ends within two seconds of it",),
    metric="Recordings ended when the speaker fell silent",
)


@dataclass(frozen=True, slots=True)
class _Recording:
    """One recording: where it is told, how many seconds it lasted, and what it was meant to last at most."""

    event: int
    length_s: float
    limit_s: float | None
    ends_at_silence: bool | None  # whether it was meant to; null where nothing says


@rule(
    code="CCF213",
    topic="2.1",
    name="recording-always-at-limit",
    title="Every recording lasts to its limit",
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    any_of=frozenset({Source.VOICE_EVENTS, Source.TRANSCRIPT, *SERVER_LINES}),
    guidance=GUIDANCE,
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
    """Find sessions in which no recording ended at silence: each lasted as long as it may.

    ## What it detects
    At least ``recordings`` recordings, and every one of them within ``tolerance`` of the maximum that its call
    asked for (listen_duration_max). Where no call is in the evidence: all equal to one another within
    ``equal_s`` seconds, and ``at_least_s`` seconds or longer. The length is that of the recorded sound, by the
    event log, else by the timing in the tool's result. Recordings that were not meant to end at silence
    (disable_silence_detection in the call, or the exchange log says that detection was off) are left out.

    ## Why it matters
    The user speaks for five seconds and waits for two minutes. voicemode does not report it as an error.

    ## How to fix
    Load webrtcvad in the server's environment; setuptools 81 removed what it needs (pkg_resources).

    ## Known misses
    A speaker who never pauses, or a noisy room, looks the same. Recordings that were ended by hand (from 8.11.0
    on) hide it. Without the calls, limits below ``at_least_s`` cannot be judged.
    """
    found = _recordings(case)
    meant = [r for r in found if r.ends_at_silence is not False]
    said = case.of(K.SILENCE_NOT_DETECTED)
    if said.height >= recordings and not found:
        yield _by_the_servers_word(said)
    elif not found:
        yield _without_lengths(case)
    elif not meant:
        yield NotApplicable("every recording was asked to last its whole time")
    elif len(meant) < recordings:
        yield NotApplicable(
            f"only {len(meant)} recordings were to end at silence: it takes {recordings} to judge"
        )
    elif all(r.limit_s is not None for r in meant):
        if all(r.length_s >= (r.limit_s or 0) * (1 - tolerance) for r in meant):
            yield _hit(meant, said)
    elif max(r.length_s for r in meant) - min(r.length_s for r in meant) <= equal_s:
        if meant[0].length_s >= at_least_s:
            yield _hit(meant, said)
        else:
            yield Insufficient("the recordings are equally long; how long they may be is not in the evidence")


def _without_lengths(case: Case) -> NotApplicable | Insufficient:
    if uses_voice(case) and not case.sources & {Source.VOICE_EVENTS, Source.TRANSCRIPT}:
        return Insufficient(
            "how long the recordings were is in the voice server's event log, which is not here"
        )
    return NotApplicable("no recording is in the evidence")


def _recordings(case: Case) -> list[_Recording]:
    """Return the recordings by the event log, or by the tool's results where there is no such log."""
    if case.of(K.VOICE_EVENT).is_empty() and not uses_voice(case):
        return []
    ended = case.of(K.VOICE_EVENT).filter((pl.col("tool") == ENDED) & pl.col("ts").is_not_null())
    calls = case.of(K.TOOL_CALL).filter(pl.col("tool").str.ends_with(CONVERSE))
    if ended.is_empty():
        return [r for row in _answered(case, calls) if (r := _from_result(row)) is not None]
    asked = (
        calls.filter(pl.col("ts").is_not_null())
        .select("ts", limit="duration_ms", silence="status")
        .sort("ts")
    )
    told = case.of(K.VOICE_EXCHANGE).select("ts", "silence_detection").drop_nulls().sort("ts")
    rows = ended.select("event_id", "ts", "duration_ms", "count").sort("ts")
    rows = rows.join_asof(asked, on="ts", strategy="backward", tolerance=CALL_AT_MOST)
    rows = rows.join_asof(told, on="ts", strategy="forward", tolerance=CALL_AT_MOST)
    return [_from_event(row) for row in rows.iter_rows(named=True) if row["duration_ms"] or row["count"]]


def _answered(case: Case, calls: pl.DataFrame) -> Iterator[Row]:
    asked = calls.select("correlation_id", limit="duration_ms", silence="status")
    results = case.of(K.TOOL_RESULT).select("event_id", "correlation_id", "message")
    yield from results.join(asked, on="correlation_id", maintain_order="left").iter_rows(named=True)


def _from_event(row: Row) -> _Recording:
    seconds = row["count"] / SAMPLES_PER_S if row["count"] else row["duration_ms"] / 1000
    meant = False if row["silence"] == NO_SILENCE_DETECTION else row["silence_detection"]
    return _Recording(row["event_id"], seconds, _seconds(row["limit"]), meant)


def _from_result(row: Row) -> _Recording | None:
    told = TOLD.search(row["message"] or "")
    if told is None:
        return None
    meant = False if row["silence"] == NO_SILENCE_DETECTION else None
    return _Recording(row["event_id"], float(told[1]), _seconds(row["limit"]), meant)


def _seconds(limit_ms: float | None) -> float | None:
    return None if limit_ms is None else limit_ms / 1000


def _hit(found: Sequence[_Recording], said: pl.DataFrame) -> Hit:
    events = tuple(r.event for r in found)
    limits = sorted({r.limit_s for r in found if r.limit_s is not None})
    length = max(r.length_s for r in found)
    whole = f"the {duration(limits[0])} that it may" if len(limits) == 1 else "as long as it may"
    alike = f"{len(found)} recordings all lasted {duration(length)}: none ended at silence"
    text = f"each of {len(found)} recordings lasted {whole}: none ended at silence" if limits else alike
    lines = tuple(said["event_id"].head(SHOWN))
    return Hit(
        subject="recordings at their limit",
        message=text,
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in (*events[:SHOWN], *lines)),
        facts={
            "recordings": len(found),
            "limit_s": limits[0] if len(limits) == 1 else None,
            "total_s": round(sum(r.length_s for r in found), 1),
        },
        statements=tuple(_statements(found, lines)),
        confidence=Confidence.HIGH if lines else None,
        contract_held=False if lines or any(r.ends_at_silence for r in found) else None,
    )


def _statements(found: Sequence[_Recording], lines: tuple[int, ...]) -> Iterator[Statement]:
    events = tuple(r.event for r in found)[:SHOWN]
    total = sum(r.length_s for r in found)
    yield Statement(
        Slot.HAPPENED,
        Claim.DERIVED,
        f"{len(found)} recordings took {duration(total, digits=0)} in all",
        events,
    )
    if any(r.ends_at_silence for r in found):
        text = "By the exchange log silence detection was asked for"
        yield Statement(Slot.WHY, Claim.DERIVED, text, events)
    if lines:
        yield Statement(Slot.WHY, Claim.OBSERVED, f"By its own line {NOT_LOADED}", lines)
    else:
        yield question(QUESTION, SETTLED_BY, events[:1])


def _by_the_servers_word(said: pl.DataFrame) -> Hit:
    """Make the finding of a server that says of each recording that it cannot detect silence."""
    lines = tuple(said["event_id"].head(SHOWN))
    return Hit(
        subject="recordings at their limit",
        message=f"{NOT_LOADED}, for each of {said.height} recordings",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in lines),
        facts={"recordings": said.height, "limit_s": None, "total_s": None},
        statements=(Statement(Slot.WHY, Claim.OBSERVED, f"By its own line {NOT_LOADED}", lines),),
        confidence=Confidence.HIGH,
    )
