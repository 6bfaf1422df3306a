"""Lines that a container's or a collector's log wraps in JSON of its own: the text of one key, the time of another.

``{"log": "…", "stream": "stdout", "time": "…Z"}`` is Docker's json-file; collectors use other words for the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from forensics.evidence.containers.prefixes import time_in
from forensics.evidence.containers.values import UNDECODABLE, has_records

TEXTS = ("log", "message", "msg", "MESSAGE", "textPayload", "line")
TIMES = ("time", "timestamp", "@timestamp", "ts")
INSIDE = (b'\\"type\\"', b"\\u0022type\\u0022")  # as the wrapped record's key stands in a JSON text
MOST = 0.5  # of the lines must be wrapped


@dataclass(frozen=True, slots=True)
class Envelope:
    """Takes the JSON around each line off; it is a step like others."""

    text: str  # the key of the line
    cuts: bool = False
    is_lead: bool = True

    def off(self, data: bytes) -> bytes:
        """Return ``data`` without it; lines stay lines."""
        return b"\n".join(self._inner(line) for line in data.split(b"\n"))

    def times(self, data: bytes) -> list[datetime | None]:
        """Return the time that it gives each line."""
        return [_time_of(line) for line in data.split(b"\n")]

    def _inner(self, line: bytes) -> bytes:
        inner = _members_of(line).get(self.text)
        if not isinstance(inner, str):
            return line
        # a record that was logged at once, over several lines, stays on the line of its envelope
        return " ".join(inner.split("\n")).strip(" ").encode("utf-8", "replace")


def envelope_of(text: bytes, lines: Sequence[bytes]) -> Envelope | None:
    """Return the envelope in which the records of a text stand; null where they stand without one."""
    if not any(sign in text for sign in INSIDE) or has_records(text):
        return None
    told = [_members_of(line) for line in lines]
    for key in TEXTS:
        if sum(isinstance(members.get(key), str) for members in told) >= MOST * len(lines):
            envelope = Envelope(key)
            if has_records(envelope.off(text)):
                return envelope
    return None


def _members_of(line: bytes) -> dict[str, object]:
    if not line.lstrip().startswith(b"{"):
        return {}
    try:
        return msgspec.json.decode(line, type=dict[str, object])
    except UNDECODABLE:
        return {}


def _time_of(line: bytes) -> datetime | None:
    members = _members_of(line)
    said = next((value for key in TIMES if isinstance(value := members.get(key), str)), None)
    return time_in(said.encode("utf-8", "replace")) if said is not None else None
