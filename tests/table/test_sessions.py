"""Which session a record belongs to."""

from __future__ import annotations

import json
import random
import shutil
from hashlib import sha256

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.render.answers.console import to_text
from forensics.render.answers.json_report import to_json

ONE, TWO, RANDOM = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "99999999-9999-4999-8999-999999999999"  # fmt: skip
MS = 1_761_030_000_000  # 2025-10-21T07:00:00Z


def anchor(pid: int, second: float, path: str = "/home/dev/.claude.json") -> str:
    return f"[DEBUG] Writing to temp file: {path}.tmp.{pid}.{MS + int(second * 1000)}\n"


CALL = "[DEBUG] executePreToolHooks called for tool: Write\n"


def say(session: str, second: int, text: str = "hello", **more) -> str:
    record = {"type": "user", "uuid": f"{session[:4]}-{second}", "parentUuid": None, "sessionId": session, "timestamp": f"2025-10-21T07:00:{second:02d}.000Z", "version": "2.0.24", "cwd": "/w", "message": {"role": "user", "content": text}}  # fmt: skip
    return json.dumps(record | more) + "\n"


def converse(session: str, second: int) -> str:
    call = {
        "type": "tool_use",
        "id": f"toolu_{session[:4]}{second}",
        "name": "mcp__voicemode__converse",
        "input": {},
    }
    return say(
        session,
        second,
        type="assistant",
        message={"role": "assistant", "id": f"msg{second}", "content": [call]},
    )


def put(folder, files: dict[str, str]):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return analyse(Request([folder]))


def ids(analysis) -> list[str]:
    return [s.session_id for s in analysis.sessions]


def loose(analysis) -> dict[str, int]:
    return dict(analysis.unattached)


def files_of(analysis, session: str) -> set[str]:
    (found,) = (s for s in analysis.sessions if s.session_id == session)
    names = {
        n: i.evidence.name
        for n, i in enumerate(sorted(analysis.inputs, key=lambda i: (i.evidence.sha256, i.evidence.name)))
    }
    return {names[n] for n in found.case.events["file"].unique()}


def test_start_up_lines_belong_to_the_process_that_went_on(tmp_path):
    analysis = put(
        tmp_path,
        {
            f"debug/{RANDOM}.txt": anchor(77, 0),
            f"debug/{ONE}.txt": anchor(77, 1) + CALL + anchor(77, 5),
            f"{ONE}.jsonl": say(ONE, 2),
        },
    )
    assert ids(analysis) == [ONE]
    assert files_of(analysis, ONE) == {f"debug/{RANDOM}.txt", f"debug/{ONE}.txt", f"{ONE}.jsonl"}


def mcp_log(*said: tuple[str, str]) -> dict[str, str]:
    rows = [{"debug": text, "timestamp": f"2025-10-21T07:00:0{n}.000Z", "sessionId": session, "cwd": "/w"} for n, (session, text) in enumerate(said)]  # fmt: skip
    return {
        ".cache/claude-cli-nodejs/-w/mcp-logs-voicemode/2025-10-21T07-00-00-000Z.txt": json.dumps(
            rows, indent=2
        )
    }


def test_a_connection_that_began_under_another_id_is_no_session(tmp_path):
    # 1.0.90 writes the first line of a server's log before the session's own id is set
    connected = "Connection attempt completed in 339ms - status: connected"
    log = mcp_log(
        (RANDOM, "Starting connection attempt"), (ONE, connected), (ONE, "Calling MCP tool: converse")
    )
    assert ids(put(tmp_path / "one", {**log, f"{ONE}.jsonl": say(ONE, 2)})) == [ONE]


def test_a_connection_that_failed_under_another_id_is_kept(tmp_path):
    failed = "Connection failed after 30000ms: timed out"
    log = mcp_log(
        (RANDOM, "Starting connection attempt"), (RANDOM, failed), (ONE, "Calling MCP tool: converse")
    )
    assert set(ids(put(tmp_path, {**log, f"{ONE}.jsonl": say(ONE, 2)}))) == {ONE, RANDOM}


RESUMED = "[DEBUG] Getting matching hook commands for SessionStart with query: resume\n"


