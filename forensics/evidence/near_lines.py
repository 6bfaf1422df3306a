"""Lines as they stand around a cited one, fit to be shown: cut, without control characters, without secrets.

A secret may be spread over several lines, and its name or its first line may stand before the window: so lines are
redacted side by side, what looks like the body of a key is taken for one, and pieces of a stream are not shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from forensics.privacy.redact import MARGIN, is_redacting, redact
from forensics.privacy.streamed import without_pieces
from forensics.text.lengths import CUT

# what must not reach a terminal or a document as it stands: control characters, but for the tab
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
LONGEST = 300  # characters shown of a line: records of many megabytes exist
HELD = LONGEST + 2 * MARGIN  # characters looked at: so much of a secret is seen behind the last one shown
BODY_OF_RECORD = re.compile(r'"(?:message|content|attachment)":')  # where a record's envelope ends
ENVELOPE = 40  # characters of it that are not worth a cut
LEAD = 3  # lines before a window that are looked at and not shown: the name of a secret may stand there
SPREAD = "[redacted: part of a secret over several lines]"
BODY = "[redacted: looks like key material, {} characters]"
# a line of a key's body has capitals, small letters and digits side by side; a digest or a path has not all of them
MIXED = r"(?=[A-Za-z0-9+/]*[A-Z])(?=[A-Za-z0-9+/]*[a-z])(?=[A-Za-z0-9+/]*[0-9])"
RUN = re.compile(rf"(?<![A-Za-z0-9+/]){MIXED}[A-Za-z0-9+/]{{60,}}=*")
WHOLE = re.compile(rf"\W*{MIXED}[A-Za-z0-9+/]{{40,}}=*\W*")
REST = re.compile(r"\W*[A-Za-z0-9+/]+=*\W*")  # the last line of a body is short
LAST_WORD = re.compile(r"[^\s\"',;]*$")  # where a line was cut, a part of a secret may stand: it has no shape
END_OF_KEY = re.compile(r"-----END [A-Z ]*KEY")


@dataclass(frozen=True, slots=True)
class NearLine:
    """One line near a cited one, or that line itself."""

    number: int
    text: str  # its beginning; redactions and cuts are marked


def near_lines(raw: Sequence[tuple[int, str]], first: int) -> tuple[NearLine, ...]:
    """Return consecutive lines from number ``first`` on as they may be shown; those before it are only looked at."""
    heads = [without_pieces(CONTROL.sub("\ufffd", _held(text))) for _, text in raw]
    clean = _without_bodies(_redacted(heads), heads) if is_redacting() else heads
    return tuple(
        NearLine(number, _shortened(text, is_cut=len(whole) > HELD))
        for (number, whole), text in zip(raw, clean, strict=True)
        if number >= first
    )


def _held(text: str) -> str:
    return text if len(text) <= HELD else LAST_WORD.sub("", text[:HELD])


def _shortened(text: str, *, is_cut: bool) -> str:
    """Keep the line's beginning; of a long record of JSON, what stands behind the ids that every record repeats."""
    body = BODY_OF_RECORD.search(text, 0, MARGIN) if text.startswith("{") and len(text) > LONGEST else None
    start = body.start() if body is not None and body.start() > ENVELOPE else 0
    rest = text[start:]
    end = CUT if is_cut or len(rest) > LONGEST else ""
    return f"{CUT if start else ''}{rest[:LONGEST]}{end}"


def _redacted(lines: list[str]) -> list[str]:
    """Redact lines side by side. Where a secret swallows line ends, all lines that it may have held are taken out."""
    joined = redact("\n".join(lines)).split("\n")
    if len(joined) == len(lines):
        return joined
    alone = [redact(line) for line in lines]
    most = min(len(joined), len(lines))
    front = next((n for n in range(most) if joined[n] != alone[n]), most)
    back = next((n for n in range(most - front) if joined[-1 - n] != alone[-1 - n]), most - front)
    held = len(lines) - front - back
    return alone[:front] + [SPREAD] * held + alone[len(lines) - back :]


def _without_bodies(lines: list[str], heads: list[str]) -> list[str]:
    """Take out of redacted lines what looks like a key's body in them, or did before: ``heads``."""
    bodies = {n for n, head in enumerate(heads) if WHOLE.fullmatch(head)}
    # a short line is a body's last one where it follows on a body, or stands before its end
    for n, head in enumerate(heads):
        if REST.fullmatch(head) and (n - 1 in bodies or END_OF_KEY.search("".join(heads[n + 1 : n + 2]))):
            bodies.add(n)
    return [_without_body(line, is_body=n in bodies) for n, line in enumerate(lines)]


def _without_body(line: str, *, is_body: bool) -> str:
    if is_body and "[redacted: " not in line:
        return BODY.format(len(line.strip()))
    return RUN.sub(lambda m: BODY.format(len(m[0])), line)
