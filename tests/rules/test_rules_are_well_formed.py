"""What every rule promises by its shape alone: code, name, documentation, guidance, thresholds, purity."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

import forensics.rules
from forensics.render.report.outline import NUMBERS
from forensics.rulekit.prose import SECTIONS
from forensics.rulekit.rule import Rule
from forensics.rules import RULES
from forensics.schema import EVENTS, Source
from forensics.schema.families import FAMILIES
from forensics.schema.finding import Confidence, Severity

FOLDER = Path(forensics.rules.__file__).parent
FILES = sorted(p for p in FOLDER.glob("*/*.py") if p.stem != "__init__")
NOT_FOR_RULES = (
    "forensics.render",
    "forensics.formats",
    "forensics.table.ingest",
    "forensics.evidence",
    "forensics.analysis",
)

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda r: r.code)
every_file = pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


@every_rule
def test_what_a_rule_names_exists(rule):
    assert rule.topic in NUMBERS | {"ending", "chain"}
    assert rule.reads <= set(FAMILIES)
    assert set(rule.related) <= {r.code for r in RULES} - {rule.code}


@every_rule
def test_code_and_name(rule):
    assert re.fullmatch(r"CCF\d{3}", rule.code)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)
    module = rule.detect.__module__.rpartition(".")[2]
    assert module == rule.detect.__name__ == rule.name.replace("-", "_")
    assert rule.title
    assert rule.title[0].isupper()


def test_codes_and_names_are_unique_and_in_order():
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_each_number_of_the_incident_report_has_its_rule():
    numbers = {f"{c}.{n}" for c, most in ((1, 3), (2, 4), (3, 4), (4, 4)) for n in range(1, most + 1)}
    assert numbers <= {rule.topic for rule in RULES}


def test_every_rule_has_its_file():
    assert len(FILES) == len(RULES)


@every_file
def test_every_file_is_registered(path):
    assert path.stem in {rule.detect.__name__ for rule in RULES}


@every_rule
def test_documentation_has_its_sections_in_order(rule):
    sections = re.findall(r"^## (.+)$", rule.documentation, re.MULTILINE)
    assert tuple(sections) == SECTIONS
    for body in re.split(r"^## .+$", rule.documentation, flags=re.MULTILINE):
        assert body.strip()


@every_rule
def test_guidance_is_complete(rule):
    guidance = rule.guidance
    for text in (guidance.contract, guidance.avoid, guidance.instead, guidance.metric):
        assert text.strip()
    assert guidance.immediate or guidance.this_week
    assert guidance.before or guidance.during or guidance.after
    steps = (
        guidance.immediate,
        guidance.this_week,
        guidance.strategic,
        guidance.before,
        guidance.during,
        guidance.after,
    )
    for group in steps:
        assert isinstance(group, tuple), "a single step needs its comma"
        assert all(step.strip() and not step.endswith(".") for step in group)


@every_rule
def test_severity_confidence_and_sources_are_given(rule):
    assert isinstance(rule, Rule)
    assert isinstance(rule.severity, Severity)
    assert isinstance(rule.confidence, Confidence)
    assert rule.any_of
    assert re.fullmatch(r"\d+\.\d+\.\d+", rule.since)


@every_rule
def test_thresholds_are_keywords_with_defaults_and_documented(rule):
    parameters = list(inspect.signature(rule.detect).parameters.values())
    assert [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY] == ["case"]
    for threshold in parameters[1:]:
        assert threshold.default is not threshold.empty, threshold.name
        assert f"``{threshold.name}``" in rule.documentation, threshold.name
    assert set(rule.thresholds) == {p.name for p in parameters[1:]}


@every_file
def test_a_rule_knows_no_file_and_no_output(path):
    assert not [name for name in imported(path) if name.startswith(NOT_FOR_RULES)]


@every_file
def test_a_rule_reads_typed_columns_only(path):
    assert "attrs" in EVENTS
    words = {
        n.value for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Constant)
    }
    assert "attrs" not in words


@every_file
def test_a_question_is_asked_with_the_source_that_settles_it(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    by_hand = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == "QUESTION"]
    assert not by_hand, "question(…) of forensics.finding asks for the source"


@every_rule
def test_no_sentence_claims_what_needs_a_line_of_its_own(rule):
    prose = rule.told.prose
    guidance = [
        text for field in prose.guidance.__struct_fields__ for text in _texts(getattr(prose.guidance, field))
    ]
    said = " ".join((*(s.text for s in prose.sentences.values()), *guidance)).casefold()
    for word in ("caused", "crashed", "leaked", "exhausted the", "your fault", "mistake by"):
        assert word not in said.replace("not crashed", ""), word


def _texts(value):
    return (value,) if isinstance(value, str) else value


def test_a_source_that_is_needed_is_named_with_its_article():
    named = {source: source.one for source in Source}
    assert named[Source.ATIF] == "an ATIF trajectory"
    assert named[Source.MCP_LOG] == "an mcp-log"
    assert named[Source.TRANSCRIPT] == "a transcript"
    assert not [words for words in named.values() if re.match(r"a [aeio]", words)]
