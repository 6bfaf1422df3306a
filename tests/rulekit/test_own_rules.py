"""Rules of the user's: from a file, from an installed distribution, and what is said of those that cannot be used."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from forensics.cli.app import app
from forensics.errors import BadRuleError
from forensics.render.report.outline import CATEGORIES, PLACES, outline_of
from forensics.rulekit.own_rules import GROUP, from_files, together
from forensics.rules import RULES
from tests.support.places import CHECKOUT, INCIDENT

PAGE = (CHECKOUT / "docs" / "own-rules.md").read_text(encoding="utf-8")
CATALOGUE = {
    f"CCF{n}"
    for numbers in (range(101, 108), range(201, 214), range(301, 308), range(401, 412), (901, 902))
    for n in numbers
} - {"CCF306"}
RULE = '''
from forensics.rulekit import Cite, Claim, Confidence, Guidance, Hit, NotApplicable, Severity, Source, rule

GUIDANCE = Guidance(contract="C", avoid="A", instead="I", metric="M")
COMMON = dict(severity=Severity.LOW, confidence=Confidence.LOW, any_of=frozenset({Source.TRANSCRIPT}), guidance=GUIDANCE)

@rule(code="OUR101", name="first-thing", title="First", **COMMON)
def first(case):
    """First."""
    yield NotApplicable("never")
'''
SECOND = (
    RULE
    + '''
@rule(code="OUR099", name="second-thing", title="Second", **COMMON)
def second(case, *, n: int = 1):
    """Second."""
    yield NotApplicable("never")
'''
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args):
    return CliRunner().invoke(app, [str(a) for a in args])


def documented(name):
    """Return the block of the page that begins with this file's name."""
    return re.search(rf"^```[a-z]+\n(# {re.escape(name)}\n.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]


def write(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    names = [f"./{name}.py" for name in files]
    (folder / "forensics.toml").write_text(f"rules = {json.dumps(names)}\n")


def listed(*args):
    result = run("rules", "--format", "json", *args)
    assert result.exit_code == 0, result.stderr
    return {r["code"]: r for r in json.loads(result.stdout)}


# --- the page's example ------------------------------------------------------------------------------


@pytest.fixture
def example(here):
    """The documented files, as somebody copies them."""
    for name in ("our_rules.py", "forensics.toml", "test_our_rules.py"):
        (here / name).write_text(documented(name), encoding="utf-8")
    return here


def test_the_documented_rule_finds_what_it_says(example):
    result = run("check", INCIDENT, "--config", "forensics.toml", "--format", "json")
    data = json.loads(result.stdout)
    assert result.exit_code == 1
    (found,) = (f for f in data["findings"] if f["rule"] == "OUR101")
    assert (found["severity"], found["message"]) == ("medium", "NOTES.md was written by Write")
    assert found["facts"] == {"path": "/home/dev/liv-hana/NOTES.md"}
    ((path, line),) = {(e["path"], e["line"]) for e in found["evidence"]}
    quoted = (INCIDENT / path).read_text(encoding="utf-8").split("\n")[line - 1]
    assert '"name":"Write"' in quoted
    assert "NOTES.md" in quoted
    digest = hashlib.sha256((example / "our_rules.py").read_bytes()).hexdigest()
    assert data["rules"] == [
        {"code": "OUR101", "name": "protected-file-written", "origin": "our_rules.py", "sha256": digest}
    ]
    assert data["settings"]["thresholds"] == {"OUR101": {"protected": ["NOTES.md", "DECISIONS.md"]}}
    assert not data["errors"]


def test_the_report_shows_its_finding_and_where_it_comes_from(example):
    report = run("report", INCIDENT, "--trust-config").stdout
    digest = hashlib.sha256((example / "our_rules.py").read_bytes()).hexdigest()
    section = report.partition("## ERROR CATEGORY 5: RULES OF YOUR OWN")[2].partition("\n## ")[0]
    assert "### 5.1 A file that people keep was written by an agent" in section
    assert "**NOTES.md was written by Write** (OUR101 protected-file-written, severity medium" in section
    assert f"| OUR101 | protected-file-written | `our_rules.py` | `{digest}` |" in report
    assert "Restore the file from the last commit" in report
    assert "No protected file was written by an agent: **fail** ([OUR101](#our101))" in report


def test_the_catalogue_shows_where_it_comes_from(example):
    origin = listed("--trust-config")["OUR101"]["origin"]
    assert origin["name"] == "our_rules.py"
    page = run("explain", "protected-file-written", "--trust-config").stdout
    assert f"- Origin: `our_rules.py`, sha256 `{origin['sha256']}`" in page
    assert "Writes through Bash are not seen" in page
    assert "## OUR101 protected-file-written" in run("rules", "--format", "markdown", "--trust-config").stdout


def test_the_documented_test_passes(example):
    (example / "logs").symlink_to(INCIDENT)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "test_our_rules.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=example,
        env={**os.environ, "PYTHONPATH": f"{CHECKOUT}{os.pathsep}{example}"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


# --- trust -------------------------------------------------------------------------------------------


def test_code_of_a_configuration_that_was_merely_found_does_not_run(here):
    write(here, ours="from pathlib import Path\nPath('ran').touch()\n" + RULE)
    for command in (
        ["check", INCIDENT],
        ["report", INCIDENT],
        ["sessions", INCIDENT],
        ["rules"],
        ["explain", "CCF102"],
    ):
        result = run(*command)
        assert result.exit_code == 2, command
        assert result.stderr.startswith("error: forensics.toml: rules: ./ours.py: rules are code")
        assert "--trust-config" in result.stderr
        assert "--config forensics.toml" in result.stderr
    assert not (here / "ran").exists()
    assert run("rules", "--trust-config").exit_code == 0
    assert (here / "ran").exists()


def test_naming_the_configuration_is_trusting_it(here):
    write(here, ours=RULE)
    assert "OUR101" in listed("--config", "forensics.toml")
    assert "OUR101" in listed("--config", here / "forensics.toml")


def test_thresholds_of_a_found_configuration_need_no_trust(here):
    (here / "forensics.toml").write_text("[thresholds.CCF102]\nlasting_s = 30\n")
    assert listed()["CCF102"]["thresholds"]["lasting_s"] == 30


def test_files_are_relative_to_the_configuration(here, monkeypatch):
    (here / "a" / "b").mkdir(parents=True)
    write(here / "a", ours=RULE)
    monkeypatch.chdir(here / "a" / "b")
    assert listed("--config", "../forensics.toml")["OUR101"]["origin"]["name"] == "ours.py"


# --- which rules a file offers -----------------------------------------------------------------------


def test_every_rule_of_a_file_is_taken_in_the_order_of_codes(here):
    write(here, ours=SECOND)
    codes = list(listed("--trust-config"))
    assert codes == sorted([*(r.code for r in RULES), "OUR099", "OUR101"])
    plain = run("rules", "--trust-config").stdout
    assert "OUR101\tlow\tfirst-thing\tFirst\n" in plain


def test_a_list_of_a_files_own_decides(here):
    write(here, ours=SECOND + "\nRULES = (second,)\n")
    assert {"OUR099"} == {c for c in listed("--trust-config") if c.startswith("OUR")}


def test_a_rule_of_ours_that_a_file_imports_is_not_its_own(here):
    write(here, ours=RULE + "\nfrom forensics.rules.ending.abnormal_end import abnormal_end\nagain = first\n")
    assert "OUR101" in listed("--trust-config")


def test_a_file_may_hold_dataclasses(here):
    more = "\nfrom dataclasses import dataclass, field\n@dataclass\nclass Thing:\n    a: int\n    b: 'list[int]' = field()\n"
    write(here, ours="from __future__ import annotations\n" + RULE + more)
    assert "OUR101" in listed("--trust-config")


def test_nothing_is_written_beside_a_file(here):
    write(here, ours=RULE)
    before = sorted(here.rglob("*"))
    listed("--trust-config")
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize(
    ("fault", "told"), [("1 / 0", "ZeroDivisionError"), ("__import__('sys').exit(0)", "SystemExit: 0")]
)
def test_a_rule_that_fails_is_reported_as_ours_are(here, fault, told):
    write(here, ours=RULE.replace('yield NotApplicable("never")', f"yield {fault}"))
    result = run("check", INCIDENT, "--trust-config", "--exit-zero")
    assert result.exit_code == 2
    assert f"rule OUR101 failed on session c4f74656-68ad-4973-8f53-0b862ed16d5d: {told}" in result.stderr
    assert "CCF102" in result.stdout
    assert (
        "- OUR101 on `c4f74656-68ad-4973-8f53-0b862ed16d5d`"
        in run("report", INCIDENT, "--trust-config").stdout
    )


# --- what cannot be used -----------------------------------------------------------------------------

BROKEN = {
    "a mistake of syntax": ("x = 1\ndef f(:\n", "error: ours.py, line 2: SyntaxError: "),
    "an import that fails": ("import os\n\nimport no_such_module_of_ours\n", "error: ours.py, line 3: ModuleNotFoundError"),
    "an exception": ("def f():\n    1 / 0\n\nf()\n", "error: ours.py, line 2: ZeroDivisionError: "),
    "an exit": ("import sys\nsys.exit(0)\n", "error: ours.py, line 2: SystemExit: 0"),
    "bytes that are no text": ("x = '\0'\n", "error: ours.py"),
    "no rule": ("x = 1\n", "error: ours.py: no rule found: a function with @rule"),
    "an empty list": (RULE + "RULES = ()\n", "error: ours.py: no rule found"),
    "a list that is none": (RULE + "RULES = 3\n", "error: ours.py: no rule found"),
    "a list of functions": (RULE + "RULES = (print,)\n", "error: ours.py: RULES holds a builtin_function_or_method"),
    "a code of another kind": (RULE.replace("OUR101", "our-101"), "error: ours.py, line 7: our-101: a code is two"),
    "a code with a line more": (RULE.replace("OUR101", "OUR101\\n"), "a code is two capital letters"),
    "a name of another kind": (RULE.replace("first-thing", "First Thing"), "its name 'First Thing' is not of the kind"),
    "a title of two lines": (RULE.replace('"First"', '"First\\n# x"'), "its title is not one line of text"),
    "a severity of another kind": (RULE.replace("Severity.LOW", "'low'"), "its severity is no Severity"),
    "sources of another kind": (RULE.replace("Source.TRANSCRIPT", "'x'"), "its any_of is no frozenset of Source"),
    "no source": (RULE.replace("{Source.TRANSCRIPT}", "()"), "its any_of is no frozenset of Source"),
    "no parameter": (RULE.replace("(case)", "()"), "its function takes no case"),
    "a second parameter": (RULE.replace("(case)", "(case, other)"), "its parameter other is no threshold"),
    "a threshold without default": (RULE.replace("(case)", "(case, *, n)"), "its parameter n is no threshold"),
    "a threshold of no type": (RULE.replace("(case)", "(case, *, n=None)"), "its parameter n is no threshold"),
    "any keywords": (RULE.replace("(case)", "(case, **more)"), "its parameter more is no threshold"),
    "no function": (RULE.replace("def first(case)", "class First"), "error: ours.py"),
    "a code of ours": (RULE.replace("OUR101", "CCF102"), "CCF102 is taken by CCF102 several-todos-in-progress, a rule of"),
    "a name of ours": (RULE.replace("first-thing", "orphaned-agent"), "orphaned-agent is taken by CCF403 orphaned-agent"),
    "a code twice": (SECOND.replace("OUR099", "OUR101"), "OUR101 is taken by OUR101 first-thing of ours.py"),
    "a name twice": (SECOND.replace("second-thing", "first-thing"), "first-thing is taken by OUR101 first-thing of ours"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=BROKEN)
def test_a_rule_that_cannot_be_used_is_an_error_that_names_its_file(here, text, said):
    write(here, ours=text)
    result = run("rules", "--trust-config")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ours.py")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_file_that_is_not_there(here):
    (here / "forensics.toml").write_text("rules = ['./no.py']\n")
    result = run("check", INCIDENT, "--trust-config")
    assert result.exit_code == 2
    assert result.stderr == (
        "error: no.py: No such file or directory; the configuration names it as a file with rules\n"
    )


def test_two_files_with_one_code(here):
    write(here, ours=RULE, theirs=RULE)
    result = run("rules", "--trust-config")
    assert result.exit_code == 2
    assert "theirs.py: OUR101 first-thing: OUR101 is taken by OUR101 first-thing of ours.py" in result.stderr


def test_a_mistake_of_syntax_in_an_import_does_not_name_a_line_of_the_wrong_file(here, monkeypatch):
    (here / "lib").mkdir()
    (here / "lib" / "broken_neighbour.py").write_text("\n\n\n\ndef f(:\n")
    monkeypatch.syspath_prepend(here / "lib")
    (here / "ours.py").write_text("x = 1\nimport broken_neighbour\n")
    with pytest.raises(BadRuleError, match=r"ours\.py, line 2: SyntaxError: .*broken_neighbour\.py, line 5"):
        from_files(["ours.py"], here)


# --- distributions -----------------------------------------------------------------------------------


def install(folder, name, module, text, value):
    """Lay a distribution out as an installer does."""
    folder.mkdir(exist_ok=True)
    info = folder / f"{name}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nours = {value}\n")
    (folder / f"{module}.py").write_text(text)


@pytest.mark.parametrize("value", ["{}", "{}:first", "{}:LISTED"])
def test_a_distribution_offers_rules(here, monkeypatch, value):
    module = f"pack_{len(value)}"
    install(here / "site", "team-rules", module, RULE + "LISTED = [first]\n", value.format(module))
    monkeypatch.syspath_prepend(here / "site")
    found = listed()["OUR101"]
    digest = hashlib.sha256((here / "site" / f"{module}.py").read_bytes()).hexdigest()
    assert found["origin"] == {"name": "team-rules 1.2", "sha256": digest}


def test_distributions_come_in_the_order_of_their_names(here, monkeypatch):
    for name in ("zeta", "alpha"):
        install(here / "site", f"{name}-rules", f"pack_{name}", RULE, f"pack_{name}")
    monkeypatch.syspath_prepend(here / "site")
    result = run("rules")
    assert result.exit_code == 2
    assert (
        "zeta-rules 1.2: OUR101 first-thing: OUR101 is taken by OUR101 first-thing of alpha-rules 1.2"
        in result.stderr
    )


def test_a_distribution_that_fails_is_named(here, monkeypatch):
    install(here / "site", "bad-rules", "pack_bad", "1 / 0\n", "pack_bad")
    monkeypatch.syspath_prepend(here / "site")
    result = run("check", INCIDENT)
    assert result.exit_code == 2
    assert result.stderr == "error: bad-rules 1.2 (ours = pack_bad): ZeroDivisionError: division by zero\n"


def test_the_version_is_told_without_looking_for_distributions(here, monkeypatch):
    install(here / "site", "bad-rules", "pack_bad_too", "1 / 0\n", "pack_bad_too")
    monkeypatch.syspath_prepend(here / "site")
    (here / "forensics.toml").write_text("nonsense = 1\n")
    assert run("--version").exit_code == 0
    assert run("--help").exit_code == 0
    code = "import sys, forensics.cli.app; print([m for m in ('importlib.metadata', 'tomllib', 'difflib') if m in sys.modules])"
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    ).stdout
    plain = "import sys, typer; print([m for m in ('importlib.metadata', 'tomllib', 'difflib') if m in sys.modules])"
    assert (
        loaded
        == subprocess.run(
            [sys.executable, "-c", plain], capture_output=True, text=True, check=True, env=env
        ).stdout
    )


# --- the outline -------------------------------------------------------------------------------------


def test_every_rule_of_ours_has_one_place_in_the_report():
    assert {r.topic for r in RULES} <= PLACES, (
        "a topic of the rule's stands in forensics/render/report/outline.py"
    )
    assert len(outline_of(RULES)) == len(CATEGORIES)
    assert all(t.codes for c in outline_of(RULES) for t in c.topics)


def test_rules_without_a_place_get_the_last_category(here):
    (here / "ours.py").write_text(SECOND)
    *_, category = outline_of(together(RULES, from_files(["ours.py"], here)))
    assert (category.number, category.title) == (str(len(CATEGORIES) + 1), "RULES OF YOUR OWN")
    assert [(t.number, t.title, t.codes) for t in category.topics] == [
        ("5.1", "Second", ("OUR099",)),
        ("5.2", "First", ("OUR101",)),
    ]
