r"""A text as it reads beneath its escapes, entities and colours, with the place of each character in the text itself.

Logs quote logs: JSON in JSON, an URL in a header, a page in a result, a terminal's colours in all of them. What a
secret looks like is said once, of its own characters; here what stands over them is taken off, layer by layer, and a
place found below is carried back up. A layer that nests in itself (``\\\"``, ``%2522``, ``&amp;quot;``) is one unit.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

DEEPEST = 4  # layers of different kinds over each other
# no text without one of these has a layer that hides what a mark is looked for: letters, or what stands between them
HIDING = (
    "\\u", "\\x", "%", "&", "\x1b", "\ufffd[", "\\e[", "\\033[", "</", "**", "\\_", "\\-", "\u200b", "\u00ad", "\u2060",
)  # fmt: skip
LAST_ASCII = 127
# a colour or another command to a terminal; its first character may have been taken away, or shown as a gap
COLOUR = (
    r"(?:[\x1b\ufffd]|(?<!\\)\\+(?:u001[bB]|x1[bB]|033|e))\[[0-9;?]{0,20}[A-Za-z]|\x1b\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)"
    r"|\[\d{1,3}(?:;\d{1,3}){0,5}m"
)
UNSEEN = "[\u200b-\u200d\u2060\ufeff\u00ad]"  # characters without a width
TAG = (
    r"</?(?:a|b|big|code|del|em|font|i|ins|kbd|mark|s|samp|small|span|strong|sub|sup|tspan|tt|u|wbr)"
    r"(?:\s[^<>]{0,200})?/?>"
)
ENTITIES = {
    "amp": "&", "apos": "'", "colon": ":", "commat": "@", "dash": "-", "dollar": "$", "equals": "=", "gt": ">",
    "hyphen": "-", "lowbar": "_", "lt": "<", "nbsp": " ", "num": "#", "percnt": "%", "period": ".", "plus": "+",
    "quot": '"', "sol": "/", "Tab": "\t", "NewLine": "\n",
}  # fmt: skip
CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
CODED = (
    r"(?<!\\)\\+(?:u\{?0{2,4}(?P<u>[0-7][0-9A-Fa-f])\}?|x(?P<x>[0-7][0-9A-Fa-f])|(?P<control>[nrtbf])"
    r"|(?P<sign>[^\w\s\\]|_))"
    r"|%(?:25)*(?P<percent>[0-7][0-9A-Fa-f])"
    r"|&(?:amp;)*(?:(?P<entity>" + "|".join(ENTITIES) + r")|#0{0,4}(?P<number>\d{1,3})"
    r"|#[xX]0{0,4}(?P<hex>[0-7]?[0-9A-Fa-f]));"
)
SPREADING = rf"(?P<between>{COLOUR}|{UNSEEN}|{TAG}|\*\*)"
UNIT = re.compile(f"{SPREADING}|{CODED}")


@dataclass(frozen=True, slots=True)
class View:
    """A text, and where in the text above it each of its characters stands."""

    text: str
    above: View | None = None
    is_joined: bool = False  # what stood between characters is gone: words may be one that are two
    # of each unit that is read as one character or none: where it begins here; that, and its begin and end above
    starts: list[int] = field(default_factory=list)
    units: list[tuple[int, int, int]] = field(default_factory=list)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the uppermost text of what stands here from ``start`` to ``end``, which is behind it."""
        if self.above is None:
            return start, end
        return self.above.span(self._up(start)[0], self._up(end - 1)[1])

    def _up(self, at: int) -> tuple[int, int]:
        """Return where one character begins and ends in the text above."""
        n = bisect_right(self.starts, at) - 1
        if n < 0:
            return at, at + 1
        width, start, end = self.units[n]
        behind = at - self.starts[n] - width
        return (start, end) if behind < 0 else (end + behind, end + behind + 1)


def views(text: str) -> Iterator[View]:
    """Yield the text, then what stands beneath its layers: with a space for each colour and tag, and without them."""
    top = View(text)
    yield top
    if UNIT.search(text) is None:
        return
    apart = _beneath(top, " ")
    if apart.text != text:
        yield apart
    joined = replace(_beneath(top, ""), is_joined=True)
    if joined.text != apart.text:
        yield joined


def _beneath(view: View, between: str) -> View:
    for _ in range(DEEPEST):
        below = _decoded(view, between)
        if below is None:
            break
        view = below
    return view


def _decoded(view: View, between: str) -> View | None:
    """Take one layer off; ``None`` where there is none."""
    pieces: list[str] = []
    starts: list[int] = []
    units: list[tuple[int, int, int]] = []
    at = length = 0
    for found in UNIT.finditer(view.text):
        start, end = found.span()
        read = _read(found, between)
        pieces.append(view.text[at:start])
        pieces.append(read)
        starts.append(length + start - at)
        units.append((len(read), start, end))
        length += start - at + len(read)
        at = end
    if not units:
        return None
    pieces.append(view.text[at:])
    return View("".join(pieces), view, starts=starts, units=units)


def _read(found: re.Match[str], between: str) -> str:
    kind, value = found.lastgroup or "", found[found.lastgroup or 0]
    match kind:
        case "between":
            return between
        case "control":
            return CONTROLS[value]
        case "sign":
            return value
        case "entity":
            return ENTITIES[value]
        case "number":
            return chr(int(value)) if int(value) <= LAST_ASCII else " "
        case _:
            return chr(int(value, 16))
