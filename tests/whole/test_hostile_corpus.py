"""Attacks that once succeeded, each with what must happen instead. They lie beside the recordings."""

from __future__ import annotations

import json
import re
import shutil
import time

import pytest
from typer.testing import CliRunner

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.cli.app import app
from tests.support.outputs import OUTPUTS, output_of
from tests.support.places import CORPUS

SECRET = re.compile(rb"(?:ghp_|sk-proj-)[A-Za-z0-9_-]{20,}")
# so many characters of capitals, small letters and digits are no words
DRAWN = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*\d)[A-Za-z\d]{12}")
SHOWN = 12  # characters of a secret that give it away
FIELDS = {"parentUuid": None, "cwd": "/home/dev/x", "sessionId": "aaaaaaaa-1111-4111-8111-111111111111", "version": "2.0.69"}  # fmt: skip


@pytest.fixture
def case(request, tmp_path):
    """Copy a case: what it tries may write."""
    source = CORPUS / "hostile" / request.param
    if not source.is_dir():
        pytest.skip(f"no attacks at {source.parent}")
    return shutil.copytree(source, tmp_path / "case")


def run(*arguments):
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


@pytest.mark.parametrize("case", ["overwrites-other-session"], indirect=True)
def test_another_session_is_not_overwritten(case):
    other = case / "in" / "b.jsonl"
    before = other.read_bytes()
    assert run("report", case / "in", "--session", "aaaaaaaa", "-o", other).exit_code == 2
    assert other.read_bytes() == before


@pytest.mark.parametrize("case", ["overwrites-packed-log"], indirect=True)
def test_a_packed_log_is_not_overwritten(case):
    packed = case / "in" / "one.zip"
    before = packed.read_bytes()
    assert run("report", case / "in", "-o", packed).exit_code == 2
    assert packed.read_bytes() == before


@pytest.mark.parametrize("case", ["order-of-arguments"], indirect=True)
def test_the_order_of_arguments_changes_nothing(case):
    one, other = case / "A" / "input", case / "B" / "input"
    for command in (["check", "--format", "json"], ["report"], ["events"], ["timeline"]):
        told = {run(*command, *order).stdout for order in ((one, other), (other, one))}
        assert len(told) == 1
        assert str(case) not in told.pop()


@pytest.mark.parametrize("case", ["order-in-file-name"], indirect=True)
def test_a_file_name_gives_no_order(case):
    for command in ("check", "report", "sessions", "doctor", "timeline"):
        assert "##vso[" not in run(command, case / "in").output


@pytest.mark.parametrize("case", ["order-in-error"], indirect=True)
def test_an_error_gives_no_order(case):
    result = run("check", case / "in", "--session", "zzz")
    assert result.exit_code == 2
    assert "##vso[" not in result.output


@pytest.mark.parametrize("case", ["sql-crash"], indirect=True)
@pytest.mark.parametrize("name", ["q1", "q2", "q3"])
def test_no_question_takes_the_program_down(case, name, incident):
    result = run("query", (case / f"{name}.sql").read_text(), incident)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 400


def agents(folder, many):
    """Write a session that starts many agents in one turn, each with a record of its own."""
    folder.mkdir(parents=True)
    clock = iter(range(10 * many))

    def record(**changes):
        second = next(clock) / 5
        stamp = (
            time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_767_600_000 + second))
            + f".{int(second % 1 * 1000):03d}Z"
        )
        return json.dumps({**FIELDS, "uuid": f"u{stamp}{second}", "timestamp": stamp, **changes}) + "\n"

    def said(role, content, **more):
        return {
            "type": "assistant" if role == "assistant" else "user",
            "message": {"role": role, "id": f"m{content[0].get('id')}", "model": "m", "content": content},
            **more,
        }

    calls = [record(**said("assistant", [{"type": "tool_use", "id": f"t{n}", "name": "Task", "input": {"description": f"part {n}", "prompt": f"Do part {n}", "subagent_type": "general-purpose"}}])) for n in range(many)]  # fmt: skip
    for n in range(many):
        own = {"isSidechain": True, "agentId": f"{n:08x}"}
        asked = record(type="user", message={"role": "user", "content": f"Do part {n}"}, **own)
        done = record(**said("assistant", [{"type": "text", "text": "done", "id": f"d{n}"}]), **own)
        (folder / f"agent-{n:08x}.jsonl").write_text(asked + done)
    ends = [record(**said("user", [{"type": "tool_result", "tool_use_id": f"t{n}", "content": "done"}]), toolUseResult={"status": "completed", "agentId": f"{n:08x}"}) for n in range(many)]  # fmt: skip
    (folder / f"{FIELDS['sessionId']}.jsonl").write_text("".join((*calls, *ends)))
    return folder


def cpu_of(folder):
    before = time.process_time()
    analysis = analyse(Request([folder]))
    return time.process_time() - before, analysis


@pytest.mark.whole
def test_agents_cost_what_they_are_many(tmp_path):
    cpu_of(agents(tmp_path / "warm", 20))
    few, told = cpu_of(agents(tmp_path / "few", 150))
    many, more = cpu_of(agents(tmp_path / "many", 600))
    assert [len(a.sessions[0].case.agents) for a in (told, more)] == [150, 600]
    assert many < 6.5 * few  # four times as many: the square would be sixteen times


def secrets_of(case):
    """Return what is planted: as the case lists it, else what stands in its files. Of a key in two parts, the second."""
    listed = case / "planted.json"
    if listed.is_file():
        planted = json.loads(listed.read_text())
        return [planted["second"]] if "second" in planted else list(planted.values())
    files = b"".join(p.read_bytes() for p in (case / "in").iterdir())
    found = [match.decode() for match in SECRET.findall(files)]
    assert found
    return found


def pieces(secret):
    """Return what of a secret was drawn: of a command or an address that holds it, all else may be shown."""
    every = {secret[at : at + SHOWN] for at in range(max(1, len(secret) - SHOWN + 1))}
    return {p for p in every if DRAWN.fullmatch(p)}


@pytest.mark.whole
@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("case", ["secret-over-stream-deltas", "secrets-documented-kinds", "secret-in-unpack-reason", "secret-behind-unicode-escape"], indirect=True)  # fmt: skip
def test_no_secret_gets_out(case, name, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    shown = "".join(output_of(name, case / "in", folder))
    assert not [secret[:SHOWN] for secret in secrets_of(case) if any(p in shown for p in pieces(secret))]
