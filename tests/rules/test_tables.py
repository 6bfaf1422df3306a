"""What stands above the tables of findings: read once by people, and kept, as no sentence names it."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.analyses import analysis_of
from tests.support.places import RULE_FIXTURES, matching

KEPT = Path(__file__).with_name("table_headings.txt")


def headings():
    """Return of each case of a rule the titles and columns of its findings' tables."""
    for case in matching(RULE_FIXTURES, "*/fires/*/input"):
        code = case.relative_to(RULE_FIXTURES).parts[0]
        for finding in analysis_of(case).findings:
            for table in finding.tables if finding.rule == code else ():
                assert all(len(row) == len(table.columns) for row in table.rows), (case, table.title)
                yield f"{code}  {table.title}: {' | '.join(table.columns)}"


def test_the_headings_of_tables_are_those_that_were_read():
    said = "\n".join(sorted(set(headings()))) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        KEPT.write_text(said, encoding="utf-8")
    assert KEPT.read_text(encoding="utf-8") == said, "run with UPDATE_GOLDEN=1 and read the diff"
