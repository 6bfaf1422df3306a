"""Keys made up for tests: of each issuer's form one, put together at run time, always the same."""

from __future__ import annotations

import random
import re
import string

from forensics.privacy.issuers import ISSUERS

PRINTABLE = string.ascii_letters + string.digits + "_-./+="
SEPARATORS = "-_./+=:,"


def drawn(made_of: str, length: int) -> str:
    """Return characters of a class, drawn by a chance of their own."""
    chance = random.Random(f"{made_of}{length}")  # noqa: S311 - a test's text
    fit = [c for c in PRINTABLE if re.match(f"[{made_of}]", c) and c not in SEPARATORS]
    while True:
        text = "".join(chance.choice(fit) for _ in range(length))
        if any(c.isdigit() for c in text) and not text.isdigit():
            return text


def planted_keys(begin: str) -> list[str]:
    """Return a key for each form that begins so."""
    return [
        begin + drawn(form.made_of, form.whole or max(form.least, 24))
        for form in ISSUERS
        if begin in form.begins
    ]
