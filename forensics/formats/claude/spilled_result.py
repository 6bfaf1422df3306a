"""``<session>/tool-results/<call>.txt`` (2.0.60 on): what a call printed, where that was too long for its record.

The record of the call's result holds a ``<persisted-output>`` in its place, which names the file. Of the file's name
only one that is the call's id tells whose it is; of another one the record does, see ``table/spilled.py``. What stands
in it is anybody's output: it is searched for credentials like every file, and is no log.
"""

from __future__ import annotations

import re

from forensics.evidence.file import Evidence, count_lines
from forensics.formats.base import Parsed
from forensics.formats.reading import finish, rows
from forensics.schema import EVENTS, UUID, EventKind, Source, TsQuality

NAME = re.compile(
    rf"(?:(?:^|/)(?P<session>{UUID})/(?:subagents/[^/]+/)?)?(?:^|(?<=/))tool-results/(?P<file>[^/]+\.(?:txt|json))$"
)
CALL = re.compile(r"(toolu_[A-Za-z0-9_]+)")


class SpilledResult:
    """The parser of one call's output."""

    source = Source.SPILLED_RESULT

    def sniff(self, place: str, head: bytes) -> bool:  # noqa: ARG002 - the place tells, whatever stands in it
        """Recognise the file by where it lies."""
        return NAME.search(place) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Make one event: which call's output it is, as far as the file's name tells."""
        total = 0
        for batch in evidence.batches():
            total += count_lines(batch.data)
        name = NAME.search(evidence.place)
        file = name["file"] if name else evidence.name
        call = CALL.match(file)
        event = {
            "line": 1,
            "ordinal": 0,
            "ts_quality": TsQuality.MISSING.value,
            "kind": EventKind.RESULT_SPILLED.value,
            "session_id": name["session"] if name else None,
            "correlation_id": call[1] if call else None,
            "path": file,
            "count": total,
            "message": f"the output of a call, {total} lines, beside its record",
        }
        return finish([rows([event], EVENTS)] if total else [], self.source, [], total)
