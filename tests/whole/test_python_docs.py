"""The examples of docs/python.md, run as a reader would: in order, in one session, beside the demonstration's logs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

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
    import forensics  # noqa: PLC0415 - what is tested

    return forensics.analyse(incident)


@pytest.mark.parametrize(
    "name", ["events", "findings", "evidence", "sessions", "agents", "gaps", "outcomes", "inputs"]
)
def test_every_table_of_a_query_is_there(name, analysed):
    assert getattr(analysed, name).equals(analysed.query(f"SELECT * FROM {name}"))  # noqa: S608 - our own names
