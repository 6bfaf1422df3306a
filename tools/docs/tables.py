"""Write the generated parts of docs/exploring.md: ``python -m tools.docs.tables``. Columns and kinds, from the code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from forensics.render.events.tables import TABLES
from forensics.schema import EventKind, Source
from forensics.schema.meanings import COLUMNS, MEANINGS, Meaning

PAGE = Path(__file__).parents[2] / "docs" / "exploring.md"
GENERATED = re.compile(r"(<!-- (?P<part>[a-z]+): (?P<name>[a-z]+) -->\n).*?(?=<!-- end -->)", re.DOTALL)


def page_of(text: str) -> str:
    """Return the page with its generated parts made anew."""
    return GENERATED.sub(lambda found: found[1] + PARTS[found["part"]](found["name"]), text)


def _table(name: str) -> str:
    rows = "".join(f"| `{c.name}` | {_type(str(c.dtype))} | {c.told} |\n" for c in TABLES[name])
    return f"| column | type | what it is |\n|---|---|---|\n{rows}"


def _meanings(_: str) -> str:
    rows = "".join(f"| `{kind}` | {m.told} | {_columns(m)} |\n" for kind, m in _by_kind())
    return f"| kind | what happened | columns of its own |\n|---|---|---|\n{rows}"


def _by_kind() -> Iterator[tuple[EventKind, Meaning]]:
    return ((kind, MEANINGS[kind]) for kind in EventKind if kind in MEANINGS)


def _columns(meaning: Meaning) -> str:
    """Put the columns of a kind into one cell, in the order in which tables show them."""
    own = [name for name in COLUMNS if name in meaning.columns]
    return "<br>".join(f"`{name}`: {meaning.columns[name]}" for name in own)


def _type(dtype: str) -> str:
    kind = dtype.partition("(")[0]
    return {
        "String": "text",
        "Datetime": "time",
        "Boolean": "yes or no",
        "Float64": "number",
    }.get(kind, "whole number")


def _words(name: str) -> str:
    words = {"sources": Source}[name]
    return ", ".join(f"`{word.value}`" for word in words) + "\n"


PARTS: dict[str, Callable[[str], str]] = {"table": _table, "meanings": _meanings, "words": _words}


if __name__ == "__main__":
    PAGE.write_text(page_of(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
