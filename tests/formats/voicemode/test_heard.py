"""What the voice server's log of what it heard says."""

from __future__ import annotations

import json

import polars as pl

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.formats.jsonl import CUT, UNEXPECTED
from forensics.schema import EventKind as K
from tests.support.parsed import told
from tests.support.voice_logs import STDERR


def heard(**more) -> str:
    return json.dumps({"ts": "2026-11-22T01:43:30.769-06:00", "seq": 1, "kind": "turn", "text": "check the log", "source": "mic", "final": True, "detector": "vad", "via": "converse", "v": 1} | more) + "\n"  # fmt: skip


class TestHeard:
    def test_both_clocks_and_what_was_heard(self, read):
        parsed = read("heard_2026-11-22.jsonl", heard() + heard(seq=2, text="again"))
        assert told(parsed, "tool", "status", "message") == [
            (1, "voice_exchange", "heard turn", "vad", "heard turn: check the log"),
            (2, "voice_exchange", "heard turn", "vad", "heard turn: again"),
        ]
        assert [str(parsed.events[c][0]) for c in ("ts", "local_ts", "ts_quality")] == ["2026-11-22 07:43:30.769000+00:00", "2026-11-22 01:43:30.769000", "exact"]  # fmt: skip
        assert (parsed.records, parsed.unknown) == (2, ())

    def test_markup_is_kept_for_rules(self, read):
        parsed = read("heard_1.jsonl", heard() + heard(text="<html>"))
        assert told(parsed, "text") == [(1, "voice_exchange", None), (2, "voice_exchange", "<html>")]

    def test_a_record_of_another_kind_is_read_and_counted_as_new(self, read):
        parsed = read("heard_2026-11-22.jsonl", heard() + heard(kind="event", event="barge-in", text=None))
        assert told(parsed, "message")[1] == (2, "voice_exchange", "heard event: barge-in")
        assert [(s.text, s.line, s.count) for s in parsed.unknown] == [("event version 1", 2, 1)]

    def test_damaged_lines(self, read):
        parsed = read("heard_1.jsonl", heard() + heard(ts="yesterday") + heard()[:30])
        assert [(p.line, p.reason) for p in parsed.problems] == [(2, UNEXPECTED), (3, CUT)]

    def test_a_secret_that_was_said_is_not_shown(self, tmp_path):
        (tmp_path / "heard_2026-11-22.jsonl").write_text(heard(text="the key is sk-ant-REDACTED"))
        analysis = analyse(Request([tmp_path]))
        (session,) = analysis.sessions
        assert "sk-ant" not in str(session.case.events["message"].to_list())

    def test_alone_it_tells_the_zone_of_the_servers_lines(self, tmp_path):
        (tmp_path / "heard_2025-10-21.jsonl").write_text(heard(ts="2025-10-21T03:54:50.000-05:00"))
        (tmp_path / "stderr.log").write_text(STDERR)
        (session,) = analyse(Request([tmp_path])).sessions
        start = session.case.events.row(by_predicate=pl.col("kind") == K.STT_START.value, named=True)
        assert (f"{start['ts']:%H:%M:%S}", start["ts_quality"]) == ("08:54:21", "aligned")
        assert "voice-heard" in session.case.events["source"].to_list()
