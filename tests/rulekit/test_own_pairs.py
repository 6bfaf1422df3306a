"""Rules of the user's with their words in a file of their own, and rules that were written for older paths."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from typer.testing import CliRunner

from forensics.cli.app import app
from tests.support.places import CHECKOUT

PAGE = (CHECKOUT / "docs" / "own-rules.md").read_text(encoding="utf-8")


def documented(name):
    """The block of the page that begins with the name of its file."""
    blocks = re.findall(r"^```\w+\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return next(b for b in blocks if b.startswith(f"# {name}\n"))


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("our_rule.py", "our_rule.toml"):
        (tmp_path / name).write_text(documented(name), encoding="utf-8")
    (tmp_path / "forensics.toml").write_text('rules = ["./our_rule.py"]\n')
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_the_documented_pair_finds_what_it_says(here, incident):
    data = json.loads(run("check", incident, "--trust-config", "--format", "json").stdout)
    (found,) = (f for f in data["findings"] if f["rule"] == "OUR102")
    assert (found["name"], found["message"]) == ("protected-file-rewritten", "NOTES.md was written by Write")
    stated, asked = found["sentences"]
    assert (stated["place"], stated["claim"]) == ("happened", "observed")
    assert stated["text"] == "Write wrote /home/dev/liv-hana/NOTES.md"
    assert len(stated["lines"]) == 1
    assert (asked["place"], asked["claim"]) == ("question", "hypothesis")
    assert asked["settled_by"] == "the user's prompts before it, in the transcript"
    assert stated["settled_by"] is None


def test_the_hash_covers_both_files(here, incident):
    data = json.loads(run("check", incident, "--trust-config", "--format", "json").stdout)
    both = (here / "our_rule.py").read_bytes() + (here / "our_rule.toml").read_bytes()
    assert data["rules"][0]["sha256"] == hashlib.sha256(both).hexdigest()


def test_its_page_is_explained(here):
    page = run("explain", "OUR102", "--trust-config").stdout
    assert "An agent wrote a file that people keep by hand." in page
    assert "### Known misses\nWrites through Bash are not seen." in page


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ('title = "A file', 'titel = "A file', "our_rule.toml: Object contains unknown field `titel`"),
        ('avoid = "Let', 'avoids = "Let', "our_rule.toml: Object contains unknown field `avoids` - at `$.guidance`"),
        ('claim = "observed", text = "{tool}', 'text = "{tool}', "our_rule.toml: sentences.call: a text of place happened needs its claim"),
    ],
)  # fmt: skip
def test_words_that_cannot_be_used_are_an_error_that_names_file_and_key(here, was, now, said):
    text = (here / "our_rule.toml").read_text(encoding="utf-8")
    assert was in text
    (here / "our_rule.toml").write_text(text.replace(was, now), encoding="utf-8")
    result = run("rules", "--trust-config")
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_file_of_words_that_is_not_there_is_an_error(here):
    (here / "our_rule.toml").unlink()
    result = run("rules", "--trust-config")
    assert result.exit_code == 2
    assert (
        "our_rule.toml: No such file or directory; a rule's words stand in a TOML file beside it"
        in result.stderr
    )


@pytest.mark.parametrize("old", ["forensics.case", "forensics.finding", "forensics.rule"])
def test_a_path_that_was_is_answered_with_the_new_one(here, old):
    (here / "our_rule.py").write_text(f"from {old} import *\n")
    result = run("rules", "--trust-config")
    assert result.exit_code == 2
    assert f"there is no {old} any more: from forensics.rulekit import" in result.stderr
