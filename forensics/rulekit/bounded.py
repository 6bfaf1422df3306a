"""A hit with nothing in it longer than a reader, or a program's column, can take."""

from __future__ import annotations

from dataclasses import replace

from forensics.schema.finding import FactValue, Hit, Statement, Table
from forensics.text.lengths import CELL, FACT, MESSAGE, SENTENCE, shortened


def bounded(hit: Hit) -> Hit:
    """Return the hit with nothing in it longer than a reader, or a program's column, can take.

    Its subject stays: only a digest of it is printed.
    """
    return replace(
        hit,
        message=shortened(hit.message, MESSAGE),
        facts={key: _fact(value) for key, value in hit.facts.items()},
        statements=tuple(_statement(s) for s in hit.statements),
        tables=tuple(_table(t) for t in hit.tables),
    )


def _statement(said: Statement) -> Statement:
    if max(len(said.text), len(said.settled_by)) <= SENTENCE:
        return said
    return replace(said, text=shortened(said.text, SENTENCE), settled_by=shortened(said.settled_by, SENTENCE))


def _table(table: Table) -> Table:
    rows = tuple(tuple(shortened(cell, CELL) for cell in row) for row in table.rows)
    return replace(table, title=shortened(table.title, CELL), rows=rows)


def _fact(value: FactValue) -> FactValue:
    if isinstance(value, str):
        return shortened(value, FACT)
    if isinstance(value, list):
        return [_fact(one) for one in value]
    if isinstance(value, dict):
        return {shortened(key, CELL): _fact(one) for key, one in value.items()}
    return value
