"""voicemode's lock, ``~/.voicemode/conch``: one JSON object that says who has the floor (8.0.0 and later).

A call writes it when it begins (``held`` false, or absent up to 8.6.2) and removes it when it ends: where it is
still there, the server was killed inside the call (9.0.1, recorded), or was in it when the files were copied.
With ``held`` true a call has ended and keeps the floor for the next one: that file is left in good order, too
(9.0.1, from its code). ``acquired`` is local time without zone. The event log's CONCH_ACQUIRE tells the same
moment in UTC, with the same pid.
"""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from forensics.evidence.account import Damage, Problem, Reason
from forensics.evidence.file import Evidence
from forensics.formats.base import Parsed
from forensics.formats.jsonl import UNDECODABLE, mend
from forensics.formats.reading import finish, lines_of_key, rows
from forensics.formats.times import to_utc
from forensics.schema import EVENTS, FLOOR_KEPT, IN_A_CALL, UUID, EventKind, Source, TsQuality

NAME = re.compile(r"(?:^|/)conch$")
HEAD = re.compile(rb'^\s*\{\s*"pid"\s*:\s*\d+\s*,\s*"agent"\s*:')
CLIENT_SESSION = re.compile(rf"^{UUID}$")
NOT_A_LOCK = Reason("not a voice lock", Damage.BROKEN)
SAID = {
    IN_A_CALL: "voice lock of process {}: taken for a call, and not removed",
    FLOOR_KEPT: "voice lock of process {}: the floor was kept after a call",
}


class Lock(msgspec.Struct):
    """The process that has the floor."""

    pid: int
    acquired: datetime | None = None
    agent: str | None = None
    session_id: str | None = None
    project_path: str | None = None
    held: bool = False


class VoiceLock:
    """The parser of one lock file."""

    source = Source.VOICE_LOCK

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise the file by its name, which has no suffix, and its first keys."""
        return NAME.search(place) is not None and HEAD.search(head) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Make one event: which process took the floor when, and for what."""
        data, total = evidence.document()
        try:
            lock = msgspec.json.decode(mend(data), type=Lock)
        except UNDECODABLE:
            return finish([], self.source, [Problem(1, NOT_A_LOCK, total)] if total else [], total)
        status = FLOOR_KEPT if lock.held else IN_A_CALL
        named = lock.session_id or ""
        moment = to_utc(lock.acquired) if lock.acquired else None
        event = {
            "line": next(iter(lines_of_key(data, "acquired")), 1),
            "ordinal": 0,
            "ts": moment,
            "local_ts": lock.acquired.replace(tzinfo=None) if lock.acquired else None,
            "ts_quality": (TsQuality.EXACT if moment else TsQuality.MISSING).value,
            "kind": EventKind.VOICE_LOCK_LEFT.value,
            # whatever the caller said: only what has the form of a client's id is taken for one
            "session_id": named if CLIENT_SESSION.match(named) else None,
            "component": lock.agent,
            "pid": lock.pid,
            "path": lock.project_path,
            "status": status,
            "message": SAID[status].format(lock.pid),
        }
        return finish([rows([event], EVENTS)], self.source, [], total)