def test_a_resumed_process_that_only_announces_itself_is_no_session(tmp_path):
    # 2.0.46: by its pid, or, where it wrote no file afterwards, by the only log that goes on
    for second, later in ((20, anchor(18, 21)), (20, "")):
        log = anchor(17, 1) + CALL + later + CALL + anchor(17, 30)
        files = {f"debug/{RANDOM}.txt": anchor(18, second) + RESUMED, f"debug/{ONE}.txt": log}
        assert ids(put(tmp_path / f"{later == ''}", {**files, f"{ONE}.jsonl": say(ONE, 2)})) == [ONE]


def test_a_resumed_process_without_any_file_belongs_to_the_session_that_goes_on(tmp_path):
    # 2.1.63: no temp file, so no pid; the transcript goes on after the announcement, and the end is the other log's
    dated = "2025-10-21T07:00:{:02d}.000Z "
    end = "[DEBUG] BigQuery metrics exporter shutdown complete\n"
    log = [dated.format(second) + text for second, text in ((1, CALL), (3, end), (24, CALL), (26, end))]
    files = {
        f"debug/{RANDOM}.txt": dated.format(20) + RESUMED,
        f"debug/{ONE}.txt": "".join(log),
        f"{ONE}.jsonl": say(ONE, 2) + say(ONE, 23),
    }
    analysis = put(tmp_path, files)
    assert ids(analysis) == [ONE]
    assert analysis.sessions[0].case.ending.verdict == "CLEAN"


def test_of_two_sessions_that_go_on_neither_is_the_resumed_one(tmp_path):
    dated = "2025-10-21T07:00:{:02d}.000Z "
    files = {f"debug/{RANDOM}.txt": dated.format(20) + RESUMED}
    files |= {f"{s}.jsonl": say(s, 2) + say(s, 23) for s in (ONE, TWO)}
    assert RANDOM not in {e for s in put(tmp_path, files).sessions[:2] for e in s.case.events["session_id"]}


def test_a_process_that_was_started_in_the_same_log_does_not_have_the_pid_of_the_one_before(tmp_path):
    start = "[DEBUG] Getting matching hook commands for SessionStart with query: startup\n"
    end = "[DEBUG] BigQuery metrics exporter shutdown complete\n"
    log = start + anchor(17, 1) + CALL + end + start + CALL + anchor(18, 20) + CALL + end
    analysis = put(tmp_path, {f"debug/{ONE}.txt": log})
    pids = analysis.sessions[0].case.events.sort("line").select("line", "pid").unique("line").sort("line")
    assert pids["pid"].to_list() == [17, 17, 17, 17, 18, 18, 18, 18, 18]


def test_a_pid_that_was_used_again_months_later_is_another_process(tmp_path):
    analysis = put(
        tmp_path,
        {
            f"debug/{RANDOM}.txt": anchor(77, -9_000_000),
            f"debug/{ONE}.txt": anchor(77, 1) + CALL,
            f"{ONE}.jsonl": say(ONE, 2),
        },
    )
    assert files_of(analysis, ONE) == {f"debug/{ONE}.txt", f"{ONE}.jsonl"}


def test_start_up_lines_without_a_pid_stay_by_themselves(tmp_path):
    analysis = put(
        tmp_path,
        {f"debug/{RANDOM}.txt": "[DEBUG] a\n", f"debug/{ONE}.txt": CALL, f"{ONE}.jsonl": say(ONE, 2)},
    )
    assert ids(analysis) == [ONE]
    assert loose(analysis) == {}


def test_a_debug_log_of_a_named_session_is_not_given_to_another(tmp_path):
    analysis = put(
        tmp_path, {f"debug/{ONE}.txt": anchor(77, 1) + CALL + anchor(77, 9), f"{TWO}.jsonl": say(TWO, 2)}
    )
    assert sorted(ids(analysis)) == [ONE, TWO]


