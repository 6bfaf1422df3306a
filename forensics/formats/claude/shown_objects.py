"""Objects that a program prints over lines, as JSON or as Node shows them (``util.inspect``), among other lines.

Node leaves names bare and quotes texts in any of three ways; what it does not show it names (``[Object]``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

QUOTED = r"'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n]|\\.)*+\"|`(?:[^`\\]|\\.)*+`"
STEPS = re.compile(rf"{QUOTED}|[{{}}\[\]]")
TOKEN = re.compile(rf"(?P<text>{QUOTED})|(?P<mark>[{{}}\[\],:])|(?P<word>[^\s{{}}\[\],:'\"`]+)|\s+")
JOINS = "+"  # a long text is shown in parts
GAP = ", \t\r[]"  # what stands around the objects of an array
LITERALS: dict[str, object] = {"true": True, "false": False, "null": None, "undefined": None, "NaN": None}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}
ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
DEEPEST = 60
MOST_LINES = 20_000  # of one object: what is longer never ended


class Shown(NamedTuple):
    """An object's text with its line ends, or a line that belongs to none."""

    line: int  # its first
    text: str
    is_object: bool
    is_whole: bool = True

    @property
    def lines(self) -> int:
        """Return how many lines it stands on."""
        return self.text.count("\n") + 1


def objects_in(lines: Iterable[tuple[int, str]]) -> Iterator[Shown]:
    """Yield the objects of numbered lines, and each other line, in order. An object begins its line."""
    held: list[str] = []
    first = depth = 0
    for number, line in lines:
        lead = line.lstrip(GAP)
        if not held and not lead.startswith("{"):
            yield Shown(number, line, is_object=False)
            continue
        if not held:
            first = number
        held.append(lead if not held else line)
        depth += _depth(held[-1])
        if depth <= 0:
            yield Shown(first, "\n".join(held), is_object=True)
            held, depth = [], 0
        elif len(held) >= MOST_LINES:
            yield Shown(first, "\n".join(held), is_object=True, is_whole=False)
            held, depth = [], 0
    if held:
        yield Shown(first, "\n".join(held), is_object=True, is_whole=False)


def _depth(line: str) -> int:
    """Return how much deeper a line ends than it begins. An array around the objects ends behind the last of them."""
    marks = [token[0] for token in STEPS.finditer(line) if token[0] in "{}[]"]
    depth = 0
    for mark in marks:
        depth += 1 if mark in "{[" else -1
    return depth


def value_of(text: str) -> object:
    """Return the value of an object's text; null where it is neither JSON nor what Node shows."""
    try:
        decoded: object = msgspec.json.decode(text.encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return _Reader(text).read()
    return decoded


class _Reader:
    """Reads what Node shows of one value."""

    def __init__(self, text: str) -> None:
        found = (m for m in TOKEN.finditer(text) if m.lastgroup)
        self._tokens = [(m.lastgroup or "", m[0]) for m in found]
        self._at = 0

    def read(self) -> object:
        """Return the value, as far as it goes."""
        try:
            return self._value(0)
        except (IndexError, ValueError):
            return None

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _value(self, depth: int) -> object:
        kind, shown = self._next()
        if depth > DEEPEST:
            raise ValueError(shown)
        if shown == "{" and kind == "mark":
            return self._object(depth)
        if shown == "[" and kind == "mark":
            return self._array(depth)
        if kind == "text":
            return self._text(shown)
        return LITERALS.get(shown, _number(shown))

    def _text(self, token: str) -> str:
        parts = [_unquoted(token)]
        while self._tokens[self._at : self._at + 1] == [("word", JOINS)]:
            parts.append(_unquoted(self._tokens[self._at + 1][1]))
            self._at += 2
        return "".join(parts)

    def _object(self, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        while True:
            kind, shown = self._next()
            if shown == "}" and kind == "mark":
                return found
            if kind == "mark":
                continue
            if self._tokens[self._at] == ("mark", ":"):
                self._at += 1
                found[_unquoted(shown) if kind == "text" else shown] = self._value(depth + 1)

    def _array(self, depth: int) -> list[object]:
        found: list[object] = []
        while True:
            kind, shown = self._tokens[self._at]
            if (kind, shown) == ("mark", "]"):
                self._at += 1
                return found
            if (kind, shown) == ("mark", ","):
                self._at += 1
                continue
            found.append(self._value(depth + 1))


def _number(token: str) -> object:
    plain = token.rstrip("n")  # of a bigint
    try:
        return int(plain) if re.fullmatch(r"-?\d+", plain) else float(plain)
    except ValueError:
        return token


def _unquoted(token: str) -> str:
    return ESCAPED.sub(_unescaped, token[1:-1]) if token[:1] in "'\"`" else token


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else ESCAPES.get(found[3], found[3])
