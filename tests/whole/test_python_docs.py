"""The examples of docs/python.md, run as a reader would: in order, in one session, beside the demonstration's logs."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys

import pytest

import forensics
from forensics.errors import UsageError
from forensics.render.frames import Frames
from forensics.rules import RULES
from tests.support.analyses import analysis_of
from tests.support.places import CHECKOUT

TEXT = (CHECKOUT / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", TEXT, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def shown(tmp_path_factory, incident):
    """What each block prints."""
    here = tmp_path_factory.mktemp("python")
    shutil.copytree(incident, here / "logs")
    code = "\nprint('<next>')\n".join(block for block, _ in BLOCKS)
    env = {"PYTHONPATH": str(CHECKOUT), "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=here, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (here / "incident.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    return done.stdout.split("<next>\n")


def test_the_page_has_its_examples():
    assert len(BLOCKS) >= 6


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_example_prints_what_the_page_says(shown, number):
    assert shown[number] == BLOCKS[number][1]


def test_the_import_costs_nothing():
    code = "import sys, forensics; print([m for m in ('polars', 'typer', 'msgspec', 'jinja2') if m in sys.modules])"
    env = {"PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.fixture(scope="module")
def analysed(incident):
    return forensics.analyse(incident)


@pytest.mark.parametrize(
    "name", ["events", "findings", "evidence", "sessions", "agents", "gaps", "outcomes", "inputs"]
)
def test_every_table_of_a_query_is_there(name, analysed):
    assert getattr(analysed, name).equals(analysed.query(f"SELECT * FROM {name}"))  # noqa: S608 - our own names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"tz": "Nowhere/City"}, "no such time zone"),
        ({"tz": ""}, "no such time zone"),
        ({"form": "pdf"}, "a report is written as markdown or html"),
        ({"path": "no/such/folder/report.md"}, "No such file or directory"),
    ],
)
def test_a_report_that_cannot_be_made_is_an_error(incident, arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=said):
        Frames(analysis_of(incident)).report(**arguments)


@pytest.mark.parametrize("rules", [["CCF102"], RULES[0], [RULES[0], RULES[0]]])
def test_rules_that_are_none_are_an_error(incident, rules):
    with pytest.raises(UsageError, match="rules: "):
        forensics.analyse(incident, rules=rules)


def test_the_log_itself_is_not_written_over(incident):
    log = next(p for p in incident.rglob("*.jsonl") if p.is_file())
    before = log.read_bytes()
    with pytest.raises(UsageError, match="is one of the logs"):
        Frames(analysis_of(incident)).report(log)
    assert log.read_bytes() == before


def test_a_packed_log_is_not_written_over(incident, tmp_path):
    log = next(p for p in incident.rglob("*.jsonl") if p.is_file())
    packed = tmp_path / f"{log.name}.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    before = packed.read_bytes()
    with pytest.raises(UsageError, match="is one of the logs"):
        forensics.analyse(packed).report(packed)
    assert packed.read_bytes() == before
