"""The voice server's lock: what it proves of a server that was killed."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.schema import EventKind as K
from tests.support.places import FIXTURES
from tests.support.voice_logs import voice_event as event

KILLED = FIXTURES / "voice-killed"
CLIENT = "c4f74656-68ad-4973-8f53-0b862ed16d5d"


class TestKilledServer:
    """voicemode 9.0.1, killed inside its second call."""

    def test_the_lock_is_the_servers_and_proves_that_the_call_did_not_end(self):
        (session,) = analyse(Request([KILLED])).sessions
        assert session.case.ending.verdict == "TRUNCATED"
        assert "the lock that the call's end removes is still there" in session.case.ending.proof
        assert [(r.path.rpartition("/")[2], r.line) for r in session.ending_refs] == [("voicemode_events_2026-11-22.jsonl", 17), ("conch", 9)]  # fmt: skip

    @pytest.mark.parametrize("beside", ["conversations", "events"])
    def test_the_lock_is_dated_by_what_else_the_server_wrote(self, tmp_path, beside):
        shutil.copytree(KILLED / ".voicemode" / "logs" / beside, tmp_path / beside)
        shutil.copy(KILLED / ".voicemode" / "conch", tmp_path / "conch")
        events = pl.concat([s.case.events for s in analyse(Request([tmp_path])).sessions])
        lock = events.row(by_predicate=pl.col("kind") == K.VOICE_LOCK_LEFT.value, named=True)
        assert (f"{lock['ts']:%H:%M:%S.%f}", lock["ts_quality"]) == ("07:43:31.318017", "aligned")

    def test_a_lock_of_another_call_is_no_proof(self, tmp_path):
        shutil.copytree(KILLED / ".voicemode", tmp_path, dirs_exist_ok=True)
        lock = tmp_path / "conch"
        lock.write_text(lock.read_text().replace("T01:43:31", "T01:43:01"))
        (session,) = analyse(Request([tmp_path])).sessions
        assert "the lock" not in session.case.ending.proof
        lock.write_text(lock.read_text().replace("T01:43:01", "T01:43:31").replace("false", "true"))
        (session,) = analyse(Request([tmp_path])).sessions
        assert "the lock" not in session.case.ending.proof

    def test_the_servers_lock_says_nothing_of_the_clients_end(self, tmp_path):
        say = {"type": "user", "uuid": "u1", "sessionId": CLIENT, "timestamp": "2026-11-22T07:43:00.000Z", "version": "2.0.24", "cwd": "/home/dev/liv-hana", "message": {"role": "user", "content": "hello"}}  # fmt: skip
        later = say | {"uuid": "u2", "timestamp": "2026-11-22T07:44:00.000Z"}
        (tmp_path / f"{CLIENT}.jsonl").write_text(json.dumps(say) + "\n" + json.dumps(later) + "\n")
        alone = analyse(Request([tmp_path])).sessions[0].case.ending
        shutil.copytree(KILLED / ".voicemode", tmp_path, dirs_exist_ok=True)
        client = next(s for s in analyse(Request([tmp_path])).sessions if s.session_id == CLIENT)
        assert "voice-lock" in client.case.events["source"].to_list()
        assert (client.case.ending.verdict, client.case.ending.proof) == (alone.verdict, alone.proof)

    def test_a_lock_in_local_time_is_not_compared_with_utc(self, tmp_path):
        (tmp_path / "voicemode_events_1.jsonl").write_text(event("STT_START") + event("STT_COMPLETE"))
        lock = json.loads((KILLED / ".voicemode" / "conch").read_text())
        (tmp_path / "conch").write_text(json.dumps(lock | {"acquired": "2025-10-21T07:00:50.700000"}))
        analysis = analyse(Request([tmp_path]))
        assert dict(analysis.unattached) == {"conch": 1}
