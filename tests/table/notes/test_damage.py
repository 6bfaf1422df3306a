"""Damage becomes events: at the first line of each reason, in the session of the lines around it; noise does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.evidence.discover import Found
from forensics.formats import parser_for
from forensics.schema import CUT_OFF, FIRST_NOTE, EventKind, Source, TsQuality
from forensics.table.ingest import ingest
from forensics.table.notes.damage import damage_in
from forensics.table.order import clock_steps
from forensics.table.sessions import attach

ONE, OTHER = "5e551011-0000-4000-8000-000000000001", "5e551011-0000-4000-8000-000000000002"


def record(session, n, text="hello"):
    said = {"role": "user", "content": text}
    when = f"2026-03-02T10:00:{n:02d}.000Z"
    return json.dumps(
        {
            "type": "user",
            "uuid": f"{session[-1]}{n}",
            "sessionId": session,
            "timestamp": when,
            "message": said,
        }
    )


def damage(evidence):
    parser = parser_for(evidence.place, evidence.head)
    found = list(damage_in(parser.parse(evidence)))
    return [(d["line"], d["status"], d["count"], d["total"], d["component"]) for d in found]


def test_one_event_for_each_reason_at_its_first_line(write):
    lines = [
        record(ONE, 1),
        "{broken",
        record(ONE, 3),
        "{broken",
        '{"type":"user","timestamp":5}',
        record(ONE, 6),
    ]
    evidence = write(f"projects/p/{ONE}.jsonl", "\n".join(lines) + "\n")
    assert damage(evidence) == [
        (2, "not valid JSON", 2, 6, None),
        (5, "JSON of an unexpected shape", 1, 6, None),
    ]


@pytest.mark.parametrize("size", [64, 200, 10_000])
def test_where_a_batch_ends_is_no_business_of_it(write, size):
    lines = [record(ONE, 1), "{broken", "{broken", record(ONE, 4), record(ONE, 5)[:80]]
    evidence = write(f"projects/p/{ONE}.jsonl", "\n".join(lines), batch_bytes=size)
    assert damage(evidence) == [
        (2, "not valid JSON", 2, 5, None),
        (5, "not valid JSON: the last line is cut off", 1, 5, CUT_OFF),
    ]


def test_bytes_that_are_no_text_are_damage_of_a_line_that_was_read(write):
    head = b"2026-03-02T10:00:00.000Z [DEBUG] one\n2026-03-02T10:00:01.000Z [DEBUG] t\xffo\n"
    assert damage(write(f"debug/{ONE}.txt", head))[0][:1] == (2,)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (f"debug/{ONE}.txt", "some banner\n2026-03-02T10:00:00.000Z [DEBUG] one\n"),
        ("voicemode_debug.log", "a banner\n2025-10-21 03:54:21,768 - voicemode - INFO - STT: Starting speech-to-text conversion\n"),
        ("run.txt", '$ claude\n{"type":"system","subtype":"init","session_id":"x"}\nprogress\n'),
    ],
)  # fmt: skip
def test_what_stands_beside_the_records_is_none(write, name, data):
    assert damage(write(name, data)) == []


def test_it_belongs_to_the_session_of_the_record_above(write):
    lines = ["{broken", record(ONE, 1), record(OTHER, 2), record(OTHER, 3)]
    first = write("projects/p/a.jsonl", "\n".join(lines) + "\n")
    second = write(
        "projects/p/b.jsonl",
        "\n".join([record(ONE, 10), record(OTHER, 11), "{broken", record(ONE, 12)]) + "\n",
    )
    ingested = ingest(Found((first, second), ()))
    events = attach(ingested.events)
    assert events.height == ingested.events.height
    assert events["event_id"].is_unique().all()
    found = events.filter(pl.col("kind") == EventKind.DAMAGED.value).sort("line")
    assert found.select("line", "session_id").rows() == [(1, ONE), (3, OTHER)]
    assert (found["ordinal"] >= FIRST_NOTE).all()
    assert set(found["ts_quality"]) == {TsQuality.INFERRED.value}
    assert set(found["source"]) == {Source.TRANSCRIPT.value}


def test_it_makes_no_session_and_no_end(tmp_path):
    whole = [record(ONE, 1), record(ONE, 2)]
    path = tmp_path / f"{ONE}.jsonl"
    path.write_text("\n".join(whole) + "\n")
    before = analyse(Request([path])).sessions[0].case.ending
    path.write_text("\n".join([*whole, "{broken"]) + "\n")
    (tmp_path / "other.jsonl").write_text(record(OTHER, 1)[:60] + "\n")
    after = analyse(Request([tmp_path]))
    assert [s.case.session_id for s in after.sessions] == [ONE]
    assert after.sessions[0].case.ending.verdict is before.verdict
    assert after.sessions[0].case.ending.last_ts == before.last_ts


def log(*seconds):
    start = datetime(2026, 3, 2, 10, tzinfo=UTC)
    times = [start + timedelta(seconds=s) for s in seconds]
    return pl.DataFrame(
        {
            "file": [0] * len(times),
            "line": list(range(1, len(times) + 1)),
            "ordinal": [0] * len(times),
            "event_id": list(range(len(times))),
            "source": [Source.CLAUDE_DEBUG.value] * len(times),
            "ts": pl.Series(times, dtype=pl.Datetime("us", "UTC")),
            "local_ts": pl.Series([None] * len(times), dtype=pl.Datetime("us")),
            "ts_quality": [TsQuality.EXACT.value] * len(times),
        }
    )


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ((0, 1, 2, 3), []),
        ((0, 10, 9.5, 11), []),
        ((0, 100, 40, 41, 42, 43), [(3, False)]),
        ((0, 100, 40, 101, 102), [(3, True)]),
        ((0, 100, 40, 41, 101, 102), [(3, True)]),
        ((0, 100, 40, 400, 401), [(3, False)]),
        ((0, 100, 40, 101, 30, 102), [(3, True), (5, True)]),
    ],
    ids=["in order", "a race", "set back", "one late", "two late", "set back and silent", "late twice"],
)
def test_a_clock_that_was_set_and_a_record_that_is_late(seconds, expected):
    assert clock_steps(log(*seconds)).select("line", "is_late").rows() == expected
