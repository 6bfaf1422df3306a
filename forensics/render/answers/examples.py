"""The rules' examples: what each says of a small piece of evidence, as packaged with the program."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import msgspec

from forensics.render.markup import code, fence
from forensics.text.controls import plain


class Example(msgspec.Struct, frozen=True):
    """One case in which a rule fires, and the names of all its cases."""

    case: str
    severity: str
    claim: str
    message: str
    lines: list[tuple[str, str]]  # place, excerpt
    fires: list[str]
    silent: list[str]


@cache
def _packaged() -> dict[str, Example]:
    data = (files("forensics.render.answers") / "examples.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, Example])


def example_lines(rule: str) -> Iterator[str]:
    """Yield the Markdown of a rule's example; nothing for a rule that has none."""
    example = _packaged().get(rule)
    if example is None:
        return
    yield "### Example"
    yield ""
    yield f"On *{_words(example.case)}* it says ({example.severity}, {example.claim}): {code(example.message)}"
    for place, excerpt in example.lines:
        marks = fence(excerpt)
        yield from ("", f"- {code(place)}", "", f"  {marks}text", f"  {plain(excerpt)}", f"  {marks}")
    yield ""
    yield f"It fires on: {'; '.join(map(_words, example.fires))}."
    yield ""
    yield f"It is silent on: {'; '.join(map(_words, example.silent))}."
    yield ""


def _words(name: str) -> str:
    return name.replace("-", " ")