def test_one_debug_log_of_several_processes_is_split(tmp_path):
    def todos(session: str) -> str:
        return f"/home/dev/.claude/todos/{session}-agent-{session}.json"

    log = (
        anchor(71, 1, todos(ONE)) + CALL + anchor(71, 5) + anchor(72, 20, todos(TWO)) + CALL + anchor(72, 25)
    )
    analysis = put(
        tmp_path, {"debug-logs/debug.txt": log, f"{ONE}.jsonl": say(ONE, 2), f"{TWO}.jsonl": say(TWO, 22)}
    )
    calls = {s.session_id: s.case.events.filter(s.case.events["kind"] == "tool_dispatch")["line"].to_list() for s in analysis.sessions}  # fmt: skip
    assert calls == {ONE: [2], TWO: [5]}


def test_a_resumed_process_of_the_shared_log_belongs_to_the_only_transcript_that_grew(tmp_path):
    log = anchor(71, 1) + CALL + anchor(71, 9)
    assert ids(put(tmp_path / "a", {"debug.txt": log, f"{ONE}.jsonl": say(ONE, 2) + say(ONE, 7)})) == [ONE]
    both = put(
        tmp_path / "b",
        {"debug.txt": log, f"{ONE}.jsonl": say(ONE, 2) + say(ONE, 7), f"{TWO}.jsonl": say(TWO, 3)},
    )
    # to which of them it belongs would be a guess: it is judged by itself
    assert sorted(ids(both))[:2] == [ONE, TWO]
    assert sorted(ids(both))[2].startswith("log:")


STDERR = """\
2025-10-21 07:00:10,000 - voicemode - INFO - STT: Starting speech-to-text conversion
2025-10-21 07:00:12,000 - voicemode - ERROR - ✗ All STT endpoints failed after 2 attempts
"""


def events(second: int) -> str:
    return json.dumps({"timestamp": f"2025-10-21T07:00:{second}.000000+00:00", "event_type": "STT_START", "session_id": "conv_1", "data": {}}) + "\n"  # fmt: skip


def test_voice_logs_alone_are_a_session_of_their_own(tmp_path):
    analysis = put(tmp_path, {"stderr.log": STDERR, "voicemode_events_2025-10-21.jsonl": events(10)})
    assert ids(analysis) == ["voice:2025-10-21T07:00:10"]
    assert loose(analysis) == {}


def test_two_captures_of_one_server_are_one_session(tmp_path):
    debug = "2025-10-21 07:00:09,000 - voicemode - DEBUG - debug enabled\n" + STDERR
    analysis = put(
        tmp_path, {"stderr.log": STDERR, "voicemode_debug.log": debug, "voicemode_events_1.jsonl": events(10)}
    )
    assert ids(analysis) == ["voice:2025-10-21T07:00:09"]
    assert loose(analysis) == {}


def test_two_servers_are_two_sessions(tmp_path):
    other = STDERR.replace("07:00:1", "09:00:1")
    assert len(ids(put(tmp_path, {"a.log": STDERR, "b.log": other}))) == 2


def test_voice_logs_join_the_only_session_that_used_voice(tmp_path):
    files = {f"{ONE}.jsonl": converse(ONE, 5) + say(ONE, 40), f"{TWO}.jsonl": say(TWO, 4) + say(TWO, 41), "voicemode_events_1.jsonl": events(10)}  # fmt: skip
    analysis = put(tmp_path, files)
    assert "voicemode_events_1.jsonl" in files_of(analysis, ONE)
    assert loose(analysis) == {}


def test_of_two_sessions_that_used_voice_neither_gets_the_voice_log(tmp_path):
    files = {f"{s}.jsonl": converse(s, 5) + say(s, 40) for s in (ONE, TWO)}
    analysis = put(tmp_path, files | {"voicemode_events_1.jsonl": events(10)})
    assert files_of(analysis, "voice:2025-10-21T07:00:10") == {"voicemode_events_1.jsonl"}
    assert len(ids(analysis)) == 3


def test_voice_lines_without_a_known_time_are_not_attached_by_guess(tmp_path):
    analysis = put(tmp_path, {f"{ONE}.jsonl": converse(ONE, 5) + say(ONE, 40), "stderr.log": STDERR})
    assert sorted(ids(analysis)) == [ONE, "voice:2025-10-21T07:00:10"]
    assert files_of(analysis, ONE) == {f"{ONE}.jsonl"}
    assert "--tz" in analysis.notes[0].text


