"""How long what a rule says may be: a log may hold a description of a megabyte, and a report has readers.

What is cut was redacted when it was read; its mark says that there is more, and the cited line holds the rest.
"""

from __future__ import annotations

MESSAGE, CELL, SENTENCE, FACT = 300, 200, 600, 2000  # characters
MOST_ROWS = 120  # of a session's timeline
CUT = "…"


def shortened(text: str, most: int) -> str:
    """Return at most ``most`` characters of a text; a cut is marked."""
    return text if len(text) <= most else text[: most - 1].rstrip() + CUT
