r"""A text as it reads beneath its escapes, entities and colours, with the place of each character in the text itself.

Logs quote logs: JSON in JSON, an URL in a header, a page in a result, a terminal's colours in all of them. What a
secret looks like is said once, of its own characters; here what stands over them is taken off, layer by layer, and a
place found below is carried back up. A layer that nests in itself (``\\\"``, ``%2522``, ``&amp;quot;``) is one unit.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

DEEPEST = 4  # layers of different kinds over each other
# no text without one of these has a layer that hides what a mark is looked for: letters, or what stands between them
HIDING = (
    "\\u", "\\x", "%", "&", "\x1b", "\ufffd[", "\\e[", "\\033[", "</", "**", "\\_", "\\-", "\u200b", "\u00ad", "\u2060",
)  # fmt: skip
ENTITIES = {
    "amp": "&", "apos": "'", "colon": ":", "commat": "@", "dash": "-", "dollar": "$", "equals": "=", "gt": ">",
    "hyphen": "-", "lowbar": "_", "lt": "<", "nbsp": " ", "num": "#", "percnt": "%", "period": ".", "plus": "+",
    "quot": '"', "sol": "/", "Tab": "\t", "NewLine": "\n",
}  # fmt: skip
CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
LAST_ASCII = 127
# every layer begins with one of these: a search skips to them
SIGNS = "\\%&\x1b[<*\ufffd\u200b\u200c\u200d\u2060\ufeff\u00ad"
# behind the first character, which is looked back at
BETWEEN = (
    # a colour or another command to a terminal; its first character may be written out, taken away, or shown as a gap
    r"(?<=[\x1b\ufffd])\[[0-9;?]{0,20}[A-Za-z]|(?<=\\)(?<!\\\\)\\*(?:u001[bB]|x1[bB]|033|e)\[[0-9;?]{0,20}[A-Za-z]"
    r"|(?<=\x1b)\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|(?<=\[)\d{1,3}(?:;\d{1,3}){0,5}m"
    # a tag inside of a word; emphasis; a character without a width
    r"|(?<=<)/?(?:a|b|big|code|del|em|font|i|ins|kbd|mark|s|samp|small|span|strong|sub|sup|tspan|tt|u|wbr)"
    r"(?:\s[^<>]{0,200})?/?>|(?<=\*)\*|(?<=[\u200b-\u200d\u2060\ufeff\u00ad])"
)
CODED = (
    r"(?<=\\)(?<!\\\\)\\*(?:u(?:(?P<u>[0-9A-Fa-f]{4})|\{(?P<braced>[0-9A-Fa-f]{1,6})\})|x(?P<x>[0-9A-Fa-f]{2})|(?P<control>[nrtbf])"
    r"|(?P<sign>[^\w\s\\]|_))"
    r"|(?<=%)(?:25)*(?P<percent>[0-9A-Fa-f]{2})"
    r"|(?<=&)(?:amp;)*(?:(?P<entity>" + "|".join(ENTITIES) + r")|#0{0,4}(?P<number>\d{1,7})"
    r"|#[xX]0{0,4}(?P<hex>[0-9A-Fa-f]{1,6}));"
)
UNIT = re.compile(f"[{re.escape(SIGNS)}](?:(?P<between>{BETWEEN})|{CODED})")


@dataclass(frozen=True, slots=True)
class View:
    """A text, and where in the text above it each of its characters stands."""

    text: str
    above: View | None = None
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
    if not any(sign in text for sign in SIGNS):
        return
    apart, spread = _beneath(top, " ")
    if apart.above is not None:
        yield apart
    if spread:
        yield _beneath(top, "")[0]


def _beneath(view: View, between: str) -> tuple[View, bool]:
    """Take all layers off; say whether something stood between characters."""
    spread = False
    for _ in range(DEEPEST):
        below, is_spread = _decoded(view, between)
        if below is None:
            break
        view, spread = below, spread or is_spread
        if not any(sign in view.text for sign in SIGNS):
            break
    return view, spread


def _decoded(view: View, between: str) -> tuple[View | None, bool]:
    """Take one layer off; ``None`` where there is none."""
    pieces: list[str] = []
    starts: list[int] = []
    units: list[tuple[int, int, int]] = []
    at = length = 0
    spread = False
    for found in UNIT.finditer(view.text):
        start, end = found.span()
        read = _read(found, between)
        spread = spread or found.lastgroup == "between"
        pieces += (view.text[at:start], read)
        starts.append(length + start - at)
        units.append((len(read), start, end))
        length += start - at + len(read)
        at = end
    if not units:
        return None, False
    pieces.append(view.text[at:])
    return View("".join(pieces), view, starts=starts, units=units), spread


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
        case _:
            code = int(value, 10 if kind == "number" else 16)
            # what else a text is made of is no part of a secret, and stands between words or in them as itself
            return chr(code) if code <= LAST_ASCII or (kind == "u" and chr(code).isprintable()) else " "
