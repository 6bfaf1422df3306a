"""Claude Code's transcripts: ``projects/<project>/<session>.jsonl`` and the subagents' ``agent-*.jsonl``.

Up to 2.0.24 a subagent's records stand in the main file as sidechains without an agent id, written in one
batch when the agent returns; they are named after their root (``sidechain:<uuid>``), and ``agents`` links them
to the call that spawned them. Warm-up stubs and the client's own compaction and prompt agents are not agents:
their records are ``other``.
"""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from forensics.evidence.file import Evidence
from forensics.formats.base import Parsed, Places
from forensics.formats.claude.conversation import Conversation
from forensics.formats.claude.records import Record
from forensics.formats.jsonl import UNEXPECTED, JsonLines
from forensics.formats.reading import finish, first_free, problems_by_reason, rows
from forensics.schema import EVENTS, SPAWNS, TODOS, UUID, Source

HEAD = re.compile(
    rb'"(?:sessionId|session_id)"\s*:|"type"\s*:\s*"(?:user|assistant|summary|file-history-snapshot|queue-operation)"'
)
# what was copied out of a transcript into a file of another name begins with a record
PASTED = re.compile(
    rb'\s*\{"(?:type"\s*:\s*"(?:user|assistant|system)"|parentUuid"\s*:)[^\n]*"message"\s*:\s*\{'
)
SESSION_FILE = re.compile(rf"(?:^|/)({UUID})\.jsonl$")
AGENT_FILE = re.compile(r"(?:^|/)agent-(a(?:compact|prompt)[0-9a-z_-]*)\.jsonl$")


class Transcript:
    """The parser of one transcript file."""

    source = Source.TRANSCRIPT

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise a transcript by the keys of its first records."""
        return HEAD.search(head) is not None if place.endswith(".jsonl") else PASTED.match(head) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Read the records in file order; what a record does not say stays null."""
        reader = Conversation(internal_agents=AGENT_FILE.search(evidence.place) is not None)
        lines = JsonLines(evidence, Record)
        places: Places = {}
        for number, record in lines:
            first = first_free(number, reader.events)
            if lines.before_end:
                places.setdefault(number, []).append((first, lines.before_end))
            if not reader.read(number, record, first):
                lines.note(UNEXPECTED, number)
        problems = problems_by_reason(lines.bad)
        named = SESSION_FILE.search(evidence.place)
        # summaries and file snapshots carry no session id: they belong to the session of their file
        session = pl.col("session_id").fill_null(pl.lit(named.group(1) if named else None, dtype=pl.String))
        parsed = finish(
            [rows(reader.events, EVENTS).with_columns(session)],
            self.source,
            problems,
            lines.total,
            todos=[rows(reader.todos, TODOS)],
            spawns=[rows(reader.spawns, SPAWNS)],
            tally=reader.tally,
        )
        return replace(parsed, places=places, contradictions=tuple(reader.contradictions.found))
