"""The request log of Anthropic's TypeScript SDK, which a client prints with ``ANTHROPIC_LOG=debug`` (SDK 0.60).

Each request has a number, ``[log_11e3a8]``. What is said of it is one line, or a block: an object as Node shows
it, from a line that ends in ``{`` to the brace at the beginning of a line. A failure is told twice, in a line and
in a block, and is one event; that a request succeeded is told by its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from forensics.formats.shapes import Tally, shape_of
from forensics.schema import EventKind, Row, TsQuality

OPENS = re.compile(
    r"\[(?P<log>log_[0-9a-f]+)(?:, [^\]]*)?\] (?P<said>.+)$|(?P<print>response \d{3} https?://\S+ .+)$"
)
ANSWERED = re.compile(
    r"(?P<method>[a-z]+) (?P<endpoint>https?://\S+) (?P<outcome>succeeded|failed) with status (?P<status>\d{3}) "
    r"in (?P<took>\d+)ms(?: - (?P<then>.+))?$"
)
UNANSWERED = re.compile(r"connection (?P<outcome>failed|timed out) - (?P<then>.+)$")
# what a block adds to the line before it
URL, TOOK = re.compile(r"  url: '([^']+)'"), re.compile(r"  durationMs: (\d+)")
WORDS = {"failed": "Connection error", "timed out": "Request timed out"}  # as the client's own logs say it
RETRIES = "retrying"
SHAPES = (
    re.compile(r"sending request|response (?:start|parsed|error)\b|response \d{3} http"),
    re.compile(r"connection (?:failed|timed out)\b|request aborted"),
    ANSWERED,
)


class SdkLog:
    """The SDK's lines among others, and what they tell of requests."""

    def __init__(self, tally: Tally) -> None:
        self.events: list[Row] = []
        self._tally = tally
        self._failed: dict[str, Row] = {}  # a request's failure, of which its block says more
        self._inside = False
        self._about: Row | None = None

    def take(self, number: int, text: str, session_id: str | None) -> bool:
        """Say whether a line, as a terminal shows it, is the SDK's; keep what it tells."""
        opened = OPENS.match(text)
        if opened is not None:
            said = opened["said"] or opened["print"]
            self._inside = text.endswith("{")
            self._count(number, said)
            self._about = self._failed.pop(opened["log"] or "", None) if self._inside else None
            for event in _told(said):
                self.events.append(_row(number, session_id) | event)
                if event["kind"] == EventKind.API_ERROR.value:
                    self._failed[opened["log"] or ""] = self.events[-1]
            return True
        if not self._inside or not text.startswith((" ", "}")):
            self._inside = False
            return False
        self._inside = not text.startswith("}")
        if self._about is not None:
            _complete(self._about, text)
        return True

    def _count(self, number: int, said: str) -> None:
        self._tally.records += 1
        if not any(shape.match(said) for shape in SHAPES):
            self._tally.add(number, shape_of(f"SDK {said}"))


def _row(number: int, session_id: str | None) -> Row:
    return {
        "line": number,
        "ordinal": 0,
        "session_id": session_id,
        "ts_quality": TsQuality.MISSING.value,
        "component": "request",
    }


def _told(said: str) -> Iterator[Row]:
    answered = ANSWERED.match(said)
    if answered is not None:
        failed = answered["outcome"] == "failed"
        yield {
            "kind": (EventKind.API_ERROR if failed else EventKind.HTTP_RESPONSE).value,
            "status": answered["status"],
            "endpoint": answered["endpoint"],
            "duration_ms": float(answered["took"]),
            "message": said,
            "component": _component(answered["then"]),
        }
        return
    lost = UNANSWERED.match(said)
    if lost is not None:
        yield {
            "kind": EventKind.API_ERROR.value,
            "status": WORDS[lost["outcome"]],
            "message": said,
            "component": _component(lost["then"]),
        }


def _component(then: str | None) -> str:
    """Tell a try from a request: what the SDK tries again is not over. Whose answer it was, the log does not say."""
    return "attempt" if then is not None and then.startswith(RETRIES) else "request"


def _complete(event: Row, text: str) -> None:
    if found := URL.match(text):
        event.setdefault("endpoint", found[1])
    elif found := TOOK.match(text):
        event.setdefault("duration_ms", float(found[1]))
