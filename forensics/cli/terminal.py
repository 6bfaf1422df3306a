"""What the standard streams are: a terminal with its width and colours, or a pipe that gets whole lines."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TypedDict

from forensics.cli.run import file_of

NARROWEST = 20


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


class Screen(TypedDict):
    """How to write what is laid out for a terminal, wherever it goes."""

    width: int
    color: bool
    ascii_only: bool


def screen(output: Path | None) -> Screen:
    """Ask how wide a view for terminals may be: COLUMNS, else the terminal's width, else 80.

    It has colours on a terminal only, unless FORCE_COLOR asks for them in a pipe too, as for ``less -R``.
    """
    is_here = file_of(output) is None
    forced = is_here and bool(os.environ.get("FORCE_COLOR")) and not os.environ.get("NO_COLOR")
    return {
        "width": max(shutil.get_terminal_size().columns, NARROWEST),
        "color": is_here and (terminal()["color"] or forced),
        "ascii_only": is_ascii_only(),
    }


def is_ascii_only() -> bool:
    """Say whether the user chose the C locale. Where none is chosen, terminals know Unicode today."""
    chosen = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return chosen in {"C", "POSIX"}


def is_terminal() -> bool:
    """Say whether standard output is a terminal."""
    return sys.stdout.isatty()


def has_live_stderr() -> bool:
    """Say whether standard error is a terminal that can take back what was written."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
