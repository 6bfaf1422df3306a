"""The program on a terminal: a pseudo-terminal of a given size for its standard output, its standard error, or both."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.places import CHECKOUT

PATIENCE_S = 120.0
# what a terminal obeys: CSI and OSC sequences, and single escapes
SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Shown:
    """What the program wrote, stream by stream, as the terminal got it."""

    out: str
    err: str
    code: int

    @property
    def lines(self) -> list[str]:
        """Return the lines of standard output without colours."""
        return COLOUR.sub("", self.out).replace("\r\n", "\n").split("\n")


def on_terminal(
    *args: object,
    columns: int = 80,
    out: bool = True,
    err: bool = True,
    env: dict[str, str] | None = None,
    program: tuple[str, ...] = ("-m", "forensics"),
    watch: Callable[[str, subprocess.Popen[bytes]], None] = lambda _, __: None,
) -> Shown:
    """Run the program with these streams on terminals, the others in pipes.

    ``watch`` is shown all that standard error got so far, whenever there is more, and may send signals.
    """
    streams = [_stream(columns, is_terminal) for is_terminal in (out, err)]
    unset = {"COLUMNS", "NO_COLOR", "FORCE_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "LINES"}
    inherited = {k: v for k, v in os.environ.items() if k not in unset}
    process = subprocess.Popen(
        [sys.executable, *program, *map(str, args)],
        stdin=subprocess.DEVNULL,
        stdout=streams[0][1],
        stderr=streams[1][1],
        env={
            **inherited,
            "PYTHONPATH": str(CHECKOUT),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            **(env or {}),
        },
        start_new_session=True,
    )
    for _, inner in streams:
        os.close(inner)
    return _collected(process, [outer for outer, _ in streams], watch)


def _stream(columns: int, is_terminal: bool) -> tuple[int, int]:
    if not is_terminal:
        return os.pipe()
    outer, inner = os.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    return outer, inner


def _collected(
    process: subprocess.Popen[bytes], outer: list[int], watch: Callable[[str, subprocess.Popen[bytes]], None]
) -> Shown:
    got, left, end = dict.fromkeys(outer, b""), set(outer), time.monotonic() + PATIENCE_S
    while left:
        ready, _, _ = select.select(list(left), [], [], max(end - time.monotonic(), 0))
        if not ready:
            process.kill()
            msg = "the program does not end"
            raise TimeoutError(msg)
        for fd in ready:
            try:
                chunk = os.read(fd, 1 << 16)
            except OSError:  # how Linux says that nobody writes to a terminal any more
                chunk = b""
            if not chunk:
                left.discard(fd)
                os.close(fd)
                continue
            got[fd] += chunk
            if fd == outer[1]:
                watch(got[fd].decode("utf-8", "replace"), process)
    out, err = (got[fd].decode() for fd in outer)
    return Shown(out, err, process.wait())
