"""Spoils logs as a fuzzer of bytes would not: values of JSON by odd ones, lines by their neighbours."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

ODD: tuple[object, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**400, 0.5, 1e308, -1e308, "", " ", "\n", "\0", "\ud800",
    "a" * 5000, "[]", "{}", "null", "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z", "2025-13-45T99:99:99Z",
    "2025-10-21T07:00:00+99:00", [], {}, [[]], [None], [{}], {"": None}, ["a", 1, None], {"type": []}, "%s%n{0}",
    "\u202e\x1b[31m", "NaN", float("nan"), float("inf"), "../../etc/passwd", [[[[[[[[]]]]]]]],
)  # fmt: skip
WORDS = (
    b"\r",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x1b[2K\r",
    b"--\n",
    b"> ",
    b"data: ",
    b"1:",
    b"]",
    b"{",
    b'"',
)
LONGEST = 64 * 1024


def spoilt(data: bytes, most: int, seed: int) -> bytes:
    """Return the bytes with a few mistakes in them, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        data = chance.choice(WAYS)(data, chance)
    return data[: min(most, LONGEST)]


def _value(data: bytes, chance: random.Random) -> bytes:
    """Change one value of one record."""
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    try:
        record = json.loads(lines[at])
    except (ValueError, RecursionError):
        return _document(data, chance)
    lines[at] = _written(_changed(record, chance))
    return b"\n".join(lines)


def _document(data: bytes, chance: random.Random) -> bytes:
    try:
        return _written(_changed(json.loads(data), chance))
    except (ValueError, RecursionError):
        return _word(data, chance)


def _written(value: object) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _changed(value: object, chance: random.Random) -> object:
    """Go down by chance, and put something odd where it ends."""
    if isinstance(value, dict) and value and chance.random() < 0.9:  # noqa: PLR2004 - a chance
        key = chance.choice(list(value))
        if chance.random() < 0.1:  # noqa: PLR2004 - a chance
            return {k: v for k, v in value.items() if k != key}
        return value | {key: _changed(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:  # noqa: PLR2004 - a chance
        at = chance.randrange(len(value))
        return [*value[:at], _changed(value[at], chance), *value[at + chance.randrange(2) :]]
    if isinstance(value, str) and chance.random() < 0.3:  # noqa: PLR2004 - a chance
        return value[: chance.randrange(len(value) + 1)] + str(chance.choice(ODD))
    return chance.choice(ODD)


def _word(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(WORDS) + data[at + chance.choice((0, 0, 1, 8)) :]


def _lines(data: bytes, chance: random.Random) -> bytes:
    """Leave a line out, say one twice, let two change places, or join two."""
    lines = data.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(4):
        case 0:
            del lines[one]
        case 1:
            lines.insert(other, lines[one])
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
        case _:
            lines[one : one + 2] = [b"".join(lines[one : one + 2])]
    return b"\n".join(lines)


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _number(data: bytes, chance: random.Random) -> bytes:
    """Change a digit: of a time, a count, a version."""
    places = [n for n, byte in enumerate(data[:LONGEST]) if 48 <= byte <= 57]  # noqa: PLR2004 - the digits
    if not places:
        return data
    at = chance.choice(places)
    return data[:at] + chance.choice((b"9", b"0", b"-", b"99999999999999999999", b"")) + data[at + 1 :]


WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _value,
    _value,
    _value,
    _word,
    _lines,
    _cut,
    _number,
)
