"""JSON records however they are laid out: each becomes one line again, under the number of its first line.

A client's records are handed over as an array (on one line, or printed with an indent), as one object over many
lines, one behind the other as ``jq`` prints them, or several on a line. Nothing of that is a format's business.
Other JSON, and whatever stands between, stays the lines that it is. A record that is cut off or broken by other
output is given as far as it goes: its lines are accounted for together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

GAP = re.compile(rb"[\s,\[\]]*+")
# words may stand before a value, where nothing but its bracket is left of the line
LED = re.compile(rb"[^\"{}]*[^\"{}\w](?=\{\s*$)")
TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\]"]')
# how a line begins that was printed inside of a value
INSIDE = re.compile(rb'\s*(?:[{}\[\],"]|-?\d|true\b|false\b|null\b|$)')
# an object that holds records in a list: what may stand before them, on their line or on lines of its own
_KEY, _SCALAR = rb'"[^"\\]*"\s*:\s*', rb'(?:"(?:[^"\\]|\\.)*"|-?[\d.eE+-]+|true|false|null)'
_MEMBERS = rb"\s*\{\s*(?:" + _KEY + _SCALAR + rb"\s*,\s*)*+" + _KEY + rb"\[\s*"
HOLDER, OPEN_HOLDER = re.compile(_MEMBERS + rb"(?=\{)"), re.compile(_MEMBERS + rb"$")
LIST_MEMBER = re.compile(rb'\s*"[^"\\]*"\s*:\s*\[\s*$')
# keys that a record has itself: what holds one of them is no container
RECORD_KEY = re.compile(rb'\s*"(?:type|message|session_?[iI]d|uuid)"\s*:')
STEP = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
TYPED = re.compile(rb'"type"\s*:\s*"')
UNDECODABLE = (ValueError, RecursionError)
TALK, ABOUT_A_RUN = frozenset({"user", "assistant"}), frozenset({"system", "result"})
NO_MESSAGE = msgspec.Raw()


class _Kind(msgspec.Struct):
    """What tells a record from other JSON."""

    type: str | None = None
    subtype: str | None = None
    session_id: str | None = None
    sessionId: str | None = None  # noqa: N815 - the log's own name
    uuid: str | None = None
    message: msgspec.Raw = NO_MESSAGE  # of a record about a run it may be a text


WHOLE = msgspec.json.Decoder(msgspec.Raw)


class Value(NamedTuple):
    """A record, or a line as it stands."""

    line: int  # its first
    lines: int  # how many it accounts for: none, where another value of the same line does
    data: bytes  # without line ends
    before_end: int = 0  # where it shares its line: so many bytes before the line's end it begins
    is_laid_out: bool = False  # it is not one line, the whole of it


def is_record(data: bytes) -> bool:
    """Say whether a JSON text is a record of a client's conversation, whichever of its keys comes first."""
    try:
        kind = msgspec.json.decode(data, type=_Kind)
    except UNDECODABLE:
        return False
    if kind.type is None:
        return False
    named = kind.session_id or kind.sessionId or kind.uuid
    return bool(
        named
        or (kind.type in ABOUT_A_RUN and kind.subtype)
        or (kind.type in TALK and bytes(kind.message).lstrip().startswith(b"{"))
    )


def is_laid_out(text: bytes) -> bool:
    """Say whether records in a file's head stand otherwise than one on a line."""
    return any(value.is_laid_out and is_record(value.data) for value in _candidates(text))


def has_records(text: bytes) -> bool:
    """Say whether there are records in a text, however they are laid out."""
    return any(is_record(value.data) for value in _candidates(text))


def _candidates(text: bytes) -> Iterator[Value]:
    if TYPED.search(text) is not None:
        yield from (v for v in values_of(enumerate(text.split(b"\n"), 1)) if v.data.lstrip()[:1] == b"{")


def values_of(lines: Iterable[tuple[int, bytes]]) -> Iterator[Value]:
    """Yield the records of numbered lines in order, and every other line as it stands."""
    joiner = Joiner()
    for number, line in lines:
        yield from joiner.take(number, line)
    yield from joiner.end()


