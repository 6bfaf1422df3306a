"""What standard output is: a terminal with its width and colours, or a pipe that gets whole lines."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TypedDict


class Terminal(TypedDict):
    """How to write for standard output. ``width`` is null where lines are not to be wrapped."""

    width: int | None
    color: bool


def terminal() -> Terminal:
    """Ask what standard output is."""
    if not sys.stdout.isatty():
        return {"width": None, "color": False}
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return {"width": shutil.get_terminal_size().columns, "color": not plain}
