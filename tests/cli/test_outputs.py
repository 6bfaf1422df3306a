"""No output of any command shows a secret, unless that was asked for. All secrets here are made up."""

from __future__ import annotations

import json

import pytest

from tests.support.outputs import ANALYSED, OUTPUTS, output_of

SESSION = "c4f74656-68ad-4973-8f53-0b862ed16d5d"
# put together at run time: no scanner should take this file for a leak
BODY = "Qx3dE5gH" * 5
SECRETS = {
    "sk-" + "ant-api03-" + BODY: "{}",
    "hunter2" + "pw9": "curl -u alice:{} https://h.example/x",
    "correct" + "horse": "PGPASSWORD={} psql",
    "ghp" + "_" + BODY[:36]: "/work/{}/a.txt",
    "Zx9" + BODY[:33]: "https://h.example/v1?sig={}",
}


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "in" / "projects" / "-work"
    folder.mkdir(parents=True)
    texts = [frame.format(secret) for secret, frame in SECRETS.items()]
    common = {
        "parentUuid": None,
        "sessionId": SESSION,
        "version": "2.0.24",
        "cwd": "/work/" + "ghp" + "_" + BODY[:36],
    }
    lines = [{**common, "type": "user", "uuid": f"u{n}", "timestamp": f"2025-10-21T07:00:0{n}.000Z", "message": {"role": "user", "content": t}} for n, t in enumerate(texts)]  # fmt: skip
    for n, text in enumerate(texts):
        todo = [{"content": text, "status": "in_progress", "activeForm": text}] * 2
        parts = [
            {"type": "tool_use", "id": f"t{n}", "name": "Bash", "input": {"command": text}},
            {"type": "tool_use", "id": f"p{n}", "name": "TodoWrite", "input": {"todos": todo}},
        ]
        lines.append({**common, "type": "assistant", "uuid": f"a{n}", "timestamp": f"2025-10-21T07:00:1{n}.000Z", "message": {"id": f"m{n}", "role": "assistant", "model": "m", "content": parts}})  # fmt: skip
    (folder / f"{SESSION}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "in" / f"ghp_{BODY[:36]}.txt").write_text("milk")
    return tmp_path / "in"


@pytest.mark.parametrize("name", OUTPUTS)
def test_no_output_shows_a_secret(name, logs, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    shown, said = output_of(name, logs, folder)
    for secret in SECRETS:
        assert secret not in shown + said
        assert secret[4:12] not in shown + said
    assert "warning" not in said


@pytest.mark.parametrize("name", OUTPUTS)
def test_who_wants_them_is_warned_once(name, logs, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    shown, said = output_of(name, logs, folder, "--no-redact")
    assert said.count("warning: nothing is redacted") == 1
    if name == "report":
        assert "ghp_" + BODY[:36] in shown
        assert "Nothing is redacted here" in shown
    if name == "check-json":
        assert json.loads(shown)["redacted"] is False


@pytest.mark.parametrize("name", ANALYSED)
def test_the_next_run_redacts_again(name, logs, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    output_of(name, logs, folder, "--no-redact")
    shown, _ = output_of(name, logs, folder)
    assert not any(secret in shown for secret in SECRETS)
