"""What becomes of a recording when it is made a fixture."""

from __future__ import annotations

import json

from tools.recorder.fixture import LONGEST, SHOWN, copied, small

PATHS = {"/scratch/drift-ab_c1": "/home/dev", "/usr/lib/node": "/opt/node"}


def test_long_texts_are_cut_wherever_they_stand():
    long = "x" * (LONGEST + 1)
    record = json.dumps({"type": "user", "message": {"content": [{"text": long}, {"text": "short"}]}})
    (cut, short) = json.loads(small(record, {}))["message"]["content"]
    assert cut["text"] == f"{'x' * SHOWN}[elided {LONGEST + 1 - SHOWN} characters]"
    assert short["text"] == "short"
    assert small(f"{long}\n", {}).endswith(" characters]\n")


def test_paths_go_in_both_forms_in_which_the_client_writes_them():
    said = "cwd /scratch/drift-ab_c1/demo-shop is -scratch-drift-ab-c1-demo-shop\n"
    assert small(said, PATHS) == "cwd /home/dev/demo-shop is -home-dev-demo-shop\n"


def test_copies_of_requests_and_the_clients_own_words_go():
    attached = {"type": "skill_listing", "content": "many words"}
    lines = [
        {"type": "api-request", "body": {}},
        {"type": "attachment", "attachment": attached, "rendered": "x"},
    ]
    kept = small("".join(json.dumps(line) + "\n" for line in lines), {})
    assert json.loads(kept) == {"type": "attachment", "attachment": {"type": "skill_listing"}}


def test_what_is_no_record_stays_as_it_is():
    torn = '{"type": "user", "message": {"con\n\n42\n'
    assert small(torn, {}) == torn


def test_folders_are_renamed_and_empty_logs_left_out(tmp_path):
    source = tmp_path / "source" / "-scratch-drift-ab-c1-demo-shop"
    source.mkdir(parents=True)
    (source / "empty.txt").touch()
    (source / "a.txt").write_text("said\n", encoding="utf-8")
    copied(tmp_path / "source", tmp_path / "kept", PATHS)
    files = [p.relative_to(tmp_path / "kept").as_posix() for p in (tmp_path / "kept").rglob("*.txt")]
    assert files == ["-home-dev-demo-shop/a.txt"]
