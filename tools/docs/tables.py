"""Write the generated parts of docs/exploring.md: ``python -m tools.docs.tables``. Columns and kinds, from the code."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from forensics.render.events.tables import TABLES
from forensics.schema import EventKind, Source

PAGE = Path(__file__).parents[2] / "docs" / "exploring.md"
GENERATED = re.compile(r"(<!-- (?P<part>[a-z]+): (?P<name>[a-z]+) -->\n).*?(?=<!-- end -->)", re.DOTALL)


def page_of(text: str) -> str:
    """Return the page with its generated parts made anew."""
    return GENERATED.sub(lambda found: found[1] + PARTS[found["part"]](found["name"]), text)


def _table(name: str) -> str:
    rows = "".join(f"| `{c.name}` | {_type(str(c.dtype))} | {c.told} |\n" for c in TABLES[name])
    return f"| column | type | what it is |\n|---|---|---|\n{rows}"


def _type(dtype: str) -> str:
    kind = dtype.partition("(")[0]
    return {
        "String": "text",
        "Datetime": "time",
        "Boolean": "yes or no",
        "Float64": "number",
    }.get(kind, "whole number")


def _words(name: str) -> str:
    words = {"kinds": EventKind, "sources": Source}[name]
    return ", ".join(f"`{word.value}`" for word in words) + "\n"


PARTS: dict[str, Callable[[str], str]] = {"table": _table, "words": _words}


if __name__ == "__main__":
    PAGE.write_text(page_of(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
