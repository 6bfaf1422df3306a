"""Short names of files tell each from every other; links to evidence are ranges only where numbers follow each other."""

from __future__ import annotations

import pytest

from forensics.render.references import ShortNames, links

NAMES = ("a/x/log.txt", "b/x/log.txt", "b/only.txt", "log.txt")


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("a/x/log.txt", "a/x/log.txt"),
        ("b/only.txt", "only.txt"),
        ("log.txt", "log.txt"),
        ("other.txt", "other.txt"),
    ],
)
def test_a_short_name_is_the_end_that_no_other_file_has(name, short):
    assert ShortNames(NAMES).of(name) == short


def test_names_are_short_where_they_can_be_and_never_shared():
    names = ("p/one/agent.jsonl", "p/two/agent.jsonl", "p/two/main.jsonl")
    short = [ShortNames(names).of(n) for n in names]
    assert short == ["one/agent.jsonl", "two/agent.jsonl", "main.jsonl"]


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ([], ""),
        (["E2"], "[E2](#e2)"),
        (["E3", "E1", "E2"], "[E1](#e1), [E2](#e2), [E3](#e3)"),
        (["E1", "E2", "E3", "E4", "E9", "E10"], "[E1](#e1) to [E4](#e4), [E9](#e9), [E10](#e10)"),
    ],
)
def test_links(numbers, told):
    assert links(numbers) == told