class Joiner:
    """Joins lines to values. At most one value is open."""

    def __init__(self) -> None:
        self._held: list[tuple[int, bytes]] = []  # the lines of the open value, as they stand
        self._at = 0  # where in the first of them it begins
        self._outer = 0  # its first line's indent
        self._shares = False  # the first of them is accounted for by a value before it
        self._depth = 0
        self._is_printed = False  # with an indent: then its last line is the first one that has none
        self._may_hold = True  # it may be a container: no record itself
        self._inner: int | None = None  # where in the held lines the first of what it holds begins
        self._brackets: list[tuple[int, bytes]] = []  # lines of nothing but brackets, before a value
        self._in_array = False

    def take(self, number: int, line: bytes) -> Iterator[Value]:
        """Take the next line."""
        if self._held and not self._goes_on(line):
            yield from self._given_up()
        if self._held:
            yield from self._continued(number, line)
        else:
            yield from self._begun(number, line)

    def end(self) -> Iterator[Value]:
        """Give what is still open."""
        if self._held:
            yield from self._given_up()
        yield from self._bare_brackets()

    def _begun(self, number: int, line: bytes) -> Iterator[Value]:
        """Take a line at which no value is open."""
        at = _behind_gap(line, 0)
        if at == len(line):
            yield from self._gap(number, line)
        elif not line.startswith(b"{", at):
            led = LED.match(line)
            if led is None:
                yield from self._as_it_stands(number, line)
            else:
                yield from self._bare_brackets()
                self._hold(number, line, led.end(), 1)
        elif (inner := _held_records(line)) is not None:
            yield from self._values_in(number, line, inner)
        elif OPEN_HOLDER.match(line) is not None and RECORD_KEY.search(line) is None:
            self._brackets.append((number, line))
        elif at == 0 and _is_whole(line):
            yield from self._as_it_stands(number, line)
        else:
            yield from self._values_in(number, line, at)

    def _gap(self, number: int, line: bytes) -> Iterator[Value]:
        """Take an empty line, or an array's brackets."""
        if self._in_array and b"]" in line:
            self._in_array = False
        elif line.strip() and not self._in_array:
            self._brackets.append((number, line))
            return
        yield from self._bare_brackets()
        yield Value(number, 1, b"")

    def _as_it_stands(self, number: int, line: bytes) -> Iterator[Value]:
        yield from self._bare_brackets()
        yield Value(number, 1, line)

    def _bare_brackets(self, *, are_arrays: bool = False) -> Iterator[Value]:
        yield from (Value(number, 1, b"" if are_arrays else line) for number, line in self._brackets)
        self._brackets.clear()

    def _values_in(self, number: int, line: bytes, at: int, *, shares: bool = False) -> Iterator[Value]:
        """Take the values of a line from the bracket at ``at`` on."""
        behind = 0  # the value before
        while line.startswith(b"{", at):
            end, depth = _closed(line, at, 0)
            if depth:
                self._hold(number, line, at, depth, shares=shares)
                return
            if end is None:
                yield from self._bare_brackets()
                yield Value(number, 0 if shares else 1, line[at:] if shares else line)
                return
            yield from self._array_opened(line[behind:at])
            yield Value(number, 0 if shares else 1, line[at:end], len(line) - at, is_laid_out=True)
            at, behind, shares = _behind_gap(line, end), end, True
            self._in_array = self._in_array and b"]" not in line[end:at]

    def _array_opened(self, before: bytes) -> Iterator[Value]:
        self._in_array = self._in_array or bool(self._brackets) or b"[" in before
        yield from self._bare_brackets(are_arrays=True)

    # --- a value over several lines -------------------------------------------------------------------

    def _hold(self, number: int, line: bytes, at: int, depth: int, *, shares: bool = False) -> None:
        self._held, self._at, self._depth, self._shares = [(number, line)], at, depth, shares
        self._outer, self._may_hold, self._inner = _indent(line), True, None

    def _goes_on(self, line: bytes) -> bool:
        """Say whether a line can be one of the open value: another one that begins there is not inside of it."""
        is_deeper = line[: self._outer + 1].isspace()
        if len(self._held) == 1:
            self._is_printed = is_deeper and self._depth == 1
        if self._is_printed and not is_deeper:
            return line.startswith(b"}", self._outer)
        if INSIDE.match(line) is None:
            return False
        return is_deeper or not is_record(line.strip())

    def _continued(self, number: int, line: bytes) -> Iterator[Value]:
        self._held.append((number, line))
        if self._is_printed and line[: self._outer + 1].isspace():
            yield from self._taken_apart(line)
            return
        end, self._depth = _closed(line, 0, 1 if self._is_printed else self._depth)
        if self._depth:
            return
        if end is None:
            yield from self._given_up()
            return
        yield from self._closed_at(end)
        at = _behind_gap(line, end)
        self._in_array = self._in_array and b"]" not in line[end:at]
        yield from self._values_in(number, line, at, shares=True)

    def _taken_apart(self, line: bytes) -> Iterator[Value]:
        """Give the lines of an object that only holds records, once the first of them is whole."""
        if not self._may_hold:
            return
        (_, first), before = self._held[1], self._held[-2][1]
        if self._inner is None:
            is_own = _indent(line) == _indent(first) and RECORD_KEY.match(line) is not None
            self._may_hold = not is_own
            if LIST_MEMBER.match(before) is not None and _indent(before) == _indent(first):
                self._inner = len(self._held) - 1
                self._may_hold = line.strip() == b"{"
        elif line.lstrip().startswith(b"}") and _indent(line) == _indent(self._held[self._inner][1]):
            self._may_hold = False
            inner = self._held[self._inner :]
            data = b"".join(part.strip() for _, part in inner).rstrip(b", \t\r")
            if is_record(data):
                yield from self._bare_brackets(are_arrays=True)
                yield from (Value(number, 1, b"") for number, _ in self._held[: self._inner])
                yield Value(inner[0][0], len(inner), data, is_laid_out=True)
                self._held, self._in_array = [], True

    def _closed_at(self, end: int) -> Iterator[Value]:
        """Give the open value, which ends at ``end`` in the last of its lines."""
        last, line = self._held[-1]
        before = self._held[0][1][: self._at]
        self._held[-1] = (last, line[:end])
        data = self._joined()
        self._held[-1] = (last, line)
        if TYPED.search(data) is None and not self._shares:
            yield from self._lines_again()
            return
        yield from self._array_opened(before)
        yield self._value(data)

    def _given_up(self) -> Iterator[Value]:
        """Give what there is of a value that does not end."""
        data = self._joined()
        yield from self._bare_brackets()
        if TYPED.search(data) is None and not self._shares:
            yield from self._lines_again()
        else:
            yield self._value(data)

    def _lines_again(self) -> Iterator[Value]:
        yield from self._bare_brackets()
        held, self._held = self._held, []
        yield from (Value(number, 1, line) for number, line in held)

    def _joined(self) -> bytes:
        """Put the open value on one line: outside of its texts, blanks say nothing."""
        first = self._held[0][1][self._at :]
        return b"".join(part.strip() for part in (first, *(line for _, line in self._held[1:])))

    def _value(self, data: bytes) -> Value:
        number, first = self._held[0]
        lines, shared = len(self._held) - self._shares, len(first) - self._at if self._shares else 0
        self._held = []
        return Value(number, lines, data, shared, is_laid_out=True)


def _behind_gap(line: bytes, at: int) -> int:
    return GAP.match(line, at).end()  # type: ignore[union-attr]  # it matches nothing, too


def _held_records(line: bytes) -> int | None:
    """Return where the first record begins that an object on this line holds in a list; null for any other line."""
    found = HOLDER.match(line)
    if found is None or RECORD_KEY.search(line, 0, found.end()) is not None:
        return None
    end, _ = _closed(line, found.end(), 0)
    return found.end() if end is not None and is_record(line[found.end() : end]) else None


def _indent(line: bytes) -> int:
    return len(line) - len(line.lstrip())


def _is_whole(line: bytes) -> bool:
    try:
        WHOLE.decode(line)
    except UNDECODABLE:
        return False
    return True


def _closed(line: bytes, at: int, depth: int) -> tuple[int | None, int]:
    """Return where the value ends that is open at ``at``, and how deep it is at the line's end.

    A text that does not end in its line is broken: then it ends nowhere, and nothing is open.
    """
    for token in TOKEN.finditer(line, at):
        text = token[0]
        if text == b'"':
            return None, 0
        depth += STEP.get(text, 0)
        if not depth:
            return token.end(), 0
    return None, depth
