"""What to say of a name that does not exist: which one was meant, or which there are."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of the sentence about an unknown name: ``did you mean `expect`?``, or the list of all."""
    names = {k.casefold(): k for k in known}
    close = get_close_matches(name.casefold(), names, n=1)
    if close:
        return f"did you mean `{names[close[0]]}`?"
    return f"known are {', '.join(f'`{n}`' for n in names.values())}" if names else "there is none"
