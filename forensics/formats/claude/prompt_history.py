"""Claude Code's prompt history, ``~/.claude/history.jsonl``: what the user typed, in every project.

One object a line, with its time in milliseconds (2.0.24 to 2.1.330). 2.0.24 names no session. It holds slash commands
too, and what was typed and never became a prompt; what was pasted stands in the transcript only. A headless run
writes none.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec

from forensics.evidence.file import Evidence
from forensics.formats.base import Parsed
from forensics.formats.claude.tool_calls import digest
from forensics.formats.reading import parse_lines
from forensics.privacy.redact import cut
from forensics.schema import EventKind, Row, Source, TsQuality

NAME = re.compile(r"(?:^|/)history\.jsonl$")
BEGINS = re.compile(rb'^\s*\{\s*"display"\s*:')
HEAD = re.compile(rb'^\s*\{\s*"display"\s*:[^\n]*"pastedContents"\s*:[^\n]*"timestamp"\s*:\s*\d+')
COMMAND = re.compile(r"^/[\w:-]+")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXT_KEPT = 400  # it is only shown


class Entry(msgspec.Struct):
    """What was typed at once."""

    display: str
    timestamp: float | None = None
    project: str | None = None
    sessionId: str | None = None  # noqa: N815 - the file's own name


class PromptHistory:
    """The parser of the history."""

    source = Source.PROMPT_HISTORY

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise the history by its first entry, by its name where a long paste hides that one's end."""
        by_name = NAME.search(place) is not None and BEGINS.search(head) is not None
        return by_name or (place.endswith(".jsonl") and HEAD.search(head) is not None)

    def parse(self, evidence: Evidence) -> Parsed:
        """Make one event of each entry: of a kind of its own, which no rule counts as a prompt."""
        return parse_lines(
            evidence,
            self.source,
            Entry,
            lambda entry: "prompt of a session" if entry.sessionId else "prompt",
            _row,
        )


def _row(line: int, entry: Entry) -> Row:
    moment = _moment(entry.timestamp)
    command = COMMAND.match(entry.display)
    return {
        "line": line,
        "ordinal": 0,
        "ts": moment,
        "ts_quality": (TsQuality.EXACT if moment else TsQuality.MISSING).value,
        "session_id": entry.sessionId,
        "kind": EventKind.PROMPT_TYPED.value,
        "status": command[0] if command else None,
        "path": entry.project,
        "message": cut(entry.display, TEXT_KEPT),
        "text_sha": digest(entry.display),
    }


def _moment(milliseconds: float | None) -> datetime | None:
    try:
        return None if milliseconds is None else EPOCH + timedelta(milliseconds=milliseconds)
    except (OverflowError, ValueError):
        return None
