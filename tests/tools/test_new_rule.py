"""A new rule that the tool lays out: it has every part of a rule, passes the checks, and judges nothing yet."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.support.places import CHECKOUT
from tools.new_rule import main

NEEDED = ("forensics", "templates", "tools")
FILES = ("pyproject.toml", "CHANGELOG.md", "Makefile")
SHAPE = (
    "rules/test_rules_are_well_formed.py",
    "rules/test_words.py",
)  # what holds for every rule by its shape
TESTS = ("rules/test_rule_fixtures.py", *SHAPE, "support/analyses.py", "support/places.py")
# what mypy knows of the libraries, it need not find out for each copy
CACHE = ("--cache-dir", str(CHECKOUT / ".mypy_cache"))


@pytest.fixture
def tree(tmp_path):
    """The part of the checkout that the tool and the checks look at."""
    for name in NEEDED:
        shutil.copytree(CHECKOUT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(CHECKOUT / name, tmp_path / name)
    for name in TESTS:
        (tmp_path / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / "tests" / name, tmp_path / "tests" / name)
    return tmp_path


def at(tree, *command):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "PYTHONPATH"))}
    return subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=tree,
        env=env,
        timeout=300,
    )


def changed(tree):
    """Map what differs from the checkout to its bytes."""
    return {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in tree.rglob("*")
        if path.is_file() and not (CHECKOUT / path.relative_to(tree)).is_file()
    }


def listed(tree):
    text = (tree / "forensics" / "rules" / "__init__.py").read_text()
    return re.findall(r"^from forensics\.rules\.(\w+\.\w+) import (\w+)$", text, re.MULTILINE), re.findall(
        r"^    (\w+),$", text, re.MULTILINE
    )


def test_every_part_is_laid_out_and_registered_in_order(tree, capsys):
    before, _ = listed(tree)
    assert main(["repeated-coffee", "CCF497"], tree) == 0
    said = capsys.readouterr().out
    assert "CCF497 repeated-coffee is laid out" in said
    assert set(changed(tree)) == {
        "forensics/rules/operations/repeated_coffee.py",
        "forensics/rules/operations/repeated_coffee.toml",
        *(
            f"fixtures/rules/CCF497/{kind}/example/{rest}"
            for kind in ("fires", "silent")
            for rest in (
                "expected.json",
                "input/.claude/projects/-home-dev-project/5e551011-0000-4000-8000-000000000001.jsonl",
            )
        ),
    }
    imports, rules = listed(tree)
    assert set(imports) == {*before, ("operations.repeated_coffee", "repeated_coffee")}
    code = "from forensics.rules import RULES; print(*[r.code for r in RULES])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tree)
    codes = done.stdout.split()
    assert "CCF497" in codes
    assert codes == sorted(codes)
    assert len(rules) == len(codes)


@pytest.mark.whole
def test_what_is_laid_out_passes_the_checks_and_its_fixture_waits_for_the_rule(tree):
    assert main(["repeated-coffee", "CCF497"], tree) == 0
    for check in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy", *CACHE]):
        done = at(tree, *check)
        assert done.returncode == 0, done.stdout + done.stderr
    quiet = ("pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-p", "no:randomly")
    done = at(tree, *quiet, *(f"tests/{name}" for name in SHAPE))
    assert done.returncode == 0, done.stdout + done.stderr
    done = at(tree, *quiet, "tests/rules/test_rule_fixtures.py", "-k", "CCF497")
    failed = re.findall(r"^FAILED tests/rules/test_rule_fixtures\.py::(\S+)", done.stdout, re.MULTILINE)
    assert failed == ["test_fires[CCF497/fires/example]"], done.stdout + done.stderr
    assert "9 passed" in done.stdout


@pytest.mark.parametrize("given", [[], [""], ["CCF4"], ["ccf4"]])
def test_the_next_code_of_a_series_is_taken(tree, capsys, given):
    mentioned = {
        code
        for path in (
            *tree.glob("forensics/rules/*/*.py"),
            tree / "CHANGELOG.md",
        )
        for code in re.findall(r"CCF4\d\d", path.read_text())
    }
    assert main(["repeated-coffee", *given], tree) == 0
    code = f"CCF{max(int(c[3:]) for c in mentioned) + 1}"
    assert f"{code} repeated-coffee" in capsys.readouterr().out
    assert (
        f'code="{code}"' in (tree / "forensics" / "rules" / "operations" / "repeated_coffee.py").read_text()
    )


def test_a_series_without_rules_begins_with_one(tree):
    room = tree / "forensics" / "rules" / "kitchen"
    room.mkdir()
    (room / "__init__.py").write_text('"""7xx: what is drunk meanwhile."""\n')
    assert main(["repeated-coffee", "CCF7"], tree) == 0
    assert (tree / "fixtures" / "rules" / "CCF701" / "fires").is_dir()
    assert (room / "repeated_coffee.toml").is_file()


def test_a_long_name_is_imported_as_the_formatter_writes_it(tree):
    name = "very-long-name-of-a-rule-about-coffee-that-runs-out"
    assert main([name], tree) == 0
    done = at(tree, "ruff", "format", "--check", "forensics/rules")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([""], "a name is two small words or more"),
        ([], "a name is two small words or more"),
        (["coffee"], "a name is two small words or more"),
        (["Repeated-Coffee"], "a name is two small words or more"),
        (["../repeated-coffee"], "a name is two small words or more"),
        (["orphaned-agent"], "orphaned-agent: there is such a rule: CCF403"),
        (["repeated-coffee", "CCF403"], "CCF403: there is, or was, a rule of this code"),
        (["repeated-coffee", "CCF477"], "CCF477: there is, or was, a rule of this code"),
        (["repeated-coffee", "CCF3000"], "CCF3000: a code is CCF and three digits"),
        (["repeated-coffee", "OUR101"], "OUR101: a code is CCF and three digits"),
        (["repeated-coffee", "CCF6"], "CCF6: this series has no number left"),
        (["repeated-coffee", "CCF8"], "CCF801: no folder of forensics/rules/ is for 8xx"),
    ],
)
def test_what_exists_or_is_none_is_refused(tree, capsys, arguments, said):
    with (tree / "CHANGELOG.md").open("a") as changelog:
        changelog.write("- `CCF477` retired-rule and `CCF699` another are gone\n")
    before = changed(tree), listed(tree)
    assert main(arguments, tree) == 2
    assert said in capsys.readouterr().err
    assert (changed(tree), listed(tree)) == before


def test_a_register_of_another_shape_is_refused_before_anything_is_written(tree, capsys):
    register = tree / "forensics" / "rules" / "__init__.py"
    register.write_text(register.read_text().replace("    abnormal_end,\n", ""))
    before = changed(tree)
    assert main(["repeated-coffee"], tree) == 2
    assert "is not one block of imports and one tuple of all rules" in capsys.readouterr().err
    assert changed(tree) == before


def test_the_fixtures_are_sessions(tree):
    assert main(["repeated-coffee", "CCF497"], tree) == 0
    for log in (tree / "fixtures").rglob("*.jsonl"):
        records = [json.loads(line) for line in log.read_text().splitlines()]
        assert [r["parentUuid"] for r in records] == [None, *(r["uuid"] for r in records[:-1])]


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_has_the_target():
    done = subprocess.run(
        ["make", "-n", "new-rule", "NAME=repeated-coffee"],
        capture_output=True,
        text=True,
        check=False,
        cwd=CHECKOUT,
    )
    assert 'python -m tools.new_rule "repeated-coffee" ""' in done.stdout
