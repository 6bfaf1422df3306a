"""What the user typed, by the client's own history: one happening with what the transcript holds."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.errors import NothingReadableError
from forensics.evidence.home import files_of, homes_of, locate
from forensics.formats import parser_for
from forensics.formats.jsonl import CUT, UNEXPECTED
from forensics.render.answers.json_report import to_json
from forensics.render.report.markdown import to_markdown
from tests.support.places import FIXTURES

HOMES = FIXTURES / "prompt-history"
ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
SECRET = "buy flowers for the other project"
MS = 1_761_030_000_000  # 2025-10-21T07:00:00Z


def typed(text: str, second: float, session: str | None = ONE, project: str = "/w") -> str:
    entry = {"display": text, "pastedContents": {}, "timestamp": MS + int(second * 1000), "project": project}
    return json.dumps(entry | ({"sessionId": session} if session else {})) + "\n"


def say(text: str, second: float, session: str = ONE, **more) -> str:
    moment = f"2025-10-21T07:{int(second) // 60:02d}:{second % 60:06.3f}Z"
    record = {"type": "user", "uuid": f"{session[:4]}-{second}", "sessionId": session, "timestamp": moment, "version": "2.1.19", "cwd": "/w", "message": {"role": "user", "content": text}}  # fmt: skip
    return json.dumps(record | more) + "\n"


def put(folder, files: dict[str, str]):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return analyse(Request([folder]))


def kinds(session, *columns: str) -> list[tuple]:
    wanted = session.case.events.filter(pl.col("kind").is_in(["user_prompt", "prompt_typed"]))
    return wanted.select("kind", "message", *columns).rows()


@pytest.mark.parametrize(("version", "named"), [("2.0.24", False), ("2.1.330", True)])
def test_what_the_genuine_client_wrote(read, version, named):
    text = (HOMES / version / ".claude" / "history.jsonl").read_text()
    parsed = read(".claude/history.jsonl", text)
    assert (parsed.problems, parsed.unknown) == ((), ())
    first = parsed.events.row(0, named=True)
    assert (first["line"], first["kind"], first["ts_quality"]) == (1, "prompt_typed", "exact")
    assert first["message"].strip() == "Fix the typo in notes.txt, with a plan."
    assert (first["path"], first["session_id"] is not None) == ("/home/dev/liv-hana", named)
    assert f"{first['ts']:%Y-%m-%d %H}" == "2026-11-22 13"


def test_a_slash_command_is_named(read):
    parsed = read("history.jsonl", typed("/mcp:tool now", 1) + typed("see /etc/hosts", 2))
    assert parsed.events["status"].to_list() == ["/mcp:tool", None]


def test_damaged_lines_and_impossible_times(read):
    odd = '{"display": 5}\n' + typed("a", 1).replace(str(MS + 1000), "1e300") + typed("b", 1)[:-20]
    parsed = read("history.jsonl", typed("x", 0) + odd)
    assert [(p.line, p.reason) for p in parsed.problems] == [(2, UNEXPECTED), (4, CUT)]
    assert parsed.events.select("line", "ts_quality").rows() == [(1, "exact"), (3, "missing")]


def test_it_is_known_by_its_first_entry_or_by_its_name(read):
    paste = '{"display":"[Pasted text #1]","pastedContents":{"1":{"content":"' + "x" * 70_000
    assert parser_for("old-history.jsonl", typed("x", 1).encode()).source == "prompt-history"
    assert parser_for(".claude/history.jsonl", paste.encode()[:65536]).source == "prompt-history"
    assert parser_for("items.jsonl", b'{"display":"block"}\n') is None


def test_a_prompt_that_the_transcript_holds_is_one_happening(tmp_path):
    files = {f"{ONE}.jsonl": say("Fix it", 10.3) + say("Yes", 20.2), "history.jsonl": typed("Fix it", 10) + typed("Yes", 20)}  # fmt: skip
    (session,) = put(tmp_path, files).sessions
    assert kinds(session) == [("user_prompt", "Fix it"), ("user_prompt", "Yes")]
    assert [m.ref.also_at for m in session.timeline] == [("history.jsonl:1",), ("history.jsonl:2",)]


def test_a_prompt_with_a_paste_is_the_one_of_that_moment(tmp_path):
    files = {f"{ONE}.jsonl": say("Fix\nthis\nand that", 10.3), "history.jsonl": typed("Fix [Pasted text #1 +2 lines]", 10)}  # fmt: skip
    (session,) = put(tmp_path, files).sessions
    assert [kind for kind, _ in kinds(session)] == ["user_prompt"]


def test_what_was_typed_right_after_a_prompt_is_not_that_prompt(tmp_path):
    files = {f"{ONE}.jsonl": say("Go", 1), "history.jsonl": typed("Go", 1) + typed("Stop, do not do that", 2)}
    (session,) = put(tmp_path, files).sessions
    assert kinds(session) == [("user_prompt", "Go"), ("prompt_typed", "Stop, do not do that")]


def test_two_equal_entries_are_not_one_prompt(tmp_path):
    files = {f"{ONE}.jsonl": say("Go", 1), "history.jsonl": typed("Go", 1) + typed("Go", 1.5)}
    (session,) = put(tmp_path, files).sessions
    assert [kind for kind, _ in kinds(session)] == ["user_prompt", "prompt_typed"]


def test_a_prompt_that_waited_for_its_turn_is_the_next_one_of_its_text(tmp_path):
    files = {f"{ONE}.jsonl": say("Go", 1) + say("And then?", 300), "history.jsonl": typed("And then?", 10)}
    (session,) = put(tmp_path, files).sessions
    assert [kind for kind, _ in kinds(session)] == ["user_prompt", "user_prompt"]
    assert session.timeline[-1].ref.also_at == ("history.jsonl:1",)


def test_what_was_typed_and_never_became_a_prompt_is_told(tmp_path):
    files = {f"{ONE}.jsonl": say("Go", 1), "history.jsonl": typed("Go", 1) + typed("Are you there?", 600) + typed("/exit", 700)}  # fmt: skip
    (session,) = put(tmp_path, files).sessions
    assert kinds(session) == [
        ("user_prompt", "Go"),
        ("prompt_typed", "Are you there?"),
        ("prompt_typed", "/exit"),
    ]
    assert [m.text for m in session.timeline][1:] == [
        "the user types what is not found in a transcript here",
        "the user types what is not found in a transcript here: /exit",
    ]
    assert f"{session.case.ending.last_ts:%H:%M:%S}" == "07:11:40"


def test_no_rule_counts_it_as_a_prompt(tmp_path):
    alone = put(tmp_path / "a", {f"{ONE}.jsonl": say("Go", 1)}).sessions[0]
    beside = put(tmp_path / "b", {f"{ONE}.jsonl": say("Go", 1), "history.jsonl": typed("use three agents in parallel", 0.5)}).sessions[0]  # fmt: skip
    assert [(o.rule, o.outcome) for o in alone.outcomes] == [(o.rule, o.outcome) for o in beside.outcomes]


def test_prompts_of_other_sessions_are_no_sessions_and_no_loose_ends(tmp_path):
    files = {f"{ONE}.jsonl": say("Go", 1), "history.jsonl": typed(SECRET, 5, TWO, "/other") + typed(SECRET, 6, None, "/other")}  # fmt: skip
    analysis = put(tmp_path, files)
    assert [s.session_id for s in analysis.sessions] == [ONE]
    assert analysis.unattached == ()
    assert SECRET not in to_json(analysis) + to_markdown(analysis)


def test_a_history_alone_is_no_session(tmp_path):
    with pytest.raises(NothingReadableError, match="none of which names one"):
        put(tmp_path, {"history.jsonl": typed("Go", 1)})


def test_an_entry_without_a_session_belongs_to_the_only_one_at_work_in_its_project(tmp_path):
    transcript = {f"{ONE}.jsonl": say("Go", 1) + say("On", 60)}
    history = {"history.jsonl": typed("/clear", 30, None) + typed(SECRET, 31, None, "/other") + typed(SECRET, 9000, None)}  # fmt: skip
    (session,) = put(tmp_path / "a", transcript | history).sessions
    assert kinds(session) == [("user_prompt", "Go"), ("prompt_typed", "/clear"), ("user_prompt", "On")]
    both = put(
        tmp_path / "b", transcript | history | {f"{TWO}.jsonl": say("Go", 1, TWO) + say("On", 60, TWO)}
    )
    assert [[kind for kind, _ in kinds(s)] for s in both.sessions] == [["user_prompt", "user_prompt"]] * 2


def test_it_is_part_of_what_a_session_left_and_brings_no_others_words(tmp_path):
    home = tmp_path / "home"
    shutil.copytree(HOMES / "2.1.330", home)
    history = home / ".claude" / "history.jsonl"
    history.write_text(history.read_text() + typed("Go", 1) + typed(SECRET, 5, TWO, "/other"))
    transcript = home / ".claude" / "projects" / "-w" / f"{ONE}.jsonl"
    transcript.parent.mkdir(parents=True)
    transcript.write_text(say("Go", 1.2))
    homes = homes_of({}, home)
    (session,) = locate(homes)
    assert files_of(session, homes) == [transcript, history]
    analysis = analyse(Request(files_of(session, homes), base=home))
    assert [s.session_id for s in analysis.sessions] == [ONE]
    text = to_json(analysis) + to_markdown(analysis)
    assert SECRET not in text
    assert "typo" not in text
