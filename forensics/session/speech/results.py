"""What the voice tool itself returned: in newer clients the only place where its failures stand.

voicemode returns a failure as an ordinary result, not flagged as an error. From 2.1 on Claude Code drops
the server's stderr once the connection is up, so the text of the result is all there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from forensics.schema import CONVERSE, Row, Source, Tells, is_from, telling
from forensics.schema import EventKind as K
from forensics.schema.failed_results import VOICE
from forensics.session.model.case import Case, per_case

ENDPOINT = re.compile(r"^\s*- (https?://\S+?)(?:/audio/(?:transcriptions|speech))?: (.+)$", re.MULTILINE)
# `Voice response: … (STT: openai) | Timing: …, stt 0.3s, …`; less with metrics_level minimal (9.0.1)
HEARD = re.compile(
    r"^(?:Voice response: (?P<text>.*?)|No speech detected)(?: \(STT: (?P<provider>[^)|]+)\))?"
    r"(?: \| (?P<rest>Timing: .*))?$",
    re.DOTALL,
)
STT_TIME = re.compile(r"\bstt (\d+(?:\.\d+)?)s\b")
# by this name results, and people, call the endpoint on the internet; the others are kinds of local services
CLOUD = "openai"
SERVER_LINES = telling(Tells.SERVER_LINES)


@dataclass(frozen=True, slots=True)
class FailedResult:
    """A voice call whose result begins with one of the tool's own failure texts."""

    service: str
    event: int
    said: str  # the words that begin the result, and by which it is known
    text: str
    endpoints: tuple[tuple[str, str], ...]  # endpoint, reason, as far as the text names them


@dataclass(frozen=True, slots=True)
class HeardResult:
    """A voice call that returned what was heard; ``text`` is null where that was no speech."""

    event: int
    text: str | None
    provider: str | None  # which kind of endpoint answered; null where the result does not tell
    stt_s: float | None


def heard_results(case: Case) -> Iterator[HeardResult]:
    """Yield the voice calls of the transcript that returned what was heard, or that nothing was."""
    answers = _answers(case).filter(
        pl.col("message").str.starts_with("Voice response: ") | pl.col("message").str.starts_with("No speech")
    )
    for event, message in answers.select("event_id", "message").iter_rows():
        found = HEARD.match(message)
        if found is not None:
            took = STT_TIME.search(found["rest"] or "")
            seconds = float(took.group(1)) if took else None
            yield HeardResult(event, found["text"], found["provider"], seconds)


@per_case
def failed_results(case: Case) -> tuple[FailedResult, ...]:
    """Return the failed voice calls of the transcript, or of a screen. The text must begin the tool's own result."""
    return tuple(_failed(case))


def _failed(case: Case) -> Iterator[FailedResult]:
    for row in (*_answers(case).iter_rows(named=True), *_shown(case)):
        text = str(row["message"]).removeprefix("⎿").lstrip()
        known = next((t for t in VOICE if text.startswith(t.start)), None)
        if known is not None:
            found = tuple((e, r.strip()) for e, r in ENDPOINT.findall(text))
            yield FailedResult(known.service, row["event_id"], known.start.strip(": "), text, found)


@per_case
def _answers(case: Case) -> pl.DataFrame:
    """Return the results of the voice tool that the transcript holds."""
    calls = case.of(K.TOOL_CALL).filter(
        pl.col("tool").str.ends_with(CONVERSE) & (pl.col("source") == Source.TRANSCRIPT.value)
    )
    if calls.is_empty():
        return case.events.clear()
    return case.of(K.TOOL_RESULT).join(
        calls.select("correlation_id"), on="correlation_id", how="semi", maintain_order="left"
    )


@per_case
def _shown(case: Case) -> tuple[Row, ...]:
    """Return the failures that the user saw on the screen: the result itself, without its call."""
    failures = case.of(K.VOICE_FAILURE)
    if failures.is_empty():
        return ()
    return tuple(failures.filter(pl.col("source") == Source.CONSOLE.value).iter_rows(named=True))


@per_case
def _calls_voice(case: Case) -> bool:
    return bool(case.events["tool"].str.ends_with("converse").any())


@per_case
def has_unread_calls(case: Case) -> bool:
    """Say whether the voice tool was called, and nothing here would tell of a speech request that failed.

    The client's own lines about a call do not tell: voicemode returns a failure as an ordinary result.
    """
    told = _answers(case).filter(pl.col("status").fill_null("ok") != "error")
    known = case.speech_requests or _shown(case) or has_server_lines(case) or not told.is_empty()
    return _calls_voice(case) and not known


def is_unheard(case: Case) -> bool:
    """Say whether voice was used and neither the server's own lines nor any tool's result can tell how it went."""
    return uses_voice(case) and not has_server_lines(case) and case.of(K.TOOL_RESULT).is_empty()


def server_version(case: Case) -> tuple[str | None, int | None]:
    """Return the voice server's release and the record that names it."""
    logged = case.of(K.VOICE_EXCHANGE).filter(pl.col("tool").is_in(["stt", "tts"]))
    for rows in (logged, case.of(K.VOICE_START)):
        named = rows.filter(pl.col("status").is_not_null()).tail(1)
        for event, version in named.select("event_id", "status").iter_rows():
            return str(version), int(event)
    return None, None


@per_case
def uses_voice(case: Case) -> bool:
    """Say whether a voice service was used at all in this session."""
    if (
        case.speech_requests
        or not case.of(
            K.VOICE_START, K.VOICE_REQUEST, K.VOICE_CALL_BEGIN, K.STT_BEGUN, K.TTS_BEGUN
        ).is_empty()
    ):
        return True
    return bool(_shown(case)) or _calls_voice(case)


@per_case
def is_spoken_in(case: Case) -> bool:
    """Say whether a voice service was used, or a log of its exchanges lies there."""
    return uses_voice(case) or not case.of(K.VOICE_EXCHANGE).is_empty()


@per_case
def has_server_lines(case: Case) -> bool:
    """Say whether the server's own log lines are in the evidence, beyond its start-up."""
    lines = case.events.filter(
        is_from(SERVER_LINES) & pl.col("local_ts").is_not_null() & (pl.col("kind") != K.VOICE_START.value)
    )
    return not lines.is_empty()
