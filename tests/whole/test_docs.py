"""What is documented is what the program says."""

from __future__ import annotations

import os
import re

import pytest
from typer.testing import CliRunner

from forensics.analysis.engine import examine
from forensics.analysis.request import Request
from forensics.cli.app import app
from forensics.render.answers.catalogue import as_markdown
from forensics.render.answers.doctor import as_markdown as as_table
from forensics.rules import RULES
from tests.support.places import CHECKOUT, INCIDENT
from tools.docs.examples import DATA, examples
from tools.docs.templates import PAGE as TEMPLATES_PAGE
from tools.docs.templates import page_of

FIGURES = re.compile(r"<!-- doctor: (?P<folders>[a-z -]+?) -->\n.*?<!-- end -->", re.DOTALL)


def test_the_rules_page_is_generated_from_the_rules():
    page = (CHECKOUT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert page == as_markdown(RULES), "run: forensics rules --format markdown > docs/rules.md"


def test_the_examples_are_what_the_rules_say_of_the_fixtures():
    if os.environ.get("UPDATE_GOLDEN"):
        DATA.write_text(examples(), encoding="utf-8")
    assert DATA.read_text(encoding="utf-8") == examples(), "run: python -m tools.docs.examples"


def test_the_templates_page_names_what_templates_may_name():
    text = TEMPLATES_PAGE.read_text(encoding="utf-8")
    if os.environ.get("UPDATE_GOLDEN"):
        TEMPLATES_PAGE.write_text(page_of(text), encoding="utf-8")
    assert TEMPLATES_PAGE.read_text(encoding="utf-8") == page_of(text), "run: python -m tools.docs.templates"


def test_the_example_of_the_templates_page_makes_a_report(tmp_path):
    example = re.search(r"```jinja\n(.*?)```", TEMPLATES_PAGE.read_text(encoding="utf-8"), re.DOTALL)
    section = tmp_path / "sections" / "summary.md.j2"
    section.parent.mkdir()
    case = str(INCIDENT)
    section.write_text(example[1], encoding="utf-8")
    done = CliRunner().invoke(app, ["report", case, "--template", str(tmp_path)])
    assert (done.exit_code, "\n## Summary\n" in done.stdout) == (0, True), done.stderr
    section.write_text(example[1].replace("incident.headline", "incident.headlines"), encoding="utf-8")
    wrong = CliRunner().invoke(app, ["report", case, "--template", str(tmp_path)])
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert re.search(r"summary\.md\.j2, line 4: .*headlines", wrong.stderr), wrong.stderr


def test_the_readme_lists_every_rule_and_no_other():
    assert re.findall(r"^\| (CCF\d+) \|", (CHECKOUT / "README.md").read_text(), re.MULTILINE) == [
        r.code for r in RULES
    ]


def test_every_option_of_the_readme_exists():
    text = (CHECKOUT / "README.md").read_text()
    for command in (
        "report", "verify", "check", "sessions", "timeline", "events", "query", "doctor", "rules", "explain", "demo",
    ):  # fmt: skip
        help_text = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).stdout
        for line in re.findall(rf"^forensics {command} .*$", text, re.MULTILINE):
            for option in re.findall(r"(?<= )--?[a-z][a-z-]*", line.partition("#")[0]):
                assert option in help_text, (command, option)


def test_the_changelog_names_every_rule():
    text = (CHECKOUT / "CHANGELOG.md").read_text()
    for rule in RULES:
        assert f"`{rule.code}` {rule.name}" in text


@pytest.mark.corpus
@pytest.mark.whole
def test_the_figures_of_coverage_are_those_that_doctor_prints(corpus):
    page = CHECKOUT / "docs" / "formats.md"
    text = page.read_text(encoding="utf-8")
    for block in FIGURES.finditer(text):
        folders = [corpus / name for name in block["folders"].split()]
        measured = f"<!-- doctor: {block['folders']} -->\n{as_table(examine(Request(folders)))}<!-- end -->"
        if os.environ.get("UPDATE_GOLDEN"):
            page.write_text(page.read_text(encoding="utf-8").replace(block[0], measured), encoding="utf-8")
        else:
            assert block[0] == measured, "run with UPDATE_GOLDEN=1 and read the diff"