def test_a_session_that_never_used_voice_does_not_get_the_voice_log(tmp_path):
    files = {f"{ONE}.jsonl": say(ONE, 5) + say(ONE, 40), "voicemode_events_1.jsonl": events(10)}
    assert sorted(ids(put(tmp_path, files))) == [ONE, "voice:2025-10-21T07:00:10"]


def exchange(project: str, second: int = 10, day: int = 21) -> str:
    return json.dumps({"version": 3, "timestamp": f"2025-10-{day}T02:00:{second}.000-05:00", "conversation_id": "conv_20251021_035400_abc", "type": "tts", "text": "x", "project_path": project, "metadata": {}}) + "\n"  # fmt: skip


def test_an_exchange_names_its_project(tmp_path):
    transcript = {f"{ONE}.jsonl": say(ONE, 5) + say(ONE, 40)}
    name = "exchanges_2025-10-21.jsonl"
    here = put(tmp_path / "a", transcript | {name: exchange("/w")})
    assert files_of(here, ONE) == {f"{ONE}.jsonl", name}
    there = put(tmp_path / "b", transcript | {name: exchange("/elsewhere")})
    assert ids(there) == [ONE]
    assert loose(there) == {name: 1}


def test_what_happened_between_two_days_of_a_session_is_not_its_own(tmp_path):
    later = converse(ONE, 50).replace("2025-10-21T", "2025-10-25T")
    between = events(10).replace("2025-10-21T", "2025-10-23T")
    analysis = put(tmp_path, {f"{ONE}.jsonl": converse(ONE, 5) + later, "voicemode_events_1.jsonl": between})
    assert sorted(ids(analysis)) == [ONE, "voice:2025-10-23T07:00:10"]


def test_voice_logs_beside_a_transcript_of_another_day_are_judged(tmp_path):
    other = say(ONE, 5).replace("2025-10-21T", "2025-10-11T")
    analysis = put(tmp_path, {f"{ONE}.jsonl": other, "stderr.log": STDERR})
    assert sorted(ids(analysis)) == [ONE, "voice:2025-10-21T07:00:10"]
    assert loose(analysis) == {}


def test_exchanges_of_other_days_are_no_sessions(tmp_path):
    files = {f"{ONE}.jsonl": converse(ONE, 5) + say(ONE, 40), "exchanges_2025-10-11.jsonl": exchange("/w", day=11)}  # fmt: skip
    analysis = put(tmp_path, files)
    assert ids(analysis) == [ONE]
    assert loose(analysis) == {"exchanges_2025-10-11.jsonl": 1}


TIMEOUT = """\
2025-11-22T07:00:00.000Z [DEBUG] MCP server "x": Calling MCP tool: a
2025-11-22T07:01:00.000Z [DEBUG] MCP server "x": Tool 'a' failed after 60s: Request timed out
"""


def test_two_server_starts_in_one_capture_are_two_sessions(tmp_path):
    start = "2025-10-{} 07:00:05,000 - voicemode - INFO - Starting VoiceMode v6.0.1\n"
    early = "2025-10-20 07:00:04,000 - voicemode - DEBUG - debug enabled\n"
    log = early + start.format(20) * 2 + STDERR.replace("-21", "-20") + start.format(21) + STDERR
    analysis = put(tmp_path, {"stderr.log": log + "client_session: <aiohttp.client.ClientSession object at 0x7f00>\n"})  # fmt: skip
    assert ids(analysis) == ["voice:2025-10-20T07:00:04", "voice:2025-10-21T07:00:05"]
    assert loose(analysis) == {}


def test_the_server_of_another_day_in_one_capture_is_judged(tmp_path):
    start = "2025-10-{} 07:00:05,000 - voicemode - INFO - Starting VoiceMode v6.0.1\n"
    log = start.format(20) + STDERR.replace("-21", "-20") + start.format(21) + STDERR
    (tmp_path / f"{ONE}.jsonl").write_text(converse(ONE, 2) + say(ONE, 40))
    (tmp_path / "stderr.log").write_text(log)
    analysis = analyse(Request([tmp_path], zone="UTC"))
    assert sorted(ids(analysis)) == [ONE, "voice:2025-10-20T07:00:05"]
    assert loose(analysis) == {}


