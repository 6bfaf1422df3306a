"""A question in SQL, asked of tables in memory: it reads no file, reaches no network and changes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from forensics.errors import UsageError
from forensics.text.lengths import shortened

# polars' SQL reads files by functions of these names, wherever a table may stand, with any quotes and comments around
# them. So the name alone is refused, also where it is a word of a text: a harmless question can be put in other words
READERS = re.compile(
    r"(?:read|scan)_(?:csv|ipc|json|ndjson|parquet|avro|delta|excel|lines|iceberg|database)", re.IGNORECASE
)
SCAN = re.compile(r"\bSCAN \[")  # what a plan has that reads a file: for a reader that a later polars brings
ENDLESS = re.compile(r"\bRECURSIVE\b", re.IGNORECASE)  # it may ask itself without end
COMMENTS = re.compile(r"\A(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
ASKING = re.compile(r"(?:SELECT|WITH|SHOW|EXPLAIN|FROM)\b", re.IGNORECASE)
LONGEST = 300  # characters of an error


def answer(question: str, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return what a SELECT says of the tables. Raises ``UsageError`` for anything else, and for wrong SQL."""
    if not ASKING.match(question[COMMENTS.match(question).end() :]):  # type: ignore[union-attr]
        msg = f"a query begins with SELECT or WITH; SHOW TABLES lists the tables: {', '.join(tables)}"
        raise UsageError(msg)
    if reader := READERS.search(question):
        msg = f"a query reads no files: {reader[0]} is not allowed, not even as a part of a text"
        raise UsageError(msg)
    if ENDLESS.search(question):
        msg = "a query may not be RECURSIVE: it might have no end"
        raise UsageError(msg)
    context = pl.SQLContext({name: frame.lazy() for name, frame in tables.items()}, eager=False)
    try:
        plan = context.execute(question)
        if SCAN.search(plan.explain(optimized=False)):
            msg = "a query reads no files"
            raise UsageError(msg)
        return plan.collect()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, TypeError) as error:
        msg = f"the query cannot be answered: {_reason(error)}"
        raise UsageError(msg) from None


def _reason(error: BaseException) -> str:
    """Return the part of polars' message that tells of the query; behind it come plans and advice."""
    first = str(error).partition("\n\n")[0]
    # it may quote values: `##[name]` is an order to what runs a build, wherever it stands
    return shortened(" ".join(first.split()), LONGEST).replace("##", "#\ufffd#")
