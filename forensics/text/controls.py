"""What no output may hold, wherever its text comes from: characters that move a terminal, orders to a build's runner.

Each text passes through ``plain`` on its way into a line, or through ``disarmed`` where it is lines already.
"""

from __future__ import annotations

import re

# a shape for Python's and for polars' expressions. Tab and line end are not among them: a value is no line yet
CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
MOVING = re.compile(CONTROL)
LINE_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")

# What runs a build reads its log for orders, ours too. GitHub's runner takes `::name` where a line begins, behind
# blanks too, and `##[name]` wherever it stands (actions/runner, ActionCommand.cs); Azure's agent `##vso[`.
ORDER_ANYWHERE = r"#(?=#[\w.]*\[)"
ORDER = re.compile(rf"(?m)^\s*:(?=:)|{ORDER_ANYWHERE}")
BROKEN_UP = "\ufffd"


def disarmed(text: str) -> str:
    """Break up each order to a build's runner in a text of any number of lines; all else stays as it is."""
    return ORDER.sub(lambda found: f"{found[0]}{BROKEN_UP}", text) if "::" in text or "##" in text else text


def plain(text: object) -> str:
    """Return text as one line, without control characters, direction overrides and orders to a build's runner.

    What is taken out, or broken up, is marked by U+FFFD. Bytes that were no text become that, too.
    """
    line = MOVING.sub(BROKEN_UP, LINE_BREAKS.sub(" ", str(text)))
    return disarmed(line.encode("utf-8", "replace").decode() if not line.isascii() else line)
