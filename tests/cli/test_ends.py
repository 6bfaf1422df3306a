"""Every end of the program is documented: an exit code, and one sentence beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forensics.cli import intake
from forensics.cli.app import app
from forensics.cli.run import LONGEST, TRACEBACK
from tests.support.places import INCIDENT

CHECKOUT = Path(__file__).parents[2]
HERE = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
FORENSICS = [sys.executable, "-m", "forensics"]


def ends(*arguments: object):
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    return result.exit_code, result.stdout, result.stderr


def is_one_sentence(text: str) -> bool:
    return text.startswith("error: ") and text.count("\n") == 1 and "Traceback" not in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--since", "99999999999999d"], "no log goes back so far"),
        (["--since", "1e9"], "give a number and a unit"),
        (["--since", "9" * 400 + "w"], "no log goes back so far"),
        (["--tz", "/etc/passwd"], "no such time zone"),
        (["--tz", "../../etc/passwd"], "no such time zone"),
        (["--tz", "Mars/Olympus"], "no such time zone"),
        (["--tz", ""], "no such time zone"),
        (["--session", "zzz"], "no session begins so"),
        (["--session", "##vso[task.setvariable]" * 1000], "--session"),
        (["--config", "/etc/passwd"], "/etc/passwd"),
        (["--config", "/nonexistent"], "/nonexistent"),
    ],
)
def test_an_absurd_option_is_a_sentence(arguments, says):
    code, shown, said = ends("check", INCIDENT, *arguments)
    assert (code, shown) == (2, "")
    assert is_one_sentence(said)
    assert says in said
    assert "##vso[" not in said
    assert len(said) < LONGEST + 20


@pytest.mark.parametrize(
    "error", [KeyError("x"), RecursionError("deep"), MemoryError(), AssertionError(), OverflowError("much")]
)
@pytest.mark.parametrize("command", ["check", "report", "sessions", "events", "timeline"])
def test_an_unexpected_fault_is_never_a_finding(monkeypatch, command, error):
    monkeypatch.delenv(TRACEBACK, raising=False)
    monkeypatch.setattr(intake, "_choice", lambda _: (_ for _ in ()).throw(error))
    code, shown, said = ends(command, INCIDENT)
    assert (code, shown) == (2, "")
    assert is_one_sentence(said)
    assert type(error).__name__ in said
    assert TRACEBACK in said


def test_a_panic_of_polars_is_one_too(monkeypatch):
    class PanicException(BaseException):
        """As polars' own, which is no Exception either."""

    monkeypatch.setattr(
        intake, "_choice", lambda _: (_ for _ in ()).throw(PanicException("index out of bounds"))
    )
    code, _, said = ends("check", INCIDENT)
    assert code == 2
    assert is_one_sentence(said)


def test_who_wants_to_see_more_does(monkeypatch):
    monkeypatch.setenv(TRACEBACK, "1")
    monkeypatch.setattr(intake, "_choice", lambda _: {}["missing"])
    code, _, said = ends("check", INCIDENT)
    assert code == 2
    assert "Traceback (most recent call last)" in said


def sh(script: str, **more):
    return subprocess.run(["bash", "-c", script, "-", *FORENSICS], check=False, capture_output=True, text=True, env=HERE, timeout=120, **more)  # fmt: skip


@pytest.mark.parametrize(
    ("script", "code", "says"),
    [
        ('"$@" check - <&-', 2, "standard input is closed"),
        ('"$@" check /nonexistent 2>&-', 2, ""),
        ('"$@" check /nonexistent >&-', 2, "no such file or folder"),
        ('"$@" explain CCF101 >/dev/full', 2, "No space left on device"),
        ('"$@" explain CCF101 | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}', 0, ""),
    ],
)
def test_closed_and_full_streams(script, code, says):
    done = sh(script)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_user_without_a_home(monkeypatch):
    monkeypatch.setattr(
        Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("Could not determine home directory."))
    )
    code, shown, said = ends("sessions")
    assert (code, shown) == (2, "")
    assert "set HOME" in said
    assert is_one_sentence(said)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_nothing_behind(tmp_path, number):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    packed = tmp_path / "in"
    packed.mkdir()
    subprocess.run(["tar", "-czf", packed / "a.tgz", "-C", INCIDENT, "."], check=True)
    os.mkfifo(packed / "pipe")
    script = "import forensics.analysis.engine as e, time; e.ingest = lambda *a: (print('reading', flush=True), time.sleep(60)); from forensics.cli.app import app; app()"
    with subprocess.Popen([sys.executable, "-c", script, "report", packed, "-o", tmp_path / "out.md"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**HERE, "TMPDIR": str(temporary)}) as run:  # fmt: skip
        assert run.stdout.readline() == b"reading\n"
        assert list(temporary.iterdir())
        time.sleep(0.2)
        run.send_signal(number)
        assert run.wait(timeout=30) == 128 + number
        assert b"Traceback" not in run.stderr.read()
    assert not list(temporary.iterdir())
    assert not (tmp_path / "out.md").exists()


def test_a_full_disk_leaves_the_old_output(tmp_path):
    for command in ("report", "events --format jsonl"):
        output = tmp_path / command[:6]
        output.write_text("old")
        done = sh(f'ulimit -f 8; "$@" {command} {INCIDENT} -o {output}')
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert "File too large" in done.stderr
        assert output.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["events", "report"]


@pytest.mark.parametrize("name", ["polars.py", "typer.py", "json.py"])
def test_a_folder_of_logs_does_not_decide_what_is_run(tmp_path, name):
    (tmp_path / name).write_text("print('run'); raise SystemExit(7)\n")
    done = sh('"$@" sessions . ', cwd=tmp_path)
    assert "run" not in done.stdout
    assert done.returncode == 3
