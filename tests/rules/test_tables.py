"""The tables of findings: read once by people, and kept, as no sentence of an expectation names what they say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forensics.rules import RULES
from tests.support.analyses import analysis_of
from tests.support.places import RULE_FIXTURES, matching

KEPT = Path(__file__).with_name("tables.txt")


def tables(code):
    """Yield the tables of a rule's findings, over all its cases, each as a line."""
    for case in matching(RULE_FIXTURES, f"{code}/fires/*/input"):
        for finding in analysis_of(case).findings:
            for table in finding.tables if finding.rule == code else ():
                assert all(len(row) == len(table.columns) for row in table.rows), (case, table.title)
                lines = (" | ".join(cells) for cells in (table.columns, *table.rows))
                yield f"{code}  {case.parent.name}  {table.title}: {' / '.join(lines)}"


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_the_tables_are_those_that_were_read(code):
    said, kept = set(tables(code)), set(KEPT.read_text(encoding="utf-8").splitlines())
    if os.environ.get("UPDATE_GOLDEN"):
        kept = {line for line in kept if not line.startswith(f"{code}  ")} | said
        KEPT.write_text("\n".join(sorted(kept)) + "\n", encoding="utf-8")
    assert {line for line in kept if line.startswith(f"{code}  ")} == said, (
        "UPDATE_GOLDEN=1, and read the diff"
    )
