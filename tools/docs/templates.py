"""Write the tables of docs/templates.md: ``python -m tools.docs.templates``. What a template may name, from the code.

A template's names are the fields of a few dataclasses; their docstrings and the comments behind their fields
are the documentation. Nothing is said twice, and nothing can be forgotten.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
import typing
from collections.abc import Iterator
from enum import Enum
from functools import cached_property
from pathlib import Path

from forensics.analysis.model import Analysis
from forensics.render.report.views import Incident

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs" / "templates.md"
TEMPLATES = CHECKOUT / "templates"
GENERATED = re.compile(r"(<!-- (?P<part>names|files) -->\n).*?(?=<!-- end -->)", re.DOTALL)
# what a template gets by name, and what is no use to it: a case is for rules
ROOTS = (Incident, Analysis)
INNER = frozenset({"Case", "FailureGraph", "Rule", "Coverage"})


def page_of(text: str) -> str:
    """Return the page with its generated parts made anew."""
    parts = {"names": names(), "files": files()}
    return GENERATED.sub(lambda found: found[1] + parts[found["part"]], text)


def files() -> str:
    """Return the list of templates, each with the comment that it begins with."""
    found = sorted(p for p in TEMPLATES.rglob("*") if p.is_file())
    return "".join(f"- `{p.relative_to(TEMPLATES).as_posix()}`{_about(p)}\n" for p in found)


def _about(template: Path) -> str:
    comment = re.match(
        r"(?:\{#-?|/\*|//)\s*(.*?)\s*(?:-?#\}|\*/|\n)", template.read_text(encoding="utf-8"), re.DOTALL
    )
    return f": {' '.join(comment[1].split()).rstrip('.')}" if comment else ""


def names() -> str:
    """Return a section for each type that a template meets, in the order in which it meets them."""
    return "\n".join("\n".join(_section(kind)) for kind in _met())


def _met() -> list[type]:
    met: dict[str, type] = {}
    waiting: list[type] = list(ROOTS)
    while waiting:
        kind = waiting.pop(0)
        if kind.__name__ in met:
            continue
        met[kind.__name__] = kind
        hints = typing.get_type_hints(kind)
        inner = (one for f in _fields(kind) for one in _types(hints[f.name]))
        waiting += [one for one in inner if one.__name__ not in INNER]
    return list(met.values())


def _fields(kind: type) -> tuple[dataclasses.Field[object], ...]:
    return tuple(f for f in dataclasses.fields(kind) if not f.name.startswith("_"))


def _types(hint: object) -> Iterator[type]:
    """Yield the dataclasses of ours that a type is made of."""
    for part in typing.get_args(hint):
        yield from _types(part)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and hint.__module__.startswith("forensics"):
        yield hint


def _section(kind: type) -> Iterator[str]:
    yield f"### {kind.__name__}"
    yield ""
    yield inspect.cleandoc(kind.__doc__ or "").replace("``", "`")
    yield ""
    yield "| name | type | what it is |"
    yield "|---|---|---|"
    comments = _comments(kind)
    for field in _fields(kind):
        yield f"| `{field.name}` | {_written(field.type)} | {comments.get(field.name, '')} |"
    for name, told in _properties(kind):
        yield f"| `{name}` | | {told} |"
    yield ""


def _written(annotation: object) -> str:
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    return f"`{' '.join(text.split())}`".replace("|", "\\|")


def _comments(kind: type) -> dict[str, str]:
    """Return the comments that stand behind the fields of a class, by field."""
    source = textwrap.dedent(inspect.getsource(kind))
    lines = source.splitlines()
    body = ast.parse(source).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - the source of a class is one
    told = {}
    for node in body.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            _, mark, comment = lines[(node.end_lineno or node.lineno) - 1].partition("  # ")
            told[node.target.id] = _sentence(comment) if mark else ""
    return told


def _sentence(comment: str) -> str:
    text = comment.strip().replace("|", "\\|")
    return text[:1].upper() + text[1:]


def _properties(kind: type) -> Iterator[tuple[str, str]]:
    for name, member in vars(kind).items():
        if (
            isinstance(member, (property, cached_property))
            and not name.startswith("_")
            and not issubclass(kind, Enum)
        ):
            told = inspect.cleandoc(member.__doc__ or "").partition("\n")[0]
            yield name, told.removeprefix("Return ").rstrip(".").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page_of(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
