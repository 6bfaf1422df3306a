"""What findings say in words: true of one as of many, and nothing that their lines do not show."""

from __future__ import annotations

import json

from tests.support.analyses import analysis_of
from tests.support.places import RULE_FIXTURES

SESSION = "5e551011-0000-4000-8000-000000000001"


def sentences(folder, code):
    return [s.text for f in analysis_of(folder).findings if f.rule == code for s in f.statements]


def stream(folder, *calls):
    init = {"type": "system", "subtype": "init", "cwd": "/home/dev/project", "session_id": SESSION}
    said = {"type": "assistant", "parent_tool_use_id": None, "session_id": SESSION}
    blocks = [{"type": "tool_use", "id": f"toolu_{n}", "name": c, "input": {}} for n, c in enumerate(calls)]
    said["message"] = {"id": "msg_1", "type": "message", "role": "assistant", "content": blocks}
    (folder / "run.jsonl").write_text("".join(json.dumps(r) + "\n" for r in (init, said)))
    return folder


def test_one_refused_edit_has_one_verb():
    told = sentences(RULE_FIXTURES / "CCF305" / "fires" / "last-edit-refused" / "input", "CCF305")
    assert [t for t in told if "nobody goes on with 1 refused edit" in t]


def test_a_call_without_a_time_has_no_words_for_one(tmp_path):
    told = sentences(stream(tmp_path, "KillShell"), "CCF405")
    assert told[0] == "the main agent called KillShell; no result of it is in the record"


def test_what_only_reads_has_changed_nothing(tmp_path):
    assert not [t for t in sentences(stream(tmp_path, "Read"), "CCF405") if "changed" in t or "effect" in t]


def test_of_several_calls_only_those_that_change_something_are_asked_about(tmp_path):
    told = sentences(stream(tmp_path, "Read", "Bash"), "CCF405")
    assert [t for t in told if "changed" in t] == ["What a call of Bash changed is not known from the record"]


def test_no_endpoint_to_use_is_not_said_to_have_failed():
    told = sentences(RULE_FIXTURES / "CCF201" / "fires" / "no-usable-endpoint" / "input", "CCF201")
    assert told[0].startswith(
        "The voice server had no text-to-speech endpoint to use, once in this record: No healthy"
    )
    assert not [t for t in told if "Every" in t]
