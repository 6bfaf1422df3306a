"""How a run of the program talks and ends: errors as one sentence and an exit code, closed pipes, streams."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from forensics.errors import ForensicsError

EXIT_FINDINGS, EXIT_ERROR, EXIT_UNREAD = 1, 2, 3


@dataclass
class Run:
    """What is decided of a run before it prints: a reader that leaves early must not make a gate green."""

    exit_code: int = 0


@contextmanager
def guarded() -> Iterator[Run]:
    """Turn the errors raised on purpose into one sentence and an exit code; respect a closed pipe."""
    if sys.stdout is None:  # closed by the caller, who may still want the file or the exit code
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - as long as the process
    _utf8(sys.stdout, sys.stderr)
    run = Run()
    try:
        try:
            yield run
        finally:
            sys.stdout.flush()  # while its failure can still be told, and before any exit code
    except ForensicsError as error:
        complain(str(error))
        raise typer.Exit(error.exit_code) from None
    except BrokenPipeError:
        _give_up_stdout()
        raise typer.Exit(run.exit_code) from None
    except OSError as error:
        if error.filename is None:
            _give_up_stdout()
        complain(f"{error.filename or 'reading or writing'}: {error.strerror or error}")
        raise typer.Exit(EXIT_ERROR) from None
    if run.exit_code:
        raise typer.Exit(run.exit_code)


def _give_up_stdout() -> None:
    """Send what is still buffered nowhere, so that the interpreter does not fail on it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def file_of(output: Path | None) -> Path | None:
    """Return the file that an output names; none for standard output, which ``-`` is."""
    return None if output is None or str(output) == "-" else output


def write(text: str, output: Path | None) -> None:
    """Write after success only, so that a failed run leaves no half a report."""
    file = file_of(output)
    if file is None:
        sys.stdout.write(text)
    else:
        file.write_text(text, encoding="utf-8")


def write_pieces(pieces: Iterable[bytes], output: Path | None) -> None:
    """Write what is too much to be held as one text, piece by piece."""
    file = file_of(output)
    if file is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        return
    with file.open("wb") as stream:
        stream.writelines(pieces)


def complain(sentence: str) -> None:
    """Tell the user what went wrong, in one line. It may name what a stranger's file holds: no control characters."""
    told = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(sentence.split()))
    sys.stderr.write(f"error: {told}\n")


def warn(sentence: str) -> None:
    """Tell the user on stderr what to be careful with; the sentence is ours."""
    sys.stderr.write(f"warning: {sentence}\n")


def remark(sentence: str) -> None:
    """Tell the user on stderr what the output leaves out; the sentence is ours."""
    sys.stderr.write(f"note: {sentence}\n")


def _utf8(*streams: object) -> None:
    """Make streams take any character that a log holds, under LANG=C too."""
    for stream in streams:
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")
