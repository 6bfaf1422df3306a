"""A session told event by event, for tests of what is made of lists and agents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from forensics.schema import EVENTS, SPAWNS, TODOS, Source, conform
from forensics.session.model.case import build_case

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SESSION = "5e551011-0000-4000-8000-000000000001"
BUSY, OPEN, DONE = "in_progress", "pending", "completed"


def at(seconds):
    return START + timedelta(seconds=seconds)


class Story:
    """Events of one session, and the items of its lists."""

    def __init__(self):
        self.rows, self.items = [], []

    def add(self, kind, seconds, items=(), source=Source.TRANSCRIPT, **columns):
        n = len(self.rows) + 1
        place = {"event_id": n, "file": 0, "line": n, "ordinal": 0}
        row = place | {"kind": kind, "source": source.value, "session_id": SESSION}
        self.rows.append(row | {"ts": None if seconds is None else at(seconds)} | columns)
        self.items += [place | {"position": p} | item for p, item in enumerate(items)]
        return n

    def case(self):
        events = conform(pl.DataFrame(self.rows, infer_schema_length=None), EVENTS)
        todos = conform(pl.DataFrame(self.items, infer_schema_length=None), TODOS)
        return build_case(SESSION, events, todos, pl.DataFrame(schema=SPAWNS))
