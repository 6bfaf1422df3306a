"""Pieces of a streamed answer: a secret may begin in one and end in the next, and no piece has its shape.

What a stream brings piece by piece it brings whole in the record behind them. So where a line of the log is shown, a
piece is not.
"""

from __future__ import annotations

import re

from forensics.privacy.redact import is_redacting

# the deltas of the Messages API's stream, as a headless run prints them with --include-partial-messages
TEXT = r'(?P<text>(?:[^"\\]|\\.)*)'
PIECES = (
    re.compile(rf'(?P<before>\\?"type\\?"\s*:\s*\\?"\w+_delta\\?"\s*,\s*\\?"\w+\\?"\s*:\s*\\?"){TEXT}'),
    re.compile(
        rf'(?P<before>\\?"delta\\?"\s*:\s*\{{\s*\\?"(?:text|thinking|partial_json|signature)\\?"\s*:\s*\\?"){TEXT}'
    ),
)
MARK = "delta"
HIDDEN = "[a piece of a streamed text: {} characters]"


def without_pieces(line: str) -> str:
    """Return a line with the length of each streamed piece in its place; where nothing is redacted, as it is."""
    if MARK not in line or not is_redacting():
        return line
    for shape in PIECES:
        line = shape.sub(_hidden, line)
    return line


def _hidden(found: re.Match[str]) -> str:
    text = found["text"]
    if not text or text.startswith(HIDDEN[:10]):
        return found[0]
    return found["before"] + HIDDEN.format(len(text))