def test_a_debug_log_of_another_name_is_a_session_by_its_bytes(tmp_path):
    first = put(tmp_path / "a", {"report debug.txt": TIMEOUT})
    assert ids(first) == ["log:" + sha256(TIMEOUT.encode()).hexdigest()[:12]]
    assert [f.rule for f in first.sessions[0].findings if f.rule == "CCF204"] == ["CCF204"]
    assert ids(put(tmp_path / "b", {"other.txt": TIMEOUT})) == ids(first)


def test_two_debug_logs_of_other_names_are_two_sessions(tmp_path):
    files = {"a.txt": TIMEOUT, "b.txt": TIMEOUT.replace("T07", "T09")}
    assert len(ids(put(tmp_path, files))) == 2


def test_a_debug_log_of_another_name_beside_a_session_is_judged_by_itself(tmp_path):
    analysis = put(tmp_path, {"a.txt": TIMEOUT, f"{ONE}.jsonl": say(ONE, 5)})
    name, other = sorted(ids(analysis))[::-1]
    assert (name.startswith("log:"), other) == (True, ONE)
    assert next(f.rule for s in analysis.sessions for f in s.findings if s.session_id == name) == "CCF204"
    assert loose(analysis) == {}


def test_a_fatal_text_beside_a_session_is_never_passed_over(tmp_path):
    fatal = "$ claude\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n"
    analysis = put(tmp_path, {"console.txt": fatal, f"{ONE}.jsonl": say(ONE, 5)})
    assert {s.session_id[:4]: s.case.ending.verdict for s in analysis.sessions}["log:"] == "CRASHED"


def test_a_fatal_text_that_names_no_program_is_nobodys(tmp_path):
    fatal = "> webpack\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n"
    (session,) = put(tmp_path, {"console.txt": fatal}).sessions
    assert session.case.ending.verdict == "UNKNOWN"
    assert "nothing in this capture says that it was Claude Code" in session.case.ending.proof


def test_start_up_lines_are_a_session_only_where_there_is_nothing_else(tmp_path):
    line = "2025-11-22T07:00:00.000Z [DEBUG] starting\n"
    (name,) = ids(put(tmp_path / "a", {"a.txt": line}))
    assert name.startswith("log:")
    assert ids(put(tmp_path / "b", {"a.txt": line, f"{ONE}.jsonl": say(ONE, 5)})) == [ONE]


def test_the_terminal_names_what_belongs_to_no_session(tmp_path):
    days = range(10, 16)
    files = {f"exchanges_2025-10-{day}.jsonl": exchange("/w", day=day) for day in days}
    analysis = put(tmp_path, files | {f"{ONE}.jsonl": converse(ONE, 5) + say(ONE, 40)})
    text = to_text(analysis)
    assert "6 records belong to no session here:\n  exchanges_2025-10-10.jsonl: 1 record\n" in text
    assert "exchanges_2025-10-15.jsonl" not in text
    assert "  and 1 more\n" in text


def test_a_servers_start_up_before_its_session_is_no_session(tmp_path):
    started = events(10).replace("T07:00:", "T06:30:")
    files = {f"{ONE}.jsonl": converse(ONE, 5) + say(ONE, 40), "voicemode_events_1.jsonl": started + events(10)}  # fmt: skip
    analysis = put(tmp_path, files)
    assert ids(analysis) == [ONE]
    assert loose(analysis) == {"voicemode_events_1.jsonl": 1}


def test_a_voice_session_has_one_name_with_and_without_a_zone(tmp_path):
    (tmp_path / "stderr.log").write_text(STDERR)
    named = [ids(analyse(Request([tmp_path], zone=zone))) for zone in (None, "America/Chicago")]
    (tmp_path / "exchanges_2025-10-21.jsonl").write_text(exchange("/w"))
    assert [*named, ids(analyse(Request([tmp_path])))] == [["voice:2025-10-21T07:00:10"]] * 3


def test_event_logs_of_several_days_are_several_sessions(tmp_path):
    files = {f"voicemode_events_2025-10-{day}.jsonl": events(10).replace("-21T", f"-{day}T") for day in (10, 15, 21)}  # fmt: skip
    assert ids(put(tmp_path, files)) == [f"voice:2025-10-{day}T07:00:10" for day in (10, 15, 21)]


