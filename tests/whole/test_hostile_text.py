"""What a log, a file's name or an archive says is never an order: to a terminal, a runner, a browser, a template."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from forensics.cli.app import app
from tests.support.hostile import HOSTILE, IN_A_NAME, hostile_logs
from tests.support.outputs import OUTPUTS, output_of

MOVES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
ORDERS = re.compile(r"##[\w.]*\[|^\s*::", re.MULTILINE)
TAG = re.compile(r"(?<!\\)<(?:img|script>alert)")
CODE = re.compile(r"(?s)^(`{3,})[^\n]*\n.*?^\1`*\s*$|(`+)(?!`).*?(?<!`)\2(?!`)", re.MULTILINE)


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    return hostile_logs(tmp_path_factory.mktemp("hostile"))


def test_the_logs_are_hostile_and_are_read(logs):
    result = CliRunner().invoke(app, ["doctor", "--format", "json", str(logs)])
    told = json.loads(result.stdout)
    understood = {s["source"] for s in told["sources"] if s["lines_understood"]}
    assert len(understood) >= 20, sorted(understood)
    assert MOVES.search(HOSTILE)
    assert ORDERS.search(HOSTILE)


@pytest.mark.whole
@pytest.mark.parametrize("name", OUTPUTS)
def test_no_output_is_an_order(name, logs, tmp_path):
    shown, said = output_of(name, logs, tmp_path)
    for text in (shown, said):
        if not name.endswith("parquet"):
            assert not ORDERS.search(text), ORDERS.search(text)
            found = MOVES.search(text)
            assert found is None, text[found.start() - 200 : found.end() + 50]
        assert "{{ 49 }}" not in text
    if name == "report-html":
        assert not TAG.search(shown)
    elif name == "report":
        bare = CODE.sub("", shown)
        assert not TAG.search(bare), bare[TAG.search(bare).start() - 200 :][:300]


FAULTS = {
    "session": ["--session", IN_A_NAME],
    "zone": ["--tz", IN_A_NAME],
    "span": ["--since", IN_A_NAME],
    "config": ["--config", IN_A_NAME],
    "missing": [IN_A_NAME],
}


@pytest.mark.parametrize("command", ["check", "report", "sessions", "timeline", "events", "doctor"])
@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_is_an_order(command, fault, logs):
    result = CliRunner().invoke(app, [command, str(logs / "0"), *FAULTS[fault]])
    assert result.exit_code == 2 or (command, fault) == ("doctor", "session")  # which reads every session
    assert not ORDERS.search(result.output)
    # typer's own pages about options draw boxes; a name's control characters are not among them
    assert not MOVES.search(re.sub(r"\x1b\[[\d;]*m", "", result.output))


def test_what_could_not_be_unpacked_is_no_order(logs, tmp_path):
    (tmp_path / f"{IN_A_NAME}.zip").write_bytes(b"PK\x03\x04 broken")
    for command in ("check", "report", "doctor"):
        result = CliRunner().invoke(app, [command, str(tmp_path)])
        assert result.exit_code in {2, 3}
        assert not ORDERS.search(result.output)
        assert not MOVES.search(result.output)
