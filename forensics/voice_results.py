"""What the voice tool itself returned: in newer clients the only place where its failures stand.

voicemode returns a failure as an ordinary result, not flagged as an error. From 2.1 on Claude Code drops
the server's stderr once the connection is up, so the text of the result is all there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from forensics.case import Case
from forensics.schema import EventKind as K
from forensics.schema import Row, Source, is_from

FAILURES = (
    ("stt", "STT service connection failed:"),
    ("stt", "STT request rejected by "),
    ("tts", "Error: Could not speak message"),
    ("tts", "✗ Failed to speak message"),
)
ENDPOINT = re.compile(r"^\s*- (https?://\S+?)(?:/audio/(?:transcriptions|speech))?: (.+)$", re.MULTILINE)
SERVER_LINES = (Source.VOICE_STDERR, Source.MCP_LOG, Source.CLAUDE_DEBUG)


@dataclass(frozen=True, slots=True)
class FailedResult:
    """A voice call whose result begins with one of the tool's own failure texts."""

    service: str
    event: int
    said: str  # the words that begin the result, and by which it is known
    text: str
    endpoints: tuple[tuple[str, str], ...]  # endpoint, reason, as far as the text names them


def failed_results(case: Case) -> Iterator[FailedResult]:
    """Yield the failed voice calls of the transcript, or of a screen. The text must begin the tool's own result."""
    for row in (*_answers(case).iter_rows(named=True), *_shown(case)):
        text = str(row["message"]).removeprefix("⎿").lstrip()
        for service, start in FAILURES:
            if text.startswith(start):
                found = tuple((e, r.strip()) for e, r in ENDPOINT.findall(text))
                yield FailedResult(service, row["event_id"], start.strip(": "), text, found)
                break


def _answers(case: Case) -> pl.DataFrame:
    """Return the results of the voice tool that the transcript holds."""
    calls = case.of(K.TOOL_CALL).filter(
        pl.col("tool").str.ends_with("__converse") & (pl.col("source") == Source.TRANSCRIPT.value)
    )
    return case.of(K.TOOL_RESULT).join(
        calls.select("correlation_id"), on="correlation_id", how="semi", maintain_order="left"
    )


def _shown(case: Case) -> Iterator[Row]:
    """Yield the failures that the user saw on the screen: the result itself, without its call."""
    failures = case.of(K.VOICE_FAILURE).filter(pl.col("source") == Source.CONSOLE.value)
    yield from failures.iter_rows(named=True)


def unread_calls(case: Case) -> str | None:
    """Return why a failed speech request could not be seen here; null where it could, or none was made.

    The client's own lines about a call do not tell: voicemode returns a failure as an ordinary result.
    """
    called = not case.events.filter(pl.col("tool").str.ends_with("converse")).is_empty()
    told = _answers(case).filter(pl.col("status").fill_null("ok") != "error")
    if not called or case.chains or next(_shown(case), None) or has_server_lines(case) or not told.is_empty():
        return None
    return (
        "neither the voice server's own lines nor a result of the voice tool is in the evidence: the server's "
        "stderr log or the session's transcript would tell"
    )


def uses_voice(case: Case) -> bool:
    """Say whether a voice service was used at all in this session."""
    if (
        case.chains
        or not case.of(
            K.VOICE_START, K.VOICE_REQUEST, K.VOICE_CALL_BEGIN, K.STT_BEGUN, K.TTS_BEGUN
        ).is_empty()
    ):
        return True
    if next(_shown(case), None) is not None:
        return True
    converse = case.events.filter(pl.col("tool").str.ends_with("converse"))
    return not converse.is_empty()


def has_server_lines(case: Case) -> bool:
    """Say whether the server's own log lines are in the evidence, beyond its start-up."""
    lines = case.events.filter(
        is_from(SERVER_LINES) & pl.col("local_ts").is_not_null() & (pl.col("kind") != K.VOICE_START.value)
    )
    return not lines.is_empty()
