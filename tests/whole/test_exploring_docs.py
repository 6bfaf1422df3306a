"""The examples of docs/exploring.md are what the program says."""

from __future__ import annotations

import os
import re
import shlex

import pytest
from typer.testing import CliRunner

from forensics.cli.app import app
from tools.docs.tables import PAGE, page_of

EXAMPLE = re.compile(r"^```console\n\$ (?P<command>forensics (?:[^\"\n]|\"[^\"]*\")*)\n(?P<shown>.*?)^```$", re.MULTILINE | re.DOTALL)  # fmt: skip
TEXT = PAGE.read_text(encoding="utf-8")


def printed(command, incident):
    """Run a command of the page and return what a terminal shows of it, with the few pipes that the page has."""
    words = shlex.split(command.replace("LOGS", str(incident)))[1:]
    told, pipe = (words[: words.index("|")], words[words.index("|") + 1 :]) if "|" in words else (words, [])
    result = CliRunner().invoke(app, told)
    lines = result.stdout.splitlines(keepends=True)
    match pipe:
        case []:
            pass
        case ["head", number]:
            lines = lines[: -int(number)]
        case ["grep", "-m", "1", part]:
            lines = next([line] for line in lines if part in line)
        case _:
            pytest.fail(f"an unknown pipe: {pipe}")
    errors = result.stderr if result.exit_code else ""
    return "".join(lines) + errors


def test_the_page_has_examples_of_each_command():
    commands = [found["command"] for found in EXAMPLE.finditer(TEXT)]
    assert len(commands) == TEXT.count("```console\n") >= 12
    for name in ("timeline", "events", "query"):
        assert any(command.startswith(f"forensics {name} ") for command in commands)
    for form in ("json", "mermaid", "trace", "csv", "timesketch"):
        assert any(f"--format {form}" in command for command in commands)


@pytest.mark.parametrize("number", range(len(EXAMPLE.findall(TEXT))))
def test_an_example_shows_what_is_printed(number, incident):
    found = list(EXAMPLE.finditer(TEXT))[number]
    shown = printed(found["command"], incident)
    assert shown
    if os.environ.get("UPDATE_GOLDEN"):
        block = f"```console\n$ {found['command']}\n{shown}```"
        PAGE.write_text(PAGE.read_text(encoding="utf-8").replace(found[0], block), encoding="utf-8")
    else:
        assert found["shown"] == shown, "run with UPDATE_GOLDEN=1 and read the diff"


def test_the_columns_of_the_page_are_those_of_the_tables():
    assert page_of(TEXT) == TEXT, "run: python -m tools.docs.tables"
