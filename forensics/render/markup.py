"""Log text into Markdown without becoming Markdown, and into JSON without moving a terminal.

Everything that comes from a log passes through one of these: nothing in a log can become structure, HTML,
a link, a mention or a template.
"""

from __future__ import annotations

import json
import re

from forensics.text.controls import ORDER_ANYWHERE, plain

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$^])")
BACKTICKS = re.compile(r"`+")
COMMAND = re.compile(r"`([^`]+)`")  # as guidance marks it
WORD = re.compile(r"[a-z][a-z-]*[ ,;]")
# of all these, what JSON may hold as it is
OBEYED = re.compile(
    rf"{ORDER_ANYWHERE}|["
    r"\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


def inline(text: object) -> str:
    """Escape text for a sentence or a table cell."""
    return SPECIAL.sub(r"\\\1", plain(text).replace("&", "&amp;")).replace("@", "&#64;")


def sentence(text: object) -> str:
    """Escape a sentence: with a capital where it begins with a word, without its full stop."""
    return inline(capitalised(plain(text).rstrip(".")))


def capitalised(text: str) -> str:
    """Return a text with a capital where it begins with a word: not where it begins with a name or an address."""
    return text[:1].upper() + text[1:] if WORD.match(text) else text


def told(text: object) -> str:
    """Escape a sentence, and end it: with a full stop unless it ends by itself."""
    said = sentence(text)
    return said if said.endswith(("?", "!", "…")) else f"{said}."


def code(text: object) -> str:
    """Return text as a code span, with as many backticks as it needs; fit for a table cell too."""
    return span(plain(text).replace("|", "\\|"))


def span(content: str) -> str:
    """Return text of one line as a code span outside of tables: every character stays what it is."""
    ticks = "`" * (max((len(run) for run in BACKTICKS.findall(content)), default=0) + 1)
    pad = " " if content.startswith("`") or content.endswith("`") or not content else ""
    return f"{ticks}{pad}{content}{pad}{ticks}"


def advised(text: object) -> str:
    """Escape guidance for a list: what stands between backticks is a command, and becomes a code span of its own."""
    pieces = COMMAND.split(plain(text))
    return "".join(span(piece) if n % 2 else inline(piece) for n, piece in enumerate(pieces))


def fence(text: object) -> str:
    """Return the fence that a block of this text needs."""
    return "`" * max(3, max((len(run) for run in BACKTICKS.findall(str(text))), default=0) + 1)


def setting(value: object) -> str:
    """Return a threshold's value as a configuration has it: what TOML and JSON write in one way."""
    return json.dumps(value, ensure_ascii=False)


def json_text(document: object) -> str:
    """Write a document as JSON: readable, the same values, and nothing that a terminal, an editor or a runner obeys."""
    return json_escaped(json.dumps(document, ensure_ascii=False, indent=2)) + "\n"


def json_escaped(text: str) -> str:
    """Escape in JSON that is already written what a terminal, an editor or a runner would obey."""
    return OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
