"""The voice server's trace: when it was alive."""

from __future__ import annotations

import polars as pl

TRACE = (
    "2026-11-22 01:00:00,000 - Called /opt/voice_mode/server.py:12 main\n"
    "2026-11-22 01:00:00,001 - Exception: (<class 'ValueError'>, ValueError('a\n"
    "b'), <traceback object at 0x7f00>)\n"
    "2026-11-22 01:00:09,500 - Called /opt/voice_mode/tools/converse.py:99 converse\n"
)


def test_a_trace_proves_when_the_server_was_alive(read):
    parsed = read("voicemode_trace.log", TRACE)
    assert (parsed.lines_total, parsed.lines_understood, parsed.records) == (4, 4, 3)
    told = parsed.events.select("line", "kind", "source", pl.col("local_ts").cast(pl.String)).rows()
    assert told == [
        (1, "log_edge", "voice-trace", "2026-11-22 01:00:00.000000"),
        (4, "log_edge", "voice-trace", "2026-11-22 01:00:09.500000"),
    ]


def test_a_trace_that_begins_in_the_middle_says_which_line_is_none(read):
    parsed = read("voicemode_trace.log", "b'), <traceback object at 0x7f00>)\n" + TRACE)
    assert [(p.line, p.count) for p in parsed.problems] == [(1, 1)]
