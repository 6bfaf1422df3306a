"""What a log says is cut before it fills a report, and moves no terminal, whichever rule repeats it."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.render.answers import session_list
from forensics.render.answers.console import to_text
from forensics.render.answers.json_report import to_json
from forensics.render.markup import json_text
from forensics.render.report.markdown import to_markdown
from forensics.rulekit.bounded import bounded
from forensics.schema.finding import Cite, Claim, Hit, Slot, Statement, Table
from forensics.text.lengths import CELL, FACT, MESSAGE, SENTENCE
from tests.support.places import RULE_FIXTURES

SECRET = "ghp_" + "Q1w2E3r4T5" * 4
# the fields in which a record holds words of people and programs
WORDS = frozenset(
    {
        "content", "description", "prompt", "command", "file_path", "text", "stderr", "message", "subject",
        "activeForm", "cwd", "subagent_type", "agentType", "hookName", "model", "result", "toolName",
    }
)  # fmt: skip
# one case for each of the rules that repeat most of a log's words
CASES = [
    "CCF101/fires/same-file",
    "CCF102/fires/two-for-61-seconds",
    "CCF103/fires/recorded-twins",
    "CCF104/fires/two-siblings",
    "CCF105/fires/recorded-collision",
    "CCF106/fires/recorded-twins",
    "CCF305/fires/last-edit-refused",
    "CCF307/fires/recorded-with-todos",
    "CCF407/fires/transcript-only",
    "CCF408/fires/five-times",
    "CCF902/fires/two-writers-then-a-refused-edit",
]
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

HIT = Hit(subject="s", message="m", claim=Claim.OBSERVED, cites=(Cite(1),), facts={})


def with_words(value, words, key=None):
    if isinstance(value, dict):
        return {k: with_words(v, words, k) for k, v in value.items()}
    if isinstance(value, list):
        return [with_words(v, words, key) for v in value]
    return value + words if isinstance(value, str) and key in WORDS else value


def changed(case, place, words):
    for path in (RULE_FIXTURES / case / "input").rglob("*"):
        if path.is_file():
            target = place / path.relative_to(RULE_FIXTURES / case / "input")
            target.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".jsonl":
                records = (json.loads(line) for line in text.splitlines())
                text = "\n".join(json.dumps(with_words(r, words)) for r in records)
            target.write_text(text, encoding="utf-8")
    return place


def outputs(place):
    analysis = analyse(Request([place]))
    yield "check", to_text(analysis)
    yield "report", to_markdown(analysis)
    yield "JSON", to_json(analysis)
    yield "sessions", session_list.as_table(analysis, None, color=False) + session_list.as_json(analysis)


@pytest.mark.parametrize("case", CASES)
def test_what_a_rule_repeats_is_cut(tmp_path, case):
    analysis = analyse(Request([changed(case, tmp_path, " long words" * 2000)]))
    assert analysis.findings
    for finding in analysis.findings:
        assert len(finding.message) <= MESSAGE
        assert all(len(s.text) <= SENTENCE for s in finding.statements)
        assert all(len(cell) <= CELL for t in finding.tables for row in t.rows for cell in row)
    assert all(len(o.reason or "") <= SENTENCE for s in analysis.sessions for o in s.outcomes)


@pytest.mark.parametrize("case", CASES)
def test_what_a_rule_repeats_moves_no_terminal_and_holds_no_secret(tmp_path, case):
    words = f" \x1b[31m\u202e\x9b\x07 {SECRET}\r\n::error::x\n# Crashed"
    for name, text in outputs(changed(case, tmp_path, words)):
        assert text, name
        assert not OBEYED.search(text), name
        assert SECRET[4:16] not in text, name
        assert not re.search(r"^(?:::error::|# Crashed)", text, re.MULTILINE), name


@pytest.mark.parametrize("before", [40, 150, 280, 390])
def test_a_secret_where_a_value_is_cut_leaves_no_part_behind(tmp_path, before):
    words = f" {'x' * before} {SECRET}"
    for name, text in outputs(changed("CCF408/fires/five-times", tmp_path, words)):
        assert "ghp_Q" not in text, name


def test_a_hit_is_cut_where_it_is_long_and_nowhere_else():
    hit = replace(
        HIT,
        message="m" * (MESSAGE + 1),
        facts={"a": "f" * (FACT + 1), "b": ["f" * (FACT + 1), 1, None], "c": {"k": "f" * FACT}},
        statements=(Statement(Slot.HAPPENED, Claim.OBSERVED, "s" * (SENTENCE + 1), (1,)),),
        tables=(Table("t", ("c",), (("c" * (CELL + 1), "c" * CELL),)),),
    )
    cut = bounded(hit)
    assert cut.message == "m" * (MESSAGE - 1) + "…"
    assert cut.facts == {
        "a": "f" * (FACT - 1) + "…",
        "b": ["f" * (FACT - 1) + "…", 1, None],
        "c": {"k": "f" * FACT},
    }
    assert cut.statements[0].text == "s" * (SENTENCE - 1) + "…"
    assert cut.tables[0].rows == (("c" * (CELL - 1) + "…", "c" * CELL),)
    assert bounded(HIT) == HIT


def test_json_is_the_same_value_and_moves_no_terminal():
    document = {"a": "\x1b\x9b\u202e\u2028\x7f é “ü” 😀 \\u202e"}
    text = json_text(document)
    assert json.loads(text) == document
    assert "é “ü” 😀" in text
    assert not re.search(r"[\x1b\x7f-\x9f\u202e\u2028]", text)
