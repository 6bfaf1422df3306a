"""The cases that the laws of rules are tried on: what fires, the smallest first."""

from __future__ import annotations

import re

import pytest

from forensics.rules import RULES
from tests.support.analyses import analysis_of
from tests.support.places import RULE_FIXTURES

SESSION_OR_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)


def by_size(code):
    """Return the firing cases of a rule, the smallest first."""
    return sorted(
        RULE_FIXTURES.glob(f"{code}/fires/*/input"),
        key=lambda c: (sum(p.stat().st_size for p in files_of(c)), c),
    )


def files_of(folder):
    return sorted(p for p in folder.rglob("*") if p.is_file())


def can_be_told_apart(folder):
    """Say whether a case names a session or a time. What a terminal shows does neither: two copies of it are one."""
    return any(
        SESSION_OR_TIME.search(f"{path} {path.read_text('utf-8', 'replace')}") for path in files_of(folder)
    )


def smallest(code):
    cases = by_size(code)
    return next((c for c in cases if can_be_told_apart(c)), cases[0])


CASES = {r.code: smallest(r.code) for r in RULES if by_size(r.code)}
# rules that fire in the case of another rule as well: an analysis runs all of them, and takes its time
ELSEWHERE = {
    "CCF101": "CCF301",
    "CCF102": "CCF302",
    "CCF104": "CCF301",
    "CCF201": "CCF209",
    "CCF202": "CCF209",
    "CCF204": "CCF209",
    "CCF212": "CCF205",
    "CCF305": "CCF302",
    "CCF401": "CCF209",
    "CCF403": "CCF406",
    "CCF404": "CCF406",
    "CCF405": "CCF302",
    "CCF901": "CCF209",
    "CCF902": "CCF209",
}
FEW = {code: folder for code, folder in CASES.items() if code not in ELSEWHERE}
every_case = pytest.mark.parametrize("folder", FEW.values(), ids=FEW)


def plain(folder):
    return analysis_of(folder)


def copied(folder, target, change=lambda text: text, rename=lambda name: name):
    for path in files_of(folder):
        place = target / rename(str(path.relative_to(folder)))
        place.parent.mkdir(parents=True, exist_ok=True)
        data = path.read_bytes()
        try:
            place.write_bytes(change(data.decode()).encode())
        except UnicodeDecodeError:
            place.write_bytes(data)
    return target
