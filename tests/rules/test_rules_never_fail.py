"""No rule raises for what a log says: records with fields missing, of another type, out of order, or said twice."""

from __future__ import annotations

import copy
import json
import random
import re
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.errors import NothingReadableError
from forensics.render.answers.console import to_text
from forensics.render.answers.json_report import to_json
from forensics.render.report.markdown import to_markdown
from tests.support.places import RULE_FIXTURES, matching

# cases that are read and judged within a moment; hypothesis runs dozens
MOST_BYTES = 20_000
CASES = sorted(
    case
    for case in matching(RULE_FIXTURES, "*/fires/*/input")
    if sum(p.stat().st_size for p in case.rglob("*") if p.is_file()) < MOST_BYTES
)
ODD = [
    None, True, 0, -1, 0.5, 10**30, -(10**30), 2**64, 1e300, "", "text", "\n", [], [None], {}, {"a": {"b": []}}, [{}],
    "\ud800", "x" * 5000, "\x1b[31m\x00", "-1", "9" * 40, "completed", "2025-10-21T07:00:00.000Z", "yesterday",
    "9999-12-31T23:59:59Z", "|", "http://[::1", "\u202e",
]  # fmt: skip
ODD_WORDS = [
    "",
    "None",
    "[]",
    "-1",
    "9" * 30,
    "1e999",
    "x" * 3000,
    "\x1b[31m",
    "''",
    "|",
    "http://[",
    "\u2028",
]


def places_in(value, path=()):
    """Yield the place of each field below a record."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*path, key)
        yield from places_in(part, (*path, key))


def changed_record(record, dice):
    """Take a field away, give it an odd value, or repeat what it holds."""
    record = copy.deepcopy(record)
    places = list(places_in(record))
    if not places:
        return record
    *path, last = dice.choice(places)
    parent = record
    for key in path:
        parent = parent[key]
    match dice.randrange(4):
        case 0:
            del parent[last]
        case 1:
            parent[last] = [parent[last]] * dice.choice([0, 2, 50])
        case _:
            parent[last] = dice.choice(ODD)
    return record


def changed_line(line, dice):
    try:
        return json.dumps(changed_record(json.loads(line), dice))
    except ValueError:
        words = line.split(" ")
        words[dice.randrange(len(words))] = dice.choice(ODD_WORDS)
        return " ".join(words) if dice.random() < 0.7 else line[: dice.randrange(len(line) + 1)]


def changed_text(text, dice):
    lines = text.split("\n")
    for _ in range(dice.choice([1, 1, 3, len(lines)])):
        n = dice.randrange(len(lines))
        lines[n] = changed_line(lines[n], dice)
    match dice.randrange(10):
        case 0:
            dice.shuffle(lines)
        case 1:
            lines += lines
        case 2:
            lines = lines[: dice.randrange(1, len(lines) + 1)]
        case 3:
            lines.reverse()
    text = "\n".join(lines)
    match dice.randrange(12):
        case 0:
            text = re.sub(r'"timestamp": ?"[^"]*",?', "", text)
        case 1:
            text = re.sub(r'"(tool_use_id|id|uuid)": ?"[^"]*"', r'"\1":"same"', text)
        case 2:
            text = re.sub(r"20\d\d-\d\d-\d\d(.)\d\d:\d\d:\d\d", r"2025-10-21\g<1>07:00:00", text)
    return text


def changed(case, place, dice):
    for path in sorted(case.rglob("*")):
        if path.is_file():
            target = place / path.relative_to(case)
            target.parent.mkdir(parents=True, exist_ok=True)
            text = changed_text(path.read_text(encoding="utf-8", errors="replace"), dice)
            with target.open("ab") as file:  # two cases may have one session: then it is both
                file.write(text.encode("utf-8", "surrogatepass"))


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.sampled_from(CASES), min_size=1, max_size=3), st.integers(0, 2**32))
def test_no_rule_fails_whatever_a_record_says(tmp_path_factory, cases, seed):
    place = tmp_path_factory.mktemp("changed")
    dice = random.Random(seed)  # noqa: S311 - the same in every run
    for case in cases:
        changed(case, place, dice)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            analysis = analyse(Request([place]))
        except NothingReadableError:
            return
    assert analysis.errors == ()
    json.loads(to_json(analysis))
    (to_text(analysis) + to_markdown(analysis)).encode()


def test_a_voice_call_of_an_unknown_process_is_compared_without_a_word(tmp_path):
    """A comparison with nothing is a warning of the data library, which would stand on the user's terminal."""
    case = RULE_FIXTURES / "CCF411/silent/call-without-end-and-no-lock/input"
    for path in case.rglob("*"):
        if path.is_file():
            target = tmp_path / path.relative_to(case)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(re.sub(r'"pid": ?\d+', '"pid": null', path.read_text(encoding="utf-8")))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert analyse(Request([tmp_path])).errors == ()


@pytest.mark.parametrize("case", CASES[::20], ids=lambda c: "-".join(c.parts[-4:-1]))
def test_no_rule_fails_for_records_that_stand_backwards(tmp_path, case):
    for path in case.rglob("*"):
        if path.is_file():
            target = tmp_path / path.relative_to(case)
            target.parent.mkdir(parents=True, exist_ok=True)
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            target.write_text("\n".join(reversed(lines)), encoding="utf-8")
    try:
        assert analyse(Request([tmp_path])).errors == ()
    except NothingReadableError:
        return
