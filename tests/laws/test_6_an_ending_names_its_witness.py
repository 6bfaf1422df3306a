"""Law 6: an ending names its witness and quotes its reason, at the head of every output that people read."""

from __future__ import annotations

import html
import re

import pytest
from typer.testing import CliRunner

from forensics.cli.app import app
from forensics.session.model.ending import Verdict
from tests.support.analyses import analysis_of
from tests.support.places import RULE_FIXTURES, matching

ENDS = [p.parent for p in matching(RULE_FIXTURES, "CCF901/fires/*/expected.json")]
TOLD = (Verdict.CRASHED, Verdict.KILLED)
QUOTED = re.compile(r"“([^”]+)”")
WITNESSES = re.compile(
    r"^(?:the process printed|(?:the shell|the kernel|systemd|the job's runner|the program that ran it) says)"
)
# a command, and within how many of its first lines the reason stands
HEADS = {
    ("check", "--exit-zero"): 3,
    ("report",): 8,
    ("report", "--format", "terminal"): 12,
}


def name_of(case):
    return str(case.relative_to(RULE_FIXTURES))


def bare(text):
    """Leave the letters and digits of a text: tables, escapes and wrapped lines take nothing away."""
    return re.sub(r"[\W_]+", "", html.unescape(text))


@pytest.mark.parametrize("case", ENDS, ids=name_of)
def test_a_death_names_its_witness_and_quotes_it(case):
    for session in analysis_of(case / "input").sessions:
        if session.verdict in TOLD:
            assert WITNESSES.match(session.proof), session.proof
            (quote, *_) = QUOTED.findall(session.proof)
            cited = [session.case.event(e)["message"] or "" for e in session.case.ending.cites]
            assert any(bare(quote) in bare(text) for text in cited), session.proof


@pytest.mark.parametrize("case", ENDS, ids=name_of)
def test_each_output_begins_with_the_reason(case):
    (session, *others) = analysis_of(case / "input").sessions
    assert not others
    for command, lines in HEADS.items():
        shown = CliRunner().invoke(app, [*command, str(case / "input")], env={"COLUMNS": "200"}).stdout
        head = bare("\n".join(shown.splitlines()[:lines]))
        for words in (session.verdict, session.proof[:100]):
            assert bare(words).lower() in head.lower(), (command, words)


def test_a_kill_is_said_of_a_line_that_says_so():
    assert {s.verdict for case in ENDS for s in analysis_of(case / "input").sessions} >= {*TOLD}
