"""What every rule's words promise: each sentence is used, its fields are given, and its file is whole."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import forensics.rules
from forensics.errors import BadRuleError
from forensics.rulekit.prose import SLOTS, read_prose
from forensics.rulekit.saying import Words
from forensics.rules import RULES

FOLDER = Path(forensics.rules.__file__).parent
# the method that takes a sentence, and the places for which it may stand
TAKEN_BY = {
    "sentence": {*SLOTS},
    "hit": {"message"},
    "insufficient": {"insufficient"},
    "not_applicable": {"not-applicable"},
    "contract": {"contract"},
    "part": {"part"},
}
GIVING = {*TAKEN_BY, "saying", "also"}
MOST_LINES = 120

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda r: r.code)


def tree_of(rule):
    return ast.parse(Path(rule.told.path).with_suffix(".py").read_text(encoding="utf-8"))


def calls_of(tree, methods):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods:
            yield node


def texts_in(node):
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def chosen_in(node):
    """The names that an argument may come to, where it says so itself: a literal, or one of two."""
    if isinstance(node, ast.IfExp):
        return chosen_in(node.body) | chosen_in(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) else set()


def given_in(tree):
    """The names of all fields that a rule's file gives, to whichever sentence."""
    names = {k.arg for call in calls_of(tree, GIVING) for k in call.keywords if k.arg}
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            names |= {k.value for k in node.keys if isinstance(k, ast.Constant)}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
            names |= {k.arg for k in node.keywords}
    return names


def test_every_rule_has_its_words_beside_it():
    assert all(isinstance(rule.told, Words) for rule in RULES)
    files = {p.relative_to(FOLDER).with_suffix("") for p in FOLDER.glob("*/*.toml")}
    assert files == {rule.told.path.relative_to(FOLDER).with_suffix("") for rule in RULES}
    assert len(files) == len(RULES)


@every_rule
def test_each_sentence_is_used_by_its_rule(rule):
    unused = set(rule.told.prose.sentences) - texts_in(tree_of(rule))
    assert not unused


@every_rule
def test_each_sentence_that_a_rule_says_stands_in_its_words(rule):
    sentences = rule.told.prose.sentences
    for call in calls_of(tree_of(rule), TAKEN_BY):
        for name in chosen_in(call.args[0]) if call.args else ():
            assert name in sentences, f"line {call.lineno}"
            assert sentences[name].place in TAKEN_BY[call.func.attr], f"line {call.lineno}: {name}"


@every_rule
def test_each_field_of_a_sentence_is_given(rule):
    given = given_in(tree_of(rule))
    missing = {name: s.fields - given for name, s in rule.told.prose.sentences.items() if s.fields - given}
    assert not missing


@every_rule
def test_a_rule_is_short(rule):
    lines = Path(rule.told.path).with_suffix(".py").read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES, "what it asks of a session belongs to forensics/session/"


# --- what is no file of words -------------------------------------------------------------------------

WHOLE = """
title = "T"
summary = "S."
[documentation]
detects = "D"
matters = "M"
fix = "F"
misses = "K"
[guidance]
contract = "C"
avoid = "A"
instead = "I"
metric = "It held"
[sentences]
none = { place = "not-applicable", text = "no {thing}" }
"""


def test_a_whole_file_is_read():
    prose = read_prose(WHOLE.encode(), "rule.toml")
    assert prose.sentences["none"].fields == {"thing"}
    page = prose.documentation.under(prose.summary)
    assert page.startswith(
        "S.\n\n## What it detects\nD\n\n## Why it matters\nM\n\n## How to fix\nF\n\n## Known misses\nK"
    )


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ('title = "T"\n', "", "rule.toml: Object missing required field `title`"),
        ('title = "T"', 'title = "T"\nmood = 1', "rule.toml: Object contains unknown field `mood`"),
        ('fix = "F"\n', "", "rule.toml: Object missing required field `fix` - at `$.documentation`"),
        ('avoid = "A"', 'avoid = "A"\nagain = 1', "unknown field `again` - at `$.guidance`"),
        (
            'text = "no {thing}"',
            'txt = "x"',
            "rule.toml: sentences.none: Object contains unknown field `txt`",
        ),
        (
            'place = "not-applicable", ',
            "",
            "rule.toml: sentences.none: Object missing required field `place`",
        ),
        ('"not-applicable"', '"nowhere"', "rule.toml: sentences.none: Invalid enum value 'nowhere'"),
        (
            '"not-applicable"',
            '"message"',
            "rule.toml: sentences.none: a text of place message needs its claim",
        ),
        (
            '"not-applicable"',
            '"why", claim = "hypothesis"',
            "sentences.none: a hypothesis is asked as a question",
        ),
        (
            '"not-applicable"',
            '"question"',
            "sentences.none: a question, and nothing else, names what settles it",
        ),
        (
            '"not-applicable"',
            '"part", claim = "derived"',
            "sentences.none: a text of place part carries no claim",
        ),
        ('metric = "It held"', "metric = 1", "rule.toml: Expected `str`, got `int` - at `$.guidance.metric`"),
        ("{thing}", "{thing:>5}", "sentences.none: {thing:>5} is no field"),
        ("{thing}", "{thing.name}", "sentences.none: {thing.name} is no field"),
        ("[sentences]", "[sentences", "rule.toml: "),
    ],
)
def test_what_is_missing_or_unknown_is_an_error_that_names_file_and_key(was, now, said):
    assert was in WHOLE
    with pytest.raises(BadRuleError) as caught:
        read_prose(WHOLE.replace(was, now).encode(), "rule.toml")
    assert said in str(caught.value)


@pytest.fixture
def words(tmp_path):
    (tmp_path / "rule.toml").write_text(
        WHOLE + 'two = { place = "message", claim = "observed", text = "{a} and {b}" }\n'
    )
    return Words(tmp_path / "rule.toml")


def test_words_are_read_when_they_are_asked_for(tmp_path):
    absent = Words(tmp_path / "absent.toml")
    with pytest.raises(BadRuleError, match=r"absent\.toml: No such file"):
        absent.title  # noqa: B018 - asked for


def test_a_field_is_filled_once_and_what_fills_it_is_not_looked_at(words):
    hit = words.saying(a="{b}", b="x").hit("two", subject="s", cites=[3, None, 3, 1], facts={})
    assert hit.message == "{b} and x"
    assert [c.event_id for c in hit.cites] == [3, 1]


def test_a_field_that_was_not_given_is_an_error_that_names_it(words):
    with pytest.raises(BadRuleError, match=r"sentences\.two: the field 'b' was not given"):
        words.saying(a=1).hit("two", subject="s", cites=[1], facts={})


@pytest.mark.parametrize("name", ["three", "none"])
def test_a_sentence_that_is_none_or_stands_elsewhere_is_an_error(words, name):
    with pytest.raises(BadRuleError, match=f"rule.toml: sentences.{name}: "):
        words.saying(thing=1).hit(name, subject="s", cites=[1], facts={})
