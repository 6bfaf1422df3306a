"""The configuration: where it is found, what it may say, what it changes, and what it says to a mistake."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.cli.app import app
from forensics.cli.config import Config, _config, _Table, find, read
from forensics.errors import ConfigError
from forensics.rulekit.own_rules import together
from forensics.rulekit.rule import Setting
from forensics.rules import RULES
from forensics.text.nearest import nearest
from tests.support.places import CHECKOUT, INCIDENT, RULE_FIXTURES

SHORT = RULE_FIXTURES / "CCF102" / "silent" / "two-for-59-seconds" / "input"
GAP = '''
from forensics.rulekit import *
from forensics.schema import Source

@rule(
    code="OUR301", name="no-greeting", title="Nobody was greeted", severity=Severity.NOTE,
    confidence=Confidence.LOW, nature=Nature.CONTROL_GAP, expectation="greeting",
    any_of=frozenset({Source.TRANSCRIPT}),
    guidance=Guidance(contract="Say hello", avoid="Silence", instead="Words", metric="Everybody was greeted"),
)
def no_greeting(case, *, least: int = 1, polite: bool = True, names: tuple[str, ...] = (), by: str = "anyone"):
    """No greeting was observed."""
    first = case.events.row(0, named=True)["event_id"]
    yield Hit(subject="greeting", message="no greeting observed in the supplied evidence", claim=Claim.DERIVED,
              cites=(Cite(first),), facts={"least": least, "names": list(names)})
'''


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args):
    return CliRunner().invoke(app, [str(a) for a in args])


def told(*args):
    result = run("check", *args, "--format", "json", "--exit-zero")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def rules(*args):
    result = run("rules", "--format", "json", *args)
    assert result.exit_code == 0, result.stderr
    return {r["code"]: r for r in json.loads(result.stdout)}


def config(folder, text, name="forensics.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# --- where it is found -------------------------------------------------------------------------------


def test_without_a_configuration_every_threshold_is_the_rules_own(here):
    assert find(here) is None
    listed = rules()
    assert {code: r["thresholds"] for code, r in listed.items()} == {
        r.code: json.loads(json.dumps(dict(r.thresholds))) for r in RULES
    }
    assert not any(r["expected"] or r["origin"] for r in listed.values())


def test_the_programs_own_file_comes_before_the_projects(here):
    config(here, "[tool.forensics.thresholds.CCF102]\nlasting_s = 11.0\n", "pyproject.toml")
    assert rules()["CCF102"]["thresholds"]["lasting_s"] == 11
    config(here, "[thresholds.CCF102]\nlasting_s = 12.0\n")
    assert rules()["CCF102"]["thresholds"]["lasting_s"] == 12
    named = config(here, "[thresholds.CCF102]\nlasting_s = 13.0\n", "other.toml")
    assert rules("--config", named)["CCF102"]["thresholds"]["lasting_s"] == 13


def test_the_folder_above_is_not_asked(here, monkeypatch):
    config(here, "nonsense = 1\n")
    (here / "below").mkdir()
    monkeypatch.chdir(here / "below")
    assert rules()


@pytest.mark.parametrize(
    "text", ["[project]\nname = 'forensics'\n", "this is no TOML", "[tool]\nforensic = 1\n"]
)
def test_a_project_that_does_not_configure_us_is_none_of_our_business(here, text):
    config(here, text, "pyproject.toml")
    assert find(here) is None
    assert run("rules").exit_code == 0


def test_a_project_file_that_names_us_and_cannot_be_read_is_an_error(here):
    config(here, "[tool.forensics\n", "pyproject.toml")
    result = run("check", INCIDENT)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: pyproject.toml: is no TOML: ")
    assert "line 1" in result.stderr


def test_a_named_project_file_must_configure_us(here):
    path = config(here, "[project]\n", "pyproject.toml")
    result = run("rules", "--config", path)
    assert (result.exit_code, result.stderr) == (2, f"error: {path}: has no table [tool.forensics]\n")


def test_a_named_file_that_is_not_there(here):
    result = run("rules", "--config", "no.toml")
    assert (result.exit_code, result.stderr) == (2, "error: no.toml: No such file or directory\n")


def test_a_byte_order_mark_is_no_error(here):
    (here / "forensics.toml").write_bytes(b"\xef\xbb\xbf[thresholds.CCF102]\nlasting_s = 9.0\n")
    assert rules()["CCF102"]["thresholds"]["lasting_s"] == 9


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a = " + b"[" * 5000, b"a = " + b"9" * 5000])
def test_bytes_that_are_no_configuration_are_one_sentence(here, data):
    (here / "forensics.toml").write_bytes(data)
    result = run("rules")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: forensics.toml: ")
    assert result.stderr.count("\n") == 1


WORDS = st.sampled_from(["rules", "expect", "thresholds", "CCF102", "lasting_s", "later_calls", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(WORDS, VALUES, max_size=4))
@settings(max_examples=200, deadline=None)
def test_whatever_a_file_holds_it_is_a_configuration_or_an_error(data):
    with suppress(ConfigError):
        _config(_Table(Path("given.toml"), data), trusted=False).bind(RULES)


def test_the_demonstration_takes_no_configuration(here):
    config(here, "nonsense = 1\n")
    assert run("demo").exit_code == 0


@pytest.mark.parametrize("command", ["report", "check", "sessions", "rules", "explain"])
def test_every_command_that_runs_rules_takes_it(here, command):
    path = config(here, "nonsense = 1\n", "given.toml")
    arguments = {"rules": [], "explain": ["CCF102"]}.get(command, [INCIDENT])
    result = run(command, *arguments, "--config", path)
    assert result.exit_code == 2
    assert "nonsense: there is no such key" in result.stderr
    assert result.stdout == ""


# --- what it may say ---------------------------------------------------------------------------------

SET = "[thresholds.CCF102]\n"
MISTAKES = {
    "expects = {}": "expects: there is no such key; did you mean `expect`?",
    "tool = 1": "tool: there is no such key; known are `rules`, `expect`, `thresholds`",
    "rules = 'ours.py'": "rules: a list is needed, and a string is given",
    "rules = ['a.py', 3]": "rules[1]: a string is needed, and a whole number is given",
    "expect = true": "expect: a table is needed, and true or false is given",
    "[expect]\ngreeting = 'yes'": "expect.greeting: true or false is needed, and a string is given",
    "[expect]\ngreetings = true": "expect.greetings: no rule has this expectation; did you mean `greeting`?",
    "thresholds = []": "thresholds: a table is needed, and a list is given",
    "[thresholds]\nCCF102 = 30": "thresholds.CCF102: a table is needed, and a whole number is given",
    "[thresholds.CCF1O2]": "thresholds.CCF1O2: there is no such rule; did you mean `CCF102`?",
    "[thresholds.several-todos]": "there is no such rule; did you mean `several-todos-in-progress`?",
    f"{SET}lasting = 3": "thresholds.CCF102.lasting: CCF102 has no such threshold; did you mean `lasting_s`?",
    f"{SET}lasting_s = '3'": "thresholds.CCF102.lasting_s: a number is needed, and a string is given",
    f"{SET}lasting_s = true": "a number is needed, and true or false is given",
    f"{SET}lasting_s = nan": "a number is needed, and nan is given",
    f"{SET}lasting_s = 2025-10-21": "a number is needed, and a date or time is given",
    f"{SET}later_calls = 2.5": "thresholds.CCF102.later_calls: a whole number is needed, and a number is given",
    f"{SET}[thresholds.several-todos-in-progress]": "the thresholds of CCF102 stand under another name, too",
    "[thresholds.OUR301]\npolite = 1": "true or false is needed, and a whole number is given",
    "[thresholds.OUR301]\nnames = 'Ann'": "a list, of which each item is a string, is needed, and a string is given",
    "[thresholds.OUR301]\nnames = ['Ann', 1]": "a list, of which each item is a string, is needed, and a list is given",
    "[thresholds.OUR301]\nby = 1": "a string is needed, and a whole number is given",
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), MISTAKES.items(), ids=[t.replace("\n", " ") for t in MISTAKES])
@pytest.mark.parametrize("name", ["forensics.toml", "pyproject.toml"])
def test_a_mistake_is_an_error_that_names_the_file_and_the_nearest(here, text, said, name):
    (here / "ours.py").write_text(GAP)
    ours = "" if "rules =" in text else "rules = ['ours.py']\n"
    whole = f"{ours}{text}"
    if name == "pyproject.toml":
        whole = f"[tool.forensics]\n{whole}".replace("[expect", "[tool.forensics.expect").replace(
            "[thresholds", "[tool.forensics.thresholds"
        )
    config(here, whole, name)
    result = run("check", INCIDENT, "--trust-config")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {name}: ")
    assert result.stderr.endswith(f"{said}\n")
    assert result.stdout == ""


def test_of_no_names_none_is_near():
    assert nearest("x", []) == "there is none"
    assert nearest("LASTING", ["lasting_s", "other"]) == "did you mean `lasting_s`?"


def test_a_key_of_a_strangers_file_cannot_write_to_the_terminal(here):
    config(here, '"\\u001b]0;evil\\u0007\\u202e" = 1\n')
    result = run("check", INCIDENT)
    assert result.exit_code == 2
    assert all(c.isprintable() for c in result.stderr.rstrip("\n"))


def test_every_threshold_of_ours_is_of_a_type_that_can_be_set():
    for rule in RULES:
        for name, value in rule.thresholds.items():
            items = value if isinstance(value, tuple) else (value,)
            assert all(isinstance(item, bool | int | float | str) for item in items), (rule.code, name)
            if isinstance(value, tuple):
                assert len({type(item) for item in value}) == 1, (rule.code, name)


def test_values_become_what_the_rule_expects(here):
    (here / "ours.py").write_text(GAP)
    said = "[thresholds.OUR301]\nleast = 3\npolite = false\nnames = ['Ann', 'Bo']\nby = 'Cy'\n"
    bound = rules("--config", config(here, f"rules = ['ours.py']\n{said}"))["OUR301"]["thresholds"]
    assert bound == {"least": 3, "polite": False, "names": ["Ann", "Bo"], "by": "Cy"}
    (ccf102,) = (r for r in RULES if r.code == "CCF102")
    (set_,) = read(config(here, f"{SET}lasting_s = 30\n"), trusted=False).bind([ccf102])
    assert set_.thresholds["lasting_s"] == 30
    assert isinstance(set_.thresholds["lasting_s"], float)
    assert set_.thresholds["later_calls"] == ccf102.thresholds["later_calls"]


def test_a_setting_of_an_unnamed_configuration_is_still_an_error():
    with pytest.raises(ConfigError, match="no such rule"):
        Config(thresholds={"CCF000": {}}).bind(RULES)


# --- what it changes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["CCF102", "ccf102", "several-todos-in-progress"])
def test_a_threshold_changes_what_is_found(here, name):
    assert [f["rule"] for f in told(SHORT)["findings"] if f["rule"] == "CCF102"] == []
    config(here, f"[thresholds.{name}]\nlasting_s = 59\n")
    data = told(SHORT)
    assert [f["rule"] for f in data["findings"] if f["rule"] == "CCF102"] == ["CCF102"]
    assert data["settings"] == {"thresholds": {"CCF102": {"lasting_s": 59.0}}, "expect": []}
    report = run("report", SHORT).stdout
    assert "- CCF102: `lasting_s = 59.0`" in report
    assert "same version, rules and settings" in report


def test_a_report_without_settings_names_none(here):
    report = run("report", SHORT).stdout
    assert "Settings of this run" not in report
    assert "The same files and the same version give the same report." in report


def test_explain_shows_the_threshold_in_force(here):
    config(here, f"{SET}lasting_s = 30\n")
    assert "`lasting_s = 30.0`" in run("explain", "CCF102").stdout


def test_a_control_gap_fails_the_gate_only_if_the_safeguard_is_declared(here):
    (here / "ours.py").write_text(GAP)
    clean = min((RULE_FIXTURES / "CCF901" / "silent").glob("*/input"))
    outcomes = {}
    for declared in ("", "[expect]\ngreeting = false\n", "[expect]\ngreeting = true\n"):
        path = config(here, f"rules = ['ours.py']\n{declared}", "given.toml")
        data = told(clean, "--config", path)
        (gap,) = (f for f in data["findings"] if f["rule"] == "OUR301")
        code = run("check", clean, "--config", path).exit_code
        noted = run("check", clean, "--config", path, "--fail-on", "note").exit_code
        outcomes[declared] = (gap["severity"], gap["expected"], data["settings"]["expect"], code, noted)
        strict = run("check", clean, "--config", path, "--fail-on", "high").exit_code
        assert strict == 0
    undeclared, refused, declared = outcomes.values()
    assert undeclared == refused == ("note", False, [], 0, 0)
    assert declared == ("medium", True, ["greeting"], 1, 1)
    report = run("report", clean, "--config", path).stdout
    assert "you declared this safeguard as expected" in report
    assert "`greeting` is expected" in report
    page = run("explain", "OUR301", "--config", path).stdout
    assert "- Expectation: `greeting`, declared: a gap fails the gate" in page


def test_the_list_of_rules_tells_expectation_relations_and_what_is_in_force(here):
    (here / "ours.py").write_text(GAP)
    path = config(here, "rules = ['ours.py']\nexpect.greeting = true\n", "given.toml")
    listed = rules("--config", path)
    assert (listed["OUR301"]["expectation"], listed["OUR301"]["expected"]) == ("greeting", True)
    assert {r.code: list(r.related) for r in RULES} == {
        code: r["related"] for code, r in listed.items() if r["origin"] is None
    }
    assert {r.code: r.expectation for r in RULES} == {
        code: r["expectation"] for code, r in listed.items() if r["origin"] is None
    }


def test_an_analysis_is_the_same_with_the_defaults_spelt_out():
    spelt = Config(thresholds={r.code: _as_toml(r.thresholds) for r in RULES}).bind(together(RULES, ()))
    assert analyse(Request([INCIDENT], rules=spelt)).findings == analyse(Request([INCIDENT])).findings


def _as_toml(thresholds: dict[str, Setting]) -> dict[str, object]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in thresholds.items()}


# --- what is documented ------------------------------------------------------------------------------


def test_the_documented_keys_are_those_of_the_program():
    page = (CHECKOUT / "docs" / "config.md").read_text(encoding="utf-8")
    documented = re.findall(r"^## `([a-z-]+)`", page, re.MULTILINE)
    ours = [f.name.replace("_", "-") for f in fields(Config) if f.name not in ("path", "trusted")]
    assert documented == ours


def test_every_expectation_is_documented_and_no_other():
    page = (CHECKOUT / "docs" / "config.md").read_text(encoding="utf-8")
    section = page.partition("## `expect`")[2].partition("\n## ")[0]
    for name, code in re.findall(r"^\| `([a-z-]+)` \| (CCF\d+)", section, re.MULTILINE):
        rule = next((r for r in RULES if r.code == code), None)
        assert rule is None or rule.expectation == name, code
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))
    assert {r.expectation for r in RULES if r.expectation} <= documented


def test_the_documented_examples_are_valid(here):
    page = (CHECKOUT / "docs" / "config.md").read_text(encoding="utf-8")
    examples = re.findall(
        r"^```toml\n(# (?:forensics|pyproject)\.toml\n.*?)^```", page, re.MULTILINE | re.DOTALL
    )
    assert len(examples) == 2
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    examples += [
        f"# forensics.toml\n{t}"
        for t in re.findall(r"^```toml\n(rules = .*?)^```", readme, re.MULTILINE | re.DOTALL)
    ]
    assert len(examples) == 3
    known = {r.expectation for r in RULES}
    for text in examples:
        name = text.partition("\n")[0].removeprefix("# ")
        read_ = read(config(here, text, name), trusted=False)
        assert read_.rules == ("./our_rules.py",)
        Config(path=read_.path, thresholds=read_.thresholds, expect={}).bind(RULES)
        assert set(read_.expect) <= known | {"health-check", "plan", "todo-rule"}
