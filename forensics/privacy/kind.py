"""What a kind of secrets is, and where one may begin."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple


class Kind(NamedTuple):
    """What is called so, the marks of a text that may hold it, its shape, and what a match must be besides.

    The marks are looked for in letters of either size. A group named ``value`` is what goes; without one the whole
    match does. Every repetition has an end, or a class of characters that what follows it cannot match: a line of many
    megabytes takes time in proportion to its length.
    """

    name: str
    marks: tuple[str, ...]
    shape: str
    judge: Callable[[re.Match[str]], bool] | None = None


# what stands before a secret: not a word, but JSON's escapes, an URL's, or a colour code right before it
_BEFORE = ("A-Za-z0-9_-", r"\\[nrtbf]", "%[0-9A-Fa-f][0-9A-Fa-f]", r"[\[;]\dm", r"[\[;]\d\dm")


def begins(letters: str = "") -> str:
    """Return the shape of a secret's first letters; they come first in it, so that a search skips to them."""
    word, *others = _BEFORE
    ways = (f"(?<![{word}]{letters})", *(f"(?<={other}{letters})" for other in others))
    return f"{letters}(?:{'|'.join(ways)})"


START = begins()
# what stands between a name and its value: of a variable, a key of JSON (escaped any number of times), a header
GIVEN = r"\\*[\"']?\s*(?:=>|[:?]=|[=:]|%3[DdAa])\s*"
QUOTED = r"\\*[\"']?"  # what may stand before a value
BODY = r"[^\s\"',;\[\]{}$<>\\]"
# what stands for a value: a variable, a gap to be filled in, a word of a description
NO_VALUE = (
    r"(?![A-Z_]+(?![A-Za-z0-9])|(?i:your|my|some|the)[ _-]|(?i:null|none|nil|undefined|true|false|required|optional"
    r"|string|str|bytes|changeme|example|placeholder|token|password|secret|redacted|x+)(?![A-Za-z0-9]))"
)