def test_a_forked_session_counts_what_it_copied_once(tmp_path):
    copied = "".join(say(TWO, n, uuid=f"{ONE[:4]}-{n}") for n in (2, 3)) + say(TWO, 30)
    analysis = put(tmp_path, {f"{ONE}.jsonl": say(ONE, 2) + say(ONE, 3), f"{TWO}.jsonl": copied})
    prompts = {
        s.session_id: s.case.events.filter(s.case.events["kind"] == "user_prompt").height
        for s in analysis.sessions
    }
    assert prompts == {ONE: 2, TWO: 1}


def test_a_session_that_went_on_after_it_was_forked_keeps_what_the_fork_copied(tmp_path):
    copied = "".join(say(TWO, n, uuid=f"{ONE[:4]}-{n}") for n in (2, 3)) + say(TWO, 30)
    files = {f"{ONE}.jsonl": say(ONE, 2) + say(ONE, 3) + say(ONE, 50), f"{TWO}.jsonl": copied}
    analysis = put(
        tmp_path,
        files | {f"debug/{ONE}.txt": anchor(77, 1) + CALL, f"debug/{TWO}.txt": anchor(78, 29) + CALL},
    )
    prompts = {
        s.session_id: s.case.events.filter(s.case.events["kind"] == "user_prompt").height
        for s in analysis.sessions
    }
    assert prompts == {ONE: 3, TWO: 1}


def test_a_left_snapshot_belongs_to_the_session_that_made_it(tmp_path):
    name = f"snapshot-bash-{MS}-abc123.sh"
    log = f"[DEBUG] Creating snapshot at: /home/dev/.claude/shell-snapshots/{name}\n" + CALL + anchor(77, 3)
    analysis = put(tmp_path, {f"debug/{ONE}.txt": log, f"shell-snapshots/{name}": "# Snapshot file\n"})
    assert files_of(analysis, ONE) == {f"debug/{ONE}.txt", f"shell-snapshots/{name}"}


def neutral(paths) -> dict:
    """The report without what tells how files were named."""
    data = json.loads(to_json(analyse(Request(paths))))

    def bare(value):
        if isinstance(value, dict):
            return {k: named(k, v) for k, v in value.items() if k != "also_at"}
        return [bare(v) for v in value] if isinstance(value, list) else value

    def named(key, value):
        if key == "lines":
            return [place.rpartition("/")[2] for place in value]
        return value.rpartition("/")[2] if key == "path" else bare(value)

    data = bare(data)
    for key in ("inputs", "unread", "unattached"):
        data[key] = sorted(data.get(key, []), key=json.dumps)
    return data


def assert_order_does_not_matter(folder):
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
    whole = neutral([folder])
    for seed in (1, 2):
        shuffled = random.Random(seed).sample(files, len(files))  # noqa: S311 - the same in every run
        assert neutral(shuffled) == whole


def test_files_in_any_order_give_the_same_result(incident):
    assert_order_does_not_matter(incident)


def test_where_the_files_are_does_not_matter(incident, tmp_path):
    shutil.copytree(incident, tmp_path / "elsewhere")
    assert to_json(analyse(Request([tmp_path / "elsewhere"]))) == to_json(analyse(Request([incident])))


@pytest.mark.corpus
@pytest.mark.parametrize(
    "case",
    [
        "claude-code/1.0.128/h_resume",
        "claude-code/2.0.24/f2_real_voicemode",
        "claude-code/2.1.330/b2_background",
        "voicemode/6.0.1/debug_seed",
    ],
)
def test_recordings_in_any_order_give_the_same_result(corpus, case):
    assert_order_does_not_matter(corpus / case / "input")


@pytest.mark.corpus
def test_the_shared_log_of_three_recorded_processes(corpus):
    analysis = analyse(Request([corpus / "claude-code" / "1.0.128" / "h_resume" / "input"]))
    assert len(analysis.sessions) == 2
    by_file = {s.session_id[:8]: s.case.events.filter(s.case.events["source"] == "claude-debug")["pid"].n_unique() for s in analysis.sessions}  # fmt: skip
    assert by_file == {"eb8aebef": 2, "af38ecad": 1}
