"""What a client process leaves behind when it is killed: its shell snapshot, and its process file.

The snapshot ``snapshot-<shell>-<epoch ms>-<random>.sh`` is removed by an orderly end (and by SIGTERM);
``sessions/<pid>.json`` is left by 2.1.330 after SIGKILL only. Neither is proof of a crash.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

from forensics.evidence.account import Damage, Problem, Reason
from forensics.evidence.file import Evidence
from forensics.formats.base import Parsed
from forensics.formats.jsonl import UNDECODABLE, mend
from forensics.formats.reading import finish, rows
from forensics.schema import EVENTS, EventKind, Source, TsQuality

SNAPSHOT = re.compile(r"(?:^|/)snapshot-\w+-(\d{13})-\w+\.sh$")
PROCESS = re.compile(r"(?:^|/)sessions/(\d+)\.json$")
NO_PROCESS = Reason("not a process file", Damage.BROKEN)


class ShellSnapshot:
    """The parser of a left shell snapshot; its name says when the process made it."""

    source = Source.SHELL_SNAPSHOT

    def sniff(self, place: str, head: bytes) -> bool:  # noqa: ARG002 - the name is all there is
        """Recognise the file by its name."""
        return SNAPSHOT.search(place) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Make one event; the shell code in the file says nothing."""
        _, total = evidence.document()
        name = SNAPSHOT.search(evidence.place)
        made = datetime.fromtimestamp(int(name.group(1)) / 1000, UTC) if name else None
        event = {
            "line": 1,
            "ordinal": 0,
            "ts": made,
            "ts_quality": TsQuality.EXACT.value,
            "kind": EventKind.PROCESS_LEFT.value,
            "path": evidence.place.rpartition("/")[2],
            "status": "shell snapshot",
            "message": "shell snapshot was not removed",
        }
        return finish([rows([event], EVENTS)] if total else [], self.source, [], total)


class Process(msgspec.Struct):
    """The process that a session ran in."""

    pid: int
    sessionId: str  # noqa: N815 - the file's own names
    version: str | None = None
    status: str | None = None


class ProcessFile:
    """The parser of ``sessions/<pid>.json``."""

    source = Source.PROCESS_FILE

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise the file by its place."""
        return PROCESS.search(place) is not None and head.lstrip()[:1] == b"{"

    def parse(self, evidence: Evidence) -> Parsed:
        """Make one event: which process, and what it was doing when it last said so."""
        data, total = evidence.document()
        try:
            process = msgspec.json.decode(mend(data), type=Process)
        except UNDECODABLE:
            return finish([], self.source, [Problem(1, NO_PROCESS, total)] if total else [], total)
        event = {
            "line": 1,
            "ordinal": 0,
            "ts_quality": TsQuality.MISSING.value,
            "kind": EventKind.PROCESS_LEFT.value,
            "session_id": process.sessionId,
            "pid": process.pid,
            "status": f"process file ({process.status or 'no status'})",
            "message": "process file was not removed",
        }
        return finish([rows([event], EVENTS)], self.source, [], total)
